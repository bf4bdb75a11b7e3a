/**
 * Redis loses everything while a bank works; the rebuild brings it back from Kafka beside the live worker. What the counters
 * must be is computed by looking at every transaction again (feature-oracle.ts), and by hand for the limits.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runFeaturesRebuild } from '../../../src/cli/features-rebuild.ts';
import { EXIT } from '../../../src/cli/io.ts';
import type { RealStack } from '../../../src/composition/real-stack.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { createTransactionParser } from '../../../src/domain/parse-transaction.ts';
import type { ScoredInput } from '../../../src/pipeline/score-transactions.ts';
import { aMessage, bytesOf } from '../../helpers/a-transaction.ts';
import { seededRandom } from '../../helpers/feature-cases.ts';
import { createFeatureOracle, type FeatureOracle } from '../../helpers/feature-oracle.ts';
import { type OwnStack, ownStack } from '../../helpers/own-stack.ts';
import { type RedisServer, startRedis } from '../../helpers/servers/redis.ts';

const DAY_MS = 86_400_000;
const CUSTOMERS = 12;
const PARTITIONS = 3;

let server: RedisServer;
let redis: Redis;
let own: OwnStack;
let stack: RealStack;
let oracle: FeatureOracle;
const scored: ScoredInput[] = [];
const parse = createTransactionParser({ isChannel: () => true });

type Message = Record<string, unknown>;

const decisionOf = (id: string): Decision | undefined => {
  const found = scored.find((result) => result.kind === 'decided' && result.decision?.transactionId === id);
  return found?.kind === 'decided' ? found.decision : undefined;
};

async function until(isTrue: () => boolean): Promise<void> {
  const end = Date.now() + 30_000;
  while (!isTrue()) {
    if (Date.now() > end) throw new Error('it did not become true within 30 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** publishes one chunk and waits until each of its transactions was answered */
async function publish(messages: readonly Message[]): Promise<void> {
  const before = scored.length;
  await stack.bus.publish(
    own.topics.transactions,
    messages.map((message) => ({ key: String(message.customerId), value: bytesOf(message) })),
  );
  await until(() => scored.length >= before + messages.length);
}

function tellOracle(message: Message): readonly (number | null)[] {
  const parsed = parse(bytesOf(message), Date.now());
  if (!parsed.ok) throw new Error(parsed.error.message);
  return oracle.record(parsed.value.transaction).values;
}

/** A history of `days` days up to an hour ago, in order of time over all customers. */
function history(count: number, days: number): readonly Message[] {
  const random = seededRandom(20_261_125);
  const startMs = Date.now() - days * DAY_MS;
  const stepMs = (days * DAY_MS - 3_600_000) / count;
  const pick = (prefix: string, of: number): string => `${prefix}${Math.floor(random() * of)}`;
  return Array.from({ length: count }, (_, index) => {
    const customer = Math.floor(random() * CUSTOMERS);
    return aMessage({
      transactionId: `H-${index}`,
      occurredAt: new Date(Math.floor(startMs + index * stepMs)).toISOString(),
      type: random() < 0.8 ? 'TRANSFER' : 'LOGIN',
      customerId: `C-${customer}`,
      accountId: `A-${customer}`,
      amountMinor: 100 + Math.floor(random() * 90_000),
      counterparty: { accountId: pick('P-', 9), bankCode: 'ICBC', country: 'CN' },
      device: { id: pick('D-', 15), ip: `203.0.113.${Math.floor(random() * 20)}`, trusted: true },
    });
  });
}

const probe = (name: string, customer: number, more: Message = {}): Message =>
  aMessage({
    transactionId: `${name}-${customer}`,
    occurredAt: new Date().toISOString(),
    customerId: `C-${customer}`,
    accountId: `A-${customer}`,
    amountMinor: 1_000,
    counterparty: { accountId: `P-${customer % 9}`, bankCode: 'ICBC', country: 'CN' },
    device: { id: `D-${customer}`, ip: `203.0.113.${customer}`, trusted: true },
    ...more,
  });

interface Output {
  readonly code: number;
  readonly lines: readonly string[];
}

async function rebuild(options: Partial<Parameters<typeof runFeaturesRebuild>[0]> = {}): Promise<Output> {
  const lines: string[] = [];
  const io = { out: (line: string) => void lines.push(line), note: () => undefined, isTerminal: false };
  const { signal } = new AbortController();
  const given = { from: 'kafka', configuration: own.configuration, redis, signal, ...options };
  return { code: await runFeaturesRebuild(given, io), lines };
}

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  own = await ownStack({
    partitions: PARTITIONS,
    redisUrl: server.url,
    onScored: (results) => void scored.push(...results),
  });
  oracle = createFeatureOracle(own.configuration.features);
  stack = await own.start();
});

afterAll(async () => {
  await stack.close();
  redis.disconnect();
  await server.stop();
});

/** the counters of the day that the customer's transfers feed */
const dayUsage = (decision: Decision | undefined): readonly (readonly [string, number, number])[] =>
  Object.entries(decision?.evidence?.limitUsage ?? {})
    .filter(([key]) => key.includes('/day/'))
    .map(([key, { amountMinor, count }]) => [key, amountMinor, count] as const);

describe('vigil features rebuild', () => {
  it('brings everything back from Kafka beside a live worker, and decisions are no longer degraded', async () => {
    const past = history(600, 20);
    // 25 are less than a day: side by side in three partitions nothing comes too late for what customers share
    for (let start = 0; start < past.length; start += 25) await publish(past.slice(start, start + 25));
    // what the transactions topic has never seen: a customer of the HTTP API
    const overHttp = probe('http', 1, { counterparty: { accountId: 'P-http' } });
    await stack.service.scoreNow(bytesOf(overHttp), Date.now());
    // a repeat, and another content under an id that is taken: neither counts
    const taken = probe('taken', 2);
    await publish([taken]);
    await publish([taken, { ...taken, amountMinor: 77_777, occurredAt: new Date(Date.now() - 60_000).toISOString() }]);
    // blocked by the limit of a transaction or a day: it uses nothing
    const tooMuch = probe('blocked', 3, { amountMinor: 9_000_000_000 });
    await publish([tooMuch]);
    expect(decisionOf('blocked-3')?.outcome).toBe('BLOCK');
    for (const message of [...past, overHttp, taken, tooMuch]) tellOracle(message);
    const before = probe('before', 1);
    await publish([before]);
    expect(decisionOf('before-1')?.evidence?.features).toEqual(named(tellOracle(before)));
    const usedBefore = dayUsage(decisionOf('before-1'));
    expect(usedBefore.length).toBeGreaterThan(0);
    const fraud = {
      transactionId: 'H-590',
      channel: 'MOBILE_BANKING',
      label: 'FRAUD',
      labelledAt: new Date().toISOString(),
    };
    await stack.bus.publish(own.topics.feedback, [{ key: null, value: bytesOf(fraud) }]);

    await redis.flushall();
    const meanwhile = probe('meanwhile', 4);
    await publish([meanwhile]);
    tellOracle(meanwhile);
    expect(decisionOf('meanwhile-4')?.degraded).toContain('counters');

    const { code, lines } = await rebuild();
    expect(code).toBe(EXIT.done);
    expect(lines.join('\n')).toContain('labels: 1 applied, 0 without their transaction');
    // past, HTTP, taken, blocked, before, meanwhile; the conflict stands on the transactions topic alone
    expect(lines[0]).toContain(` ${past.length + 5} transactions recorded, `);
    expect(lines.join('\n')).toMatch(/limits: \d+ transactions, \d+ blocked ones gave back/);
    expect(lines.join('\n')).not.toContain('the decision is not known');
    expect(lines.at(-1)).toBe('The counters are whole.');

    for (let customer = 0; customer < CUSTOMERS; customer++) {
      const after = probe('after', customer);
      await publish([after]);
      const decision = decisionOf(`after-${customer}`);
      expect([decision?.level, decision?.degraded, decision?.flags]).toEqual(['L0', [], []]);
      expect(decision?.evidence?.features).toEqual(named(tellOracle(after)));
    }
    // 1,000 of `before-1` came on top
    const usedAfter = new Map(dayUsage(decisionOf('after-1')).map(([key, amount, count]) => [key, [amount, count]]));
    for (const [key, amount, count] of usedBefore)
      expect([key, usedAfter.get(key)]).toEqual([key, [amount + 1_000, count + 1]]);
    expect(dayUsage(decisionOf('after-3')).some(([, amount]) => amount >= 9_000_000_000)).toBe(false);
  });

  it('gives repeats of what was decided before the loss their first decision', async () => {
    const [standing] = await Promise.all([stack.service.scoreNow(bytesOf(probe('repeat', 5)), Date.now())]);
    if (standing.status !== 'decided') throw new Error('it is refused');
    await redis.flushall();
    await publish([probe('again', 6)]);
    expect((await rebuild()).code).toBe(EXIT.done);
    const message = JSON.parse(standing.decision) as Decision;
    const repeated = await stack.service.scoreNow(bytesOf(message.evidence?.transaction), Date.now());
    expect(repeated).toEqual(standing);
  });

  it('changes nothing when it runs again, and says that it need not', async () => {
    await redis.flushall();
    await publish([probe('lost', 7)]);
    await rebuild();
    const counted = async (name: string): Promise<unknown> => {
      await publish([probe(name, 8)]);
      const { features, limitUsage, profile } = decisionOf(`${name}-8`)?.evidence ?? {};
      return [features?.customer_count_30d, features?.customer_out_sum_24h, profile?.eventCount, limitUsage];
    };
    const first = (await counted('one')) as [number, number, number, Record<string, { count: number }>];
    expect((await rebuild()).lines).toEqual([expect.stringContaining('nothing was lost since: --again')]);
    expect((await rebuild({ again: true })).code).toBe(EXIT.done);
    const second = (await counted('two')) as typeof first;
    expect([second[0], second[1], second[2]]).toEqual([first[0] + 1, first[1] + 1_000, first[2] + 1]);
    for (const [key, { count }] of Object.entries(first[3]))
      expect([key, second[3][key]?.count]).toEqual([key, count + 1]);
  });

  it('marks nothing as whole when it is interrupted', async () => {
    await redis.flushall();
    await publish([probe('cut', 9)]);
    const aborted = new AbortController();
    aborted.abort();
    expect((await rebuild({ signal: aborted.signal })).code).toBe(EXIT.failed);
    await publish([probe('still', 9)]);
    expect(decisionOf('still-9')?.degraded).toContain('counters');
    expect((await rebuild()).code).toBe(EXIT.done);
    await publish([probe('now', 9)]);
    expect(decisionOf('now-9')?.degraded).toEqual([]);
  });

  it('takes a file, and says what is warming up because the file does not reach that far', async () => {
    await redis.flushall();
    const file = path.join(server.folder, 'history.ndjson');
    const past = history(200, 3);
    writeFileSync(file, [...past.map((message) => JSON.stringify(message)), '{"broken', ''].join('\n'));
    const { code, lines } = await rebuild({ from: file });
    expect(code).toBe(EXIT.done);
    expect(lines[0]).toContain('201 read, 200 transactions recorded, 0 repeats, 0 conflicts, 1 refused messages');
    expect(lines.join('\n')).toMatch(/of \d+ the decision is not known/);
    expect(lines.at(-1)).toMatch(/^The counters are whole from .* on: \d+ of \d+ features look further back/);
    const fresh = createFeatureOracle(own.configuration.features);
    for (const message of [...past, probe('filed', 0)]) {
      const parsed = parse(bytesOf(message), Date.now());
      if (parsed.ok) fresh.record(parsed.value.transaction);
    }
    await publish([probe('filed', 0)]);
    const decision = decisionOf('filed-0');
    expect([decision?.degraded, decision?.flags]).toEqual([[], ['WARMING_UP']]);
    const expected = past.filter(({ customerId }) => customerId === 'C-0').length + 1;
    expect(decision?.evidence?.features.customer_count_30d).toBe(expected);
  });
});

/** as evidence has them: what is null is not there */
const named = (values: readonly (number | null)[]): Record<string, unknown> =>
  Object.fromEntries(
    own.configuration.features.features.flatMap(({ name }, index) => {
      const value = values[index] ?? null;
      if (value === null) return [];
      return [[name, Number.isInteger(value) ? value : expect.closeTo(value, 6)]];
    }),
  );
