import { describe, expect, it } from 'vitest';
import { createMemoryAlertStore } from '../../../src/alerts/memory-alert-store.ts';
import { type AlertConsumerOptions, startAlertConsumer } from '../../../src/consumers/alert-consumer.ts';
import { silentEvents } from '../../../src/consumers/consumer-events.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { VigilError } from '../../../src/domain/errors.ts';
import { aDecision, aProvisionalDecision } from '../alerts/a-decision.ts';
import { bytes, clock, collect, json, testBus, topics } from './consumer-helpers.ts';

const published = (decision: Decision) => json(decision.customerId, decision);
const decisions = (...ids: string[]) => ids.map((transactionId) => published(aDecision({ transactionId })));

function setUp(store = createMemoryAlertStore({ clock }), overrides: Partial<AlertConsumerOptions> = {}) {
  const bus = testBus();
  const recorded: { decisions: number; newAlerts: number }[] = [];
  const events = {
    ...silentEvents,
    alertsRecorded: (event: { decisions: number; newAlerts: number }) => void recorded.push(event),
  };
  const start = () => startAlertConsumer({ bus, topics, group: 'alerts', maxChunk: 100, store, events, ...overrides });
  const alerts = async () =>
    (await store.alerts({ limit: 100 })).items.map(({ transactionId }) => transactionId).sort();
  return { bus, store, recorded, start, alerts };
}

describe('the alert consumer', () => {
  it('writes decisions, alerts and its own offset, fallback decisions of refused messages too', async () => {
    const { bus, store, start, alerts } = setUp();
    await bus.publish(topics.decisions, [
      ...decisions('T-1'),
      published(aProvisionalDecision({ transactionId: 'T-2' })),
    ]);
    await bus.publish(topics.decisions, [published(aDecision({ transactionId: 'T-3', alert: false }))]);
    const subscription = await start();
    await expect.poll(() => store.nextOffset(topics.decisions, 0)).toBe(3n);
    await subscription.stop();
    expect(await alerts()).toEqual(expect.arrayContaining(['T-1']));
    expect((await store.decision('MOBILE_BANKING', 'T-3'))?.decision.alert).toBe(false);
  });

  it('goes on from its own offset after a restart, and doubles nothing on a full replay', async () => {
    const { bus, store, start, alerts, recorded } = setUp();
    await bus.publish(topics.decisions, decisions('T-1', 'T-2'));
    const first = await start();
    await expect.poll(() => store.nextOffset(topics.decisions, 0)).toBe(2n);
    await first.stop();
    await bus.publish(topics.decisions, decisions('T-1', 'T-2', 'T-3'));
    const second = await start();
    await expect.poll(() => store.nextOffset(topics.decisions, 0)).toBe(5n);
    await second.stop();
    expect(await alerts()).toEqual(['T-1', 'T-2', 'T-3']);
    expect(recorded.map(({ newAlerts }) => newAlerts)).toEqual([2, 1]);
  });

  it('reads a topic that was made anew from its beginning, though its offsets look as if they were written', async () => {
    const { bus, store, start } = setUp();
    await bus.publish(topics.decisions, decisions('T-1', 'T-2', 'T-3'));
    const first = await start();
    await expect.poll(() => store.nextOffset(topics.decisions, 0)).toBe(3n);
    await first.stop();
    const anew = setUp(store);
    await anew.bus.publish(topics.decisions, decisions('T-4', 'T-5'));
    const second = await anew.start();
    await expect.poll(anew.alerts).toEqual(['T-1', 'T-2', 'T-3', 'T-4', 'T-5']);
    expect(await store.nextOffset(topics.decisions, 0)).toBe(2n);
    await second.stop();
  });

  it('buries what is no decision, and goes on', async () => {
    const { bus, store, start, alerts } = setUp();
    const junk = { key: 'C9', value: bytes('{"schemaVersion":1}') };
    await bus.publish(topics.decisions, [...decisions('T-1'), junk, { key: 'C9', value: null }, ...decisions('T-2')]);
    const subscription = await start();
    await expect.poll(() => store.nextOffset(topics.decisions, 0)).toBe(4n);
    await subscription.stop();
    expect(await alerts()).toEqual(['T-1', 'T-2']);
    const letters = await collect(bus, topics.deadLetters);
    expect(letters.map(({ headers }) => [headers?.code, headers?.topic, headers?.offset])).toEqual([
      ['UNREADABLE_DECISION', topics.decisions, '1'],
      ['UNREADABLE_DECISION', topics.decisions, '2'],
    ]);
    expect(String(letters[0]?.value)).toBe('{"schemaVersion":1}');
  });

  it('finds by halving the one decision that the store refuses, and records all others', async () => {
    const inner = createMemoryAlertStore({ clock });
    const store = {
      ...inner,
      record: async (batch: Parameters<typeof inner.record>[0]) => {
        if (batch.decisions.some(({ decision }) => decision.transactionId === 'T-5')) {
          throw new VigilError('BUG', 'PostgreSQL refuses a statement', { context: { sqlState: '22021' } });
        }
        return inner.record(batch);
      },
    };
    const { bus, start, alerts } = setUp(store);
    const ids = Array.from({ length: 12 }, (_, index) => `T-${index}`);
    await bus.publish(topics.decisions, decisions(...ids));
    const subscription = await start();
    await expect.poll(() => inner.nextOffset(topics.decisions, 0)).toBe(12n);
    await subscription.stop();
    expect(await alerts()).toEqual(ids.filter((id) => id !== 'T-5').sort());
    const letters = await collect(bus, topics.deadLetters);
    expect(letters.map(({ headers }) => [headers?.code, headers?.offset])).toEqual([['REFUSED_BY_STORE', '5']]);
  });

  it('waits out an outage of the store', async () => {
    const inner = createMemoryAlertStore({ clock });
    let failures = 3;
    const store = {
      ...inner,
      record: async (batch: Parameters<typeof inner.record>[0]) => {
        if (failures-- > 0) throw new VigilError('ALERT_STORE_UNAVAILABLE', 'an outage');
        return inner.record(batch);
      },
    };
    const { bus, start, alerts } = setUp(store);
    await bus.publish(topics.decisions, decisions('T-1'));
    const subscription = await start();
    await expect.poll(alerts).toEqual(['T-1']);
    await subscription.stop();
  });

  it('skips what another consumer of the partition has written meanwhile', async () => {
    const store = createMemoryAlertStore({ clock });
    let isOvertaken = false;
    const { bus, start, alerts } = setUp(store, {
      failpoint: async (name) => {
        if (name !== 'received' || isOvertaken) return;
        isOvertaken = true;
        const batch = ['T-1', 'T-2', 'T-3'].map((transactionId, index) => {
          const decision = aDecision({ transactionId });
          return { offset: BigInt(index), decision, bytes: JSON.stringify(decision) };
        });
        await store.record({
          topic: topics.decisions,
          partition: 0,
          firstOffset: 0n,
          nextOffset: 3n,
          decisions: batch,
        });
      },
      maxChunk: 2,
    });
    await bus.publish(topics.decisions, decisions('T-1', 'T-2', 'T-3', 'T-4'));
    const subscription = await start();
    await expect.poll(() => store.nextOffset(topics.decisions, 0)).toBe(4n);
    await subscription.stop();
    expect(await alerts()).toEqual(['T-1', 'T-2', 'T-3', 'T-4']);
  });

  it('stops aloud on a bug that is not about the data', async () => {
    const store = {
      ...createMemoryAlertStore({ clock }),
      record: async () => {
        throw new VigilError('BUG', 'a column is missing', { context: { sqlState: '42601' } });
      },
    };
    const { bus, start } = setUp(store);
    await bus.publish(topics.decisions, decisions('T-1'));
    await expect((await start()).finished).rejects.toThrow('a column is missing');
  });
});
