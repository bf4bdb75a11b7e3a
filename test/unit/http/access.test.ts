import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { guardAccess, READERS } from '../../../src/http/access.ts';
import { ROLES, type Role } from '../../../src/http/api-types.ts';
import { createLocalTokens } from '../../../src/http/local-tokens.ts';
import { aServer, bearer, token } from './a-server.ts';

const quiet = { httpAuthFailed: () => undefined };

describe('default deny', () => {
  const guarded = () => {
    const app = Fastify();
    guardAccess(app, createLocalTokens([]), quiet);
    return app;
  };

  it('refuses to register a route that does not say who may call it', () => {
    expect(() => guarded().get('/v1/new', () => 'secret')).toThrow('does not say who may call it');
    expect(() => guarded().route({ method: 'POST', url: '/x', config: {}, handler: () => 'x' })).toThrow(
      'does not say who may call it',
    );
  });

  it('refuses to register a public route under /v1', () => {
    const register = (url: string) => () => guarded().get(url, { config: { access: 'public' } }, () => 'secret');
    expect(register('/v1/new')).toThrow('needs roles');
    expect(register('/v1')).toThrow('needs roles');
    expect(register('/v10')).not.toThrow();
  });

  it('holds for a route that a plug-in adds', async () => {
    const app = guarded();
    app.register(async (child) => {
      child.get('/plugin', () => 'secret');
    });
    await expect(app.ready()).rejects.toThrow('does not say who may call it');
  });
});

/** Written by hand: who may do what. */
const TABLE: readonly (readonly [method: 'GET' | 'POST', url: string, roles: readonly Role[]])[] = [
  ['POST', '/v1/decisions', ['channel']],
  ['POST', '/v1/dry-run', ['supervisor', 'rule_author', 'approver', 'administrator']],
  ['GET', '/v1/alerts', ['viewer', 'analyst', 'supervisor', 'rule_author', 'approver', 'administrator', 'auditor']],
  ['GET', '/v1/alerts/A', ['viewer', 'analyst', 'supervisor', 'rule_author', 'approver', 'administrator', 'auditor']],
  ['POST', '/v1/alerts/A/actions', ['analyst', 'supervisor', 'administrator']],
  ['GET', '/v1/customers/C/transactions', READERS],
  ['GET', '/v1/transactions', READERS],
  ['GET', '/v1/transactions/ATM/T/explain', READERS],
  ['GET', '/v1/live', READERS],
  ['GET', '/v1/channels', ROLES],
  ['GET', '/v1/me', ROLES],
  ['GET', '/v1/openapi.json', ROLES],
];

describe('who may call what', () => {
  it.each(TABLE)('%s %s', async (method, url, allowed) => {
    const { app } = await aServer();
    for (const role of ROLES) {
      const { statusCode } = await app.inject({ method, url, headers: bearer(role) });
      expect([role, statusCode === 403]).toEqual([role, !allowed.includes(role)]);
    }
    await app.close();
  });

  it('knows every route under /v1: none is left out of the table above', async () => {
    const { app } = await aServer();
    const { paths } = app.swagger() as unknown as { paths: Record<string, Record<string, unknown>> };
    const documented = Object.entries(paths).flatMap(([url, methods]) =>
      Object.keys(methods).map((m) => `${m} ${url}`),
    );
    const filled = documented
      .filter((route) => route.includes('/v1/'))
      .map((route) => route.replace('{alertId}', 'A').replace('{customerId}', 'C'))
      .map((route) => route.replace('{channel}', 'ATM').replace('{transactionId}', 'T'));
    const expected = [...TABLE.map(([method, url]) => `${method.toLowerCase()} ${url}`), 'get /v1/live/stream'];
    expect(filled.sort()).toEqual(expected.sort());
    await app.close();
  });
});

describe('without a valid token', () => {
  it.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['the scheme alone', 'Bearer'],
    ['the scheme and blanks', 'Bearer   '],
    ['another scheme', `Basic ${token('analyst')}`],
    ['the token without a scheme', token('analyst')],
    ['a wrong token', 'Bearer wrong'],
    ['a right token with something behind', `Bearer ${token('analyst')} x`],
    ['a right token with one character less', `Bearer ${token('analyst').slice(0, -1)}`],
    ['a right token in other letters', `Bearer ${token('analyst').toUpperCase()}`],
    ['two tokens', `Bearer ${token('analyst')}, Bearer ${token('viewer')}`],
    ['a token of 100 kB', `Bearer ${'a'.repeat(100_000)}`],
    ['a token with odd characters', 'Bearer a"b\\c'],
  ])('everything under /v1 answers 401: %s', async (_, authorization) => {
    const { app } = await aServer();
    for (const url of ['/v1/alerts', '/v1/me', '/v1/live/stream', '/v1/nothing', '/v1', '/v1/openapi.json']) {
      const answer = await app.inject({ url, headers: authorization === undefined ? {} : { authorization } });
      expect([url, answer.statusCode, answer.json().code]).toEqual([url, 401, 'UNAUTHENTICATED']);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="vigil"/);
      expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    }
    await app.close();
  });

  it('the challenge names the error only when there was a token', async () => {
    const { app } = await aServer();
    const challenge = async (headers: Record<string, string>) =>
      (await app.inject({ url: '/v1/me', headers })).headers['www-authenticate'];
    expect(await challenge({})).toBe('Bearer realm="vigil"');
    expect(await challenge({ authorization: 'Bearer wrong' })).toBe('Bearer realm="vigil", error="invalid_token"');
    await app.close();
  });

  it('a transaction is not scored', async () => {
    let calls = 0;
    const { app } = await aServer({
      score: async () => {
        calls += 1;
        return { status: 'decided', decision: '{}' };
      },
    });
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/decisions',
      headers: { 'content-type': 'application/json', ...bearer('analyst') },
      payload: '{}',
    });
    expect([answer.statusCode, calls]).toEqual([403, 0]);
    await app.close();
  });

  it('the scheme is taken in any letters, as RFC 9110 says', async () => {
    const { app } = await aServer();
    const answer = await app.inject({ url: '/v1/me', headers: { authorization: `bEARER  ${token('viewer')}` } });
    expect(answer.json()).toMatchObject({ subject: 'viewer-1' });
    await app.close();
  });

  it('each refusal is counted by its route, never by its address', async () => {
    const failed: unknown[] = [];
    const { app } = await aServer({
      events: { httpRequestFinished: () => undefined, httpAuthFailed: (event) => failed.push(event) },
    });
    await app.inject({ url: '/v1/alerts/secret-id' });
    await app.inject({ url: '/v1/alerts/secret-id', headers: bearer('channel') });
    expect(failed).toEqual([
      { status: 401, route: '/v1/alerts/:alertId' },
      { status: 403, route: '/v1/alerts/:alertId' },
    ]);
    await app.close();
  });
});

describe('what needs no token', () => {
  it.each(['/healthz', '/readyz', '/metrics'])('%s', async (url) => {
    const { app } = await aServer();
    expect((await app.inject({ url })).statusCode).toBe(200);
    await app.close();
  });
});
