/** Servers in containers, where a Docker engine answers: pinned images, one loopback port each, ended by the reaper. */
import { findProgram } from './programs.ts';
import { forgetContainer, reapContainer } from './reaper.ts';
import { runCommand } from './run-command.ts';

export const IMAGES = {
  kafka: 'apache/kafka:4.3.1',
  redis: 'redis:7.2.5-alpine',
  postgres: 'postgres:15.8-alpine',
} as const;

let answer: Promise<boolean> | undefined;

/** Asked once per process. */
export function dockerAnswers(): Promise<boolean> {
  answer ??= askDocker();
  return answer;
}

async function askDocker(): Promise<boolean> {
  const docker = findProgram(['docker']);
  if (docker === undefined) return false;
  return runCommand(docker, ['version', '--format', '{{.Server.Version}}'], { timeoutMs: 5000 }).then(
    () => true,
    () => false,
  );
}

export interface Container {
  readonly image: string;
  stop(): Promise<void>;
}

export interface ContainerOptions {
  readonly image: string;
  /** port on 127.0.0.1 → port in the container */
  readonly port: number;
  readonly containerPort: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
}

export async function startContainer(options: ContainerOptions): Promise<Container> {
  const env = Object.entries(options.env ?? {}).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const publish = ['-p', `127.0.0.1:${options.port}:${options.containerPort}`];
  const output = await runCommand('docker', [
    ...['create', '--rm', '--label', 'vigil-test', ...publish, ...env, options.image, ...(options.command ?? [])],
  ]);
  const id = output.trim().split('\n').at(-1) ?? '';
  reapContainer(id);
  await runCommand('docker', ['start', id]);
  return {
    image: options.image,
    async stop() {
      await runCommand('docker', ['rm', '-f', id]);
      forgetContainer(id);
    },
  };
}

/** Polls a container's port until `isReady` resolves true. */
export async function containerReady(container: Container, isReady: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await isReady().catch(() => false))) {
    if (performance.now() > end) throw new Error(`the container of ${container.image} is not ready after 60 s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
