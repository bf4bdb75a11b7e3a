/** The whole way of a transaction on real servers, in prose. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpService } from '../../../src/composition/http-service.ts';
import type { RealStack } from '../../../src/composition/real-stack.ts';
import { systemClock } from '../../../src/composition/system-clock.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import type { ReceivedMessage } from '../../../src/domain/ports.ts';
import type { HttpServer } from '../../../src/http/http-server.ts';
import type { Telemetry } from '../../../src/telemetry/events.ts';
import { aMessage, bytesOf } from '../../helpers/a-transaction.ts';
import { type OwnStack, ownStack } from '../../helpers/own-stack.ts';

const counted = {
  inferences: [] as number[],
  published: [] as { topic: string; messages: number; requests: number }[],
};
/** what crossed the connection to Redis: w = we wrote, r = it answered */
const redisTraffic: ('w' | 'r')[] = [];

const countPublishing = (telemetry: Telemetry): Telemetry => ({
  ...telemetry,
  bus: {
    ...telemetry.bus,
    published: (event) => {
      counted.published.push(event);
      telemetry.bus.published(event);
    },
  },
});

let own: OwnStack;
let stack: RealStack;
let server: HttpServer;
let url: string;
let telemetry: Telemetry;

beforeAll(async () => {
  own = await ownStack({
    telemetry: (given) => {
      telemetry = countPublishing(given);
      return telemetry;
    },
    wrapModel: (model) => ({
      ...model,
      score: (inputs) => {
        counted.inferences.push(inputs.length);
        return model.score(inputs);
      },
    }),
    wrapRedis: (client) => {
      if (!('stream' in client)) throw new Error('one server is expected');
      const { stream } = client as unknown as { stream: NodeJS.ReadWriteStream };
      const write = stream.write.bind(stream) as (...given: unknown[]) => boolean;
      stream.write = ((...given: unknown[]) => {
        redisTraffic.push('w');
        return write(...given);
      }) as typeof stream.write;
      stream.on('data', () => redisTraffic.push('r'));
      return client;
    },
  });
  stack = await own.start();
  server = await createHttpService({
    configuration: own.configuration,
    service: stack.service,
    alerts: stack.alerts,
    telemetry,
    clock: systemClock,
    token: 'test-token',
    version: 'test',
  });
  ({ url } = await server.listen({ host: '127.0.0.1', port: 0 }));
});

afterAll(async () => {
  await server.close();
  await stack.close();
});

const until = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
  const end = Date.now() + 20_000;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error('it did not become true within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

async function collect(topic: string, count: number): Promise<readonly ReceivedMessage[]> {
  const messages: ReceivedMessage[] = [];
  const subscription = await stack.bus.subscribe({
    topic,
    group: `${topic}-audit-${Math.random()}`,
    maxChunk: 500,
    onChunk: async (chunk) => void messages.push(...chunk.messages),
  });
  await until(() => messages.length >= count);
  await subscription.stop();
  return messages;
}

const call = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${url}${path}`, {
    ...init,
    headers: { authorization: 'Bearer test-token', 'content-type': 'application/json', ...init.headers },
  });

const transfer = (id: string, overrides: Record<string, unknown> = {}) =>
  aMessage({ transactionId: id, customerId: 'C-stack', occurredAt: new Date().toISOString(), ...overrides });

const publish = (...messages: readonly unknown[]): Promise<void> =>
  stack.bus.publish(
    own.topics.transactions,
    messages.map((message) => ({ key: 'C-stack', value: bytesOf(message) })),
  );

describe('the real stack', () => {
  it('decides what comes on Kafka, puts what is refused aside with its origin, and answers its channel', async () => {
    await publish(
      transfer('K-1'),
      transfer('K-2', { occurredAt: 'yesterday', attributes: { memo: 'card 4111 1111 1111 1111' } }),
      transfer('K-3', { occurredAt: 'yesterday' }),
      '{"broken',
      transfer('K-4'),
    );
    const decisions = (await collect(own.topics.decisions, 4)).map(
      ({ value }) => JSON.parse(String(value)) as Decision,
    );
    const dead = await collect(own.topics.deadLetters, 3);
    const by = (id: string) => decisions.find((decision) => decision.transactionId === id);
    expect(by('K-1')).toMatchObject({ level: 'L0', degraded: [], model: { version: expect.any(String) } });
    expect(by('K-4')?.evidence?.features.customer_count_24h).toBe(2);
    expect(by('K-3')).toMatchObject({ provisional: true, level: 'L3', outcome: 'CHALLENGE' });
    expect(dead.map(({ headers }) => headers?.code).sort()).toEqual([
      'CARD_NUMBER_IN_CLEAR',
      'INVALID_TIME',
      'NOT_JSON',
    ]);
    expect(dead.every(({ headers }) => headers?.topic === own.topics.transactions && headers.partition === '0')).toBe(
      true,
    );
    expect(dead.map(({ headers }) => headers?.offset).sort()).toEqual(['1', '2', '3']);
    expect(dead.map(({ value }) => String(value)).join()).not.toContain('4111 1111');
    expect(dead.map(({ value }) => String(value))).toContain('{"broken');
  });

  it('makes one round trip for the features, one inference and one produce request for a chunk', async () => {
    await until(() => stack.service.lag() === 0);
    counted.inferences.length = 0;
    counted.published.length = 0;
    redisTraffic.length = 0;
    await publish(...Array.from({ length: 60 }, (_, n) => transfer(`chunk-${n}`, { amountMinor: 100 })));
    await until(() => counted.published.some(({ topic }) => topic === own.topics.decisions));
    expect(counted.inferences).toEqual([60]);
    expect(counted.published.filter(({ topic }) => topic === own.topics.decisions)).toMatchObject([
      { messages: 60, requests: 1 },
    ]);
    // the features and the limits' counters go out together; the slots of the first decisions are the second trip
    expect(redisTraffic.filter((what, at) => what === 'w' && redisTraffic[at - 1] !== 'w')).toHaveLength(2);
  });

  it('answers a channel that cannot wait over HTTP, the same bytes again, and publishes that decision too', async () => {
    const body = JSON.stringify(transfer('H-1'));
    const first = await call('/v1/decisions', { method: 'POST', body });
    const again = await call('/v1/decisions', { method: 'POST', body });
    const [bytes, repeated] = [await first.text(), await again.text()];
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(repeated).toBe(bytes);
    await until(async () => (await call('/v1/transactions/MOBILE_BANKING/H-1/explain')).status === 200);
    const explained = (await (await call('/v1/transactions/MOBILE_BANKING/H-1/explain')).json()) as Record<
      string,
      unknown
    >;
    expect(explained).toMatchObject({ decision: { transactionId: 'H-1' }, redecided: { status: 'same' } });
    expect((explained.rules as unknown[]).length).toBe(own.configuration.ruleset.rules.length);
  });

  it('gives a repeat on Kafka the decision that HTTP has answered', async () => {
    const message = transfer('H-2');
    const bytes = await (await call('/v1/decisions', { method: 'POST', body: JSON.stringify(message) })).text();
    await publish(message);
    await until(() => stack.service.lag() === 0);
    const all = await collect(own.topics.decisions, 67);
    const repeats = all.map(({ value }) => String(value)).filter((value) => value.includes('"H-2"'));
    expect(repeats.length).toBeGreaterThanOrEqual(2);
    expect(new Set(repeats)).toEqual(new Set([bytes]));
  });

  it('writes one alert for each decision that raises one, with the decision beside it', async () => {
    const large = (n: number) =>
      transfer(`A-${n}`, { amountMinor: 4_990_000, counterparty: { accountId: `P-${n}` }, device: { id: `new-${n}` } });
    await publish(...Array.from({ length: 12 }, (_, n) => large(n)));
    await until(() => stack.service.lag() === 0);
    const client = new pg.Client({ connectionString: own.databaseUrl });
    await client.connect();
    try {
      const alerting = async (): Promise<string[]> =>
        (await collect(own.topics.decisions, 79))
          .map(({ value }) => JSON.parse(String(value)) as Decision)
          .filter((decision) => decision.alert)
          .map((decision) => decision.decisionId);
      const expected = [...new Set(await alerting())].sort();
      expect(expected.length).toBeGreaterThan(0);
      const rows = async (): Promise<string[]> =>
        (await client.query<{ id: string }>('SELECT decision_id AS id FROM alerts')).rows.map((row) => row.id).sort();
      await until(async () => (await rows()).length >= expected.length);
      expect(await rows()).toEqual(expected);
    } finally {
      await client.end();
    }
  });

  it('is ready, and says so with its metrics', async () => {
    const ready = await fetch(`${url}/readyz`);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(ready.status).toBe(200);
    expect(metrics).toMatch(/vigil_scoring_decisions_total\{[^}]*channel="MOBILE_BANKING"[^}]*\} [1-9]/);
  });
});
