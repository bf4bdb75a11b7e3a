import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { HttpServerOptions } from '../../../src/http/http-options.ts';
import type { HttpServer } from '../../../src/http/http-server.ts';
import { A_SNAPSHOT, aServer, bearer, NOW_MS, token } from './a-server.ts';
import { expectToFit } from './schema-check.ts';

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function listening(overrides: Partial<HttpServerOptions> = {}): Promise<string> {
  server = await aServer(overrides);
  return (await server.listen({ host: '127.0.0.1', port: 0 })).url;
}
const inject = async (url: string, overrides: Partial<HttpServerOptions> = {}, role?: string) => {
  server = await aServer(overrides);
  return server.app.inject({ url, headers: role === undefined ? {} : bearer(role) });
};

describe('for machines', () => {
  it('GET /healthz answers what is said of the process', async () => {
    const answer = await inject('/healthz');
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok', version: '0.1.0', uptimeSeconds: 12.5 }]);
    expectToFit('Health', answer.json());
  });

  it.each([
    [200, true],
    [503, false],
  ])('GET /readyz answers %i when ready is %s', async (status, ok) => {
    const readiness = { ok, checks: [{ name: 'kafka', ok, ...(ok ? {} : { detail: 'no broker answers' }) }] };
    const answer = await inject('/readyz', { readiness: async () => readiness });
    expect([answer.statusCode, answer.json()]).toEqual([status, readiness]);
    expectToFit('Readiness', answer.json());
  });

  it('GET /metrics answers in the format that Prometheus reads', async () => {
    const answer = await inject('/metrics');
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.body).toBe('vigil_up 1\n');
  });
});

describe('references', () => {
  it('GET /v1/channels answers the channels with their challenge methods by name', async () => {
    const answer = await inject('/v1/channels', {}, 'channel');
    expectToFit('ChannelList', answer.json());
    expect(answer.json().items[0]).toEqual({
      code: 'MOBILE_BANKING',
      name: { en: 'Mobile banking', 'zh-CN': '手机银行' },
      group: 'remote',
      deadlineMs: 250,
      fallbackOutcome: 'CHALLENGE',
      challengeMethods: [{ code: 'SMS_OTP', name: { en: 'Text message', 'zh-CN': '短信验证码' } }],
    });
  });

  it('GET /v1/me answers whose token it is, and the bank as it is configured now', async () => {
    let bank = { name: 'Harbour Bank', zone: 'Asia/Urumqi' };
    const first = await inject('/v1/me', { bank: () => bank }, 'auditor');
    expectToFit('Me', first.json());
    expect(first.json()).toEqual({ subject: 'auditor-1', name: 'A auditor', roles: ['auditor'], bank });
    bank = { name: 'Haven Bank', zone: 'Asia/Kashgar' };
    const second = await server?.app.inject({ url: '/v1/me', headers: bearer('auditor') });
    expect(second?.json().bank).toEqual({ name: 'Haven Bank', zone: 'Asia/Kashgar' });
  });

  it('GET /v1/live answers the figures', async () => {
    const answer = await inject('/v1/live', {}, 'viewer');
    expect(answer.json()).toEqual(A_SNAPSHOT);
    expectToFit('LiveSnapshot', answer.json());
  });
});

describe('every answer', () => {
  it.each(['/healthz', '/v1/me', '/nothing', '/v1/%zz', '/v1/alerts?limit=0'])(
    'carries the security headers and is kept by nobody: %s',
    async (url) => {
      const { headers } = await inject(url, {}, 'viewer');
      expect(headers['content-security-policy']).toContain("script-src 'self'");
      expect(headers['content-security-policy']).not.toMatch(/unsafe|http:|https:|\*/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['x-frame-options']).toBe('DENY');
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['access-control-allow-origin']).toBeUndefined();
      expect(headers['set-cookie']).toBeUndefined();
    },
  );

  it('to a method that an address does not take is 405 with those that it takes', async () => {
    server = await aServer();
    for (const [method, url, allow] of [
      ['DELETE', '/v1/alerts/A', 'GET, HEAD'],
      ['PUT', '/v1/decisions', 'POST'],
      ['POST', '/v1/live', 'GET, HEAD'],
      ['OPTIONS', '/v1/alerts', 'GET, HEAD'],
      ['PATCH', '/v1/alerts/A/actions', 'POST'],
      ['POST', '/healthz', 'GET, HEAD'],
    ] as const) {
      const role = url === '/v1/decisions' ? 'channel' : 'analyst';
      const answer = await server.app.inject({ method, url, headers: bearer(role) });
      expect([method, url, answer.statusCode, answer.headers.allow]).toEqual([method, url, 405, allow]);
      expect(answer.json().code).toBe('METHOD_NOT_ALLOWED');
    }
  });

  it.each(['/nothing.js', '/v1/nothing', '/v1', '/v1/', '/v1/alerts/', '/v1/alerts/A/B/C'])(
    'to an unknown address is a problem with 404: %s',
    async (url) => {
      const answer = await inject(url, {}, 'viewer');
      expect([answer.statusCode, answer.json().code]).toEqual([404, 'NOT_FOUND']);
      expectToFit('Problem', answer.json());
    },
  );

  it('is counted once, by the pattern of its route', async () => {
    const finished: { route: string; method: string; status: number }[] = [];
    server = await aServer({
      events: {
        httpRequestFinished: ({ route, method, status, durationMs }) => {
          expect(Number.isFinite(durationMs)).toBe(true);
          finished.push({ route, method, status });
        },
        httpAuthFailed: () => undefined,
      },
    });
    await server.app.inject({ url: '/v1/alerts/secret', headers: bearer('viewer') });
    await server.app.inject({ url: '/v1/unknown/secret' });
    await server.app.inject({ url: '/healthz' });
    expect(finished).toEqual([
      { route: '/v1/alerts/:alertId', method: 'GET', status: 404 },
      { route: '/v1/*', method: 'GET', status: 401 },
      { route: '/healthz', method: 'GET', status: 200 },
    ]);
  });
});

describe('the console', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vigil-console-test-'));
  mkdirSync(path.join(folder, 'dist', 'assets'), { recursive: true });
  writeFileSync(path.join(folder, 'secret.txt'), 'secret');
  writeFileSync(path.join(folder, 'dist', 'index.html'), '<!doctype html><title>Vigil</title>');
  writeFileSync(path.join(folder, 'dist', 'assets', 'app-1a2b.js'), 'export {};');
  const consoleDir = path.join(folder, 'dist');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(['/', '/index.html', '/alerts/D-1', '/?status=open', '/live'])('answers its page at %s', async (url) => {
    const answer = await inject(url, { consoleDir });
    expect([answer.statusCode, answer.body]).toEqual([200, '<!doctype html><title>Vigil</title>']);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-cache');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
  });

  it('answers its files, to be kept for ever where the name has a hash', async () => {
    const answer = await inject('/assets/app-1a2b.js', { consoleDir });
    expect([answer.statusCode, answer.body]).toEqual([200, 'export {};']);
    expect(answer.headers['content-type']).toMatch(/javascript; charset=utf-8$/);
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '//etc/passwd.txt',
    '/%00.txt',
    '/.env',
    '/assets/missing.js',
    '/assets/app-1a2b.js.map',
  ])('answers nothing outside its folder: %s', async (url) => {
    const answer = await inject(url, { consoleDir });
    expect(answer.statusCode).toBe(404);
    expect(answer.body).not.toContain('secret"');
  });

  it('says that it was not built when it was not', async () => {
    const answer = await inject('/');
    expect([answer.statusCode, answer.json().detail]).toEqual([404, 'The console was not built.']);
  });
});

describe('the live stream', () => {
  const open = async (url: string, role = 'viewer', signal?: AbortSignal) =>
    fetch(`${url}/v1/live/stream`, {
      headers: { authorization: `Bearer ${token(role)}` },
      ...(signal === undefined ? {} : { signal }),
    });

  async function readEvents(response: Response, count: number): Promise<string[]> {
    const reader = response.body?.getReader();
    if (reader === undefined) throw new Error('no body');
    let text = '';
    while (text.split('\n\n').length <= count) {
      const { value, done } = await reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
    }
    await reader.cancel();
    return text.split('\n\n').slice(0, count);
  }

  it('sends a snapshot at once and then at every interval, behind the same token', async () => {
    let calls = 0;
    const url = await listening({ liveIntervalMs: 20, live: () => ({ ...A_SNAPSHOT, transactions: ++calls }) });
    expect((await open(url, 'channel')).status).toBe(403);
    const response = await open(url);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const events = await readEvents(response, 3);
    expect(events.map((event) => event.split('\n')[0])).toEqual(['event: live', 'event: live', 'event: live']);
    const data = events.map((event) => JSON.parse(event.split('\n')[1]?.slice('data: '.length) ?? ''));
    expect(data.map((snapshot) => snapshot.transactions)).toEqual([1, 2, 3]);
    expectToFit('LiveSnapshot', data[0]);
  });

  it('stops working when the reader goes away', async () => {
    let calls = 0;
    const url = await listening({
      liveIntervalMs: 10,
      live: () => {
        calls += 1;
        return A_SNAPSHOT;
      },
    });
    await readEvents(await open(url), 2);
    await sleep(50);
    const after = calls;
    await sleep(80);
    expect(calls).toBe(after);
  });

  it('ends with its token', async () => {
    let nowMs = NOW_MS;
    const url = await listening({
      liveIntervalMs: 10,
      clock: { now: () => nowMs },
      tokens: {
        verify: async () => ({ subject: 'li', name: 'li', roles: ['viewer'], expiresAtMs: NOW_MS + 1_000 }),
      },
    });
    const response = await open(url);
    setTimeout(() => {
      nowMs = NOW_MS + 1_000;
    }, 40);
    const text = await response.text();
    expect(text).toContain('event: live');
  });

  it('leaves out a snapshot that cannot be had, reports it, and goes on', async () => {
    let calls = 0;
    let reported = 0;
    const url = await listening({
      liveIntervalMs: 10,
      live: async () => {
        calls += 1;
        if (calls % 2 === 0) throw new Error('the alert store is away');
        return A_SNAPSHOT;
      },
      events: {
        httpRequestFinished: () => undefined,
        httpAuthFailed: () => undefined,
        httpRequestFailed: () => {
          reported += 1;
        },
      },
    });
    expect(await readEvents(await open(url), 3)).toHaveLength(3);
    expect(reported).toBeGreaterThanOrEqual(2);
  });

  it('refuses more streams than it may have, and takes one again when one has ended', async () => {
    const url = await listening({ maxStreams: 2, liveIntervalMs: 10 });
    const abort = new AbortController();
    await open(url, 'viewer', abort.signal);
    await open(url);
    const third = await open(url);
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, '10']);
    expectToFit('Problem', await third.json());
    abort.abort();
    await sleep(50);
    expect((await open(url)).status).toBe(200);
  });

  it('does not hold up the end of the server', async () => {
    const url = await listening({ liveIntervalMs: 10 });
    const response = await open(url);
    const startedAt = performance.now();
    await server?.close();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await response.text();
  });
});

describe('the listening server', () => {
  it('says in one sentence that its port is taken', async () => {
    const url = await listening();
    const port = Number(new URL(url).port);
    const second = await aServer();
    await expect(second.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: `Port ${port} of 127.0.0.1 is taken: end the program that holds it, or choose another port.`,
    });
    await second.close();
  });

  it('says in one sentence that an address is not its machine’s', async () => {
    const other = await aServer();
    await expect(other.listen({ host: '203.0.113.7', port: 0 })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('203.0.113.7 is no address of this machine'),
    });
    await other.close();
  });

  const raw = (url: string, text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname, () => socket.write(text));
      let answer = '';
      socket.setTimeout(5_000, () => reject(new Error(`no answer; so far: ${answer}`)));
      socket.on('data', (data) => {
        answer += data;
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 'HTTP/1.1 400'],
    ['a header with a bare line feed', 'GET /healthz HTTP/1.1\r\nHost: x\nX: \0y\r\n\r\n', 'HTTP/1.1 400'],
    [
      'two lengths',
      'POST /v1/decisions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
      'HTTP/1.1 400',
    ],
    [
      'a length and chunks (request smuggling)',
      'POST /v1/decisions HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'HTTP/1.1 400',
    ],
    ['headers of 32 kB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(32_768)}\r\n\r\n`, 'HTTP/1.1 431'],
    ['no Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 'HTTP/1.1 400'],
  ])('refuses %s', async (_, text, status) => {
    const answer = await raw(await listening(), text);
    expect(answer.slice(0, status.length)).toBe(status);
  });

  it('writes nothing of a request into its headers', async () => {
    const url = await listening();
    const answer = await raw(
      url,
      'GET /v1/alerts/%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: x\r\nX-Request-Id: evil\r\nConnection: close\r\n\r\n',
    );
    const head = answer.split('\r\n\r\n')[0] ?? '';
    expect(head).not.toMatch(/set-cookie|evil/i);
    expect(head).toContain('401');
  });

  it('answers 408 to a request that does not come whole in time, and lives', async () => {
    const url = await listening({ requestTimeoutMs: 300 });
    const answer = await raw(
      url,
      `POST /v1/decisions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token('channel')}\r\nContent-Length: 100\r\n\r\n{`,
    );
    expect(answer.slice(0, 12)).toBe('HTTP/1.1 408');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('finishes what is in hand before it ends, and refuses what comes then', async () => {
    let begin: () => void = () => undefined;
    let release: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const url = await listening({
      score: async () => {
        begin();
        await held;
        return { status: 'decided', decision: '{"late":true}' };
      },
    });
    const pending = fetch(`${url}/v1/decisions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token('channel')}` },
      body: '{}',
    });
    await begun;
    const closed = server?.close();
    const late = await server?.app.inject({ url: '/healthz' });
    expect([late?.statusCode, late?.json().code, late?.headers.connection]).toEqual([503, 'UNAVAILABLE', 'close']);
    const startedAt = performance.now();
    release();
    expect(await (await pending).text()).toBe('{"late":true}');
    await closed;
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
