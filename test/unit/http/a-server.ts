/** An HTTP server on the in-memory alert store and the real parser, with one token for each role. */

import { createMemoryAlertStore } from '../../../src/alerts/memory-alert-store.ts';
import type { ChannelCatalogue } from '../../../src/domain/channel-catalogue.ts';
import { createTransactionParser } from '../../../src/domain/parse-transaction.ts';
import { type Bank, type LiveSnapshot, ROLES } from '../../../src/http/api-types.ts';
import type { HttpServerOptions } from '../../../src/http/http-options.ts';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { createLocalTokens } from '../../../src/http/local-tokens.ts';
import { aDecision } from '../alerts/a-decision.ts';

export const NOW_MS = Date.parse('2026-11-20T03:00:00.000Z');

export const CHANNELS: ChannelCatalogue = {
  version: 'c1',
  channels: new Map([
    [
      'MOBILE_BANKING',
      {
        code: 'MOBILE_BANKING',
        name: { en: 'Mobile banking', 'zh-CN': '手机银行' },
        deadlineMs: 250,
        fallbackOutcome: 'CHALLENGE',
        staticLimitMinor: { CNY: 100_000 },
        challengeMethods: ['SMS_OTP'],
        group: 'remote',
      },
    ],
    [
      'ATM',
      {
        code: 'ATM',
        name: { en: 'ATM', 'zh-CN': '自动柜员机' },
        deadlineMs: 250,
        fallbackOutcome: 'BLOCK',
        staticLimitMinor: {},
        challengeMethods: [],
        group: 'card',
      },
    ],
  ]),
  challengeMethods: new Map([
    ['SMS_OTP', { code: 'SMS_OTP', name: { en: 'Text message', 'zh-CN': '短信验证码' }, unusableFor: [] }],
  ]),
};

export const A_SNAPSHOT: LiveSnapshot = {
  at: '2026-11-20T03:00:00.000Z',
  uptimeSeconds: 12.5,
  transactions: 10,
  decisions: 9,
  deadLetters: 1,
  decisionsPerSecond: 0.9,
  outcomes: { ALLOW: 6, CHALLENGE: 2, HOLD: 1, BLOCK: 0 },
  levels: { L0: 9, L1: 0, L2: 0, L3: 0 },
  level: 'L0',
  latencyMs: { p50: 2.1, p99: 8, p999: 12 },
  lag: 0,
  alerts: { open: 2, claimed: 0, closed: 0 },
  channels: [],
};

export const A_BANK: Bank = { name: 'Harbour Bank', zone: 'Asia/Urumqi' };

/** `token('analyst')` is the token of somebody with that role alone. */
export const token = (role: string): string => `${role}-token`;
export const bearer = (role: string): { authorization: string } => ({ authorization: `Bearer ${token(role)}` });

/** Decides every valid transaction alike; the same again gets the same bytes. */
export function aScorer(): HttpServerOptions['score'] {
  const parse = createTransactionParser({ isChannel: (code) => CHANNELS.channels.has(code) });
  return async (raw, receivedAtMs) => {
    const parsed = parse(raw, receivedAtMs);
    if (!parsed.ok) return { status: 'rejected', rejection: parsed.error };
    const { transactionId, channel } = parsed.value.transaction;
    return { status: 'decided', decision: `${JSON.stringify(aDecision({ transactionId, channel }), null, 1)}\n` };
  };
}

export const aServer = (overrides: Partial<HttpServerOptions> = {}): Promise<HttpServer> =>
  createHttpServer({ ...someOptions(), ...overrides });

export function someOptions(): HttpServerOptions {
  const clock = { now: () => NOW_MS };
  return {
    score: aScorer(),
    alerts: createMemoryAlertStore({ clock }),
    explain: async (channel, transactionId) =>
      transactionId === 'unknown' ? undefined : { channel, transactionId, decision: aDecision() },
    dryRun: async () => ({ status: 'evaluated', result: { live: {}, candidate: {} } }),
    health: () => ({ status: 'ok', version: '0.1.0', uptimeSeconds: 12.5 }),
    readiness: async () => ({ ok: true, checks: [{ name: 'alert store', ok: true }] }),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'vigil_up 1\n' }),
    live: () => A_SNAPSHOT,
    tokens: createLocalTokens(
      ROLES.map((role) => ({ token: token(role), subject: `${role}-1`, name: `A ${role}`, roles: [role] })),
    ),
    channels: () => CHANNELS,
    bank: () => A_BANK,
    clock,
    version: '0.1.0',
  };
}
