import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkHere } from '../../../src/composition/check-candidate.ts';
import { createScoringStack, memoryLimitUsage, memoryStoreFor } from '../../../src/composition/scoring-stack.ts';
import { readSources, SHIPPED_CONFIG_DIR } from '../../../src/config/read-sources.ts';
import type { FeatureStore, FraudModel } from '../../../src/domain/ports.ts';
import { aMessage, bytesOf, TEST_NOW_MS } from '../../helpers/a-transaction.ts';
import { aFolder, aLive, ruleFile, testFile } from './a-folder.ts';

const clock = { now: () => TEST_NOW_MS };

/** A stack whose feature store waits at a gate, so that a chunk can be caught in the middle. */
async function gatedStack(folder: ReturnType<typeof aFolder>, model: FraudModel | null = null) {
  const { live, heard } = await aLive(folder, { model });
  const { configuration } = live.current();
  const store = memoryStoreFor(configuration);
  let gate: Promise<void> = Promise.resolve();
  const gated: FeatureStore = { ...store, recordAndRead: async (chunk) => gate.then(() => store.recordAndRead(chunk)) };
  const stack = createScoringStack({
    configuration,
    live,
    store: gated,
    limitUsage: memoryLimitUsage(clock),
    model,
    clock,
    modelBudgetMs: () => 60_000,
  });
  const decide = async (...ids: string[]) => {
    const inputs = ids.map((transactionId) => ({
      bytes: bytesOf(aMessage({ transactionId, amountMinor: 5_000 })),
      receivedAtMs: TEST_NOW_MS,
    }));
    const results = await stack.score(inputs);
    return results.map((result) => (result.kind === 'decided' ? result.decision : undefined));
  };
  return {
    live,
    heard,
    decide,
    shut() {
      let open = (): void => undefined;
      gate = new Promise((resolve) => {
        open = resolve;
      });
      return () => open();
    },
  };
}

describe('a configuration that changes while it runs', () => {
  it('comes into force as a whole, and a chunk in hand is finished with what it began with', async () => {
    const folder = aFolder();
    const { live, heard, decide, shut } = await gatedStack(folder);
    const before = live.current().configuration.generation.versions;
    const open = shut();
    const inHand = decide('A-1', 'A-2');
    folder.write('rules/test.yaml', ruleFile(1_000, 700));
    folder.write('policy.yaml', `${readFileSync(path.join(SHIPPED_CONFIG_DIR, 'policy.yaml'), 'utf8')}\n# another\n`);
    expect(await live.offer(await readSources(folder.dir))).toEqual({ status: 'activated' });
    open();
    const after = live.current().configuration.generation.versions;
    expect((await inHand).map((decision) => decision?.versions)).toEqual([before, before]);
    expect((await inHand)[0]?.hits[0]?.score).toBe(200);
    const [next] = await decide('A-3');
    expect(next?.versions).toEqual(after);
    expect(next?.hits[0]?.score).toBe(700);
    expect(after.ruleset).not.toBe(before.ruleset);
    expect(after.policy).not.toBe(before.policy);
    expect(heard.activated).toEqual([after]);
  });

  it('is refused with all its faults at once, and the one before keeps serving', async () => {
    const folder = aFolder();
    const { live, heard } = await aLive(folder);
    const before = live.current();
    folder.write('rules/test.yaml', ruleFile(1_000).replace('tx.amountMinor', 'tx.amout'));
    folder.write('policy.yaml', 'version: [');
    folder.write('limits/own.yaml', 'limits: 5\n');
    const offered = await live.offer(await readSources(folder.dir));
    expect(live.current()).toBe(before);
    expect(offered.status).toBe('refused');
    const [faults = []] = heard.refused;
    for (const file of ['policy.yaml', 'limits/own.yaml'])
      expect(faults.join('\n')).toContain(path.join(folder.dir, file));
    expect(heard.activated).toEqual([]);
    // mended, it is taken
    folder.write('policy.yaml', readFileSync(path.join(SHIPPED_CONFIG_DIR, 'policy.yaml'), 'utf8'));
    folder.remove('limits');
    expect((await live.offer(await readSources(folder.dir))).status).toBe('refused'); // the rule is still wrong
    expect(heard.refused[1]?.join()).toContain('amountMinor');
    folder.write('rules/test.yaml', ruleFile(900));
    expect(await live.offer(await readSources(folder.dir))).toEqual({ status: 'activated' });
  });

  it('is refused when a test of its rules fails, with the test’s place and what it expected', async () => {
    const folder = aFolder();
    const { live, heard } = await aLive(folder);
    const before = live.current();
    folder.write('rules/test.yaml', ruleFile(2_000));
    expect((await live.offer(await readSources(folder.dir))).status).toBe('refused');
    expect(heard.refused[0]).toHaveLength(1);
    expect(heard.refused[0]?.[0]).toMatch(
      /rules\/tests\/test\.test\.yaml:\d+ the test "a large transfer" fails: .*expected large-transfer/,
    );
    expect(live.current()).toBe(before);
    folder.write('rules/tests/test.test.yaml', testFile(2_000));
    expect(await live.offer(await readSources(folder.dir))).toEqual({ status: 'activated' });
  });

  it('is held to the shipped tests when it brings a policy and no rules, and says where to change them', async () => {
    const folder = aFolder();
    folder.remove('rules');
    const { live, heard } = await aLive(folder);
    const shipped = readFileSync(path.join(SHIPPED_CONFIG_DIR, 'policy.yaml'), 'utf8');
    folder.write('policy.yaml', shipped.replace(/(from: \d+, outcome: )CHALLENGE/g, '$1HOLD'));
    expect((await live.offer(await readSources(folder.dir))).status).toBe('refused');
    expect(heard.refused[0]?.at(-1)).toMatch(/^These tests come with the shipped rules/);
  });

  it.each([
    [
      'features.yaml',
      (text: string) => text.replace('window: 24h', 'window: 23h'),
      /features\.yaml: changed features need a restart/,
    ],
    [
      'vigil.yaml',
      (text: string) => `${text}redis: { keyPrefix: other }\n`,
      /vigil\.yaml redis: changed settings of redis need a restart/,
    ],
  ])('says that a changed %s needs a restart', async (file, change, sentence) => {
    const folder = aFolder();
    const { live, heard } = await aLive(folder);
    const before = live.current();
    const own = path.join(file === 'vigil.yaml' ? folder.dir : SHIPPED_CONFIG_DIR, file);
    folder.write(file, change(readFileSync(own, 'utf8')));
    expect((await live.offer(await readSources(folder.dir))).status).toBe('refused');
    expect(heard.refused[0]?.join()).toMatch(sentence);
    expect(live.current()).toBe(before);
  });

  it('runs no tests and compiles no rule for other list entries alone', async () => {
    const folder = aFolder();
    const checked: unknown[] = [];
    const { live } = await aLive(folder, {
      check: (sources, environment) => {
        checked.push(sources);
        return checkHere(sources, environment);
      },
    });
    const before = live.current().configuration;
    folder.write('lists/denied-devices.csv', 'id,entity,expires,source,reason,person\nD-9,,,police,stolen,Li\n');
    expect(await live.offer(await readSources(folder.dir))).toEqual({ status: 'activated' });
    const after = live.current().configuration;
    expect(after.lists.find('denied_devices', 'device', 'D-9', TEST_NOW_MS)?.person).toBe('Li');
    expect(after.generation.versions.lists).not.toBe(before.generation.versions.lists);
    expect(after.ruleset).toBe(before.ruleset);
    expect(after.limits).toBe(before.limits);
    expect(checked).toEqual([]);
    // another kind of list is another meaning
    folder.write(
      'lists/lists.yaml',
      readFileSync(path.join(folder.dir, 'lists/lists.yaml'), 'utf8')
        .replace('kind: mule', 'kind: watch')
        .replace('    outcome: HOLD\n    reason: LIST_MULE', '    reason: LIST_MULE'),
    );
    await live.offer(await readSources(folder.dir));
    expect(checked).toHaveLength(1);
  });

  it('is left alone when nothing has changed', async () => {
    const folder = aFolder();
    const { live, heard } = await aLive(folder);
    const before = live.current();
    expect(await live.offer(await readSources(folder.dir))).toEqual({ status: 'unchanged' });
    expect(live.current()).toBe(before);
    expect(heard.activated).toEqual([]);
  });

  it('takes offers one after the other, whatever they cost', async () => {
    const folder = aFolder();
    const { live, heard } = await aLive(folder);
    const offers: Promise<unknown>[] = [];
    for (const score of [1, 2, 3, 4]) {
      folder.write('rules/test.yaml', ruleFile(1_000, score));
      offers.push(live.offer(await readSources(folder.dir)));
    }
    await Promise.all(offers);
    expect(live.current().configuration.ruleset.rules[0]?.score).toBe(4);
    expect(heard.activated).toHaveLength(4);
  });
});

describe('the model of a running service', () => {
  const withModels = () => {
    const folder = aFolder('model: { enabled: true, backend: cpu }\n');
    cpSync(path.join(SHIPPED_CONFIG_DIR, 'models'), path.join(folder.dir, 'models'), { recursive: true });
    return folder;
  };
  const [shipped = ''] = ['2026.11.2-sim'];

  it('keeps serving while the next one is refused, and gives way to one that is in order when its chunks have ended', async () => {
    const folder = withModels();
    const closed: string[] = [];
    const first: FraudModel = {
      version: 'first',
      score: async (inputs) => inputs.map(() => ({ score: 0.25, contributions: [] })),
      close: async () => void closed.push('first'),
    };
    const { live, heard, decide, shut } = await gatedStack(folder, first);
    const weights = path.join(folder.dir, 'models', shipped, 'weights.bin');
    const good = readFileSync(weights);
    writeFileSync(weights, Buffer.alloc(good.length));
    expect((await live.offer(await readSources(folder.dir))).status).toBe('refused');
    expect(heard.refusedModels).toHaveLength(1);
    expect((await decide('M-1'))[0]?.model).toMatchObject({ version: 'first', score: 0.25 });
    const open = shut();
    const inHand = decide('M-2');
    writeFileSync(weights, good);
    expect(await live.offer(await readSources(folder.dir))).toEqual({ status: 'activated' });
    expect(heard.models).toEqual([shipped]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(closed).toEqual([]);
    open();
    expect((await inHand)[0]?.model).toMatchObject({ version: 'first', score: 0.25 });
    expect((await decide('M-3'))[0]).toMatchObject({ level: 'L0', model: { version: shipped } });
    expect(closed).toEqual(['first']);
    await live.current().model?.close();
  });

  it('is refused when the folder of models is emptied', async () => {
    const folder = withModels();
    const { live } = await aLive(folder);
    const before = live.current();
    rmSync(path.join(folder.dir, 'models', shipped), { recursive: true });
    expect((await live.offer(await readSources(folder.dir))).status).toBe('refused');
    expect(live.current()).toBe(before);
  });
});
