/**
 * The simulated bank: an endless, seeded stream of transactions with ground truth, in order of arrival. The same seed, size,
 * start and parameters give the same messages, byte for byte. One day at a time is in memory, never the run.
 *
 * Labels (see fraud/episode.ts for who counts as the thief): every fraudulent message is FRAUD, with one report time for the
 * whole episode; a small share of honest messages, more of the suspicious ones, was disputed and cleared: GENUINE; the rest
 * has no label (null) and counts as genuine.
 */
import { VigilError } from '../domain/errors.ts';
import type { Label } from '../domain/label.ts';
import { formatRfc3339 } from '../domain/time.ts';
import { DAY_MS, dayNumberOf, HOUR_MS, type LocalDay, localDay } from './calendar.ts';
import { createCustomers } from './customers.ts';
import type { World } from './draft.ts';
import type { CardUse } from './fraud/episode.ts';
import { createFraudSchedule, type FraudSchedule } from './fraud/schedule.ts';
import { honestDay, MESSAGES_PER_SESSION } from './honest/day.ts';
import { lastUsesOfDormantAccounts } from './honest/dormant-past.ts';
import type { SimulationParameters } from './parameters.ts';
import { createPlaces } from './places.ts';
import { createRandom, type Random } from './random.ts';
import type { Draft, Occasion, Scenario, TransactionMessage } from './transaction-message.ts';

export interface SimulatedTransaction {
  readonly message: TransactionMessage;
  /** null: nobody ever looked at it; counts as genuine */
  readonly label: Label | null;
  readonly scenario?: Scenario;
  /** honest behaviour that looks like fraud */
  readonly occasion?: Occasion;
}

export interface BankOptions {
  readonly seed: number;
  readonly startMs: number;
  readonly parameters: SimulationParameters;
  /** default: `parameters.bank.customersMinimum`; see `customersFor` */
  readonly customers?: number;
}

export interface DaySession {
  readonly day: number;
  readonly drafts: readonly Draft[];
}

export interface SimulatedBank {
  readonly customers: number;
  /** fraud: declared number of episodes in a thousand transactions */
  readonly episodesPerThousand: number;
  /**
   * The next `count` transactions in order of arrival; another call goes on where the one before stopped. Fraud begins after
   * the declared share of the first call. `labelAll` labels every honest message GENUINE.
   */
  transactions(options: { count: number; labelAll?: boolean }): Generator<SimulatedTransaction, void, undefined>;
  /** Complete sessions and episodes of the days after those already given, without end; for the live stream. */
  sessions(): Generator<DaySession, void, undefined>;
  /** the same message and label that `transactions` would give, at another time */
  finish(draft: Draft, occurredAtMs: number): SimulatedTransaction;
  expectedDurationMs(count: number): number;
}

/** Larger runs have more customers, so that the length of a run stays between three and six weeks. */
export function customersFor(count: number, parameters: SimulationParameters): number {
  return Math.max(parameters.bank.customersMinimum, Math.ceil(count / parameters.bank.transactionsPerCustomer));
}

const PREFIXES: Readonly<Record<string, string>> = {
  ONLINE_BANKING: 'OB',
  CORPORATE_ONLINE_BANKING: 'CO',
  MOBILE_BANKING: 'MB',
  WECHAT_BANKING: 'WX',
  SMS_BANKING: 'SM',
  PHONE_BANKING: 'PB',
  TV_BANKING: 'TV',
  ATM: 'AT',
  POS: 'PS',
  SELF_SERVICE: 'SS',
  COUNTER: 'CT',
  CREDIT_CARD: 'CC',
  QR_CODE: 'QR',
  THIRD_PARTY_PAYMENT: 'TP',
  DIRECT_LINK: 'DL',
};

export function createBank(options: BankOptions): SimulatedBank {
  const { seed, startMs, parameters } = options;
  const customers = options.customers ?? parameters.bank.customersMinimum;
  if (!Number.isInteger(customers) || customers < 1) {
    throw new VigilError('USAGE', 'the number of customers must be a whole number above 0');
  }
  const places = createPlaces(seed);
  const sessionsPerDay = parameters.bank.transactionsPerCustomerDay / MESSAGES_PER_SESSION;
  const world: World = {
    seed,
    parameters,
    places,
    customers: createCustomers({ seed, customers, parameters, places, sessionsPerDay }),
  };
  const messagesPerDay = customers * parameters.bank.transactionsPerCustomerDay;
  const expectedDurationMs = (count: number): number => (count / messagesPerDay) * DAY_MS;
  const days = createDays(world, startMs, messagesPerDay);
  const finish = createFinisher(parameters);
  let open: { drafts: Draft[]; next: number } = { drafts: [], next: 0 };

  return {
    customers,
    episodesPerThousand: parameters.fraud.episodesPerThousandTransactions,
    expectedDurationMs,
    finish,
    *sessions() {
      days.begin(startMs);
      for (;;) {
        const { day, sessions } = days.nextSessions();
        for (const drafts of sessions) yield { day, drafts };
      }
    },
    *transactions({ count, labelAll = false }) {
      const warmUp = Math.min(
        parameters.fraud.warmUpShare * expectedDurationMs(count),
        parameters.fraud.warmUpMaxDays * DAY_MS,
      );
      days.begin(startMs + warmUp);
      for (let given = 0; given < count; given++) {
        while (open.next >= open.drafts.length) open = { drafts: days.nextInOrder(), next: 0 };
        const draft = open.drafts[open.next];
        open.next += 1;
        if (draft === undefined) throw new VigilError('BUG', 'the simulated day ended before its last message');
        const item = finish(draft, draft.occurredAtMs);
        yield labelAll && item.label === null ? { ...item, label: genuine(item, draft, parameters) } : item;
      }
    },
  };
}

function genuine({ message }: SimulatedTransaction, draft: Draft, parameters: SimulationParameters): Label {
  const { transactionId, channel } = message;
  const labelledAtMs = draft.occurredAtMs + Math.round(parameters.labels.genuineDelayHours * HOUR_MS);
  return { transactionId, channel, label: 'GENUINE', labelledAtMs };
}

/** Gives ids in order of arrival, as the channels do. */
function createFinisher(parameters: SimulationParameters): SimulatedBank['finish'] {
  const counters = new Map<string, number>();
  const dates = new Map<number, string>();
  const dateOf = (ms: number): string => {
    const number = dayNumberOf(ms, parameters.bank.zoneOffsetMinutes);
    let date = dates.get(number);
    if (date === undefined) {
      date = new Date(number * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
      if (dates.size > 1000) dates.clear();
      dates.set(number, date);
    }
    return date;
  };
  return (draft, occurredAtMs) => {
    const { message, original, label } = draft;
    const { channel } = message;
    const count = (counters.get(channel) ?? 0) + 1;
    counters.set(channel, count);
    const prefix = PREFIXES[channel] ?? 'XX';
    message.transactionId = `${prefix}-${dateOf(occurredAtMs)}-${String(count).padStart(6, '0')}`;
    message.occurredAt = formatRfc3339(occurredAtMs);
    if (original !== null) {
      message.original = { transactionId: original.message.transactionId, channel: original.message.channel };
    }
    const { transactionId } = message;
    const labelledAtMs = draft.labelledAtMs + occurredAtMs - draft.occurredAtMs;
    return {
      message,
      label:
        label === null
          ? null
          : {
              transactionId,
              channel,
              label,
              labelledAtMs,
              ...(draft.scenario === null ? {} : { scenario: draft.scenario }),
            },
      ...(draft.scenario === null ? {} : { scenario: draft.scenario }),
      ...(draft.occasion === null ? {} : { occasion: draft.occasion }),
    };
  };
}

interface Days {
  /** sets when fraud begins; only the first call counts */
  begin(fraudFromMs: number): void;
  /** the messages that arrive on the next day, in order */
  nextInOrder(): Draft[];
  /** the sessions that begin on the next day */
  nextSessions(): { readonly day: number; readonly sessions: readonly (readonly Draft[])[] };
}

function createDays(world: World, startMs: number, messagesPerDay: number): Days {
  const { parameters, seed } = world;
  const zone = parameters.bank.zoneOffsetMinutes;
  const random = createRandom(seed, 'customerDay');
  const afterwards = createRandom(seed, 'labels');
  const buckets = new Map<number, Draft[]>();
  const firstDay = dayNumberOf(startMs, zone);
  let today = firstDay;
  let schedule: FraudSchedule | null = null;
  let sequence = 0;

  const sessionsOf = (day: LocalDay): (readonly Draft[])[] => {
    const sessions: (readonly Draft[])[] = [];
    const cardUses: CardUse[] = [];
    for (const customer of world.customers) {
      const before = sessions.length;
      honestDay(world, customer, day, random, (session) => sessions.push(session));
      if (sessions.length === before) continue;
      afterwards.restart('labels', customer.index, day.number);
      for (let i = before; i < sessions.length; i++) {
        const session = sessions[i] ?? [];
        labelHonest(session, parameters, afterwards);
        delay(session, parameters, afterwards);
        for (const { message, occurredAtMs } of session) {
          if (message.location === undefined || message.cardToken === undefined) continue;
          if (message.type === 'PURCHASE' || message.type === 'WITHDRAWAL') {
            cardUses.push({ customer, atMs: occurredAtMs, cardToken: message.cardToken });
          }
        }
      }
    }
    for (const { number, scenario, fraud, honest } of schedule?.episodesOf(day, DAY_MS, cardUses) ?? []) {
      afterwards.restart('labels', -1 - number, 0);
      labelFraud(fraud, scenario, parameters, afterwards);
      const session = [...honest, ...fraud].sort((a, b) => a.occurredAtMs - b.occurredAtMs);
      delay(session, parameters, afterwards);
      sessions.push(session);
    }
    return sessions;
  };

  const put = (draft: Draft): void => {
    const day = Math.max(today, dayNumberOf(draft.arrivesAtMs, zone));
    const bucket = buckets.get(day);
    draft.sequence = sequence++;
    if (bucket === undefined) buckets.set(day, [draft]);
    else bucket.push(draft);
  };

  return {
    begin(fraudFromMs) {
      if (schedule !== null) return;
      const episodesPerDay = (messagesPerDay * parameters.fraud.episodesPerThousandTransactions) / 1000;
      schedule = createFraudSchedule({ world, fromMs: fraudFromMs, intervalMs: DAY_MS / episodesPerDay });
    },
    nextInOrder() {
      if (today === firstDay) for (const draft of lastUsesOfDormantAccounts(world, startMs)) put(draft);
      for (const session of sessionsOf(localDay(today, zone))) {
        // a session that began before the start is left out whole: a refund must find its purchase
        if ((session[0]?.occurredAtMs ?? 0) < startMs) continue;
        for (const draft of session) put(draft);
      }
      const bucket = buckets.get(today) ?? [];
      buckets.delete(today);
      today += 1;
      return bucket.sort((a, b) => a.arrivesAtMs - b.arrivesAtMs || a.sequence - b.sequence);
    },
    nextSessions() {
      const day = today;
      const sessions = sessionsOf(localDay(day, zone));
      today += 1;
      return { day, sessions };
    },
  };
}

const delayed = (random: Random, medianHours: number, { labels }: SimulationParameters): number =>
  Math.round(Math.min(labels.maxDelayDays * 24, random.logNormal(medianHours, labels.sigma)) * HOUR_MS);

function labelHonest(session: readonly Draft[], parameters: SimulationParameters, random: Random): void {
  for (const draft of session) {
    const { disputedOccasionShare, disputedShare, genuineDelayHours } = parameters.labels;
    if (!random.chance(draft.occasion === null ? disputedShare : disputedOccasionShare)) continue;
    draft.label = 'GENUINE';
    draft.labelledAtMs = draft.occurredAtMs + delayed(random, genuineDelayHours, parameters);
  }
}

/** The whole episode becomes known at once: the victim, or the investigator, reports all of it. */
function labelFraud(
  fraud: readonly Draft[],
  scenario: Scenario,
  parameters: SimulationParameters,
  random: Random,
): void {
  const last = fraud.reduce((latest, draft) => Math.max(latest, draft.occurredAtMs), 0);
  const reportedAtMs = last + delayed(random, parameters.labels.reportDelayHours[scenario], parameters);
  for (const draft of fraud) {
    draft.scenario = scenario;
    draft.label = 'FRAUD';
    draft.labelledAtMs = reportedAtMs;
  }
}

/** Channels that can be offline send what they have collected hours later. */
const OFFLINE: ReadonlySet<string> = new Set(['POS', 'ATM', 'DIRECT_LINK', 'CREDIT_CARD', 'SELF_SERVICE', 'QR_CODE']);

function delay(session: readonly Draft[], { lateness }: SimulationParameters, random: Random): void {
  for (const draft of session) {
    const choice = random.next();
    if (choice < lateness.offlineShare && OFFLINE.has(draft.message.channel)) {
      draft.arrivesAtMs += Math.round(random.between(0.05, lateness.offlineMaxHours) * HOUR_MS);
    } else if (choice > 1 - lateness.share) {
      draft.arrivesAtMs += Math.round(Math.min(600, random.logNormal(lateness.medianSeconds, 0.8)) * 1000);
    }
  }
  // a REFUND or REVERSAL never arrives before the purchase whose id it names
  for (const { original } of session) if (original !== null) original.arrivesAtMs = original.occurredAtMs;
}
