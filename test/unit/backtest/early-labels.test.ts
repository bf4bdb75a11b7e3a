/** Labels told early and together change no value: held against the feed that tells each one when it became known. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEarlyLabelFeed, labelDelayMs } from '../../../src/backtest/early-labels.ts';
import { createLabelFeed, type LabelFeed } from '../../../src/backtest/label-feed.ts';
import { runHistory } from '../../../src/backtest/run-history.ts';
import type { CompiledFeature, FeatureCatalogue } from '../../../src/domain/feature.ts';
import type { Label } from '../../../src/domain/label.ts';
import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { aMessage, aTransaction, bytesOf, parseForTest, TEST_NOW_MS } from '../../helpers/a-transaction.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.parse('2026-10-01T00:00:00Z');

const rate = (name: string, windowMs: number, delayMs: number): CompiledFeature => ({
  name,
  entity: ['terminal'],
  aggregate: 'labelRate',
  windowMs,
  delayMs,
  excludeCurrent: false,
});

const catalogueOf = (...features: CompiledFeature[]): FeatureCatalogue => ({
  features,
  version: 'test',
  allowedLatenessMs: 24 * HOUR_MS,
  repeatHorizonMs: 24 * HOUR_MS,
});

const label = (transactionId: string, labelledAtMs: number | null, value: Label['label'] = 'FRAUD'): Label => ({
  transactionId,
  channel: 'ATM',
  label: value,
  labelledAtMs,
});
const arrivalOf = (transactionId: string, atMs: number) =>
  aTransaction({ transactionId, channel: 'ATM', occurredAt: new Date(atMs).toISOString() }).transaction;

describe('labels told early', () => {
  it('wait for the first transaction that can see one of them, then come together', () => {
    const feed = createEarlyLabelFeed([label('A', START_MS + 5), label('B', null), label('never', null)], 100);
    feed.arrived(arrivalOf('A', START_MS));
    feed.arrived(arrivalOf('B', START_MS + 50));
    expect(feed.dueBefore(START_MS + 99)).toEqual([]);
    expect(feed.dueBefore(START_MS + 100).map(({ transactionId }) => transactionId)).toEqual(['A', 'B']);
    expect(feed.dueBefore(START_MS + 1000)).toEqual([]);
    expect(feed.unclaimed).toBe(1);
  });

  it('are never needed where no feature reads labels', () => {
    const delayMs = labelDelayMs([catalogueOf({ ...rate('x', 1, 1), aggregate: 'count' })]);
    const feed = createEarlyLabelFeed([label('A', null)], delayMs);
    feed.arrived(arrivalOf('A', START_MS));
    expect(feed.dueBefore(Number.MAX_SAFE_INTEGER)).toEqual([]);
  });

  it('leave the chunks whole where every transaction has a label', async () => {
    const ids = Array.from({ length: 300 }, (_, index) => `T-${index}`);
    const sizes: number[] = [];
    await runHistory({
      lines: linesOf(
        ids.map((transactionId, index) =>
          aMessage({ transactionId, channel: 'ATM', occurredAt: new Date(START_MS + index * 60_000).toISOString() }),
        ),
      ),
      parse: parseForTest,
      nowMs: TEST_NOW_MS,
      labels: createEarlyLabelFeed(
        ids.map((id) => label(id, null, 'GENUINE')),
        4 * HOUR_MS,
      ),
      chunkSize: 100,
      handle: async (items) => void sizes.push(items.length),
      applyLabels: async () => undefined,
    });
    // 300 minutes of history: one portion, when the first label is four hours old
    expect(sizes).toEqual([100, 100, 40, 60]);
  });

  it('take the shortest delay of all configurations', () => {
    expect(labelDelayMs([catalogueOf(rate('a', 1, 70)), catalogueOf(rate('b', 1, 9), rate('c', 1, 30))])).toBe(9);
  });

  it('give every transaction the values that labels told in time give it', async () => {
    const event = fc.record({
      hours: fc.integer({ min: -30, max: 40 }),
      terminal: fc.integer({ min: 0, max: 2 }),
      labels: fc.array(
        fc.record({ isFraud: fc.boolean(), afterHours: fc.option(fc.integer({ min: -5, max: 200 }), { nil: null }) }),
        { maxLength: 3 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 40 }),
        fc.constantFrom(0, 1, 24),
        fc.integer({ min: 1, max: 9 }),
        async (events, delayHours, chunkSize) => {
          const catalogue = catalogueOf(
            rate('short', 24 * HOUR_MS, delayHours * HOUR_MS),
            rate('long', 100 * HOUR_MS, delayHours * HOUR_MS),
          );
          let atMs = START_MS;
          const history = events.map(({ hours, terminal, labels }, index) => {
            atMs += hours * HOUR_MS;
            const id = `T-${index}`;
            return {
              message: aMessage({
                transactionId: id,
                channel: 'ATM',
                terminalId: `t${terminal}`,
                occurredAt: new Date(atMs).toISOString(),
              }),
              labels: labels.map(({ isFraud, afterHours }) =>
                label(id, afterHours === null ? null : atMs + afterHours * HOUR_MS, isFraud ? 'FRAUD' : 'GENUINE'),
              ),
            };
          });
          const labels = history.flatMap((line) => line.labels);
          const messages = history.map(({ message }) => message);
          const inTime = await valuesWith(catalogue, messages, createLabelFeed(labels), 1);
          const early = await valuesWith(
            catalogue,
            messages,
            createEarlyLabelFeed(labels, labelDelayMs([catalogue])),
            chunkSize,
          );
          expect(early).toEqual(inTime);
        },
      ),
      { numRuns: 150 },
    );
  });
});

async function* linesOf(messages: readonly unknown[]) {
  for (const [index, message] of messages.entries()) yield { number: index + 1, bytes: bytesOf(message) };
}

async function valuesWith(
  catalogue: FeatureCatalogue,
  messages: readonly unknown[],
  labels: LabelFeed,
  chunkSize: number,
): Promise<unknown[]> {
  const store = createMemoryFeatureStore({ catalogue });
  const values: unknown[] = [];
  await runHistory({
    lines: linesOf(messages),
    parse: parseForTest,
    nowMs: TEST_NOW_MS,
    labels,
    chunkSize,
    async handle(items) {
      const parsed = items.flatMap((item) => (item.parsed.ok ? [item.parsed.value] : []));
      values.push(...(await store.recordAndRead(parsed)).map((reading) => reading.values));
    },
    applyLabels: async (due) => void (await store.applyLabels(due)),
  });
  return values;
}
