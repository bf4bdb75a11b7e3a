/**
 * The HTTP API as the console knows it, over a fake bank in memory, and the console's own files under the server's own content
 * security policy. For tests of the console, and to look at it: node has no part of Vigil running here.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { parse } from 'yaml';
import type { AlertAction } from '../../src/domain/alert.ts';
import type { Alert, ChannelList, LiveSnapshot, Me, Problem } from '../../src/http/api-types.ts';
import { customerTransaction } from '../../src/http/routes/history-routes.ts';
import { SECURITY_HEADERS } from '../../src/http/security-headers.ts';
import { createFakeBank, type FakeBank } from './fake-bank.ts';
import { FAKE_CONDITIONS } from './fake-bank-cases.ts';

export const FAKE_TOKEN = 'fake-token-of-the-test';

export interface FakeApi {
  readonly url: string;
  readonly bank: FakeBank;
  /** answers nothing but 503 while it is true */
  isDown: boolean;
  me: Me;
  level: LiveSnapshot['level'];
  /** null: the one that every decision was made with */
  rulesetInForce: string | null;
  /** paths that were asked for, newest last */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

interface ChannelsFile {
  readonly challengeMethods: readonly { code: string; name: { en: string; 'zh-CN': string } }[];
  readonly channels: readonly (Omit<ChannelList['items'][number], 'challengeMethods'> & {
    readonly challengeMethods: readonly string[];
  })[];
}

/** The shipped catalogue, so that names are the ones that people will see. */
function readChannels(): ChannelList {
  const file = path.resolve(import.meta.dirname, '../../config/channels.yaml');
  const { challengeMethods, channels } = parse(readFileSync(file, 'utf8')) as ChannelsFile;
  const items = channels.map(({ code, name, group, deadlineMs, fallbackOutcome, challengeMethods: methods }) => ({
    ...{ code, name, group, deadlineMs, fallbackOutcome },
    challengeMethods: challengeMethods.filter((method) => methods.includes(method.code)),
  }));
  return { version: '1', items };
}

const ZERO = { ALLOW: 0, CHALLENGE: 0, HOLD: 0, BLOCK: 0 };

function liveSnapshot(bank: FakeBank, channels: ChannelList, level: LiveSnapshot['level'], tick: number): LiveSnapshot {
  const count = (status: Alert['status']): number => bank.alerts.filter((alert) => alert.status === status).length;
  const rows = channels.items.map(({ code }, index) => {
    const isIdle = code === 'TV_BANKING';
    const decisions = isIdle ? 0 : 1_200_000 >> (index % 9);
    return {
      channel: code,
      decisions,
      decisionsPerSecond: isIdle ? 0 : Number((decisions / 9_000 + Math.sin(tick / 3 + index)).toFixed(1)),
      outcomes: isIdle
        ? ZERO
        : {
            BLOCK: decisions >> 11,
            HOLD: decisions >> 10,
            CHALLENGE: decisions >> 7,
            ALLOW: decisions - (decisions >> 11) - (decisions >> 10) - (decisions >> 7),
          },
      alerts: isIdle ? 0 : decisions >> 9,
      lastAt: isIdle ? null : new Date(Date.now() - index * 300).toISOString(),
    };
  });
  const sum = (of: (row: (typeof rows)[number]) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    at: new Date().toISOString(),
    uptimeSeconds: 93_780 + tick * 2,
    transactions: sum((row) => row.decisions) + 37,
    decisions: sum((row) => row.decisions),
    deadLetters: 37,
    decisionsPerSecond: sum((row) => row.decisionsPerSecond),
    outcomes: {
      ALLOW: sum((row) => row.outcomes.ALLOW),
      CHALLENGE: sum((row) => row.outcomes.CHALLENGE),
      HOLD: sum((row) => row.outcomes.HOLD),
      BLOCK: sum((row) => row.outcomes.BLOCK),
    },
    levels: { L0: sum((row) => row.decisions) - 412, L1: 412, L2: 0, L3: 0 },
    level,
    latencyMs: { p50: 4.2, p99: 18.6, p999: 61.3 },
    lag: 3,
    alerts: { open: count('open'), claimed: count('claimed'), closed: count('closed') },
    channels: rows,
  };
}

const problem = (status: number, code: Problem['code'], detail: string): { status: number; body: Problem } => ({
  status,
  body: { type: 'about:blank', title: detail, status, code, detail, requestId: 'req-77' },
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const ok = (body: unknown): Answer => ({ status: 200, body });

function page(bank: FakeBank, query: URLSearchParams): Answer {
  const limit = Number(query.get('limit') ?? 50);
  const [status, channel, customerId] = ['status', 'channel', 'customerId'].map((name) => query.get(name));
  const fits = bank.alerts.filter(
    (alert) =>
      (status == null || alert.status === status) &&
      (channel == null || alert.channel === channel) &&
      (customerId == null || alert.customerId === customerId),
  );
  const cursor = query.get('cursor');
  const start = cursor === null ? 0 : fits.findIndex((alert) => alert.alertId === cursor) + 1;
  const items = fits.slice(start, start + limit);
  const last = items.at(-1);
  return ok({ items, nextCursor: last !== undefined && start + limit < fits.length ? last.alertId : null });
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function act(bank: FakeBank, alertId: string, body: unknown, actor: string): Answer {
  const { seenVersion, ...action } = body as AlertAction & { seenVersion: number };
  const alert = bank.act(alertId, seenVersion, action, actor);
  return alert === undefined
    ? problem(409, 'ALERT_CONFLICT', 'The alert was changed by somebody else, or cannot take this step.')
    : ok(alert);
}

function detail(bank: FakeBank, alertId: string): Answer {
  const alert = bank.alerts.find((one) => one.alertId === alertId);
  if (alert === undefined) return problem(404, 'NOT_FOUND', 'There is no such alert.');
  return ok({ alert, decision: bank.decision(alertId) ?? null, history: bank.history(alertId) });
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export async function startFakeApi(options: {
  readonly alerts: number;
  readonly consoleDir: string;
}): Promise<FakeApi> {
  const bank = createFakeBank({ alerts: options.alerts });
  const channels = readChannels();
  const asked: string[] = [];
  let tick = 0;

  const route = async (request: IncomingMessage, url: URL): Promise<Answer> => {
    const [, , area = '', id = '', rest = '', last = ''] = url.pathname.split('/').map(decodeURIComponent);
    if (area === 'me') return ok(api.me);
    if (area === 'channels') return ok(channels);
    if (area === 'live') return ok(liveSnapshot(bank, channels, api.level, tick++));
    if (area === 'alerts' && id === '') return page(bank, url.searchParams);
    if (area === 'alerts' && rest === 'actions') return act(bank, id, await readBody(request), api.me.subject);
    if (area === 'alerts') return detail(bank, id);
    if (area === 'customers' && rest === 'transactions')
      return ok({ items: bank.transactionsOf(id, Number(url.searchParams.get('limit') ?? 50)) });
    if (area === 'transactions' && id === '') {
      const asked = url.searchParams.get('transactionId') ?? '';
      const found = channels.items.flatMap(({ code }) => bank.find(code, asked) ?? []);
      return ok({ items: found.map(customerTransaction) });
    }
    if (area === 'transactions' && last === 'explain') {
      const decision = bank.find(id, rest);
      if (decision === undefined) return problem(404, 'NOT_FOUND', 'No decision is kept.');
      const decided = decision.versions.ruleset;
      const rulesetInForce = api.rulesetInForce ?? decided;
      if (rulesetInForce !== decided) {
        const redecided = { status: 'version-missing', part: 'ruleset', wanted: decided, inForce: rulesetInForce };
        return ok({ decision, rules: [], rulesetInForce, redecided });
      }
      const rules = Object.entries(FAKE_CONDITIONS).map(([ruleId, when]) => ({ ruleId, when }));
      return ok({ decision, rules, rulesetInForce, redecided: { status: 'same' } });
    }
    return problem(404, 'NOT_FOUND', 'There is nothing here.');
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://console.test');
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    if (!url.pathname.startsWith('/v1/')) {
      const name = url.pathname === '/' ? 'index.html' : url.pathname.slice(1);
      const file = path.join(options.consoleDir, path.normalize(name));
      response.setHeader('content-type', TYPES[path.extname(file)] ?? 'application/octet-stream');
      response.end(readFileSync(file));
      return;
    }
    asked.push(`${url.pathname}${url.search}`);
    const isAllowed = request.headers.authorization === `Bearer ${FAKE_TOKEN}`;
    const { status, body } = !isAllowed
      ? problem(401, 'UNAUTHENTICATED', 'A valid bearer token is needed.')
      : api.isDown
        ? problem(503, 'UNAVAILABLE', 'A part that is needed cannot be reached now.')
        : await route(request, url);
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
    response.end(JSON.stringify(body));
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500);
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const api: FakeApi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bank,
    isDown: false,
    me: {
      subject: 'chen.jie',
      name: 'Chen Jie',
      roles: ['analyst'],
      bank: { name: 'Harbour Bank', zone: 'Asia/Shanghai' },
    },
    level: 'L0',
    rulesetInForce: null,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return api;
}
