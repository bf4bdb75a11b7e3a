/** Reads one limit of config/limits/*.yaml. Every fault goes to the reader, with its place. */
import { createHash } from 'node:crypto';
import { OUTCOMES, type Outcome } from '../../domain/decision.ts';
import { didYouMean } from '../../domain/did-you-mean.ts';
import { LIMIT_OWNERS } from '../../domain/limit.ts';
import { MAX_AMOUNT_MINOR } from '../../domain/money.ts';
import { MONETARY_TYPES, type TransactionType } from '../../domain/transaction.ts';
import { type DocumentNode, type DocumentReader, readKey } from '../documents/document-reader.ts';
import {
  COUNTERPARTY_KINDS,
  LIMIT_MEASURES,
  LIMIT_PERIODS,
  type LimitDefinition,
  type LimitOverride,
  type LimitScope,
  type ScopeValues,
} from './limit-set.ts';
import { type LimitSettings, NO_AUTHENTICATION } from './limit-settings.ts';

export interface LimitContext {
  /** undefined where they are faulty: what names a group or a class is then not checked, everything else is */
  readonly settings: LimitSettings | undefined;
  readonly channels: ReadonlySet<string>;
  /** codes of the reason dictionary; undefined = not checked here */
  readonly reasons: ReadonlySet<string> | undefined;
}

type Fields = ReadonlyMap<string, DocumentNode> | undefined;

const ABSENT = 'absent';
const ID = { pattern: /^[a-z][a-z0-9_]{0,63}$/, wanted: 'lower-case letters, digits and _ after a letter' };
/** Money that leaves the customer. REVERSAL and REFUND give head-room back and are never limited themselves. */
const OUTGOING: readonly TransactionType[] = ['TRANSFER', 'PAYMENT', 'PURCHASE', 'WITHDRAWAL'];
const LIMITABLE: readonly TransactionType[] = [...MONETARY_TYPES].filter(
  (type) => type !== 'REFUND' && type !== 'REVERSAL',
);
const MAX_HOLD_HOURS = 24 * 90;
const HOUR_MS = 3_600_000;

export function readLimit(
  at: DocumentNode,
  reader: DocumentReader,
  context: LimitContext,
): LimitDefinition | undefined {
  const fields = reader.fields(at, {
    required: ['id', 'title', 'period', 'measure', 'max', 'reason'],
    optional: ['kind', 'per', 'scope', 'countsAcross', 'overrides', 'outcome', 'byLaw', 'holdHours', 'note'],
  });
  const id = readKey(fields, 'id', (node) => reader.text(node, ID));
  const title = readKey(fields, 'title', reader.bilingual);
  const kind = readKey(fields, 'kind', (node) => reader.choice(node, ['limit', 'reminder'] as const)) ?? 'limit';
  const period = readKey(fields, 'period', (node) => reader.choice(node, LIMIT_PERIODS));
  const measure = readKey(fields, 'measure', (node) => reader.choice(node, LIMIT_MEASURES));
  const max = readKey(fields, 'max', (node) => reader.integer(node, { min: 0, max: MAX_AMOUNT_MINOR }));
  const per = readKey(fields, 'per', (node) => reader.choice(node, LIMIT_OWNERS)) ?? 'customer';
  const byLaw = readKey(fields, 'byLaw', reader.boolean) ?? false;
  const reason = readKey(fields, 'reason', (node) => readReason(node, reader, context));
  const outcome = readOutcome(fields, kind, at, reader);
  const holdMs = readHold(fields, outcome, reader);
  const scope = readScope(fields?.get('scope'), reader, context);
  readKey(fields, 'note', (node) => reader.text(node, { maxLength: 2000 }));
  const overrides = readOverrides(fields?.get('overrides'), reader, { ...context, max, isLawful: byLaw, scope });
  if (id === undefined || title === undefined || period === undefined || measure === undefined) return undefined;
  if (max === undefined || reason === undefined || outcome === undefined || scope === undefined) return undefined;
  const countScope = readCountScope(fields?.get('countsAcross'), scope, reader);
  const base = {
    id,
    title,
    kind,
    period,
    measure,
    per,
    scope,
    countScope,
    max,
    overrides,
    outcome,
    reason,
    byLaw,
    holdMs,
  };
  return { ...base, counterId: counterIdOf(base), file: reader.file };
}

function readReason(at: DocumentNode, reader: DocumentReader, context: LimitContext): string | undefined {
  const reason = reader.text(at, { maxLength: 64 });
  if (reason !== undefined && context.reasons !== undefined && !context.reasons.has(reason)) {
    reader.fault(at, `the reason ${reason} is not in the dictionary`, didYouMean(reason, context.reasons));
  }
  return reason;
}

function readOutcome(
  fields: Fields,
  kind: 'limit' | 'reminder',
  at: DocumentNode,
  reader: DocumentReader,
): Outcome | undefined {
  const node = fields?.get('outcome');
  if (kind === 'reminder') {
    if (node !== undefined) reader.fault(node, 'a reminder has no outcome');
    return 'ALLOW';
  }
  if (node === undefined) {
    reader.fault(at, '"outcome" is missing');
    return undefined;
  }
  const outcome = reader.choice(node, OUTCOMES);
  if (outcome === 'ALLOW') reader.fault(node, 'a limit that allows does nothing: use kind: reminder');
  return outcome;
}

function readHold(fields: Fields, outcome: Outcome | undefined, reader: DocumentReader): number | null {
  const node = fields?.get('holdHours');
  if (node === undefined) return null;
  const hours = reader.integer(node, { min: 1, max: MAX_HOLD_HOURS });
  if (outcome !== undefined && outcome !== 'HOLD')
    reader.fault(node, 'only a limit with the outcome HOLD has holdHours');
  return hours === undefined ? null : hours * HOUR_MS;
}

const ANYTHING: LimitScope = {
  types: new Set(OUTGOING),
  channels: null,
  segments: null,
  products: null,
  authentication: null,
  counterparty: null,
  unusedMonths: null,
};

function readScope(
  at: DocumentNode | undefined,
  reader: DocumentReader,
  context: LimitContext,
): LimitScope | undefined {
  if (at === undefined) return ANYTHING;
  const { settings } = context;
  const before = reader.faults.length;
  const fields = reader.fields(at, {
    required: [],
    optional: [
      'types',
      'channels',
      'segments',
      'products',
      'authentication',
      'counterparty',
      'unusedSinceOpeningMonths',
    ],
  });
  const classes = settings && [...settings.authenticationClasses.map((entry) => entry.name), NO_AUTHENTICATION];
  const types = readKey(fields, 'types', (node) => nonEmpty(reader.choices(node, LIMITABLE), node, reader));
  const channels = readKey(fields, 'channels', (node) =>
    expand(node, reader, settings?.channelGroups, settings && context.channels),
  );
  const authentication = readKey(fields, 'authentication', (node) =>
    nonEmpty(classes === undefined ? reader.texts(node) : reader.choices(node, classes), node, reader),
  );
  const counterparty = readKey(fields, 'counterparty', (node) =>
    nonEmpty(reader.choices(node, COUNTERPARTY_KINDS), node, reader),
  );
  const scope: LimitScope = {
    types: new Set(types ?? OUTGOING),
    channels: channels === undefined ? null : new Set(channels),
    segments: toScopeValues(
      readKey(fields, 'segments', (node) =>
        expand(node, reader, settings?.segmentGroups, segmentsOf(settings), 'segment'),
      ),
    ),
    products: toScopeValues(readKey(fields, 'products', (node) => expand(node, reader, undefined, undefined))),
    authentication: authentication === undefined ? null : new Set(authentication),
    counterparty: counterparty === undefined ? null : new Set(counterparty),
    unusedMonths:
      readKey(fields, 'unusedSinceOpeningMonths', (node) => reader.integer(node, { min: 1, max: 120 })) ?? null,
  };
  return reader.faults.length > before ? undefined : scope;
}

const WIDENABLE = ['channels', 'segments', 'products', 'authentication', 'counterparty'] as const;

/** The scope without the named conditions: what the limit counts beside what it is held against. */
function readCountScope(at: DocumentNode | undefined, scope: LimitScope, reader: DocumentReader): LimitScope {
  const keys = (at && reader.choices(at, WIDENABLE)) ?? [];
  for (const key of keys)
    if (at !== undefined && scope[key] === null) reader.fault(at, `the scope has no "${key}" to count across`);
  return { ...scope, ...Object.fromEntries(keys.map((key) => [key, null])) };
}

/** An empty list would read as "nothing" to one person and as "anything" to another. */
function nonEmpty<T>(
  values: readonly T[] | undefined,
  at: DocumentNode,
  reader: DocumentReader,
): readonly T[] | undefined {
  if (values?.length === 0) reader.fault(at, 'an empty list: leave the key out for any value');
  return values;
}

/** Where segments are grouped, one that is in no group is a slip, and its limit would bind nobody. */
function segmentsOf(settings: LimitSettings | undefined): ReadonlySet<string> | undefined {
  const groups = settings?.segmentGroups;
  return groups === undefined || groups.size === 0 ? undefined : new Set([ABSENT, ...[...groups.values()].flat()]);
}

/** Groups stand for their members. Every stranger is named, at its own place. */
function expand(
  at: DocumentNode,
  reader: DocumentReader,
  groups: ReadonlyMap<string, readonly string[]> = new Map(),
  members: ReadonlySet<string> | undefined,
  what = 'channel',
): readonly string[] | undefined {
  const names = nonEmpty(reader.texts(at, { maxLength: 64 }), at, reader);
  for (const [index, name] of (names ?? []).entries()) {
    if (members === undefined || groups.has(name) || members.has(name)) continue;
    const node = { path: [...at.path, index], value: name };
    const suggestion = didYouMean(name, [...groups.keys(), ...members]);
    reader.fault(node, `"${name}" is neither a ${what} nor a group`, suggestion);
  }
  return names?.flatMap((name) => groups.get(name) ?? [name]);
}

function toScopeValues(names: readonly string[] | undefined): ScopeValues | null {
  if (names === undefined) return null;
  return { values: new Set(names.filter((name) => name !== ABSENT)), absent: names.includes(ABSENT) };
}

interface OverrideContext extends LimitContext {
  /** of the limit; undefined where it is faulty, and nothing is then held against it */
  readonly max: number | undefined;
  readonly isLawful: boolean;
  readonly scope: LimitScope | undefined;
}

function readOverrides(
  at: DocumentNode | undefined,
  reader: DocumentReader,
  context: OverrideContext,
): readonly LimitOverride[] {
  const seen = new Set<string>();
  const overrides: LimitOverride[] = [];
  for (const item of (at && reader.items(at)) ?? []) {
    const override = readOverride(item, reader, context);
    if (override === undefined) continue;
    const key = JSON.stringify([override.channel, override.branch, override.product, override.customer]);
    if (seen.has(key)) reader.fault(item, 'an override for the same parties stands already in this limit');
    seen.add(key);
    overrides.push(override);
  }
  return overrides;
}

/** A value for a channel or a product that the limit does not hold for would be nobody's. */
function checkParties(
  fields: Fields,
  named: ReadonlyMap<string, string>,
  reader: DocumentReader,
  { channels, scope }: OverrideContext,
): void {
  const channel = named.get('channel');
  const product = named.get('product');
  const fault = (party: string, message: string, suggestion?: string): void => {
    const node = fields?.get(party);
    if (node !== undefined) reader.fault(node, message, suggestion);
  };
  if (channel !== undefined && !channels.has(channel))
    fault('channel', `"${channel}" is not a channel`, didYouMean(channel, channels));
  else if (channel !== undefined && scope?.channels?.has(channel) === false)
    fault('channel', `the limit does not hold on ${channel}: nobody would have this value`);
  if (product !== undefined && scope?.products?.values.has(product) === false)
    fault('product', `the limit does not hold for ${product}: nobody would have this value`);
}

function readOverride(at: DocumentNode, reader: DocumentReader, context: OverrideContext): LimitOverride | undefined {
  const parties = ['channel', 'branch', 'product', 'customer'] as const;
  const fields = reader.fields(at, { required: ['max'], optional: [...parties, 'expires', 'reason', 'person'] });
  const max = readKey(fields, 'max', (node) => reader.integer(node, { min: 0, max: MAX_AMOUNT_MINOR }));
  const expiresMs = readKey(fields, 'expires', reader.instant) ?? null;
  const named = parties.flatMap((party) => {
    const value = readKey(fields, party, (node) => reader.text(node, { maxLength: 1024 }));
    return value === undefined ? [] : [[party, value] as const];
  });
  checkParties(fields, new Map(named), reader, context);
  if (named.length === 0) reader.fault(at, `an override names at least one of ${parties.join(', ')}`);
  const reason = readKey(fields, 'reason', (node) => reader.text(node)) ?? null;
  const person = readKey(fields, 'person', (node) => reader.text(node)) ?? null;
  if (fields?.has('customer') && (reason === null || person === null)) {
    reader.fault(at, 'a customer’s own limit says its "reason" and the "person" who set it');
  }
  if (max !== undefined && context.isLawful && context.max !== undefined && max > context.max) {
    reader.fault(at, `the law sets ${context.max}: an override can only be stricter`);
  }
  return max === undefined || named.length === 0
    ? undefined
    : { ...Object.fromEntries(named), max, expiresMs, reason, person };
}

/** Limits of one meaning share a counter; any change of whose or what is counted gives a new one, a new value does not. */
function counterIdOf(limit: { readonly per: string; readonly countScope: LimitScope }): string {
  const sorted = (values: ReadonlySet<string> | null) => (values === null ? null : [...values].sort());
  const scopeValues = (values: ScopeValues | null) => (values === null ? null : [sorted(values.values), values.absent]);
  const { countScope: scope } = limit;
  const meaning = [
    limit.per,
    sorted(scope.types),
    sorted(scope.channels),
    scopeValues(scope.segments),
    scopeValues(scope.products),
    sorted(scope.authentication),
    sorted(scope.counterparty),
    scope.unusedMonths,
  ];
  return createHash('sha256').update(JSON.stringify(meaning)).digest('base64url').slice(0, 8);
}
