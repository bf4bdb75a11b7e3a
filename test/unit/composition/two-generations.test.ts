/**
 * No decision mixes two generations: a configuration that changes all the time under load, and every decision computed again
 * by the one that it names, to the byte. Chunks are caught at a random moment, from a seed.
 */
import { expect, it } from 'vitest';
import type { LoadedConfiguration } from '../../../src/composition/load-generation.ts';
import { parserOf } from '../../../src/composition/parser-of.ts';
import { createScoringStack, memoryLimitUsage, memoryStoreFor } from '../../../src/composition/scoring-stack.ts';
import { readSources } from '../../../src/config/read-sources.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import type { FeatureStore } from '../../../src/domain/ports.ts';
import { redecide } from '../../../src/pipeline/redecide.ts';
import { aMessage, bytesOf, TEST_NOW_MS } from '../../helpers/a-transaction.ts';
import { aFolder, aLive, ruleFile } from './a-folder.ts';

const CHUNKS = 60;
const SWAPS = 9;
const clock = { now: () => TEST_NOW_MS };

function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
};

/** The next of four: every part that can change while it runs takes another value. */
function changed(folder: ReturnType<typeof aFolder>, n: number): void {
  folder.write('rules/test.yaml', ruleFile([1_000, 3_000][n % 2] ?? 0, 200 + 100 * (n % 4)));
  folder.write(
    'lists/denied-devices.csv',
    `id,entity,expires,source,reason,person\n${n % 4 < 2 ? '' : 'D1,,,police,stolen,Li\n'}`,
  );
}

it('decides each transaction with one generation, however often another comes into force', async () => {
  const folder = aFolder();
  changed(folder, 0);
  const { live } = await aLive(folder, { check: async () => [] });
  const generations = new Map<string, LoadedConfiguration>();
  const remember = (): void => {
    const { configuration } = live.current();
    generations.set(JSON.stringify(configuration.generation.versions), configuration);
  };
  remember();
  const random = randomFrom(20_261_123);
  const { configuration } = live.current();
  const store = memoryStoreFor(configuration);
  const slow: FeatureStore = {
    ...store,
    recordAndRead: async (chunk) => {
      await turns(random(6));
      const readings = await store.recordAndRead(chunk);
      await turns(random(6));
      return readings;
    },
  };
  const stack = createScoringStack({
    configuration,
    live,
    store: slow,
    limitUsage: memoryLimitUsage(clock),
    model: null,
    clock,
  });
  const decided: { readonly decision: Decision; readonly bytes: string }[] = [];
  const score = async (chunk: number): Promise<void> => {
    await turns(random(400));
    const results = await stack.score(
      Array.from({ length: 5 }, (_, n) => ({
        bytes: bytesOf(
          aMessage({ transactionId: `T-${chunk}-${n}`, amountMinor: 500 + 1_000 * n, customerId: `C${chunk % 7}` }),
        ),
        receivedAtMs: TEST_NOW_MS,
      })),
    );
    for (const result of results)
      if (result.kind === 'decided' && result.decision !== undefined)
        decided.push({ decision: result.decision, bytes: result.bytes });
  };
  let isOn = true;
  let swaps = 0;
  const swapping = (async () => {
    while (isOn) {
      swaps += 1;
      changed(folder, swaps);
      expect((await live.offer(await readSources(folder.dir))).status).toBe('activated');
      remember();
      await turns(random(10));
    }
  })();
  // as many chunks as it takes until each of the four was in force twice, whatever the machine has else to do
  let chunks = 0;
  for (; chunks < CHUNKS || swaps < SWAPS; chunks += 10) {
    const from = chunks;
    await Promise.all(Array.from({ length: 10 }, (_, n) => score(from + n)));
  }
  isOn = false;
  await swapping;
  await stack.close();

  expect(decided).toHaveLength(chunks * 5);
  const used = new Set<string>();
  for (const { decision, bytes } of decided) {
    const versions = JSON.stringify(decision.versions);
    const made = generations.get(versions);
    if (made === undefined) throw new Error(`nobody has these versions: ${versions}`);
    used.add(versions);
    expect(redecide(bytes, made.generation, parserOf(made))).toEqual({ status: 'same' });
  }
  console.log(
    `${swaps} changes under load; ${decided.length} decisions by ${used.size} of ${generations.size} generations`,
  );
  expect(generations.size).toBe(4);
  expect(used.size).toBeGreaterThan(1);
});
