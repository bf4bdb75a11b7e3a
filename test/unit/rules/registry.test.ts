import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildConfiguration } from '../../../src/composition/load-generation.ts';
import { createScoringStack, memoryLimitUsage, memoryStoreFor } from '../../../src/composition/scoring-stack.ts';
import { readSources } from '../../../src/config/read-sources.ts';
import { createFileVersionStore } from '../../../src/rules/adapters/file-version-store.ts';
import {
  type Approval,
  createGenerationRegistry,
  type Proposal,
  type RegistryEvent,
  refuseActivation,
} from '../../../src/rules/registry.ts';

const DAY_MS = 86_400_000;
const proposal = (hash: string, changes: Partial<Proposal<string>> = {}): Proposal<string> => ({
  hash,
  generation: `rules of ${hash}`,
  author: 'li.na',
  testsPassed: true,
  ...changes,
});
const approval = (hash: string, changes: Partial<Approval> = {}): Approval => ({
  hash,
  approver: 'wang.wei',
  approvedAtMs: 0,
  expiresAtMs: 7 * DAY_MS,
  ...changes,
});

function registryAt(startMs: number) {
  const time = { nowMs: startMs };
  const events: RegistryEvent[] = [];
  const registry = createGenerationRegistry<string>({
    initial: { hash: 'h0', generation: 'rules of h0' },
    clock: { now: () => time.nowMs },
    keep: 2,
    onEvent: (event) => events.push(event),
  });
  return { registry, time, events };
}

describe('an activation', () => {
  it('puts a tested and approved generation in force as a whole', () => {
    const { registry, events } = registryAt(1_000);
    expect(registry.activate(proposal('h1'), approval('h1')).ok).toBe(true);
    expect(registry.current()).toEqual({ hash: 'h1', generation: 'rules of h1' });
    expect(events).toEqual([{ kind: 'activated', hash: 'h1', by: 'wang.wei', atMs: 1_000 }]);
  });

  it.each([
    ['tests that have not passed', proposal('h1', { testsPassed: false }), approval('h1'), 'TESTS_FAILED'],
    ['an approval of other content', proposal('h1'), approval('h2'), 'OTHER_CONTENT'],
    ['an approval by the author', proposal('h1'), approval('h1', { approver: 'li.na' }), 'SELF_APPROVED'],
    [
      'an approval by the author in other letters',
      proposal('h1'),
      approval('h1', { approver: ' Li.Na' }),
      'SELF_APPROVED',
    ],
    ['an approval that has expired', proposal('h1'), approval('h1', { expiresAtMs: 1_000 }), 'EXPIRED'],
    ['an approval of tomorrow', proposal('h1'), approval('h1', { approvedAtMs: 1_001 }), 'NOT_YET_APPROVED'],
    ['what is in force already', proposal('h0'), approval('h0'), 'ALREADY_ACTIVE'],
  ])('is refused with %s, and the last valid generation stays', (_what, proposed, approved, code) => {
    const { registry, events } = registryAt(1_000);
    const result = registry.activate(proposed, approved);
    expect(result.ok ? '' : result.error.code).toBe(code);
    expect(registry.current().hash).toBe('h0');
    expect(events).toEqual([{ kind: 'refused', hash: proposed.hash, code, atMs: 1_000 }]);
  });

  it('counts an approval up to the millisecond before its end', () => {
    expect(refuseActivation(proposal('h'), approval('h', { expiresAtMs: 10 }), 9)).toBeUndefined();
    expect(refuseActivation(proposal('h'), approval('h', { expiresAtMs: 10 }), 10)?.code).toBe('EXPIRED');
  });
});

describe('a scheduled activation', () => {
  it('comes into force with the first call at its time, and not before', () => {
    const { registry, time } = registryAt(0);
    registry.schedule(proposal('h1'), approval('h1'), DAY_MS);
    time.nowMs = DAY_MS - 1;
    expect(registry.current().hash).toBe('h0');
    expect(registry.scheduled()).toEqual({ hash: 'h1', dueMs: DAY_MS });
    time.nowMs = DAY_MS;
    expect(registry.current().hash).toBe('h1');
    expect(registry.scheduled()).toBeUndefined();
  });

  it('is refused at once when its approval will have expired', () => {
    const { registry } = registryAt(0);
    const result = registry.schedule(proposal('h1'), approval('h1'), 8 * DAY_MS);
    expect(result.ok ? '' : result.error.code).toBe('EXPIRED');
    expect(registry.scheduled()).toBeUndefined();
  });

  it('is at once when its time has passed', () => {
    const { registry } = registryAt(5);
    registry.schedule(proposal('h1'), approval('h1'), 5);
    expect(registry.current().hash).toBe('h1');
  });

  it('can be taken back, and is replaced by the next one', () => {
    const { registry, time, events } = registryAt(0);
    registry.schedule(proposal('h1'), approval('h1'), DAY_MS);
    registry.schedule(proposal('h2'), approval('h2'), DAY_MS);
    registry.unschedule('zhao.min');
    time.nowMs = 2 * DAY_MS;
    expect(registry.current().hash).toBe('h0');
    expect(events.map((event) => `${event.kind} ${event.hash}`)).toEqual([
      'scheduled h1',
      'unscheduled h1',
      'scheduled h2',
      'unscheduled h2',
    ]);
  });
});

describe('a roll-back', () => {
  it('goes to what was in force before, step by step, without an approval', () => {
    const { registry, events } = registryAt(1);
    registry.activate(proposal('h1'), approval('h1'));
    registry.activate(proposal('h2'), approval('h2'));
    expect(registry.history()).toEqual(['h2', 'h1', 'h0']);
    expect(registry.rollBack('zhao.min').ok).toBe(true);
    expect(registry.current().generation).toBe('rules of h1');
    expect(events.at(-1)).toEqual({ kind: 'rolled-back', hash: 'h1', from: 'h2', by: 'zhao.min', atMs: 1 });
    registry.rollBack('zhao.min');
    const beyond = registry.rollBack('zhao.min');
    expect(beyond.ok ? '' : beyond.error.code).toBe('NOTHING_BEFORE');
    expect(registry.current().hash).toBe('h0');
  });

  it('drops what was scheduled: it would come back by itself', () => {
    const { registry, time } = registryAt(1);
    registry.activate(proposal('h1'), approval('h1'));
    registry.schedule(proposal('h2'), approval('h2'), DAY_MS);
    registry.rollBack('zhao.min');
    time.nowMs = 2 * DAY_MS;
    expect(registry.current().hash).toBe('h0');
  });

  it('keeps no more generations than it was told', () => {
    const { registry } = registryAt(1);
    for (const hash of ['h1', 'h2', 'h3']) registry.activate(proposal(hash), approval(hash));
    expect(registry.history()).toEqual(['h3', 'h2', 'h1']);
  });
});

describe('a generation that changes while a chunk is scored', () => {
  it('decides no transaction of that chunk, and all of the next', async () => {
    const sources = await readSources(undefined);
    const changed = sources.rules.map((file) => ({ ...file, text: `${file.text}# another version\n` }));
    const [first, second] = [sources, { ...sources, rules: changed }].map((given) => {
      const loaded = buildConfiguration(given, {});
      if (!loaded.ok) throw new Error('refused');
      return loaded.value;
    });
    if (first === undefined || second === undefined) throw new Error('nothing loaded');
    const nowMs = Date.parse('2026-11-23T06:00:00Z');
    const clock = { now: () => nowMs };
    const registry = createGenerationRegistry({
      initial: { hash: first.ruleset.version, generation: first.generation },
      clock,
    });
    const store = memoryStoreFor(first);
    const switching: typeof store = {
      ...store,
      async recordAndRead(chunk) {
        registry.activate(
          { hash: second.ruleset.version, generation: second.generation, author: 'a', testsPassed: true },
          { hash: second.ruleset.version, approver: 'b', approvedAtMs: 0, expiresAtMs: nowMs + 1 },
        );
        return store.recordAndRead(chunk);
      },
    };
    const stack = createScoringStack({
      configuration: first,
      generation: () => registry.current().generation,
      store: switching,
      limitUsage: memoryLimitUsage(clock),
      model: null,
      clock,
    });
    const chunk = (name: string) =>
      Array.from({ length: 20 }, (_, index) => ({
        bytes: Buffer.from(
          JSON.stringify({
            schemaVersion: 1,
            transactionId: `${name}-${index}`,
            occurredAt: '2026-11-23T06:00:00Z',
            channel: 'MOBILE_BANKING',
            type: 'LOGIN',
            customerId: `C${index}`,
          }),
        ),
        receivedAtMs: nowMs,
      }));
    const versionsOf = async (name: string) =>
      new Set(
        (await stack.score(chunk(name))).map((result) =>
          result.kind === 'decided' ? result.decision?.versions.ruleset : '',
        ),
      );
    expect(await versionsOf('a')).toEqual(new Set([first.ruleset.version]));
    expect(await versionsOf('b')).toEqual(new Set([second.ruleset.version]));
    expect(first.ruleset.version).not.toBe(second.ruleset.version);
    await stack.close();
  });
});

describe('the last valid version on disk', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vigil-versions-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const version = (hash: string) => ({ hash, files: [{ file: 'rules/a.yaml', text: `# ${hash} 规则\n` }] });

  it('is there after a restart', async () => {
    const place = path.join(folder, 'a', 'b');
    expect(await createFileVersionStore(place).lastValid()).toBeUndefined();
    await createFileVersionStore(place).keep(version('h1'));
    expect(await createFileVersionStore(place).lastValid()).toEqual(version('h1'));
    expect(await readdir(place)).toEqual(['last-valid.json']);
  });

  it('is the newest of several writes at once', async () => {
    const store = createFileVersionStore(path.join(folder, 'c'));
    await Promise.all(['h1', 'h2', 'h3'].map((hash) => store.keep(version(hash))));
    expect(await store.lastValid()).toEqual(version('h3'));
  });

  it('is not used when it was cut or changed', async () => {
    const place = path.join(folder, 'd');
    const store = createFileVersionStore(place);
    await store.keep(version('h1'));
    const file = path.join(place, 'last-valid.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.slice(0, -10));
    await expect(store.lastValid()).rejects.toThrow(/is damaged/);
    await writeFile(file, text.replace('# h1', '# h2'));
    await expect(store.lastValid()).rejects.toThrow(/is damaged/);
  });
});
