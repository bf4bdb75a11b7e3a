/** Builders for limits: a set of files with the settings of a made-up bank, and records as the usage store sees them. */
import type { ConfigFault } from '../../src/domain/config-fault.ts';
import type { LimitCalendarPeriod, LimitCounter, LimitRecord } from '../../src/domain/limit.ts';
import type { LimitSet } from '../../src/rules/limits/limit-set.ts';
import { loadLimits } from '../../src/rules/limits/load-limits.ts';
import { TEST_CHANNELS } from './a-transaction.ts';

export const LIMIT_SETTINGS = `
settings:
  zone: Asia/Shanghai
  currency: CNY
  home: { banks: [JXB], country: CN }
  authenticationClasses:
    - { class: CERTIFICATE, methods: [CERTIFICATE, USB_KEY], atLeast: 1 }
    - { class: TWO_FACTOR, methods: [PASSWORD, SMS_OTP, BIOMETRIC], atLeast: 2 }
    - { class: SINGLE_FACTOR, methods: [PASSWORD, SMS_OTP, BIOMETRIC], atLeast: 1 }
  channelGroups: { REMOTE: [MOBILE_BANKING, ONLINE_BANKING, PHONE_BANKING] }
  segmentGroups: { PERSON: [RETAIL, STUDENT] }
  rates: { USD: "7.1", JPY: "0.0481", KWD: "23" }
`;

/** YAML of one limit: `more` lines replace or follow the usual ones. */
export function aLimit(more: Readonly<Record<string, string>> = {}): string {
  const fields = {
    id: 'day_amount',
    title: '{ en: "A day", zh-CN: "日累计" }',
    period: 'day',
    measure: 'amount',
    max: '100000',
    outcome: 'BLOCK',
    reason: 'LIMIT_TEST',
    ...more,
  };
  return `  - ${Object.entries(fields)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}: ${value}`)
    .join('\n    ')}\n`;
}

const filesOf = (limits: readonly string[], settings: string) => [
  { file: 'limits/settings.yaml', text: `version: 1\n${settings}` },
  ...(limits.length === 0 ? [] : [{ file: 'limits/test.yaml', text: `version: 1\nlimits:\n${limits.join('')}` }]),
];

export function limitSet(limits: readonly string[], settings = LIMIT_SETTINGS): LimitSet {
  const result = loadLimits({ files: filesOf(limits, settings), channels: TEST_CHANNELS });
  if (!result.ok)
    throw new Error(
      result.error.map((fault) => `${fault.file}:${fault.line} ${fault.path} ${fault.message}`).join('\n'),
    );
  return result.value;
}

export function limitFaults(limits: readonly string[], settings = LIMIT_SETTINGS): readonly ConfigFault[] {
  const result = loadLimits({ files: filesOf(limits, settings), channels: TEST_CHANNELS });
  return result.ok ? [] : result.error;
}

const DAY_MS = 86_400_000;

export function aCounter(more: Partial<LimitCounter> = {}): LimitCounter {
  const owner = more.owner ?? { kind: 'customer', id: 'C1' };
  const { counterId = 'scope-a', period = 'day' as LimitCalendarPeriod, periodStartMs = 20_000 * DAY_MS } = more;
  return {
    key: `${counterId}/${period}/${periodStartMs}/${owner.kind}/${owner.id}`,
    owner,
    counterId,
    period,
    periodStartMs,
    periodEndMs: periodStartMs + DAY_MS,
    amountMinor: 100,
    count: 1,
    ...more,
  };
}

export function aLimitRecord(transactionId: string, more: Partial<LimitRecord> = {}): LimitRecord {
  const counters = more.counters ?? [aCounter()];
  const owners = more.owners ?? [
    ...new Map(counters.map(({ owner }) => [`${owner.kind}/${owner.id}`, owner])).values(),
  ];
  return { channel: 'MOBILE_BANKING', transactionId, occurredAtMs: 0, owners, counters, ...more };
}
