import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VigilError } from '../../../src/domain/errors.ts';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { aMessage } from '../../helpers/a-transaction.ts';
import { aServer, bearer, NOW_MS, someOptions } from './a-server.ts';
import { expectToFit } from './schema-check.ts';

let server: HttpServer;
beforeEach(async () => {
  server = await aServer();
});
afterEach(() => server.close());

const JSON_TYPE = { 'content-type': 'application/json' };
const post = (payload: string | Buffer, headers: Record<string, string> = JSON_TYPE, url = '/v1/decisions') =>
  server.app.inject({ method: 'POST', url, headers: { ...headers, ...bearer('channel') }, payload });

describe('POST /v1/decisions', () => {
  it('answers exactly the bytes of the decision, and the same bytes again', async () => {
    const message = JSON.stringify(aMessage({ transactionId: 'T-1' }));
    const first = await post(message);
    expect(first.statusCode).toBe(200);
    expect(first.headers['content-type']).toBe('application/json; charset=utf-8');
    // the scorer's own spelling, with its blanks and its last new line
    expect(first.body.startsWith('{\n "schemaVersion": 1,')).toBe(true);
    expect(first.body.endsWith('}\n')).toBe(true);
    expectToFit('Decision', first.json());
    expect((await post(message)).rawPayload).toEqual(first.rawPayload);
  });

  it('hands the body to the parser byte by byte, and the time of receipt', async () => {
    const seen: { raw: Buffer; receivedAtMs: number }[] = [];
    await server.close();
    server = await aServer({
      score: async (raw, receivedAtMs) => {
        seen.push({ raw, receivedAtMs });
        return { status: 'decided', decision: '{}' };
      },
    });
    const odd = Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x00, 0xff, 0xfe, 0x0d, 0x0a]);
    await post(odd);
    await post('{"a":1,"a":2, "__proto__":{"x":1}}');
    expect(seen.map(({ raw }) => raw)).toEqual([odd, Buffer.from('{"a":1,"a":2, "__proto__":{"x":1}}')]);
    expect(seen[0]?.receivedAtMs).toBe(NOW_MS);
  });

  it.each<[string, string | Buffer, string, string]>([
    ['nothing', '', 'EMPTY', ''],
    ['no JSON', '{"a":', 'NOT_JSON', ''],
    ['a key that stands twice', '{"transactionId":"A","transactionId":"B"}', 'DUPLICATE_KEY', ''],
    ['a prototype key', '{"__proto__":{}}', 'FORBIDDEN_KEY', ''],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'NOT_UTF8', ''],
    ['an array', '[]', 'NOT_AN_OBJECT', ''],
    ['deep nesting', `${'['.repeat(20_000)}`, 'TOO_DEEP', ''],
    [
      'a card number',
      JSON.stringify(aMessage({ accountId: '4111111111111111' })),
      'CARD_NUMBER_IN_CLEAR',
      '/accountId',
    ],
    ['an unknown channel', JSON.stringify(aMessage({ channel: 'PIGEON' })), 'UNKNOWN_CHANNEL', '/channel'],
    ['a rounded amount', JSON.stringify(aMessage({ amountMinor: 1.5 })), 'INVALID_AMOUNT', '/amountMinor'],
    ['a wrong time', JSON.stringify(aMessage({ occurredAt: '2026-02-30T00:00:00Z' })), 'INVALID_TIME', '/occurredAt'],
  ])('answers 400 with the parser’s code for %s', async (_, body, code, path) => {
    const answer = await post(body);
    expect([answer.statusCode, answer.json().code, answer.json().path]).toEqual([400, code, path]);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.body).not.toContain('4111111111111111');
    expectToFit('Problem', answer.json());
  });

  it('answers 413 for a body that is too large, also when its length is not announced', async () => {
    const large = JSON.stringify(aMessage({ attributes: { note: 'x'.repeat(70_000) } }));
    const answer = await post(large);
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    expectToFit('Problem', answer.json());
  });

  it.each([
    ['text/plain', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['XML', { 'content-type': 'application/xml' }],
    ['nonsense', { 'content-type': ';;;' }],
    ['a compressed body', { ...JSON_TYPE, 'content-encoding': 'gzip' }],
  ])('answers 415 for %s', async (_, headers) => {
    const answer = await post('{}', headers as unknown as Record<string, string>);
    expect([answer.statusCode, answer.json().code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expectToFit('Problem', answer.json());
  });

  it('takes the media type with a parameter and in any letters', async () => {
    const message = JSON.stringify(aMessage());
    expect((await post(message, { 'content-type': 'Application/JSON; charset=UTF-8' })).statusCode).toBe(200);
  });

  it('answers 503 and when to try again while a part is away, and 500 without the cause for a bug', async () => {
    const failures: string[] = [];
    const broken = async (error: Error) => {
      await server.close();
      server = await aServer({
        score: async () => {
          throw error;
        },
        events: {
          httpRequestFinished: () => undefined,
          httpAuthFailed: () => undefined,
          httpRequestFailed: ({ requestId }) => failures.push(requestId),
        },
      });
      return post(JSON.stringify(aMessage()));
    };
    const away = await broken(new VigilError('BUS_UNAVAILABLE', 'broker-7.internal does not answer'));
    expect([away.statusCode, away.json().code, away.headers['retry-after']]).toEqual([503, 'UNAVAILABLE', '1']);
    const bug = await broken(new TypeError('cannot read password of undefined'));
    expect([bug.statusCode, bug.json().code]).toEqual([500, 'INTERNAL']);
    for (const answer of [away, bug]) {
      expect(answer.body).not.toMatch(/internal does|password/);
      expectToFit('Problem', answer.json());
    }
    expect(failures).toEqual([away.json().requestId, bug.json().requestId]);
    expect(bug.headers['x-request-id']).toBe(bug.json().requestId);
  });
});

describe('POST /v1/dry-run', () => {
  it('answers what would be decided', async () => {
    const answer = await server.app.inject({
      method: 'POST',
      url: '/v1/dry-run',
      headers: { ...JSON_TYPE, ...bearer('rule_author') },
      payload: '{}',
    });
    expect([answer.statusCode, answer.json()]).toEqual([200, { live: {}, candidate: {} }]);
  });

  it('is not there when nothing can answer it', async () => {
    const { dryRun: _, ...options } = someOptions();
    await server.close();
    server = await createHttpServer(options);
    const answer = await server.app.inject({ method: 'POST', url: '/v1/dry-run', headers: bearer('rule_author') });
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'NOT_FOUND']);
  });
});
