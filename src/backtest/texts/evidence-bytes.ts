/** Parts of a decision's evidence as bytes, in the order of the objects that they are read from. */
import type { LimitUsage } from '../../domain/facts.ts';
import type { Profile } from '../../domain/feature.ts';
import { formatRfc3339 } from '../../domain/time.ts';
import type {
  Counterparty,
  Device,
  Location,
  Merchant,
  OriginalReference,
  Transaction,
} from '../../domain/transaction.ts';
import { bytesOf, writeBytes, writeString } from './json-bytes.ts';
import { recordWriter } from './record-writer.ts';

/** As `toWire` gives it. */
type Wire = { readonly schemaVersion: 1; readonly occurredAt: string } & Omit<Transaction, 'occurredAtMs'>;

export const writeTransaction = recordWriter<Transaction, Wire>(
  {
    schemaVersion: () => 1,
    transactionId: (of) => of.transactionId,
    occurredAt: (of) => formatRfc3339(of.occurredAtMs),
    channel: (of) => of.channel,
    type: (of) => of.type,
    customerId: (of) => of.customerId,
    accountId: (of) => of.accountId,
    cardToken: (of) => of.cardToken,
    amountMinor: (of) => of.amountMinor,
    currency: (of) => of.currency,
    counterparty: (of) => of.counterparty,
    merchant: (of) => of.merchant,
    terminalId: (of) => of.terminalId,
    device: (of) => of.device,
    location: (of) => of.location,
    branchId: (of) => of.branchId,
    productCode: (of) => of.productCode,
    customerSegment: (of) => of.customerSegment,
    authentication: (of) => of.authentication,
    accessibility: (of) => of.accessibility,
    original: (of) => of.original,
    attributes: (of) => of.attributes,
  },
  {
    counterparty: recordWriter<Counterparty>({
      accountId: (of) => of.accountId,
      bankCode: (of) => of.bankCode,
      country: (of) => of.country,
    }),
    merchant: recordWriter<Merchant>({ id: (of) => of.id, mcc: (of) => of.mcc, country: (of) => of.country }),
    device: recordWriter<Device>({ id: (of) => of.id, ip: (of) => of.ip, trusted: (of) => of.trusted }),
    location: recordWriter<Location>({ lat: (of) => of.lat, lon: (of) => of.lon, country: (of) => of.country }),
    original: recordWriter<OriginalReference>({
      transactionId: (of) => of.transactionId,
      channel: (of) => of.channel,
      stan: (of) => of.stan,
      rrn: (of) => of.rrn,
    }),
  },
);

export const writeProfile = recordWriter<Profile>({
  eventCount: (of) => of.eventCount,
  monetaryCount: (of) => of.monetaryCount,
  secondsSinceFirst: (of) => of.secondsSinceFirst,
  secondsSinceLast: (of) => of.secondsSinceLast,
  secondsSinceLastMonetary: (of) => of.secondsSinceLastMonetary,
  typicalAmountMinor: (of) => of.typicalAmountMinor,
  amountZ: (of) => of.amountZ,
  amountRatio: (of) => of.amountRatio,
  maxAmountMinor: (of) => of.maxAmountMinor,
  hourShare: (of) => of.hourShare,
  channelShare: (of) => of.channelShare,
  deviceKnown: (of) => of.deviceKnown,
  deviceAgeSeconds: (of) => of.deviceAgeSeconds,
  payeeKnown: (of) => of.payeeKnown,
  payeeAgeSeconds: (of) => of.payeeAgeSeconds,
  ipKnown: (of) => of.ipKnown,
  placeKnown: (of) => of.placeKnown,
  countryKnown: (of) => of.countryKnown,
  distanceKm: (of) => of.distanceKm,
  speedKmh: (of) => of.speedKmh,
  secondsSinceLogin: (of) => of.secondsSinceLogin,
  secondsSincePasswordChange: (of) => of.secondsSincePasswordChange,
  secondsSincePayeeAdd: (of) => of.secondsSincePayeeAdd,
  secondsSinceDeviceBind: (of) => of.secondsSinceDeviceBind,
  secondsSinceLimitChange: (of) => of.secondsSinceLimitChange,
  secondsSinceContactChange: (of) => of.secondsSinceContactChange,
  knownDevices: (of) => of.knownDevices,
  knownPayees: (of) => of.knownPayees,
});

const COLON = bytesOf(':');
const [OPEN, CLOSE, COMMA] = [0x7b, 0x7d, 0x2c];
const writeUsed = recordWriter<{ readonly amountMinor: number; readonly count: number }>({
  amountMinor: (of) => of.amountMinor,
  count: (of) => of.count,
});

/** Its keys name counters, and no counter's id is a number: an object would keep them in the same order. */
export function writeLimitUsage(target: Buffer, at: number, usage: LimitUsage): number {
  let end = at;
  for (const [key, used] of usage) {
    target[end] = COMMA;
    end = writeUsed(target, writeBytes(target, writeString(target, end + 1, key), COLON), used);
  }
  target[at] = OPEN;
  if (end === at) end++;
  target[end] = CLOSE;
  return end + 1;
}
