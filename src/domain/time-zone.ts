/**
 * Local time of a zone, from the IANA rules that Intl carries. Asking Intl costs 2–5 µs; offsets only change at quarter
 * hours, so each quarter hour is asked once and remembered.
 */
const QUARTER_MS = 900_000;
const REMEMBERED = 20_000;

export type ZoneOffset = (atMs: number) => number;

function readOffset(format: Intl.DateTimeFormat, atMs: number): number {
  const parts = new Map(format.formatToParts(atMs).map((part) => [part.type, Number(part.value)]));
  const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  // offsets have whole seconds
  return local - Math.floor(atMs / 1000) * 1000;
}

const zones = new Map<string, ZoneOffset>();

/** Milliseconds to add to UTC, by instant; undefined when nobody knows the zone. */
export function zoneOffset(zone: string): ZoneOffset | undefined {
  const known = zones.get(zone);
  if (known !== undefined) return known;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
  const offsets = new Map<number, number>();
  const offset: ZoneOffset = (atMs) => {
    const quarter = Math.floor(atMs / QUARTER_MS);
    const remembered = offsets.get(quarter);
    if (remembered !== undefined) return remembered;
    if (offsets.size >= REMEMBERED) offsets.clear();
    const read = readOffset(format, atMs);
    offsets.set(quarter, read);
    return read;
  };
  zones.set(zone, offset);
  return offset;
}

export const UTC: ZoneOffset = () => 0;
