/**
 * Signs of fraud, found in the messages alone by plain loops: what a reader of the file could count by hand. Used to show
 * that honest customers give every one of them too.
 */
import type { SimulatedTransaction } from '../../../src/simulation/bank.ts';

export interface SignCount {
  fraud: number;
  honest: number;
}

interface Row {
  readonly atMs: number;
  readonly item: SimulatedTransaction;
}

const HOUR = 3_600_000;
const yuanOf = ({ item }: Row): number => (item.message.currency === 'CNY' ? (item.message.amountMinor ?? 0) / 100 : 0);
const isOut = ({ item }: Row): boolean => item.message.type === 'TRANSFER' || item.message.type === 'WITHDRAWAL';
const isType = (row: Row, type: string): boolean => row.item.message.type === type;

function before(rows: readonly Row[], index: number, hours: number): readonly Row[] {
  const now = rows[index]?.atMs ?? 0;
  const found: Row[] = [];
  for (let i = index - 1; i >= 0 && now - (rows[i]?.atMs ?? 0) <= hours * HOUR; i--) found.push(rows[i] as Row);
  return found;
}

/** Haversine on a sphere of 6371 km, written again here on purpose. */
function kilometres(a: { lat: number; lon: number }, b: { lat: number; lon: number }): number {
  const rad = Math.PI / 180;
  const s = Math.sin(((b.lat - a.lat) * rad) / 2);
  const t = Math.sin(((b.lon - a.lon) * rad) / 2);
  return 12_742 * Math.asin(Math.sqrt(s * s + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * t * t));
}

function isTooFast(rows: readonly Row[], index: number): boolean {
  const row = rows[index];
  const here = row?.item.message.location;
  if (row === undefined || here === undefined) return false;
  const last = rows.slice(0, index).findLast((other) => other.item.message.location !== undefined);
  const there = last?.item.message.location;
  if (last === undefined || there === undefined) return false;
  return kilometres(here, there) > 300 && kilometres(here, there) / ((row.atMs - last.atMs) / HOUR) > 900;
}

type Sign = (row: Row, rows: readonly Row[], index: number) => boolean;

export const SIGNS: Readonly<Record<string, Sign>> = {
  'unknown device, then money out': (row) =>
    isOut(row) && yuanOf(row) >= 500 && row.item.message.device?.trusted === false,
  'money to a payee added within the hour': (row, rows, index) =>
    isOut(row) &&
    before(rows, index, 1).some(
      (other) =>
        isType(other, 'PAYEE_ADD') &&
        other.item.message.counterparty?.accountId === row.item.message.counterparty?.accountId,
    ),
  'money out within two hours of a changed password': (row, rows, index) =>
    isOut(row) && before(rows, index, 2).some((other) => isType(other, 'PASSWORD_CHANGE')),
  'money out within a day of a bound device': (row, rows, index) =>
    isOut(row) && before(rows, index, 24).some((other) => isType(other, 'DEVICE_BIND')),
  'money out within a day of a changed number': (row, rows, index) =>
    isOut(row) && before(rows, index, 24).some((other) => isType(other, 'CONTACT_CHANGE')),
  'faster than an airliner': (_row, rows, index) => isTooFast(rows, index),
  'money out after many small senders': (row, rows, index) =>
    isOut(row) &&
    new Set(
      before(rows, index, 12)
        .filter((other) => isType(other, 'DEPOSIT'))
        .map((other) => other.item.message.counterparty?.accountId),
    ).size >= 4,
  'several pieces just below 50,000': (row, rows, index) =>
    yuanOf(row) >= 40_000 &&
    yuanOf(row) < 50_000 &&
    before(rows, index, 24).some((other) => yuanOf(other) >= 40_000 && yuanOf(other) < 50_000),
  'first use after half a year': (row, rows, index) =>
    index > 0 && row.atMs - (rows[index - 1]?.atMs ?? 0) > 180 * 24 * HOUR,
  'large transfer at night': (row) =>
    isType(row, 'TRANSFER') && yuanOf(row) >= 3000 && new Date(row.atMs + 8 * HOUR).getUTCHours() < 6,
  'money out during a telephone call': (row) => isOut(row) && row.item.message.attributes?.onCall === true,
  'stripe read at a terminal': (row) => row.item.message.authentication.includes('MAGSTRIPE'),
};

/** Small sums at one shop within minutes, over all customers. */
export function isTried(items: readonly SimulatedTransaction[]): SignCount {
  const recent = new Map<string, number[]>();
  const count = { fraud: 0, honest: 0 };
  for (const { message, scenario } of items) {
    if (message.merchant === undefined || (message.amountMinor ?? Infinity) > 1200 || message.currency !== 'CNY')
      continue;
    const atMs = Date.parse(message.occurredAt);
    const times = (recent.get(message.merchant.id) ?? []).filter((time) => atMs - time <= 600_000);
    recent.set(message.merchant.id, [...times, atMs]);
    if (times.length >= 2) count[scenario === undefined ? 'honest' : 'fraud'] += 1;
  }
  return count;
}

export function countSigns(items: readonly SimulatedTransaction[]): ReadonlyMap<string, SignCount> {
  const byCustomer = new Map<string, Row[]>();
  for (const item of items) {
    const rows = byCustomer.get(item.message.customerId) ?? [];
    rows.push({ atMs: Date.parse(item.message.occurredAt), item });
    byCustomer.set(item.message.customerId, rows);
  }
  const counts = new Map<string, SignCount>([['tiny sums at one shop within minutes', isTried(items)]]);
  for (const rows of byCustomer.values()) {
    rows.sort((a, b) => a.atMs - b.atMs);
    for (const [index, row] of rows.entries()) {
      for (const [name, sign] of Object.entries(SIGNS)) {
        if (!sign(row, rows, index)) continue;
        const count = counts.get(name) ?? { fraud: 0, honest: 0 };
        count[row.item.scenario === undefined ? 'honest' : 'fraud'] += 1;
        counts.set(name, count);
      }
    }
  }
  return counts;
}
