/**
 * Whatever is sent, the server answers: never a 5xx, every refusal a problem with a code of the list, never the input in a header.
 * Requests are made from the routes of the OpenAPI document, so a new route is tried from its first day.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryAlertStore } from '../../../src/alerts/memory-alert-store.ts';
import { ROLES } from '../../../src/http/api-types.ts';
import type { HttpServer } from '../../../src/http/http-server.ts';
import { aBatch, aDecision } from '../alerts/a-decision.ts';
import { aServer, bearer, NOW_MS } from './a-server.ts';
import { expectToFit } from './schema-check.ts';

let server: HttpServer;
let urls: readonly string[];
const failures: unknown[] = [];
beforeAll(async () => {
  const alerts = createMemoryAlertStore({ clock: { now: () => NOW_MS } });
  await alerts.record(aBatch([aDecision()]));
  server = await aServer({
    alerts,
    events: {
      httpRequestFinished: () => undefined,
      httpAuthFailed: () => undefined,
      httpRequestFailed: ({ error }) => failures.push(error),
    },
  });
  const { paths } = server.app.swagger() as { paths: Record<string, unknown> };
  urls = Object.keys(paths).filter((url) => url !== '/v1/live/stream');
});
afterAll(() => server.close());

const NASTY = [
  '',
  'null',
  '0',
  '-1',
  '9'.repeat(400),
  '1e999',
  'NaN',
  '\0',
  '%',
  '../../etc/passwd',
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '\r\nSet-Cookie: a=b',
  '{{7*7}}',
  '__proto__',
  'constructor',
  '=cmd|calc',
  '张伟',
  '\u202e\u0000\ufeff',
  '\ud800',
  'x'.repeat(5_000),
  'D-MOBILE_BANKING-T-1',
  'MOBILE_BANKING',
];
const value = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 30 }));
const encoded = (text: string): string => encodeURIComponent(text.toWellFormed());
const name = fc.oneof(fc.constantFrom('limit', 'status', 'cursor', 'channel', 'customerId', 'x'), value);
const query = fc.array(fc.tuple(name, value), { maxLength: 4 });
const body = fc.oneof(
  fc.json({ maxDepth: 4 }),
  value,
  fc.constantFrom(
    '{"kind":"claim","seenVersion":1}',
    '{"kind":"close","seenVersion":{}}',
    '[[[[[[[[[[',
    '{"a":1,"a":1}',
  ),
  fc
    .record({ kind: fc.constantFrom('claim', 'close', 'x'), seenVersion: fc.anything(), disposition: fc.anything() })
    .map((record) => JSON.stringify(record, (_, v) => (typeof v === 'bigint' ? String(v) : v)) ?? ''),
);
const contentType = fc.constantFrom(
  'application/json',
  'application/json; charset=utf-16',
  'text/plain',
  'multipart/form-data; boundary=x',
  '',
  '*/*',
);

describe('any request', () => {
  it('gets an answer that is no 5xx and whose refusals are problems', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'),
        fc.constantFrom(...ROLES, 'nobody'),
        fc.array(value, { minLength: 3, maxLength: 3 }),
        query,
        body,
        contentType,
        async (route, method, role, parameters, pairs, payload, type) => {
          const pattern = urls[route % urls.length] ?? '/';
          let used = 0;
          const path = pattern.replaceAll(/\{\w+\}/g, () => encoded(parameters[used++ % parameters.length] ?? ''));
          const search = pairs.map(([key, item]) => `${encoded(key)}=${encoded(item)}`).join('&');
          const answer = await server.app.inject({
            method: method as 'GET',
            url: `${path}?${search}`,
            headers: { 'content-type': type, ...bearer(role) },
            ...(method === 'GET' || method === 'HEAD' ? {} : { payload: payload.toWellFormed() }),
          });
          expect(answer.statusCode).toBeLessThan(500);
          if (answer.statusCode >= 400 && method !== 'HEAD') expectToFit('Problem', answer.json());
          expect(answer.headers['set-cookie']).toBeUndefined();
        },
      ),
      { numRuns: 1_500 },
    );
    expect(failures).toEqual([]);
  });
});
