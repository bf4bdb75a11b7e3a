/**
 * The names that an expression may use, each with its type and whether it can be absent: `tx.*`, `features.*`,
 * `profile.*`, `limits.<id>.headroom` and the list names of `… in lists.<name>`.
 */
import type { Facts } from '../../domain/facts.ts';
import type { EntityKind, FeatureDefinition, Profile } from '../../domain/feature.ts';
import type { Channel, Transaction } from '../../domain/transaction.ts';
import {
  type FieldWords,
  TRANSACTION_FIELDS,
  TRANSACTION_OBJECTS,
  transactionField,
} from '../../domain/transaction-fields.ts';

export type ValueType =
  | 'int'
  | 'double'
  | 'string'
  | 'bool'
  | 'timestamp'
  | 'duration'
  | 'dyn'
  | 'map'
  | 'null'
  | ListType;
export type ListType = `list<${'int' | 'double' | 'string' | 'bool' | 'timestamp' | 'duration' | 'dyn'}>`;

/** undefined = absent, or the result of a calculation that failed. An int beyond 2^53 is a bigint. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | readonly Value[]
  | Readonly<Record<string, string | number | boolean>>
  | undefined;

export type Source = 'tx' | 'features' | 'profile' | 'limits';

export interface Term {
  /** as it is written: "tx.merchant.mcc", "features.customer_count_1h" */
  readonly name: string;
  readonly source: Source;
  readonly type: ValueType;
  readonly nullable: boolean;
  /** what a text can be, or each entry of a list of texts */
  readonly words?: FieldWords;
  /** its smallest and largest possible value, where nature or construction sets one */
  readonly min?: number;
  readonly max?: number;
  readonly read: (facts: Facts) => Value;
  /** for a feature: its place in the vector, which is then read without a call */
  readonly featureIndex?: number;
  /** for a field of the profile: the same as `read`, null when absent */
  readonly readProfile?: (profile: Profile) => number | boolean | null;
  /** for a field of the transaction: the same as `read`, one call shorter */
  readonly readTransaction?: (transaction: Transaction) => Value;
}

export interface Vocabulary {
  readonly roots: readonly string[];
  /** the term of a path, undefined when nothing has that name */
  term(path: string): Term | undefined;
  /** objects ("tx", "tx.merchant", "features") → the names of what they hold */
  readonly objects: ReadonlyMap<string, readonly string[]>;
  /** names in `lists.*` */
  readonly lists: ReadonlySet<string>;
  /** all full names, for suggestions */
  readonly names: readonly string[];
}

export interface VocabularyOptions {
  /** codes of the channel catalogue; absent = any */
  readonly channels?: Iterable<Channel>;
  /** segments of customers; absent = any */
  readonly segments?: Iterable<string>;
  readonly features?: readonly FeatureDefinition[];
  readonly listNames?: readonly string[];
  readonly limitIds?: readonly string[];
}

interface ProfileField {
  readonly type: ValueType;
  readonly nullable: boolean;
  /** written out for each field: a look-up by name costs three times as much */
  readonly read: (profile: Profile) => number | boolean | null;
}
const required = (type: ValueType, read: ProfileField['read']): ProfileField => ({ type, nullable: false, read });
const optional = (type: ValueType, read: ProfileField['read']): ProfileField => ({ type, nullable: true, read });

const PROFILE_FIELDS: { readonly [K in keyof Profile]: ProfileField } = {
  eventCount: required('int', (profile) => profile.eventCount),
  monetaryCount: required('int', (profile) => profile.monetaryCount),
  secondsSinceFirst: optional('double', (profile) => profile.secondsSinceFirst),
  secondsSinceLast: optional('double', (profile) => profile.secondsSinceLast),
  secondsSinceLastMonetary: optional('double', (profile) => profile.secondsSinceLastMonetary),
  typicalAmountMinor: optional('double', (profile) => profile.typicalAmountMinor),
  amountZ: optional('double', (profile) => profile.amountZ),
  amountRatio: optional('double', (profile) => profile.amountRatio),
  maxAmountMinor: optional('int', (profile) => profile.maxAmountMinor),
  hourShare: optional('double', (profile) => profile.hourShare),
  channelShare: optional('double', (profile) => profile.channelShare),
  deviceKnown: optional('bool', (profile) => profile.deviceKnown),
  deviceAgeSeconds: optional('double', (profile) => profile.deviceAgeSeconds),
  payeeKnown: optional('bool', (profile) => profile.payeeKnown),
  payeeAgeSeconds: optional('double', (profile) => profile.payeeAgeSeconds),
  ipKnown: optional('bool', (profile) => profile.ipKnown),
  placeKnown: optional('bool', (profile) => profile.placeKnown),
  countryKnown: optional('bool', (profile) => profile.countryKnown),
  distanceKm: optional('double', (profile) => profile.distanceKm),
  speedKmh: optional('double', (profile) => profile.speedKmh),
  secondsSinceLogin: optional('double', (profile) => profile.secondsSinceLogin),
  secondsSincePasswordChange: optional('double', (profile) => profile.secondsSincePasswordChange),
  secondsSincePayeeAdd: optional('double', (profile) => profile.secondsSincePayeeAdd),
  secondsSinceDeviceBind: optional('double', (profile) => profile.secondsSinceDeviceBind),
  secondsSinceLimitChange: optional('double', (profile) => profile.secondsSinceLimitChange),
  secondsSinceContactChange: optional('double', (profile) => profile.secondsSinceContactChange),
  knownDevices: required('int', (profile) => profile.knownDevices),
  knownPayees: required('int', (profile) => profile.knownPayees),
};

const TRANSACTION_TYPE_OF = { list: 'list<string>', dynamic: 'dyn' } as const;

/** Lists that are data: a channel that is in no catalogue is in no transaction either, a segment in no group is a slip. */
export type KnownCodes = Pick<VocabularyOptions, 'channels' | 'segments'>;

function codeWords({ channels, segments }: KnownCodes): ReadonlyMap<string, FieldWords> {
  const words = new Map<string, FieldWords>();
  if (channels !== undefined) {
    const values = [...channels];
    words.set('channel', { fits: (text) => values.includes(text), wanted: 'a channel of channels.yaml', values });
  }
  if (segments !== undefined) {
    const known = [...segments];
    const wanted = 'a segment that limits/ has in a group';
    words.set('customerSegment', { fits: (text) => known.includes(text), wanted, known });
  }
  return words;
}

function transactionTerm(path: string, codes: ReadonlyMap<string, FieldWords>): Term | undefined {
  const field = transactionField(path);
  if (field === undefined) return undefined;
  const { read, type } = field;
  const words = codes.get(path) ?? field.words;
  const valueType = type === 'list' || type === 'dynamic' ? TRANSACTION_TYPE_OF[type] : type;
  return {
    name: `tx.${path}`,
    source: 'tx',
    type: valueType,
    nullable: field.nullable,
    ...(words === undefined ? {} : { words }),
    ...(path === 'amountMinor' ? { min: 0 } : {}),
    read: (facts) => read(facts.transaction),
    readTransaction: read,
  };
}

/** Only these entities are there in every transaction: a feature over any other can be null. */
const ALWAYS_PRESENT: ReadonlySet<EntityKind> = new Set(['customer']);
const EMPTY_IS_ZERO: ReadonlySet<string> = new Set(['count', 'sum', 'distinct', 'labelRate']);
const INTEGER: ReadonlySet<string> = new Set(['count', 'sum', 'distinct', 'min', 'max']);

function featureType(feature: FeatureDefinition): ValueType {
  if (!INTEGER.has(feature.aggregate)) return 'double';
  const overDouble = feature.of !== undefined && transactionField(feature.of)?.type === 'double';
  return overDouble && feature.aggregate !== 'distinct' ? 'double' : 'int';
}

/** Everything that a feature makes of counts, times and amounts is at least 0; coordinates are not. */
function featureRange(feature: FeatureDefinition): { min?: number; max?: number } {
  if (feature.aggregate === 'labelRate') return { min: 0, max: 1 };
  return feature.of === undefined || feature.of === 'amountMinor' || feature.aggregate === 'distinct' ? { min: 0 } : {};
}

function featureTerm(feature: FeatureDefinition, index: number): Term {
  return {
    name: `features.${feature.name}`,
    source: 'features',
    type: featureType(feature),
    nullable: !(feature.entity.every((kind) => ALWAYS_PRESENT.has(kind)) && EMPTY_IS_ZERO.has(feature.aggregate)),
    ...featureRange(feature),
    featureIndex: index,
    // NaN would make every comparison false, which reads as "no risk": it counts as absent, so that the rule is errored
    read: (facts) => {
      const value = facts.values?.[index];
      return value === null || value === undefined || Number.isNaN(value) ? undefined : value;
    },
  };
}

function profileTerm(name: keyof Profile): Term {
  const { type, nullable, read } = PROFILE_FIELDS[name];
  return {
    name: `profile.${name}`,
    source: 'profile',
    type,
    nullable,
    ...(name === 'amountZ' ? {} : { min: 0 }),
    ...(name.endsWith('Share') ? { max: 1 } : {}),
    readProfile: read,
    read: ({ profile }) => (profile === null ? undefined : (read(profile) ?? undefined)),
  };
}

function limitTerm(id: string): Term {
  return {
    name: `limits.${id}.headroom`,
    source: 'limits',
    type: 'int',
    nullable: true,
    min: 0,
    read: (facts) => facts.limitHeadroom.get(id),
  };
}

const membersOf = (prefix: string, paths: readonly string[]): string[] => [
  ...new Set(
    paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length).split('.')[0] ?? ''),
  ),
];

function transactionObjects(): [string, readonly string[]][] {
  const paths = TRANSACTION_FIELDS.map((field) => field.path);
  const objects = TRANSACTION_OBJECTS.filter((name) => name !== 'attributes');
  return [
    ['tx', membersOf('', paths)],
    ...objects.map((name): [string, readonly string[]] => [`tx.${name}`, membersOf(`${name}.`, paths)]),
  ];
}

/** Only `tx`: what `where` of a feature may ask. */
export function transactionVocabulary(codes: KnownCodes = {}): Vocabulary {
  const words = codeWords(codes);
  const objects = new Map(transactionObjects());
  return {
    roots: ['tx'],
    term: (path) => (path.startsWith('tx.') ? transactionTerm(path.slice(3), words) : undefined),
    objects,
    lists: new Set(),
    names: TRANSACTION_FIELDS.map((field) => `tx.${field.path}`),
  };
}

/** Everything that a rule may ask. */
export function ruleVocabulary(options: VocabularyOptions): Vocabulary {
  const features = (options.features ?? []).map(featureTerm);
  const profile = (Object.keys(PROFILE_FIELDS) as (keyof Profile)[]).map(profileTerm);
  const limits = (options.limitIds ?? []).map(limitTerm);
  const known = new Map([...features, ...profile, ...limits].map((term) => [term.name, term]));
  const base = transactionVocabulary(options);
  const objects = new Map(base.objects)
    .set(
      'features',
      features.map((term) => term.name.slice('features.'.length)),
    )
    .set('profile', Object.keys(PROFILE_FIELDS))
    .set('limits', options.limitIds ?? [])
    .set('lists', options.listNames ?? []);
  for (const id of options.limitIds ?? []) objects.set(`limits.${id}`, ['headroom']);
  return {
    roots: ['tx', 'features', 'profile', 'lists', 'limits'],
    term: (path) => known.get(path) ?? base.term(path),
    objects,
    lists: new Set(options.listNames ?? []),
    names: [...base.names, ...known.keys(), ...(options.listNames ?? []).map((name) => `lists.${name}`)],
  };
}
