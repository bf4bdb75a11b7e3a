import { describe, expect, it } from 'vitest';
import { silentEvents } from '../../../src/consumers/consumer-events.ts';
import { TRUNCATED_HEADER } from '../../../src/consumers/inflate-records.ts';
import { startTransactionConsumer } from '../../../src/consumers/transaction-consumer.ts';
import { VigilError } from '../../../src/domain/errors.ts';
import type { RawInput, ScoredInput, ScoreTransactions } from '../../../src/pipeline/score-transactions.ts';
import { aDecision, aProvisionalDecision } from '../alerts/a-decision.ts';
import { bytes, clock, collect, countingBus, testBus, topics } from './consumer-helpers.ts';

/** Decides every text "ok-N", refuses "bad-N" with a fallback and "junk-N" without one. */
const scorer: ScoreTransactions = async (inputs) => inputs.map(scoreOne);

function scoreOne({ bytes: value, parsed }: RawInput): ScoredInput {
  if (parsed !== undefined && !parsed.ok) return { kind: 'rejected', rejection: parsed.error };
  const text = String(Buffer.from(value ?? []));
  const rejection = { code: 'NOT_JSON', path: '/x', message: 'refused' } as const;
  if (text.startsWith('junk')) return { kind: 'rejected', rejection };
  if (text.startsWith('bad')) {
    const decision = aProvisionalDecision();
    return { kind: 'rejected', rejection, fallback: { bytes: `fallback of ${text}`, customerId: '', decision } };
  }
  const answer = { bytes: `decision of ${text}`, fingerprint: text, customerId: 'C1', decision: aDecision() };
  return { kind: 'decided', ...answer, isRepeat: false, isConflict: false };
}

const message = (text: string) => ({ key: 'C1', value: bytes(text) });
const started = async (overrides: Partial<Parameters<typeof startTransactionConsumer>[0]> = {}) => {
  const bus = countingBus(testBus());
  const codes: string[] = [];
  const options = {
    bus,
    topics,
    group: 'workers',
    maxChunk: 100,
    scoreTransactions: scorer,
    clock,
    events: { ...silentEvents, deadLettered: ({ code }: { code: string }) => void codes.push(code) },
    ...overrides,
  };
  return { bus, codes, start: () => startTransactionConsumer(options) };
};

describe('the transaction consumer', () => {
  it('publishes the decisions of a chunk in one request, in order, and dead-letters what was refused', async () => {
    const { bus, codes, start } = await started();
    await bus.publish(topics.transactions, ['ok-1', 'bad-2', 'junk-3', 'ok-4'].map(message));
    bus.requests.length = 0;
    const subscription = await start();
    await expect.poll(() => bus.requests.length).toBe(2);
    await subscription.stop();
    expect(bus.requests).toEqual([
      [topics.decisions, 3],
      [topics.deadLetters, 2],
    ]);
    const decisions = await collect(bus, topics.decisions);
    expect(decisions.map(({ key, value }) => [key, String(value)])).toEqual([
      ['C1', 'decision of ok-1'],
      ['C1', 'fallback of bad-2'],
      ['C1', 'decision of ok-4'],
    ]);
    const letters = await collect(bus, topics.deadLetters);
    expect(
      letters.map(({ value, headers }) => [String(value), headers?.code, headers?.offset, headers?.topic]),
    ).toEqual([
      ['bad-2', 'NOT_JSON', '1', topics.transactions],
      ['junk-3', 'NOT_JSON', '2', topics.transactions],
    ]);
    expect(codes).toEqual(['NOT_JSON', 'NOT_JSON']);
  });

  it('dead-letters a message whose value was a bomb, with the code TOO_LARGE', async () => {
    const { bus, start } = await started();
    const headers = { [TRUNCATED_HEADER]: '734003200' };
    await bus.publish(topics.transactions, [{ key: 'C1', value: bytes(''), headers }, message('ok-1')]);
    const subscription = await start();
    await expect.poll(() => bus.ends(topics.decisions)).toEqual([1n]);
    await subscription.stop();
    expect((await collect(bus, topics.deadLetters)).map(({ headers: all }) => all?.code)).toEqual(['TOO_LARGE']);
  });

  it('repeats the chunk when the bus refuses, and loses nothing', async () => {
    const inner = testBus();
    let refusals = 2;
    const bus = countingBus({
      ...inner,
      async publish(topic, messages) {
        if (topic === topics.decisions && refusals-- > 0) throw new VigilError('BUS_UNAVAILABLE', 'an outage');
        await inner.publish(topic, messages);
      },
    });
    await inner.publish(topics.transactions, ['ok-1', 'ok-2'].map(message));
    const { start } = await started({ bus });
    const subscription = await start();
    await expect.poll(() => inner.ends(topics.decisions)).toEqual([2n]);
    await subscription.stop();
  });

  it('stops aloud on our own bug, and leaves the chunk for the next start', async () => {
    const { bus, start } = await started({
      scoreTransactions: async () => {
        throw new TypeError('a bug of ours');
      },
    });
    await bus.publish(topics.transactions, [message('ok-1')]);
    const subscription = await start();
    await expect(subscription.finished).rejects.toThrow('a bug of ours');
    const again = await started({ bus });
    const healthy = await again.start();
    await expect.poll(() => bus.ends(topics.decisions)).toEqual([1n]);
    await healthy.stop();
  });

  it('takes a scorer that answers for fewer messages than it got as a bug', async () => {
    const { bus, start } = await started({ scoreTransactions: async () => [] });
    await bus.publish(topics.transactions, [message('ok-1')]);
    await expect((await start()).finished).rejects.toThrow('has no result');
  });

  it.each(['received', 'scored', 'published'] as const)('repeats the chunk after dying at "%s"', async (name) => {
    const { bus, start } = await started({
      failpoint: (at) => {
        if (at === name) throw new Error(`killed at ${at}`);
      },
    });
    await bus.publish(topics.transactions, ['ok-1', 'bad-2'].map(message));
    await expect((await start()).finished).rejects.toThrow(`killed at ${name}`);
    const again = await started({ bus });
    const healthy = await again.start();
    const expected = name === 'published' ? 4n : 2n;
    await expect.poll(() => bus.ends(topics.decisions)).toEqual([expected]);
    await healthy.stop();
    const decisions = (await collect(bus, topics.decisions)).map(({ value }) => String(value));
    expect(new Set(decisions)).toEqual(new Set(['decision of ok-1', 'fallback of bad-2']));
  });
});
