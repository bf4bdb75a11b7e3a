/** Expected sentences are written by hand: what a colleague would say who has looked at the same values. */
import { describe, expect, it } from 'vitest';
import { createFormats } from '../../../src/console/src/format/formats.ts';
import { alertSentence, listSentence } from '../../../src/console/src/narrative/sentence.ts';
import { termsOf } from '../../../src/console/src/narrative/terms.ts';
import type { Alert } from '../../../src/domain/alert.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { createFakeBank } from '../../helpers/fake-bank.ts';
import { aHit } from '../../helpers/fake-bank-cases.ts';

const bank = createFakeBank({ alerts: 9, nowMs: Date.parse('2026-11-23T02:15:00Z') });
const aCase = (riskScore: number): { alert: Alert; decision: Decision } => {
  const alert = bank.alerts.find((one) => one.riskScore === riskScore);
  const decision = alert === undefined ? undefined : bank.decision(alert.alertId);
  if (alert === undefined || decision === undefined) throw new Error(`no case with the score ${riskScore}`);
  return { alert, decision };
};

function sentence(language: 'en' | 'zh-CN', alert: Alert, decision: Decision | null, channelName: string): string {
  const formats = createFormats(language, 'Asia/Shanghai');
  const context = { formats, terms: termsOf(language), currency: alert.currency };
  return alertSentence({ alert, decision, channelName, context });
}

describe('the sentence of an alert', () => {
  const takeOver = aCase(860);

  it('says how many, how much, to whom, from where, and what came before', () => {
    expect(sentence('en', takeOver.alert, takeOver.decision, 'Mobile banking')).toBe(
      'Three transfers in 10 minutes, ¥149,700 in all, this one ¥49,900, 268 times the usual amount, ' +
        'to a payee never used before, from a device not seen before, a device bound 11 minutes before, ' +
        'above the daily limit of ¥120,000; the behavioural model sees a high risk.',
    );
  });

  it('says the same in Chinese', () => {
    expect(sentence('zh-CN', takeOver.alert, takeOver.decision, '手机银行')).toBe(
      '10分钟内转账3笔，合计¥149,700，本笔¥49,900，为平时金额的268倍，收款人为首次出现，设备为首次出现，' +
        '11分钟前绑定设备，超过日限额¥120,000；行为模型判定风险较高。',
    );
  });

  it('names type, amount and channel when no count was read', () => {
    const { alert, decision } = aCase(910);
    expect(sentence('en', alert, decision, 'ATM')).toBe(
      'Cash withdrawal of ¥3,000 by ATM, 2,140 km from the last place, a journey at 4,913 km/h.',
    );
    expect(sentence('zh-CN', alert, decision, '自动柜员机')).toBe(
      '通过自动柜员机取现¥3,000，距上次地点2,140公里，相当于时速4,913公里。',
    );
  });

  it('needs no money', () => {
    const { alert, decision } = aCase(320);
    expect(sentence('en', alert, decision, 'Online banking')).toBe(
      '12 logins in 1 hour, from an address that 9 customers used in 1 hour.',
    );
  });

  it('tells the texts of the reasons of which no value was told', () => {
    const { alert, decision } = aCase(480);
    expect(sentence('en', alert, decision, 'Telephone banking')).toBe(
      'Transfer of ¥18,000 by telephone banking, the first activity for 244 days; ' +
        'a rule could not be evaluated; the transaction is confirmed to be safe.',
    );
  });

  it('uses the reasons alone when the decision is no longer kept, or was a fallback', () => {
    expect(sentence('en', takeOver.alert, null, 'Mobile banking')).toBe(
      'Transfer: many transfers in ten minutes; new device and new payee; ' +
        "far above this customer's usual amounts; the behavioural model sees a high risk.",
    );
    const refused = bank.alerts.find(({ provisional }) => provisional === true);
    if (refused === undefined) throw new Error('no refused message among the cases');
    expect(sentence('zh-CN', refused, bank.decision(refused.alertId) ?? null, '银企直连')).toBe(
      '报文被拒：渠道报文无法识别。',
    );
  });

  it('never shows a code', () => {
    for (const alert of bank.alerts)
      for (const language of ['en', 'zh-CN'] as const)
        expect(sentence(language, alert, bank.decision(alert.alertId) ?? null, 'channel')).not.toMatch(
          /[A-Z]{2,}_[A-Z]/,
        );
  });

  it('says nothing of a shadow rule', () => {
    const shadow = aHit({ mode: 'shadow', values: { 'features.customer_transfer_count_10m': 9 } });
    const decision = { ...takeOver.decision, hits: [shadow], limits: [], reasons: [] };
    expect(sentence('en', takeOver.alert, decision, 'Mobile banking')).toBe('Transfer of ¥49,900 by mobile banking.');
  });

  it('does not count a transfer among what came before it', () => {
    const hit = aHit({
      values: { 'features.customer_credential_change_count_24h': 2, 'features.customer_login_count_1h': 6 },
    });
    const decision = { ...takeOver.decision, hits: [hit], limits: [], reasons: [] };
    expect(sentence('en', takeOver.alert, decision, 'Mobile banking')).toBe(
      'Transfer of ¥49,900 by mobile banking, after 2 security changes in 24 hours.',
    );
    expect(sentence('zh-CN', takeOver.alert, decision, '手机银行')).toBe(
      '通过手机银行转账¥49,900，此前24小时内安全变更2次。',
    );
  });

  it('says nothing of a value that is not remarkable', () => {
    const hit = aHit({
      values: {
        'features.customer_transfer_count_10m': 1,
        'profile.payeeKnown': true,
        'profile.deviceAgeSeconds': 90 * 86_400,
        'profile.amountRatio': 1.1,
      },
    });
    const decision = { ...takeOver.decision, hits: [hit], limits: [] };
    expect(sentence('en', takeOver.alert, { ...decision, reasons: [] }, 'ATM')).toBe('Transfer of ¥49,900 by ATM.');
  });
});

describe('the sentence in the list', () => {
  it('is the type and the reasons', () => {
    const { alert } = aCase(700);
    expect(listSentence(alert, createFormats('zh-CN', 'Asia/Shanghai'))).toBe(
      '消费：同一张卡多次小额试探；同一商户多张卡小额试探',
    );
  });

  it('names the score when there is no reason', () => {
    const alert = { ...aCase(700).alert, reasons: [] };
    expect(listSentence(alert, createFormats('en', 'Asia/Shanghai'))).toBe('Purchase with a score of 700');
  });

  it('keeps names and abbreviations as they are written', () => {
    const text = { en: 'SIM card changed', 'zh-CN': '换卡' };
    const alert = { ...aCase(700).alert, reasons: [{ code: 'X', text }] };
    expect(listSentence(alert, createFormats('en', 'Asia/Shanghai'))).toBe('Purchase: SIM card changed');
  });
});
