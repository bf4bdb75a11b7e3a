import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { ownKeyPrefix } from '../../helpers/servers/own.ts';
import '../../helpers/servers/provided.ts';
import { startTcpProxy, type TcpProxy } from '../../helpers/servers/tcp-proxy.ts';

const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A TCP proxy in front of the shared Redis, wherever that one listens. */
async function redisThroughProxy(): Promise<{ proxy: TcpProxy; redis: Redis; direct: Redis; prefix: string }> {
  const url = inject('redisUrl');
  const parsed = url.startsWith('/') ? undefined : new URL(url);
  const target = parsed === undefined ? { path: url } : { host: parsed.hostname, port: Number(parsed.port || 6379) };
  const proxy = await startTcpProxy(target);
  const redis = new Redis(proxy.port, '127.0.0.1', {
    password: parsed?.password ?? '',
    maxRetriesPerRequest: 0,
    retryStrategy: () => 20,
    enableReadyCheck: false,
    disableClientInfo: true,
  });
  redis.on('error', () => undefined);
  const direct = new Redis(url);
  closers.push(() => proxy.close());
  closers.push(() => direct.disconnect());
  closers.push(() => redis.disconnect());
  await redis.ping();
  return { proxy, redis, direct, prefix: ownKeyPrefix() };
}

const isIncr = (bytes: Buffer): boolean => bytes.includes('incr');

describe('the TCP proxy', () => {
  it('loses the reply of a request that had its effect', async () => {
    const { proxy, redis, direct, prefix } = await redisThroughProxy();
    proxy.loseReplies({ request: isIncr });
    await expect(redis.incr(`${prefix}n`)).rejects.toThrow();
    expect(await direct.get(`${prefix}n`)).toBe('1');
    expect(proxy.lostReplies()).toBe(1);
    await expect.poll(() => redis.incr(`${prefix}n`).catch(() => 0)).toBe(2);
  });

  it('delays every piece in both directions', async () => {
    const { proxy, redis } = await redisThroughProxy();
    proxy.delay(60);
    const start = performance.now();
    await redis.ping();
    expect(performance.now() - start).toBeGreaterThanOrEqual(115);
  });

  it('lets nothing overtake what a delay holds back when the delay ends', async () => {
    const { proxy, redis, prefix } = await redisThroughProxy();
    proxy.delay(200);
    const first = redis.append(`${prefix}order`, 'a');
    await new Promise((resolve) => setTimeout(resolve, 20));
    proxy.pass();
    // replies that change places would be taken for one another's
    expect(await Promise.all([first, redis.append(`${prefix}order`, 'bc'), redis.get(`${prefix}order`)])).toEqual([
      1,
      3,
      'abc',
    ]);
  });

  it('holds everything in a black hole and lets it flow afterwards', async () => {
    const { proxy, redis } = await redisThroughProxy();
    proxy.blackHole();
    let answer: string | undefined;
    const asked = redis.ping().then((pong) => {
      answer = pong;
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(answer).toBeUndefined();
    proxy.pass();
    await asked;
    expect(answer).toBe('PONG');
  });

  it('refuses connections until it passes again', async () => {
    const { proxy, redis } = await redisThroughProxy();
    proxy.refuse();
    await expect.poll(() => redis.ping().catch(() => 'refused')).toBe('refused');
    proxy.pass();
    await expect.poll(() => redis.ping().catch(() => 'refused')).toBe('PONG');
  });
});
