/** The alert queue from end to end: decisions recorded in a real PostgreSQL, worked on over a real socket. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { AuditedAlertStore } from '../../../src/alerts/memory-alert-store.ts';
import { createPostgresAlertStore } from '../../../src/alerts/postgres-alert-store.ts';
import type { AlertDetail, AlertPage } from '../../../src/http/api-types.ts';
import type { HttpServer } from '../../../src/http/http-server.ts';
import '../../helpers/servers/provided.ts';
import { startTcpProxy, type TcpProxy } from '../../helpers/servers/tcp-proxy.ts';
import { aBatch, aDecision } from '../../unit/alerts/a-decision.ts';
import { aServer, token } from '../../unit/http/a-server.ts';
import { expectToFit } from '../../unit/http/schema-check.ts';
import { type OwnAlertDatabase, ownAlertDatabase } from '../alerts/own-store.ts';

let database: OwnAlertDatabase;
let proxy: TcpProxy;
let store: AuditedAlertStore;
let server: HttpServer;
let url: string;

beforeAll(async () => {
  database = await ownAlertDatabase({ connectionString: inject('postgresUrl') });
});
afterAll(() => database.remove());
beforeEach(async () => {
  await database.reset();
  const target = new URL(String(database.config.connectionString));
  const host = decodeURIComponent(target.hostname);
  proxy = await startTcpProxy(
    host.startsWith('/')
      ? { path: `${host}/.s.PGSQL.${target.port || 5432}` }
      : { host, port: Number(target.port || 5432) },
  );
  store = createPostgresAlertStore({
    connection: {
      host: '127.0.0.1',
      port: proxy.port,
      user: decodeURIComponent(target.username),
      password: decodeURIComponent(target.password),
      database: target.pathname.slice(1),
    },
    clock: { now: Date.now },
    statementTimeoutMs: 500,
    connectTimeoutMs: 500,
  });
  server = await aServer({ alerts: store });
  ({ url } = await server.listen({ host: '127.0.0.1', port: 0 }));
});
afterEach(async () => {
  await server.close();
  await store.close();
  await proxy.close();
});

const ask = async (path: string, init: RequestInit = {}, role = 'analyst'): Promise<Response> =>
  fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${token(role)}`, ...init.headers } });
const act = (alertId: string, body: unknown, role = 'analyst'): Promise<Response> =>
  ask(
    `/v1/alerts/${encodeURIComponent(alertId)}/actions`,
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    role,
  );

describe('the alert queue over HTTP on PostgreSQL', () => {
  it('pages through 500 alerts while they are being closed, and meets each exactly once', async () => {
    const decisions = Array.from({ length: 500 }, (_, n) => aDecision({ transactionId: `T-${n}` }));
    for (let n = 0; n < 500; n += 100)
      await store.record(aBatch(decisions.slice(n, n + 100), { firstOffset: BigInt(n) }));
    const seen: string[] = [];
    for (let cursor = ''; ; ) {
      const page = (await (await ask(`/v1/alerts?limit=60${cursor}`)).json()) as AlertPage;
      expectToFit('AlertPage', page);
      seen.push(...page.items.map((alert) => alert.alertId));
      const [first] = page.items;
      if (first !== undefined) await act(first.alertId, { kind: 'close', seenVersion: 1, disposition: 'genuine' });
      if (page.nextCursor === null) break;
      cursor = `&cursor=${page.nextCursor}`;
    }
    expect(seen).toHaveLength(500);
    expect(new Set(seen).size).toBe(500);
    expect(await store.counts()).toEqual({ open: 491, claimed: 0, closed: 9 });
    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 9 });
  });

  it('lets one of two people claim, tells the other, and keeps both in sight of the history', async () => {
    await store.record(aBatch([aDecision()]));
    const id = 'D-MOBILE_BANKING-T-1';
    const claims = await Promise.all([
      act(id, { kind: 'claim', seenVersion: 1 }, 'analyst'),
      act(id, { kind: 'claim', seenVersion: 1 }, 'supervisor'),
    ]);
    expect(claims.map((claim) => claim.status).sort()).toEqual([200, 409]);
    const detail = (await (await ask(`/v1/alerts/${id}`)).json()) as AlertDetail;
    expectToFit('AlertDetail', detail);
    expect(detail.history).toHaveLength(1);
    expect(detail.alert.assignee).toBe(detail.history[0]?.actor);
  });

  it('answers 503 with a hint while PostgreSQL is away, decides meanwhile, and answers again afterwards', async () => {
    proxy.refuse();
    for (const path of ['/v1/alerts', '/v1/alerts/A', '/v1/customers/C/transactions']) {
      const answer = await ask(path);
      expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([path, 503, '1']);
      expectToFit('Problem', await answer.json());
    }
    expect((await ask('/healthz')).status).toBe(200);
    proxy.pass();
    expect((await ask('/v1/alerts')).status).toBe(200);
  });
});
