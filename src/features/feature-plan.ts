/**
 * What a catalogue asks of the stores: one log per (entities, where, quantity), its columns, its windows, and where each
 * feature finds its raw numbers. Both stores are built from this plan and fill the same raw numbers. Pure.
 */
import { createHash } from 'node:crypto';
import {
  type Aggregate,
  type CompiledFeature,
  ENTITY_KINDS,
  type EntityKind,
  type FeatureCatalogue,
} from '../domain/feature.ts';
import type { Transaction } from '../domain/transaction.ts';
import { type TransactionField, transactionField } from '../domain/transaction-fields.ts';

export interface WindowPlan {
  readonly windowMs: number;
  readonly delayMs: number;
  readonly excludeCurrent: boolean;
  /** where its raw numbers start */
  readonly rawAt: number;
  /** what a feature asks of this window, beyond counts and sums: nothing else is kept up to date for it */
  readonly needsMax: boolean;
  readonly needsMin: boolean;
  readonly needsDistinct: boolean;
  /** counts, sums and times alone, up to now: what most windows are */
  readonly isPlain: boolean;
}

/** Raw numbers of one window, relative to WindowPlan.rawAt. Distinct counts follow, one per member column. */
export const RAW = {
  /** −1: the entity is absent */
  count: 0,
  sum: 1,
  sumWraps: 2,
  present: 3,
  squares: 4,
  /** −1: no value in the window */
  max: 7,
  min: 8,
  /** of events before the current one; −Infinity: none */
  first: 9,
  last: 10,
  frauds: 11,
  /** 1: records that belong to the window were dropped (cap, or older than the retention); 2: they were lost */
  clipped: 12,
  distinct: 13,
} as const;

export interface StreamPlan {
  readonly index: number;
  /** of the definition: another where, quantity or column is another log */
  readonly id: string;
  readonly combination: number;
  readonly where: number;
  readonly value: TransactionField | undefined;
  readonly needsPresent: boolean;
  readonly needsSquares: boolean;
  readonly needsMax: boolean;
  readonly needsMin: boolean;
  readonly needsLabels: boolean;
  /** holds what is left of each entry: `present` counts the entries with something left, each knows its currency */
  readonly net: boolean;
  /** indexes into FeaturePlan.memberFields, one per distinct column */
  readonly members: readonly number[];
  readonly windows: readonly WindowPlan[];
  /** an event older than the newest by more than this is in no window of any event that may still be inserted */
  readonly retentionMs: number;
}

export interface Combination {
  readonly kinds: readonly EntityKind[];
  /** "customer", "customer+counterparty" */
  readonly name: string;
  readonly streams: readonly number[];
}

export interface FeatureSource {
  readonly name: string;
  readonly aggregate: Aggregate;
  readonly rawAt: number;
  /** for distinct: position of its count */
  readonly distinctAt: number;
  /** its stream, and how far back it looks: window and delay */
  readonly stream: number;
  readonly reachMs: number;
  readonly net: boolean;
}

export interface FeaturePlan {
  readonly version: string;
  readonly latenessMs: number;
  readonly repeatHorizonMs: number;
  readonly combinations: readonly Combination[];
  readonly streams: readonly StreamPlan[];
  /** distinct conditions; a stream's `where` is an index, −1 = every transaction */
  readonly conditions: readonly ((transaction: Transaction) => boolean)[];
  readonly memberFields: readonly TransactionField[];
  readonly sources: readonly FeatureSource[];
  readonly rawLength: number;
  readonly hasLabels: boolean;
  readonly hasNet: boolean;
  /** the log of every customer's every transaction, which tells the profile what is a repeat */
  readonly identityStream: number;
}

interface Group {
  readonly kinds: readonly EntityKind[];
  readonly where: string | undefined;
  readonly matches: ((transaction: Transaction) => boolean) | undefined;
  readonly net: boolean;
  readonly features: number[];
}

const canonical = (kinds: readonly EntityKind[]): readonly EntityKind[] =>
  ENTITY_KINDS.filter((kind) => kinds.includes(kind));
const NUMERIC: ReadonlySet<Aggregate> = new Set(['sum', 'avg', 'stddev', 'min', 'max']);

export function planFeatures(catalogue: FeatureCatalogue): FeaturePlan {
  const draft: Draft = {
    conditions: [],
    conditionOf: new Map(),
    memberPaths: [],
    streams: [],
    sources: [],
    combinations: new Map(),
    rawLength: 0,
  };
  for (const group of groupFeatures(catalogue.features)) {
    const where = addCondition(draft, group);
    for (const part of splitByQuantity(catalogue.features, group.features))
      addStream(draft, catalogue, group, where, part);
  }
  const isIdentity = (stream: StreamPlan): boolean => stream.where === -1 && stream.combination === 0;
  return {
    version: catalogue.version,
    latenessMs: catalogue.allowedLatenessMs,
    repeatHorizonMs: catalogue.repeatHorizonMs,
    combinations: [...draft.combinations].map(([name, own]) => ({ name, ...own })),
    streams: draft.streams,
    conditions: draft.conditions,
    memberFields: draft.memberPaths.map(fieldOf),
    // every feature is in exactly one part of one group
    sources: draft.sources,
    rawLength: draft.rawLength,
    hasLabels: draft.streams.some((stream) => stream.needsLabels),
    hasNet: draft.streams.some((stream) => stream.net),
    identityStream: draft.streams.findIndex(isIdentity),
  };
}

interface Draft {
  readonly conditions: ((transaction: Transaction) => boolean)[];
  readonly conditionOf: Map<string, number>;
  readonly memberPaths: string[];
  readonly streams: StreamPlan[];
  /** by the position of the feature in the catalogue */
  readonly sources: FeatureSource[];
  /** the customer alone is the first */
  readonly combinations: Map<string, { readonly kinds: readonly EntityKind[]; readonly streams: number[] }>;
  rawLength: number;
}

/** Index of the group's condition, −1 when every transaction belongs. */
function addCondition(draft: Draft, { where, matches }: Group): number {
  if (where === undefined || matches === undefined) return -1;
  const index = draft.conditionOf.get(where) ?? draft.conditions.push(matches) - 1;
  draft.conditionOf.set(where, index);
  return index;
}

function addStream(
  draft: Draft,
  catalogue: FeatureCatalogue,
  group: Group,
  where: number,
  part: readonly number[],
): void {
  const { features } = catalogue;
  const index = draft.streams.length;
  const name = group.kinds.join('+');
  const combination = draft.combinations.get(name) ?? { kinds: group.kinds, streams: [] };
  draft.combinations.set(name, combination);
  combination.streams.push(index);
  const members = indexMembers(features, part, draft.memberPaths);
  const windows: WindowPlan[] = [];
  for (const at of part) {
    const feature = features[at];
    if (feature === undefined) continue;
    const rawAt = addWindow(windows, feature, draft.rawLength, members.length);
    draft.sources[at] = sourceOf(feature, rawAt, index, members, draft.memberPaths);
  }
  const last = windows.at(-1);
  if (last !== undefined) draft.rawLength = last.rawAt + RAW.distinct + members.length;
  const stream = streamOf(catalogue, group, part, windows, members, draft.memberPaths);
  draft.streams.push({ ...stream, index, where, combination: [...draft.combinations.keys()].indexOf(name) });
}

/** The customer's own group comes first and is always there: it tells what is a repeat. */
function groupFeatures(features: readonly CompiledFeature[]): readonly Group[] {
  const groups = new Map<string, Group>();
  groups.set('customer ', { kinds: ['customer'], where: undefined, matches: undefined, net: false, features: [] });
  features.forEach((feature, index) => {
    const kinds = canonical(feature.entity);
    const { where, matches, net = false } = feature;
    const key = `${kinds.join('+')} ${where ?? ''}${net ? '\nnet' : ''}`;
    const group = groups.get(key) ?? { kinds, where, matches, net, features: [] };
    group.features.push(index);
    groups.set(key, group);
  });
  return [...groups.values()];
}

/** One log holds one quantity; what needs none goes with the first. */
function splitByQuantity(features: readonly CompiledFeature[], indexes: readonly number[]): readonly number[][] {
  const quantityOf = (index: number): string | undefined => {
    const feature = features[index];
    return feature !== undefined && NUMERIC.has(feature.aggregate) ? feature.of : undefined;
  };
  const quantities = [...new Set(indexes.map(quantityOf).filter((path) => path !== undefined))];
  const [first, ...others] = quantities;
  const isFirst = (index: number): boolean => [undefined, first].includes(quantityOf(index));
  return [indexes.filter(isFirst), ...others.map((path) => indexes.filter((index) => quantityOf(index) === path))];
}

function indexMembers(features: readonly CompiledFeature[], part: readonly number[], paths: string[]): number[] {
  const members: number[] = [];
  for (const index of part) {
    const feature = features[index];
    if (feature?.aggregate !== 'distinct' || feature.of === undefined) continue;
    if (!paths.includes(feature.of)) paths.push(feature.of);
    const member = paths.indexOf(feature.of);
    if (!members.includes(member)) members.push(member);
  }
  return members;
}

/** Windows of one length, delay and exclusion are one; it needs what any of its features needs. */
function addWindow(windows: WindowPlan[], feature: CompiledFeature, rawAt: number, members: number): number {
  const excludeCurrent = feature.excludeCurrent && feature.delayMs === 0;
  const place = windows.findIndex(
    (window) =>
      window.windowMs === feature.windowMs &&
      window.delayMs === feature.delayMs &&
      window.excludeCurrent === excludeCurrent,
  );
  const known = windows[place];
  const last = windows.at(-1);
  const at = last === undefined ? rawAt : last.rawAt + RAW.distinct + members;
  const needsMax = (known?.needsMax ?? false) || feature.aggregate === 'max';
  const needsMin = (known?.needsMin ?? false) || feature.aggregate === 'min';
  const needsDistinct = (known?.needsDistinct ?? false) || feature.aggregate === 'distinct';
  const window: WindowPlan = {
    windowMs: feature.windowMs,
    delayMs: feature.delayMs,
    excludeCurrent,
    rawAt: known?.rawAt ?? at,
    needsMax,
    needsMin,
    needsDistinct,
    isPlain: feature.delayMs === 0 && !excludeCurrent && !needsMax && !needsMin && !needsDistinct,
  };
  windows[known === undefined ? windows.length : place] = window;
  return window.rawAt;
}

function sourceOf(
  feature: CompiledFeature,
  rawAt: number,
  stream: number,
  members: readonly number[],
  paths: readonly string[],
): FeatureSource {
  const column = feature.of === undefined ? -1 : members.indexOf(paths.indexOf(feature.of));
  return {
    name: feature.name,
    aggregate: feature.aggregate,
    rawAt,
    distinctAt: rawAt + RAW.distinct + Math.max(0, column),
    stream,
    reachMs: feature.windowMs + feature.delayMs,
    net: feature.net === true,
  };
}

function streamOf(
  catalogue: FeatureCatalogue,
  group: Group,
  part: readonly number[],
  windows: readonly WindowPlan[],
  members: readonly number[],
  memberPaths: readonly string[],
): Omit<StreamPlan, 'index' | 'where' | 'combination'> {
  const features = part.map((index) => catalogue.features[index]).filter((feature) => feature !== undefined);
  const has = (...aggregates: Aggregate[]): boolean =>
    features.some((feature) => aggregates.includes(feature.aggregate));
  const { net } = group;
  // what is left is an amount, also for a count: an entry goes when nothing is left of it
  const quantity = net ? 'amountMinor' : features.find((feature) => NUMERIC.has(feature.aggregate))?.of;
  const needs = {
    needsPresent: net || has('avg', 'stddev', 'min', 'max'),
    needsSquares: has('stddev'),
    needsMax: has('max'),
    needsMin: has('min'),
    needsLabels: has('labelRate'),
  };
  const reach = Math.max(0, ...windows.map((window) => window.windowMs + window.delayMs));
  const columns = members.map((at) => memberPaths[at]);
  const definition = JSON.stringify([group.kinds, group.where, quantity, needs, columns, ...(net ? ['net'] : [])]);
  return {
    id: createHash('sha256').update(definition).digest('base64url').slice(0, 8),
    value: quantity === undefined ? undefined : fieldOf(quantity),
    ...needs,
    net,
    members,
    windows,
    retentionMs: reach + catalogue.allowedLatenessMs,
  };
}

function fieldOf(path: string): TransactionField {
  const found = transactionField(path);
  if (found === undefined) throw new TypeError(`a transaction has no field "${path}"`);
  return found;
}
