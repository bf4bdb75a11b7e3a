import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryAlertStore } from '../../../src/alerts/memory-alert-store.ts';
import { VigilError } from '../../../src/domain/errors.ts';
import type { AlertStore } from '../../../src/domain/ports.ts';
import type { AlertPage } from '../../../src/http/api-types.ts';
import type { HttpServer } from '../../../src/http/http-server.ts';
import { createLocalTokens } from '../../../src/http/local-tokens.ts';
import { aBatch, aDecision, aProvisionalDecision } from '../alerts/a-decision.ts';
import { aServer, bearer, NOW_MS } from './a-server.ts';
import { expectToFit } from './schema-check.ts';

const ID = 'D-MOBILE_BANKING-T-1';
let store: AlertStore;
let server: HttpServer;
let nowMs = NOW_MS;
beforeEach(async () => {
  nowMs = NOW_MS;
  store = createMemoryAlertStore({ clock: { now: () => nowMs++ } });
  server = await aServer({ alerts: store });
});
afterEach(() => server.close());

const get = (url: string, role = 'analyst') => server.app.inject({ url, headers: bearer(role) });
const act = (body: unknown, role = 'analyst', id = ID) =>
  server.app.inject({
    method: 'POST',
    url: `/v1/alerts/${encodeURIComponent(id)}/actions`,
    headers: { 'content-type': 'application/json', ...bearer(role) },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  });
const record = async (...ids: readonly string[]) => {
  const next = (await store.nextOffset('vigil.decisions', 0)) ?? 0n;
  await store.record(
    aBatch(
      ids.map((transactionId) => aDecision({ transactionId })),
      { firstOffset: next },
    ),
  );
};

describe('GET /v1/alerts', () => {
  it('answers pages, newest first, until there is no cursor', async () => {
    for (const id of ['T-1', 'T-2', 'T-3', 'T-4', 'T-5']) await record(id);
    const seen: string[] = [];
    for (let url: string | null = '/v1/alerts?limit=2'; url !== null; ) {
      const page: AlertPage = (await get(url)).json();
      expectToFit('AlertPage', page);
      seen.push(...page.items.map((alert) => alert.transactionId));
      url = page.nextCursor === null ? null : `/v1/alerts?limit=2&cursor=${page.nextCursor}`;
    }
    expect(seen).toEqual(['T-5', 'T-4', 'T-3', 'T-2', 'T-1']);
  });

  it('answers an empty page of an empty queue', async () => {
    expect((await get('/v1/alerts')).json()).toEqual({ items: [], nextCursor: null });
  });

  it('filters by status, channel and customer', async () => {
    await store.record(
      aBatch([aDecision(), aDecision({ transactionId: 'T-2', channel: 'ATM', customerId: 'C 2&=#张' })]),
    );
    const ids = async (query: string) =>
      (await get(`/v1/alerts?${query}`)).json<AlertPage>().items.map((alert) => alert.transactionId);
    expect(await ids('channel=ATM')).toEqual(['T-2']);
    expect(await ids(`customerId=${encodeURIComponent('C 2&=#张')}`)).toEqual(['T-2']);
    expect(await ids('status=open&channel=MOBILE_BANKING')).toEqual(['T-1']);
    expect(await ids('status=closed')).toEqual([]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=0x10', 'limit'],
    ['limit=', 'limit'],
    ['limit=%201', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['limit=99999999999999999999', 'limit'],
    ['limit=NaN', 'limit'],
    ['limit[]=1', 'limit[]'],
    ['limit[$gt]=1', 'limit[$gt]'],
    ['status=', 'status'],
    ['status=OPEN', 'status'],
    ['status=open&status=closed', 'status'],
    ['status=open%00', 'status'],
    ['channel=PIGEON', 'channel'],
    ['channel=', 'channel'],
    [`channel=${'A'.repeat(65)}`, 'channel'],
    ['customerId=', 'customerId'],
    [`customerId=${'1'.repeat(1_025)}`, 'customerId'],
    [`cursor=${'a'.repeat(513)}`, 'cursor'],
    ['cursor=', 'cursor'],
    ['page=2', 'page'],
    ['__proto__=1', '__proto__'],
    ['constructor=1', 'constructor'],
  ])('answers 400 INVALID_QUERY for ?%s and names the parameter', async (query, path) => {
    const answer = await get(`/v1/alerts?${query}`);
    expect([answer.statusCode, answer.json().code, answer.json().path]).toEqual([400, 'INVALID_QUERY', path]);
    expectToFit('Problem', answer.json());
  });

  it.each(['abc', 'MS4xLng', "' OR 1=1", '../../etc', 'null', '😀'])(
    'answers 400 INVALID_CURSOR for the cursor %s',
    async (cursor) => {
      const answer = await get(`/v1/alerts?cursor=${encodeURIComponent(cursor)}`);
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'INVALID_CURSOR']);
    },
  );

  it('says what the choices are', async () => {
    expect((await get('/v1/alerts?status=new')).json().detail).toBe('"status" must be one of open, claimed, closed.');
    expect((await get('/v1/alerts?page=2')).json().detail).toContain('there are: status, channel, customerId');
  });

  it('answers 503 while the store is away', async () => {
    await server.close();
    const away = async () => {
      throw new VigilError('ALERT_STORE_UNAVAILABLE', 'connect ECONNREFUSED 10.0.0.7:5432');
    };
    server = await aServer({ alerts: { ...store, alerts: away } });
    const answer = await get('/v1/alerts');
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'UNAVAILABLE']);
    expect(answer.body).not.toContain('10.0.0.7');
  });
});

describe('GET /v1/alerts/{alertId}', () => {
  it('answers the alert, the decision in force and the history', async () => {
    await record('T-1');
    await act({ kind: 'claim', seenVersion: 1 });
    const detail = (await get(`/v1/alerts/${ID}`)).json();
    expectToFit('AlertDetail', detail);
    expect(detail.alert).toMatchObject({ alertId: ID, status: 'claimed', assignee: 'analyst-1', version: 2 });
    expect(detail.decision).toEqual(aDecision());
    expect(detail.history).toMatchObject([{ kind: 'claim', actor: 'analyst-1', fromStatus: 'open' }]);
  });

  it('answers 404 for one that is not there', async () => {
    for (const id of ['nobody', encodeURIComponent('a/b'), '%00', encodeURIComponent('张'.repeat(300))]) {
      const answer = await get(`/v1/alerts/${id}`);
      expect([answer.statusCode, answer.json().code]).toEqual([404, 'NOT_FOUND']);
    }
  });
});

describe('POST /v1/alerts/{alertId}/actions', () => {
  beforeEach(() => record('T-1'));

  it('leads an alert through its life', async () => {
    const steps = [
      [{ kind: 'claim', seenVersion: 1 }, 'claimed'],
      [{ kind: 'release', seenVersion: 2 }, 'open'],
      [{ kind: 'claim', seenVersion: 3 }, 'claimed'],
      [{ kind: 'close', seenVersion: 4, disposition: 'confirmed_fraud', note: '=1+1 <b>\n' }, 'closed'],
      [{ kind: 'reopen', seenVersion: 5, note: 'again' }, 'open'],
    ] as const;
    for (const [body, status] of steps) {
      const answer = await act(body);
      expect([answer.statusCode, answer.json().status]).toEqual([200, status]);
      expectToFit('Alert', answer.json());
    }
  });

  it('answers 409 when the version that was seen is not the last', async () => {
    await act({ kind: 'claim', seenVersion: 1 });
    const answer = await act({ kind: 'claim', seenVersion: 1 }, 'supervisor');
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'ALERT_CONFLICT']);
    expect(answer.json().detail).toContain('it is claimed now');
  });

  it('answers 409 when the state does not allow the step', async () => {
    expect((await act({ kind: 'reopen', seenVersion: 1 })).statusCode).toBe(409);
  });

  it('answers 404 for an alert that is not there', async () => {
    expect((await act({ kind: 'claim', seenVersion: 1 }, 'analyst', 'nobody')).statusCode).toBe(404);
  });

  it('leaves what another person has in hand to a supervisor', async () => {
    await server.close();
    server = await aServer({
      alerts: store,
      tokens: createLocalTokens([
        { token: 'analyst-token', subject: 'li', roles: ['analyst'] },
        { token: 'auditor-token', subject: 'wang', roles: ['analyst'] },
        { token: 'supervisor-token', subject: 'chen', roles: ['supervisor'] },
      ]),
    });
    await act({ kind: 'claim', seenVersion: 1 });
    for (const body of [{ kind: 'release' }, { kind: 'close', disposition: 'genuine' }]) {
      const answer = await act({ ...body, seenVersion: 2 }, 'auditor');
      expect([answer.statusCode, answer.json().code]).toEqual([403, 'FORBIDDEN']);
    }
    expect((await act({ kind: 'release', seenVersion: 2 }, 'supervisor')).json()).toMatchObject({ status: 'open' });
    expect((await act({ kind: 'close', seenVersion: 3, disposition: 'genuine' })).json()).toMatchObject({
      assignee: 'li',
    });
    expect((await act({ kind: 'reopen', seenVersion: 4 }, 'auditor')).statusCode).toBe(403);
    expect((await act({ kind: 'reopen', seenVersion: 4 })).statusCode).toBe(200);
  });

  it.each<[string, unknown, string]>([
    ['nothing', '', ''],
    ['no JSON', '{', ''],
    ['an array', '[]', ''],
    ['null', 'null', ''],
    ['a key that stands twice', '{"kind":"claim","kind":"close","seenVersion":1}', ''],
    ['a prototype key', '{"__proto__":{"kind":"claim"},"seenVersion":1}', ''],
    ['deep nesting', `{"kind":${'['.repeat(50)}`, ''],
    ['no kind', { seenVersion: 1 }, '/kind'],
    ['an unknown kind', { kind: 'delete', seenVersion: 1 }, '/kind'],
    ['a kind of the prototype', { kind: 'toString', seenVersion: 1 }, '/kind'],
    ['no version', { kind: 'claim' }, '/seenVersion'],
    ['a version as text', { kind: 'claim', seenVersion: '1' }, '/seenVersion'],
    ['version 0', { kind: 'claim', seenVersion: 0 }, '/seenVersion'],
    ['half a version', '{"kind":"claim","seenVersion":1.5}', '/seenVersion'],
    ['a huge version', '{"kind":"claim","seenVersion":1e400}', '/seenVersion'],
    ['an unknown field', { kind: 'claim', seenVersion: 1, assignee: 'me' }, ''],
    ['a note where none belongs', { kind: 'claim', seenVersion: 1, note: 'x' }, ''],
    ['no disposition', { kind: 'close', seenVersion: 1 }, '/disposition'],
    ['an unknown disposition', { kind: 'close', seenVersion: 1, disposition: 'FRAUD' }, '/disposition'],
    ['a note that is no text', { kind: 'reopen', seenVersion: 1, note: 7 }, '/note'],
    ['a note of 2,001 characters', { kind: 'reopen', seenVersion: 1, note: 'x'.repeat(2_001) }, '/note'],
  ])('answers 400 INVALID_BODY for %s, and changes nothing', async (_, body, path) => {
    const answer = await act(body);
    expect([answer.statusCode, answer.json().code, answer.json().path]).toEqual([400, 'INVALID_BODY', path]);
    expect(await store.alert(ID)).toMatchObject({ version: 1, status: 'open' });
    expectToFit('Problem', answer.json());
  });
});

describe('GET /v1/customers/{customerId}/transactions', () => {
  it('answers the newest over all channels, each with its decision', async () => {
    await store.record(
      aBatch([
        aDecision({ transactionId: 'T-1', decidedAt: '2026-11-20T02:00:00.000Z' }),
        aDecision({ transactionId: 'T-2', channel: 'ATM', decidedAt: '2026-11-20T02:01:00.000Z', alert: false }),
        aProvisionalDecision({
          transactionId: 'T-3',
          customerId: 'C1001',
          decidedAt: '2026-11-20T02:02:00.000Z',
        }),
      ]),
    );
    const answer = (await get('/v1/customers/C1001/transactions')).json();
    expectToFit('CustomerTransactions', answer);
    expect(
      answer.items.map((item: Record<string, unknown>) => [
        item.transactionId,
        item.type,
        item.amountMinor,
        item.provisional,
      ]),
    ).toEqual([
      ['T-3', null, null, true],
      ['T-2', 'TRANSFER', 1_250_000, false],
      ['T-1', 'TRANSFER', 1_250_000, false],
    ]);
    expect((await get('/v1/customers/C1001/transactions?limit=1')).json().items).toHaveLength(1);
    expect((await get('/v1/customers/nobody/transactions')).json()).toEqual({ items: [] });
  });

  it('refuses parameters that it does not know', async () => {
    expect((await get('/v1/customers/C1001/transactions?limit=0')).statusCode).toBe(400);
    expect((await get('/v1/customers/C1001/transactions?cursor=x')).statusCode).toBe(400);
  });
});

describe('GET /v1/transactions', () => {
  const find = (id: string) => get(`/v1/transactions?transactionId=${encodeURIComponent(id)}`);

  it('answers the decisions of one id on every channel, in the order of the catalogue', async () => {
    await store.record(
      aBatch([
        aDecision({ transactionId: 'T-1', channel: 'ATM', outcome: 'HOLD' }),
        aDecision({ transactionId: 'T-1', channel: 'MOBILE_BANKING' }),
        aDecision({ transactionId: 'T-2', channel: 'ATM' }),
      ]),
    );
    const answer = (await find('T-1')).json();
    expectToFit('TransactionsById', answer);
    expect(answer.items.map((item: Record<string, unknown>) => [item.channel, item.outcome, item.amountMinor])).toEqual(
      [
        ['MOBILE_BANKING', 'CHALLENGE', 1_250_000],
        ['ATM', 'HOLD', 1_250_000],
      ],
    );
    expect((await find('nobody')).json()).toEqual({ items: [] });
  });

  it('finds ids with odd characters, and in another form of Unicode', async () => {
    await record('a/b c?d#e%张é');
    expect((await find('a/b c?d#e%张e\u0301')).json().items).toHaveLength(1);
  });

  it.each(['', '?transactionId=', `?transactionId=${'x'.repeat(1_025)}`, '?transactionId=T&transactionId=U', '?id=T'])(
    'refuses %j',
    async (search) => {
      const answer = await get(`/v1/transactions${search}`);
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'INVALID_QUERY']);
    },
  );
});

describe('GET /v1/transactions/{channel}/{transactionId}/explain', () => {
  it('answers what the explainer says, also for ids with odd characters', async () => {
    const id = 'a/b c?d#e%张';
    const answer = await get(`/v1/transactions/ATM/${encodeURIComponent(id)}/explain`);
    expect([answer.statusCode, answer.json().transactionId]).toEqual([200, id]);
  });

  it('answers 404 when nothing is kept', async () => {
    expect((await get('/v1/transactions/ATM/unknown/explain')).statusCode).toBe(404);
  });
});
