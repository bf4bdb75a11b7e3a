/**
 * config/policy.yaml: how scores, rule outcomes, limits and lists become one outcome. Data, checked when loaded: for one
 * channel and amount a higher score never gives a milder outcome, and no threshold is unreachable or out of order.
 */
import { hash } from 'node:crypto';
import type { ConfigFault, SourceFile } from '../domain/config-fault.ts';
import { LEVELS, type Level, OUTCOMES, type Outcome, outcomeRank } from '../domain/decision.ts';
import { didYouMean } from '../domain/did-you-mean.ts';
import { isCurrency } from '../domain/money.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Channel } from '../domain/transaction.ts';
import { type DocumentNode, type DocumentReader, readDocument, readKey } from './documents/document-reader.ts';

/** From this score on, this outcome. */
export interface ScoreStep {
  readonly from: number;
  readonly outcome: Outcome;
}

export interface AmountBand {
  /** largest amount of the band in minor units by currency, "*" for every other one; undefined = without end */
  readonly upTo?: ReadonlyMap<string, number>;
  /** ascending by score, outcomes ascending too; below the first: ALLOW */
  readonly steps: readonly ScoreStep[];
}

export interface DecisionPolicy {
  readonly version: string;
  readonly model: {
    /** points of a model that is certain of fraud; a probability gives its share of them */
    readonly weight: number;
    /** from this probability on, in thousandths, the model is named among the reasons */
    readonly reasonFrom: number;
  };
  readonly errored: { readonly outcome: Outcome; readonly score: number };
  readonly limits: {
    readonly exceededScore: number;
    /** a counter that could not be read: added once, and the decision is lifted to at least this */
    readonly unreadScore: number;
    readonly unreadOutcome: Outcome;
  };
  readonly alert: { readonly fromScore: number; readonly outcomes: ReadonlySet<Outcome> };
  readonly hold: { readonly hours: number };
  readonly challenge: { readonly maxMethods: number };
  /** points added because less was looked at */
  readonly levelScore: Readonly<Record<Level, number>>;
  bandsOf(channel: Channel): readonly AmountBand[];
}

const SCORE = { min: 0, max: 1000 };
const AMOUNT = { min: 0, max: Number.MAX_SAFE_INTEGER };

function readSteps(at: DocumentNode, reader: DocumentReader): readonly ScoreStep[] {
  const steps: ScoreStep[] = [];
  for (const node of reader.items(at) ?? []) {
    const fields = reader.fields(node, { required: ['from', 'outcome'] });
    const from = readKey(fields, 'from', (value) => reader.integer(value, SCORE));
    const outcome = readKey(fields, 'outcome', (value) => reader.choice(value, OUTCOMES));
    if (from === undefined || outcome === undefined) continue;
    const before = steps.at(-1);
    if (before !== undefined && from <= before.from)
      reader.fault(node, `steps ascend: ${from} does not lie above ${before.from}`);
    else if (before !== undefined && outcomeRank(outcome) < outcomeRank(before.outcome))
      reader.fault(
        node,
        `a higher score may not be milder: ${outcome} from ${from} on, after ${before.outcome} from ${before.from} on`,
      );
    else steps.push({ from, outcome });
  }
  return steps;
}

function readUpTo(at: DocumentNode, reader: DocumentReader): ReadonlyMap<string, number> {
  const amounts = new Map<string, number>();
  for (const { key, value } of reader.entries(at) ?? []) {
    if (key !== '*' && !isCurrency(key)) reader.fault(value, `${key} is not a code of ISO 4217`, undefined, 'key');
    const amount = reader.integer(value, AMOUNT);
    if (amount !== undefined) amounts.set(key, amount);
  }
  return amounts;
}

/** The largest amount of a currency in a band; undefined = the band has none of it. */
const upperEnd = ({ upTo }: AmountBand, currency: string): number | undefined => upTo?.get(currency) ?? upTo?.get('*');

/** Bands ascend in every currency, also where one band names it and the other has it under "*", and only the last is without end, so that every amount lies in exactly one. */
function checkBands(bands: readonly AmountBand[], at: DocumentNode, reader: DocumentReader): void {
  const reached = new Map<string, number>();
  const currencies = new Set(bands.flatMap(({ upTo }) => [...(upTo?.keys() ?? [])]));
  for (const [index, band] of bands.entries()) {
    const node = { path: [...at.path, index], value: band };
    const isLast = index === bands.length - 1;
    if (isLast !== (band.upTo === undefined))
      reader.fault(
        node,
        isLast ? 'the last band has no upTo: every amount needs a band' : 'only the last band is without upTo',
      );
    if (band.upTo?.size === 0) reader.fault(node, 'upTo names no currency: no amount lies in this band');
    for (const currency of currencies) {
      const amount = upperEnd(band, currency);
      if (amount === undefined) continue;
      const before = reached.get(currency) ?? -1;
      if (amount <= before)
        reader.fault(node, `bands ascend: ${currency} ${amount} does not lie above ${before} of a band before`);
      reached.set(currency, Math.max(amount, before));
    }
  }
}

function readBands(at: DocumentNode, reader: DocumentReader): readonly AmountBand[] {
  const bands = (reader.items(at) ?? []).map((node): AmountBand => {
    const fields = reader.fields(node, { required: ['steps'], optional: ['upTo'] });
    const upTo = readKey(fields, 'upTo', (value) => readUpTo(value, reader));
    const steps = readKey(fields, 'steps', (value) => readSteps(value, reader)) ?? [];
    return upTo === undefined ? { steps } : { upTo, steps };
  });
  if (bands.length === 0) reader.fault(at, 'at least one band is needed');
  checkBands(bands, at, reader);
  return bands;
}

function readChannelBands(
  at: DocumentNode | undefined,
  reader: DocumentReader,
  channels: ReadonlySet<Channel>,
): ReadonlyMap<Channel, readonly AmountBand[]> {
  const found = new Map<Channel, readonly AmountBand[]>();
  if (at === undefined) return found;
  for (const { key, value } of reader.entries(at) ?? []) {
    if (key !== '*' && !channels.has(key))
      reader.fault(value, `there is no channel ${key}`, didYouMean(key, channels), 'key');
    found.set(key, readBands(value, reader));
  }
  if (!found.has('*')) reader.fault(at, '"*" is missing: the bands of every channel that is not named');
  return found;
}

const section = (
  fields: ReadonlyMap<string, DocumentNode> | undefined,
  key: string,
  reader: DocumentReader,
  required: readonly string[],
): ReadonlyMap<string, DocumentNode> | undefined => readKey(fields, key, (at) => reader.fields(at, { required }));

function readLevelScores(fields: ReadonlyMap<string, DocumentNode> | undefined, reader: DocumentReader) {
  const scores = section(fields, 'levelScore', reader, LEVELS);
  const of = (level: Level) => readKey(scores, level, (at) => reader.integer(at, SCORE)) ?? 0;
  return { L0: of('L0'), L1: of('L1'), L2: of('L2'), L3: of('L3') };
}

/** What nothing says of it: a rule that could not be evaluated asks for a challenge. */
const ERRORED = { outcome: 'CHALLENGE', score: 0 } as const;

function readErrored(at: DocumentNode | undefined, reader: DocumentReader): DecisionPolicy['errored'] {
  if (at === undefined) return ERRORED;
  const fields = reader.fields(at, { required: [], optional: ['outcome', 'score'] });
  const outcome = readKey(fields, 'outcome', (node) => reader.choice(node, OUTCOMES)) ?? ERRORED.outcome;
  const score = readKey(fields, 'score', (node) => reader.integer(node, SCORE)) ?? ERRORED.score;
  if (outcome === 'ALLOW' && score === 0)
    reader.fault(at, 'a rule that cannot be evaluated would pass silently: give it an outcome or a score');
  return { outcome, score };
}

const KEYS = ['version', 'model', 'limits', 'alert', 'hold', 'challenge', 'levelScore', 'outcomes'];

function readPolicy(
  root: DocumentNode,
  reader: DocumentReader,
  channels: ReadonlySet<Channel>,
): Omit<DecisionPolicy, 'version'> {
  const fields = reader.fields(root, { required: KEYS, optional: ['errored'] });
  const version = fields?.get('version');
  if (version !== undefined && version.value !== 1) reader.fault(version, 'must be 1');
  const model = section(fields, 'model', reader, ['weight', 'reasonFrom']);
  const limits = section(fields, 'limits', reader, ['exceededScore', 'unreadScore', 'unreadOutcome']);
  const alert = section(fields, 'alert', reader, ['fromScore', 'outcomes']);
  const hold = section(fields, 'hold', reader, ['hours']);
  const challenge = section(fields, 'challenge', reader, ['maxMethods']);
  const score = (at: DocumentNode) => reader.integer(at, SCORE);
  const outcomes = readKey(alert, 'outcomes', (at) => reader.choices(at, OUTCOMES));
  const bands = readChannelBands(fields?.get('outcomes'), reader, channels);
  return {
    model: { weight: readKey(model, 'weight', score) ?? 0, reasonFrom: readKey(model, 'reasonFrom', score) ?? 1000 },
    errored: readErrored(fields?.get('errored'), reader),
    limits: {
      exceededScore: readKey(limits, 'exceededScore', score) ?? 0,
      unreadScore: readKey(limits, 'unreadScore', score) ?? 0,
      unreadOutcome: readKey(limits, 'unreadOutcome', (at) => reader.choice(at, OUTCOMES)) ?? 'CHALLENGE',
    },
    alert: { fromScore: readKey(alert, 'fromScore', score) ?? 0, outcomes: new Set(outcomes) },
    hold: { hours: readKey(hold, 'hours', (at) => reader.integer(at, { min: 1, max: 720 })) ?? 24 },
    challenge: {
      maxMethods: readKey(challenge, 'maxMethods', (at) => reader.integer(at, { min: 1, max: 10 })) ?? 1,
    },
    levelScore: readLevelScores(fields, reader),
    bandsOf: (channel) => bands.get(channel) ?? bands.get('*') ?? [],
  };
}

export function loadPolicy(
  source: SourceFile,
  channels: Iterable<Channel>,
): Result<DecisionPolicy, readonly ConfigFault[]> {
  const reader = readDocument(source);
  if (reader.root === undefined) return err(reader.faults);
  const policy = readPolicy(reader.root, reader, new Set(channels));
  if (reader.faults.length > 0) return err(reader.faults);
  return ok({ ...policy, version: hash('sha256', source.text, 'hex').slice(0, 12) });
}

/** The band of an amount; a transaction without one (a login) lies in the first. */
export function bandOf(
  bands: readonly AmountBand[],
  amountMinor: number | undefined,
  currency: string | undefined,
): AmountBand {
  const last = bands.at(-1) ?? { steps: [] };
  if (amountMinor === undefined) return bands[0] ?? last;
  return bands.find((band) => amountMinor <= (upperEnd(band, currency ?? '*') ?? -1)) ?? last;
}

export const outcomeOfScore = (band: AmountBand, score: number): Outcome =>
  band.steps.findLast((step) => score >= step.from)?.outcome ?? 'ALLOW';
