/** Looks for programs: on the PATH, in further folders, and in Debian's packages when this process may install them. */
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from './run-command.ts';

export interface Program {
  readonly path: string;
  /** for the one line that says what a run uses */
  readonly origin: string;
}

export function findProgram(names: readonly string[], folders: readonly string[] = []): string | undefined {
  const searched = [...(process.env.PATH ?? '').split(path.delimiter), ...folders].filter((folder) => folder !== '');
  for (const name of names) {
    const found = searched.map((folder) => path.join(folder, name)).find(isExecutable);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

export const isRoot = (): boolean => process.getuid?.() === 0;

export const canInstallDebianPackages = (): boolean => isRoot() && findProgram(['apt-get']) !== undefined;

// apt-get holds a lock: the three servers are looked for at once, and so are two runs
let installing: Promise<unknown> = Promise.resolve();

export function installDebianPackages(packages: readonly string[]): Promise<void> {
  const install = async (): Promise<void> => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const lock = ['-o', 'DPkg::Lock::Timeout=120'];
    await runCommand('apt-get', [...lock, 'update', '-q'], { env });
    await runCommand('apt-get', [...lock, 'install', '-y', '-q', '--no-install-recommends', ...packages], { env });
  };
  const result = installing.then(install);
  installing = result.catch(() => undefined);
  return result;
}

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The first of the names that this machine knows. */
export function findUser(names: readonly string[]): User | undefined {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of names) {
    const fields = users.find((user) => user[0] === name);
    if (fields !== undefined) return { name, uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  return undefined;
}
