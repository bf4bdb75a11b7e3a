import { expect, it } from 'vitest';
import { silentEvents } from '../../../src/consumers/consumer-events.ts';
import { startFeedbackConsumer } from '../../../src/consumers/feedback-consumer.ts';
import { VigilError } from '../../../src/domain/errors.ts';
import type { Label } from '../../../src/domain/label.ts';
import { clock, collect, json, testBus, topics } from './consumer-helpers.ts';

function setUp(applyLabels: (labels: readonly Label[]) => Promise<{ applied: number; unmatched: number }>) {
  const bus = testBus();
  const counted: { applied: number; unmatched: number }[] = [];
  const start = () =>
    startFeedbackConsumer({
      bus,
      topics,
      group: 'feedback',
      maxChunk: 100,
      store: { applyLabels },
      isChannel: (code) => code === 'ATM',
      clock,
      events: { ...silentEvents, labelsApplied: (event) => void counted.push(event) },
    });
  return { bus, counted, start };
}

const label = (transactionId: string, overrides: object = {}) =>
  json(transactionId, {
    transactionId,
    channel: 'ATM',
    label: 'FRAUD',
    labelledAt: '2026-11-24T00:00:00Z',
    ...overrides,
  });

it('applies the labels of a chunk at once, counts those that came too late, buries what is refused', async () => {
  const applied: Label[][] = [];
  const { bus, counted, start } = setUp(async (labels) => {
    applied.push([...labels]);
    return { applied: labels.length - 1, unmatched: 1 };
  });
  await bus.publish(topics.feedback, [
    label('T-1'),
    label('T-2', { channel: 'PIGEON' }),
    label('T-3', { label: 'GENUINE' }),
  ]);
  const subscription = await start();
  await expect.poll(() => bus.ends(topics.deadLetters)).toEqual([1n]);
  await subscription.stop();
  expect(applied.map((labels) => labels.map((one) => [one.transactionId, one.label]))).toEqual([
    [
      ['T-1', 'FRAUD'],
      ['T-3', 'GENUINE'],
    ],
  ]);
  expect(counted).toEqual([{ applied: 1, unmatched: 1 }]);
  const letters = await collect(bus, topics.deadLetters);
  expect(letters.map(({ headers }) => [headers?.code, headers?.path])).toEqual([['UNKNOWN_CHANNEL', '/channel']]);
});

it('waits out an outage of the feature store: a label has no fallback', async () => {
  let failures = 2;
  const { bus, counted, start } = setUp(async (labels) => {
    if (failures-- > 0) throw new VigilError('FEATURE_STORE_UNAVAILABLE', 'an outage');
    return { applied: labels.length, unmatched: 0 };
  });
  await bus.publish(topics.feedback, [label('T-1')]);
  const subscription = await start();
  await expect.poll(() => counted).toEqual([{ applied: 1, unmatched: 0 }]);
  await subscription.stop();
});
