import { appendFileSync, cpSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { contentOf, withContent } from '../../../src/composition/config-content.ts';
import { watchConfiguration } from '../../../src/composition/config-watch.ts';
import { createFileConfigStore } from '../../../src/composition/file-config-store.ts';
import { buildConfiguration } from '../../../src/composition/load-generation.ts';
import { chooseConfiguration } from '../../../src/composition/start-configuration.ts';
import { systemClock } from '../../../src/composition/system-clock.ts';
import { readSources, SHIPPED_CONFIG_DIR } from '../../../src/config/read-sources.ts';
import type { Clock } from '../../../src/domain/clock.ts';
import { formatFault } from '../../../src/domain/config-fault.ts';
import { type ConfigStore, replaySteps } from '../../../src/domain/config-store.ts';
import { VigilError } from '../../../src/domain/errors.ts';
import { startFreeClock } from '../../helpers/free-clock.ts';
import { aFolder, aLive, type Folder, ruleFile, temporaryFolder, testFile, until } from './a-folder.ts';

const POLL_MS = 50;
const HOUR_MS = 3_600_000;
const turn = async (): Promise<void> => undefined;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function watched(
  folder: Folder,
  from: 'folder' | 'store' = 'folder',
  store?: ConfigStore,
  { pollMs = POLL_MS, clock = systemClock }: { readonly pollMs?: number; readonly clock?: Clock } = {},
) {
  const { live, heard } = await aLive(folder);
  const watch = watchConfiguration({ live, from, store, pollMs, clock, events: heard.events });
  onTestFinished(() => watch.stop());
  return { live, heard, watch, limit: () => live.current().configuration.ruleset.rules[0]?.when };
}

const hashOf = async (folder: Folder): Promise<string> => (await contentOf(await readSources(folder.dir), turn)).hash;

describe('a folder that is watched', () => {
  it('brings changed list entries into force within a second', async () => {
    const folder = aFolder();
    const { pollMs } = (await folder.load()).settings.reload;
    const { live } = await watched(folder, 'folder', undefined, { pollMs });
    const isListed = (): boolean =>
      live.current().configuration.lists.contains('denied_devices', 'D-9', systemClock.now());
    await sleep(4 * pollMs);
    expect(isListed()).toBe(false);
    const free = startFreeClock();
    onTestFinished(() => free.stop());
    const startMs = systemClock.now();
    // as `vigil lists import` writes: beside, then renamed
    writeFileSync(
      path.join(folder.dir, 'lists/new.tmp'),
      'id,entity,expires,source,reason,person\nD-9,,,police,stolen,Li\n',
    );
    renameSync(path.join(folder.dir, 'lists/new.tmp'), path.join(folder.dir, 'lists/denied-devices.csv'));
    await until(isListed);
    const endMs = systemClock.now();
    await sleep(50); // the free clock ticks beyond it
    expect(free.between(startMs, endMs)).toBeLessThan(1_000);
  });

  it('says what is wrong once, goes on with what is valid, and takes the mended file', async () => {
    const folder = aFolder();
    const { heard, limit } = await watched(folder);
    const before = limit();
    folder.write('rules/test.yaml', ruleFile(900).replace('CHALLENGE', 'PERHAPS'));
    await until(() => heard.refused.length > 0);
    await sleep(6 * POLL_MS);
    expect(heard.refused).toHaveLength(1);
    expect(limit()).toBe(before);
    folder.write('rules/test.yaml', ruleFile(900));
    await until(() => limit() !== before);
    expect(limit()).toContain('900');
  });

  it('is not read while it is being written', async () => {
    const folder = aFolder();
    const { heard, limit } = await watched(folder);
    // every state on the way is valid and none of them is meant
    for (let n = 0; n < 15; n++) {
      folder.write('rules/test.yaml', ruleFile(800 - n));
      await sleep(POLL_MS / 2);
    }
    await until(() => limit()?.includes('786') === true);
    expect(heard.activated).toHaveLength(1);
  });

  it('follows links, as mounted folders have them', async () => {
    const folder = aFolder();
    const elsewhere = temporaryFolder();
    writeFileSync(path.join(elsewhere, 'one.yaml'), ruleFile(700));
    writeFileSync(path.join(elsewhere, 'two.yaml'), ruleFile(600));
    folder.remove('rules/test.yaml');
    symlinkSync(path.join(elsewhere, 'one.yaml'), path.join(folder.dir, 'rules/test.yaml'));
    const { limit } = await watched(folder);
    symlinkSync(path.join(elsewhere, 'two.yaml'), path.join(folder.dir, 'rules/next'));
    renameSync(path.join(folder.dir, 'rules/next'), path.join(folder.dir, 'rules/test.yaml'));
    await until(() => limit()?.includes('600') === true);
  });

  it('may vanish for a while: that is said, and what is in force stays', async () => {
    const folder = aFolder();
    const { heard, limit } = await watched(folder);
    const before = limit();
    renameSync(folder.dir, `${folder.dir}-away`);
    await until(() => heard.failedLooks.length > 0);
    expect(limit()).toBe(before);
    renameSync(`${folder.dir}-away`, folder.dir);
    folder.write('rules/test.yaml', ruleFile(500));
    await until(() => limit()?.includes('500') === true);
  });

  it('comes into force also while the store cannot be reached, and is kept there when it can', async () => {
    const folder = aFolder();
    const store = createFileConfigStore(temporaryFolder());
    let isAway = true;
    const awayNow = async (): Promise<never> => {
      throw new VigilError('ALERT_STORE_UNAVAILABLE', 'away');
    };
    const flaky: ConfigStore = {
      ...store,
      steps: (limit) => (isAway ? awayNow() : store.steps(limit)),
      propose: (version) => (isAway ? awayNow() : store.propose(version)),
    };
    const { heard, limit } = await watched(folder, 'folder', flaky);
    folder.write('rules/test.yaml', ruleFile(400));
    await until(() => limit()?.includes('400') === true);
    expect(heard.failedLooks.length).toBeGreaterThan(0);
    isAway = false;
    const hash = await hashOf(folder);
    await until(async () => replaySteps(await store.steps(10), systemClock.now()).history[0] === hash);
  });
});

describe('a start', () => {
  const start = async (folder: Folder, state: string, from = 'folder') => {
    folder.write(
      'vigil.yaml',
      `model: { enabled: false }\nreload: { from: ${from}, stateDir: ${JSON.stringify(state)} }\n`,
    );
    const chosen = await chooseConfiguration({
      ownDir: folder.dir,
      environment: {},
      clock: systemClock,
      stack: 'embedded',
    });
    if (!chosen.ok) return { chosen, when: undefined, refused: [] };
    const { configuration, refused } = chosen.value;
    return { chosen, when: configuration.ruleset.rules[0]?.when, refused };
  };

  it.each([
    ['does not load', (folder: Folder) => folder.write('rules/test.yaml', 'ruleset: ['), /test\.yaml/],
    [
      'fails its tests',
      (folder: Folder) => folder.write('rules/test.yaml', ruleFile(5_000)),
      /the test "a large transfer" fails/,
    ],
  ])('goes on with what was in force last when the folder %s', async (_, spoil, sentence) => {
    const [folder, state] = [aFolder(), temporaryFolder()];
    await start(folder, state);
    folder.write('rules/test.yaml', ruleFile(900));
    const second = await start(folder, state);
    expect([second.when, second.refused]).toEqual([expect.stringContaining('900'), []]);
    spoil(folder);
    const third = await start(folder, state);
    expect(third.when).toContain('900');
    expect(third.refused.join('\n')).toMatch(sentence);
  });

  it('is refused when nothing was ever in force', async () => {
    const [folder, state] = [aFolder(), temporaryFolder()];
    folder.write('rules/test.yaml', 'ruleset: [');
    const { chosen } = await start(folder, state);
    expect(chosen.ok).toBe(false);
  });

  it.each([
    ['nothing was ever kept', (state: string) => `reload: { from: folder, stateDir: ${JSON.stringify(state)} }`],
    ['nothing is kept', () => 'reload: { from: folder }'],
    ['nothing is taken over while it runs', () => "reload: { from: 'off' }"],
  ])('is refused when its tests fail and %s: a start is an activation', async (_, reload) => {
    const folder = aFolder(`model: { enabled: false }\n${reload(temporaryFolder())}\n`);
    const choose = () =>
      chooseConfiguration({ ownDir: folder.dir, environment: {}, clock: systemClock, stack: 'embedded' });
    folder.write('rules/test.yaml', ruleFile(5_000));
    const refused = await choose();
    expect(refused.ok ? [] : refused.error.map(formatFault)).toEqual([
      expect.stringMatching(/^configuration: .*test\.test\.yaml:5 the test "a large transfer" fails: hits: expected/),
    ]);
    folder.write('rules/test.yaml', ruleFile(1_000));
    expect((await choose()).ok).toBe(true);
  });

  it('with settings alone runs no tests: what decides is what is shipped', async () => {
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'vigil.yaml'), 'model: { enabled: false }\n');
    const choose = () =>
      chooseConfiguration({
        ownDir: folder,
        environment: {},
        clock: systemClock,
        stack: 'embedded',
        check: async () => ['the tests were run'],
      });
    expect((await choose()).ok).toBe(true);
    writeFileSync(
      path.join(folder, 'policy.yaml'),
      `${readFileSync(path.join(SHIPPED_CONFIG_DIR, 'policy.yaml'), 'utf8')}# another\n`,
    );
    expect((await choose()).ok).toBe(false);
  });

  it('does not use a kept version whose files were touched', async () => {
    const [folder, state] = [aFolder(), temporaryFolder()];
    await start(folder, state);
    const store = createFileConfigStore(state);
    const [step] = await store.steps(1);
    const version = await store.version(step?.hash ?? '');
    const index = version?.files.findIndex(({ file }) => file === 'rules/test.yaml') ?? -1;
    const [id = ''] = readdirSync(path.join(state, 'versions'));
    appendFileSync(path.join(state, 'versions', id, String(index)), '# touched\n');
    folder.write('rules/test.yaml', 'ruleset: [');
    const { chosen } = await start(folder, state);
    expect(chosen.ok).toBe(false);
  });

  it('stays with what a roll-back brought back, until the folder says something new', async () => {
    const [folder, state] = [aFolder(), temporaryFolder()];
    await start(folder, state);
    const first = await hashOf(folder);
    folder.write('rules/test.yaml', ruleFile(900));
    await start(folder, state);
    const atMs = systemClock.now();
    await createFileConfigStore(state).addStep({ kind: 'roll-back', hash: first, by: 'Wang', atMs, dueMs: atMs });
    expect((await start(folder, state)).when).toContain('1000');
    folder.write('rules/test.yaml', ruleFile(800));
    expect((await start(folder, state)).when).toContain('800');
  });
});

describe('a store that is followed', () => {
  const propose = async (store: ConfigStore, folder: Folder, author: string): Promise<string> => {
    const content = await contentOf(await readSources(folder.dir), turn);
    await store.propose({ ...content, author, proposedAtMs: systemClock.now(), fromFolder: false });
    return content.hash;
  };
  const approve = (store: ConfigStore, hash: string, approver: string, expiresInMs = 60_000) => {
    const approvedAtMs = systemClock.now() - 1;
    return store.approve({ hash, approver, approvedAtMs, expiresAtMs: approvedAtMs + expiresInMs });
  };
  const activate = (store: ConfigStore, hash: string, inMs = 0) => {
    const atMs = systemClock.now();
    return store.addStep({ kind: 'activate', hash, by: 'Wang', atMs, dueMs: atMs + inMs });
  };

  it('takes what a second person approved, at its time, and goes back on demand', async () => {
    const [running, next] = [aFolder(), aFolder()];
    const store = createFileConfigStore(temporaryFolder());
    let laterMs = 0;
    let looks = 0;
    const clock = { now: () => systemClock.now() + laterMs };
    const counted: ConfigStore = {
      ...store,
      steps: (count) => {
        looks += 1;
        return store.steps(count);
      },
    };
    const { limit } = await watched(running, 'store', counted, { clock });
    const first = await propose(store, running, 'Li');
    await approve(store, first, 'Wang');
    await activate(store, first);
    next.write('rules/test.yaml', ruleFile(700));
    const second = await propose(store, next, 'Li');
    await approve(store, second, 'Wang', 2 * HOUR_MS);
    await activate(store, second, HOUR_MS);
    const from = looks;
    await until(() => looks > from + 1);
    expect(limit()).toContain('1000');
    laterMs = HOUR_MS + 1_000;
    await until(() => limit()?.includes('700') === true);
    const atMs = clock.now();
    await store.addStep({ kind: 'roll-back', hash: first, by: 'Zhao', atMs, dueMs: atMs });
    await until(() => limit()?.includes('1000') === true);
  });

  it.each([
    ['nobody has approved', async () => undefined, /nobody has approved/],
    ['its author approved', (store: ConfigStore, hash: string) => approve(store, hash, ' li '), /same person/],
    ['was approved too long ago', (store: ConfigStore, hash: string) => approve(store, hash, 'Wang', 0), /expired/],
  ])('refuses what %s, though somebody has written it into the store', async (_, approval, sentence) => {
    const [running, next] = [aFolder(), aFolder()];
    const store = createFileConfigStore(temporaryFolder());
    const { limit, heard } = await watched(running, 'store', store);
    next.write('rules/test.yaml', ruleFile(700));
    const hash = await propose(store, next, 'Li');
    await approval(store, hash);
    await activate(store, hash);
    await until(() => heard.refused.length > 0);
    expect(heard.refused[0]?.join()).toMatch(sentence);
    await sleep(700);
    expect([limit(), heard.refused.length]).toEqual([expect.stringContaining('1000'), 1]);
  });

  it('refuses what fails its tests here, though it is approved', async () => {
    const [running, next] = [aFolder(), aFolder()];
    const store = createFileConfigStore(temporaryFolder());
    const { limit, heard } = await watched(running, 'store', store);
    next.write('rules/tests/test.test.yaml', testFile(10));
    const hash = await propose(store, next, 'Li');
    await approve(store, hash, 'Wang');
    await activate(store, hash);
    await until(() => heard.refused.length > 0);
    expect(heard.refused[0]?.join()).toContain('a large transfer');
    expect(limit()).toContain('1000');
  });

  it('still takes a model whose files change, and says once what is wrong with it', async () => {
    const running = aFolder('model: { enabled: true, backend: cpu }\n');
    cpSync(path.join(SHIPPED_CONFIG_DIR, 'models'), path.join(running.dir, 'models'), { recursive: true });
    const { heard } = await watched(running, 'store', createFileConfigStore(temporaryFolder()));
    const weights = path.join(running.dir, 'models', '2026.11.2-sim', 'weights.bin');
    const good = readFileSync(weights);
    await sleep(200);
    writeFileSync(weights, Buffer.alloc(good.length));
    await until(() => heard.refusedModels.length > 0);
    await sleep(1_200);
    expect(heard.refusedModels).toHaveLength(1);
    writeFileSync(weights, good);
    await until(() => heard.models.length === 1);
  });

  it('does not look at its folder', async () => {
    const running = aFolder();
    const { limit } = await watched(running, 'store', createFileConfigStore(temporaryFolder()));
    running.write('rules/test.yaml', ruleFile(300));
    await sleep(10 * POLL_MS);
    expect(limit()).toContain('1000');
  });
});

describe('the content of a configuration', () => {
  it('gives the same versions of everything when it comes back from a store', async () => {
    const folder = aFolder();
    const sources = await readSources(folder.dir);
    const again = buildConfiguration(withContent(sources, (await contentOf(sources, turn)).files), {});
    if (!again.ok) throw new Error(again.error.map(formatFault).join());
    expect(again.value.generation.versions).toEqual((await folder.load()).generation.versions);
    expect(again.value.sources).toEqual(sources);
  });

  it('has one hash wherever it lies, and another for every change of a file or a name', async () => {
    const [one, two] = [aFolder(), aFolder()];
    expect(await hashOf(one)).toBe(await hashOf(two));
    two.write('rules/tests/test.test.yaml', testFile(1_001));
    const changed = await hashOf(two);
    expect(changed).not.toBe(await hashOf(one));
    two.write('rules/tests/test.test.yaml', testFile(1_000));
    renameSync(path.join(two.dir, 'rules/test.yaml'), path.join(two.dir, 'rules/other.yaml'));
    expect(await hashOf(two)).not.toBe(await hashOf(one));
    expect(readFileSync(path.join(two.dir, 'rules/other.yaml'), 'utf8')).toBe(ruleFile(1_000));
  });
});
