/** Which fields of the transaction took part in a rule that fired: read directly, or behind a feature or the profile. Pure. */
import type { Decision } from '../../../http/api-types.ts';
import { splitFeatureName } from '../narrative/value-names.ts';

const ENTITY_FIELDS: Readonly<Record<string, string>> = {
  customer: 'customerId',
  account: 'accountId',
  card: 'cardToken',
  device: 'device.id',
  ip: 'device.ip',
  counterparty: 'counterparty.accountId',
  merchant: 'merchant.id',
  terminal: 'terminalId',
};

const PROFILE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  typicalAmountMinor: ['amountMinor'],
  amountZ: ['amountMinor'],
  amountRatio: ['amountMinor'],
  maxAmountMinor: ['amountMinor'],
  hourShare: ['occurredAt'],
  channelShare: ['channel'],
  deviceKnown: ['device.id'],
  deviceAgeSeconds: ['device.id'],
  payeeKnown: ['counterparty.accountId'],
  payeeAgeSeconds: ['counterparty.accountId'],
  ipKnown: ['device.ip'],
  placeKnown: ['location.lat', 'location.lon'],
  countryKnown: ['location.country'],
  distanceKm: ['location.lat', 'location.lon'],
  speedKmh: ['location.lat', 'location.lon', 'occurredAt'],
};

function fieldsOfFeature(name: string): readonly string[] {
  const { stem } = splitFeatureName(name);
  const entity = ENTITY_FIELDS[stem.split('_')[0] ?? ''];
  return [...(entity === undefined ? [] : [entity]), ...(/_(sum|avg|min|max)$/.test(stem) ? ['amountMinor'] : [])];
}

function fieldsOfPath(path: string): readonly string[] {
  const dot = path.indexOf('.');
  const rest = path.slice(dot + 1);
  switch (path.slice(0, dot)) {
    case 'tx':
      return [rest === 'occurredAtMs' ? 'occurredAt' : rest];
    case 'profile':
      return PROFILE_FIELDS[rest] ?? [];
    case 'features':
      return fieldsOfFeature(rest);
    case 'limits':
      return ['amountMinor'];
    default:
      return [];
  }
}

export function involvedFields(decision: Decision): ReadonlySet<string> {
  const live = decision.hits.filter((hit) => hit.mode === 'live' && hit.status === 'hit');
  return new Set(live.flatMap((hit) => Object.keys(hit.values)).flatMap(fieldsOfPath));
}

export const LIST_SEPARATOR = ', ';

export interface Field {
  readonly path: string;
  readonly value: string | number | boolean;
}

/** The transaction's values with their paths, in the order of the message; empty objects and lists are left out. */
export function flattenTransaction(transaction: Readonly<Record<string, unknown>>, prefix = ''): readonly Field[] {
  return Object.entries(transaction).flatMap(([name, value]): readonly Field[] => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (path === 'schemaVersion' || value === null || value === undefined) return [];
    if (Array.isArray(value)) return value.length === 0 ? [] : [{ path, value: value.join(LIST_SEPARATOR) }];
    if (typeof value === 'object') return flattenTransaction(value as Readonly<Record<string, unknown>>, path);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? [{ path, value }]
      : [];
  });
}
