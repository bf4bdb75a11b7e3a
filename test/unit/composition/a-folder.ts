/** A configuration folder of one test, on disk: one rule with its test, the shipped lists, the shipped model. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import {
  createLiveConfiguration,
  type InForce,
  type LiveConfiguration,
} from '../../../src/composition/live-configuration.ts';
import { buildConfiguration, type LoadedConfiguration } from '../../../src/composition/load-generation.ts';
import { readSources, SHIPPED_CONFIG_DIR } from '../../../src/config/read-sources.ts';
import { formatFault } from '../../../src/domain/config-fault.ts';
import type { DecisionVersions } from '../../../src/domain/decision.ts';

export interface Folder {
  readonly dir: string;
  write(name: string, text: string): void;
  remove(name: string): void;
  load(): Promise<LoadedConfiguration>;
}

export const ruleFile = (limitMinor: number, score = 200): string => `ruleset: test
version: "1"
rules:
  - id: large-transfer
    title: { en: "Large transfer", zh-CN: "大额转账" }
    reason: VEL_COUNT_10M
    when: 'tx.type == "TRANSFER" && tx.amountMinor >= ${limitMinor}'
    outcome: CHALLENGE
    score: ${score}
    severity: high
`;

/** passes while a transfer of `amountMinor` hits */
export const testFile = (amountMinor: number): string => `suite: test
clock: "2026-11-23T14:00:00+08:00"
defaults: { channel: MOBILE_BANKING, customerId: C1, accountId: A1, currency: CNY }
cases:
  - name: a large transfer
    transaction: { type: TRANSFER, amountMinor: ${amountMinor} }
    expect: { hits: [large-transfer] }
`;

export function temporaryFolder(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'vigil-configuration-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function aFolder(settings = 'model: { enabled: false }\n'): Folder {
  const dir = temporaryFolder();
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    writeFileSync(path.join(dir, name), text);
  };
  write('vigil.yaml', settings);
  write('rules/test.yaml', ruleFile(1_000));
  write('rules/tests/test.test.yaml', testFile(1_000));
  cpSync(path.join(SHIPPED_CONFIG_DIR, 'lists'), path.join(dir, 'lists'), { recursive: true });
  return {
    dir,
    write,
    remove: (name) => rmSync(path.join(dir, name), { recursive: true }),
    async load() {
      const built = buildConfiguration(await readSources(dir), {});
      if (!built.ok) throw new Error(built.error.map(formatFault).join('\n'));
      return built.value;
    },
  };
}

export interface Heard {
  readonly activated: DecisionVersions[];
  readonly refused: (readonly string[])[];
  readonly models: string[];
  readonly refusedModels: unknown[];
  readonly failedLooks: unknown[];
}

export function listen(): Heard & {
  readonly events: Parameters<typeof createLiveConfiguration>[0]['events'] & {
    configurationWatchFailed(event: { error: unknown }): void;
    configurationWatchWorks(): void;
  };
} {
  const heard: Heard = { activated: [], refused: [], models: [], refusedModels: [], failedLooks: [] };
  return {
    ...heard,
    events: {
      generationActivated: ({ versions }) => void heard.activated.push(versions),
      generationRefused: ({ faults }) => void heard.refused.push(faults),
      modelLoaded: ({ version }) => void heard.models.push(version),
      modelRefused: ({ error }) => void heard.refusedModels.push(error),
      configurationWatchFailed: ({ error }) => void heard.failedLooks.push(error),
      configurationWatchWorks: () => undefined,
    },
  };
}

export async function aLive(
  folder: Folder,
  options: Partial<Parameters<typeof createLiveConfiguration>[0]> & { readonly model?: InForce['model'] } = {},
): Promise<{ live: LiveConfiguration; heard: ReturnType<typeof listen> }> {
  const heard = listen();
  const initial = { configuration: await folder.load(), model: options.model ?? null };
  const live = await createLiveConfiguration({ initial, environment: {}, events: heard.events, ...options });
  return { live, heard };
}

export const until = async (isTrue: () => boolean | Promise<boolean>, patienceMs = 20_000): Promise<void> => {
  const end = performance.now() + patienceMs;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`it did not become true within ${patienceMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
