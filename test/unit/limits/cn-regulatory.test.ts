/** The shipped limits: every clause of the regulatory pack by example. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadChannels } from '../../../src/config/load-channels.ts';
import { readSources } from '../../../src/config/read-sources.ts';
import type { LimitUsage } from '../../../src/domain/facts.ts';
import { createTransactionParser } from '../../../src/domain/parse-transaction.ts';
import { coverageGaps } from '../../../src/rules/limits/coverage.ts';
import { evaluateLimits } from '../../../src/rules/limits/evaluate-limits.ts';
import { limitCounters } from '../../../src/rules/limits/limit-counters.ts';
import { loadLimits } from '../../../src/rules/limits/load-limits.ts';
import { applyListEffects, listEffects } from '../../../src/rules/lists/list-effects.ts';
import { loadLists } from '../../../src/rules/lists/load-lists.ts';
import { loadReasons } from '../../../src/rules/reasons.ts';
import { aMessage, bytesOf, TEST_NOW_MS } from '../../helpers/a-transaction.ts';

const read = (file: string) => ({ file, text: readFileSync(`config/${file}`, 'utf8') });
const sources = await readSources(undefined);

function must<T>(result: { ok: true; value: T } | { ok: false; error: unknown }): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
  return result.value;
}

const channels = [...must(loadChannels(read('channels.yaml'))).channels.keys()];
const reasons = new Set(must(loadReasons({ en: read('reasons.en.yaml'), 'zh-CN': read('reasons.zh-CN.yaml') })).keys());
const set = must(loadLimits({ files: sources.limits, channels, reasons }));
const lists = must(loadLists({ files: sources.lists, reasons }));
const parse = createTransactionParser({ isChannel: (code) => channels.includes(code) });
const tx = (overrides: Record<string, unknown>) =>
  must(parse(bytesOf(aMessage({ amountMinor: 100, ...overrides })), TEST_NOW_MS)).transaction;

const YUAN = 100;

/** What these limits say of a transaction after so much was used of each of its counters. */
function say(overrides: Record<string, unknown>, usedYuan = 0, usedCount = 1): Record<string, string> {
  const transaction = tx(overrides);
  const used = { amountMinor: usedYuan * YUAN, count: usedCount };
  const usage: LimitUsage = new Map(limitCounters(set, transaction).map(({ key }) => [key, used]));
  const exceeded = evaluateLimits(set, transaction, usage).filter((hit) => hit.exceeded);
  return Object.fromEntries(exceeded.map((hit) => [hit.limitId, hit.reminder ? 'remind' : hit.outcome]));
}

const SMS = { authentication: ['PASSWORD', 'SMS_OTP'] };
const CERTIFICATE = { authentication: ['PASSWORD', 'CERTIFICATE'] };
const FIRM = { customerSegment: 'CORPORATE', channel: 'CORPORATE_ONLINE_BANKING', ...CERTIFICATE };
const OWN_HERE = { counterparty: { accountId: 'A2', bankCode: 'JXB' }, attributes: { ownAccount: true } };

describe('the regulatory pack', () => {
  it('[CN-261-9-2] lets a person send 50,000 yuan a day without a certificate, and not one fen more', () => {
    const needs = { law_person_day_needs_certificate: 'BLOCK' };
    expect(say({ ...SMS, amountMinor: 10_000 * YUAN }, 40_000)).toEqual({});
    expect(say({ ...SMS, amountMinor: 10_000 * YUAN + 1 }, 40_000)).toEqual(needs);
    expect(say({ ...SMS, customerSegment: null, amountMinor: 50_000 * YUAN + 1 })).toEqual(needs);
    expect(
      say(
        {
          ...SMS,
          channel: 'ONLINE_BANKING',
          counterparty: { accountId: 'A2', bankCode: 'ICBC' },
          attributes: { ownAccount: true },
        },
        50_000,
      ),
    ).toEqual(needs);
  });

  it('[CN-261-9-2] counts what was sent with a certificate into the day, and asks nothing more of it', () => {
    const strong = tx({ ...CERTIFICATE, transactionId: 'T-strong' });
    const weak = tx(SMS);
    const lawful = (transaction: typeof weak) => {
      const counterId = set.limit('law_person_day_needs_certificate')?.counterId;
      return limitCounters(set, transaction).find((counter) => counter.counterId === counterId)?.key;
    };
    expect(lawful(strong)).toBe(lawful(weak));
    expect(lawful(strong)).toBeDefined();
    expect(say({ ...CERTIFICATE, amountMinor: 100_000 * YUAN }, 100_000)).toEqual({});
  });

  it('[CN-261-9-2] leaves out the counter, firms, and the own account at this bank', () => {
    expect(say({ ...SMS, channel: 'COUNTER', amountMinor: 60_000 * YUAN })).toEqual({});
    expect(say({ ...SMS, ...OWN_HERE, amountMinor: 60_000 * YUAN })).toEqual({});
    expect(say({ ...FIRM, authentication: ['PASSWORD'], amountMinor: 60_000 * YUAN })).toEqual({});
  });

  it('[CN-261-9-3] reminds a person above 300,000 yuan a day and a firm above 1,000,000', () => {
    expect(say({ ...CERTIFICATE, amountMinor: 1 * YUAN }, 299_999)).toEqual({});
    expect(say({ ...CERTIFICATE, amountMinor: 1 * YUAN + 1 }, 299_999)).toEqual({ law_person_day_reminder: 'remind' });
    expect(say({ ...FIRM, amountMinor: 1_000_000 * YUAN })).toEqual({});
    expect(say({ ...FIRM, amountMinor: 1_000_000 * YUAN + 1 })).toEqual({ law_firm_day_reminder: 'remind' });
    expect(say({ ...FIRM, customerSegment: 'SMALL_BUSINESS', amountMinor: 400_000 * YUAN })).toEqual({});
  });

  it('[CN-261-8] delays a person’s transfer from a machine by 24 hours unless it goes to the own account here', () => {
    const delayed = { law_machine_transfer_delay: 'HOLD' };
    expect(say({ channel: 'ATM' })).toEqual(delayed);
    expect(say({ channel: 'SELF_SERVICE' })).toEqual(delayed);
    expect(say({ channel: 'ATM', ...OWN_HERE })).toEqual({});
    expect(say({ channel: 'ATM', type: 'WITHDRAWAL', counterparty: null })).toEqual({});
    expect(say({ channel: 'MOBILE_BANKING' })).toEqual({});
    expect(set.limit('law_machine_transfer_delay')?.holdMs).toBe(24 * 3_600_000);
  });

  it('[CN-261-6] suspends non-counter business of an account that was not used for six months after its opening', () => {
    const attributes = { accountOpenedOn: '2026-05-20', accountUsed: false };
    const at = (occurredAt: string, more: Record<string, unknown> = {}) => say({ occurredAt, attributes, ...more });
    expect(at('2026-11-19T23:59:59+08:00')).toEqual({});
    expect(at('2026-11-20T00:00:00+08:00')).toEqual({ law_unused_account: 'BLOCK' });
    expect(at('2026-11-20T00:00:00+08:00', { type: 'DEPOSIT' })).toEqual({ law_unused_account: 'BLOCK' });
    expect(at('2026-11-20T00:00:00+08:00', { channel: 'COUNTER' })).toEqual({});
    expect(at('2026-11-20T00:00:00+08:00', { attributes: { ...attributes, accountUsed: true } })).toEqual({});
  });

  it('[CN-261-9-1] limits a person’s remote transfers by day, by number and by year', () => {
    expect(say({ ...CERTIFICATE, channel: 'ONLINE_BANKING', amountMinor: 1 }, 1_000_000)).toMatchObject({
      person_remote_day: 'BLOCK',
    });
    expect(say(SMS, 0, 100)).toMatchObject({ person_remote_day_count: 'CHALLENGE' });
    expect(say(SMS, 0, 99)).toEqual({});
    expect(say({ ...CERTIFICATE, amountMinor: 1 }, 20_000_000)).toMatchObject({ person_remote_year: 'BLOCK' });
  });

  it('[CN-261-2] blocks an account of the list of involved accounts, as sender and as receiver, and no list hides it', () => {
    const csv = `id,entity,expires,source,reason,person\n6217000000000000001,,,police,case 1,officer\n`;
    const files = sources.lists.map((file) =>
      file.file === 'lists/involved-accounts.csv' ? { ...file, text: csv } : file,
    );
    const involved = must(loadLists({ files, reasons }));
    const calm = { outcome: 'ALLOW', limitOutcome: 'ALLOW', lawOutcome: 'ALLOW', alert: false } as const;
    for (const overrides of [
      { accountId: '6217000000000000001' },
      { counterparty: { accountId: '6217000000000000001' } },
    ]) {
      const effects = listEffects(involved, tx(overrides));
      expect(applyListEffects(effects, calm)).toEqual({
        outcome: 'BLOCK',
        lawOutcome: 'BLOCK',
        alert: true,
        reasons: ['LIST_INVOLVED_ACCOUNT'],
      });
    }
    expect(lists.definition('involved_accounts')).toMatchObject({ byLaw: true, kind: 'deny' });
  });

  it('finds a clause without an object, without a test, or whose object its tests never reach', () => {
    const text = { en: 'e', 'zh-CN': 'z' };
    const clauses = [
      { id: 'CN-1', source: 's', text, objects: ['limit:nothing'] },
      { id: 'CN-3', source: 's', text, objects: ['limit:law_unused_account', 'limit:law_person_day_reminder'] },
    ];
    const reached = new Set(['limit:law_unused_account']);
    const tests = [
      { clauses: ['CN-2'], title: 't', file: 'f', passed: true, reached },
      { clauses: ['CN-3'], title: 'u', file: 'f', passed: false, reached },
    ];
    expect(coverageGaps({ clauses, currency: 'CNY', limits: set.limits, lists: [], tests })).toEqual([
      { clause: 'CN-1', gap: 'no test names it' },
      { clause: 'CN-1', gap: 'limit:nothing is not there' },
      { clause: 'CN-3', gap: 'its test "u" fails' },
      { clause: 'CN-3', gap: 'limit:law_person_day_reminder takes effect in none of its tests' },
      { clause: 'CN-2', gap: 'the test "t" in f names a clause that no limits file has' },
    ]);
  });
});

describe('the bank’s own limits', () => {
  it('cover every channel', () => {
    const covered = channels.filter((channel) =>
      set.limits.some(
        ({ scope, file }) =>
          file.endsWith('channels.yaml') && scope.channels?.size === 1 && scope.channels.has(channel),
      ),
    );
    expect(covered).toEqual(channels);
  });

  it('have a title in both languages and never raise what the law sets', () => {
    for (const { title, id } of set.limits) expect(title.en === title['zh-CN'], id).toBe(false);
    expect(set.limits.filter(({ byLaw }) => byLaw).map(({ file }) => file)).toEqual(
      Array(5).fill('limits/cn-regulatory.yaml'),
    );
  });
});
