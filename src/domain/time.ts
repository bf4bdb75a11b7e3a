/** RFC 3339 to the letter. Milliseconds since the epoch everywhere else. */
const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const isLeapYear = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysIn = (year: number, month: number): number => (month === 2 && isLeapYear(year) ? 29 : (DAYS[month - 1] ?? 0));

/**
 * Milliseconds since the epoch, or undefined when the text is not an RFC 3339 date-time with a zone. Fractions beyond
 * the millisecond are cut. A leap second (only 23:59:60 UTC at the end of June or December) is the second after it.
 */
export function parseRfc3339(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const zoneHours = Number(match[9] ?? 0);
  const zoneMinutes = Number(match[10] ?? 0);
  if (zoneHours > 23 || zoneMinutes > 59) return undefined;
  const offsetMs = (match[8] === '-' ? -1 : 1) * (zoneHours * 60 + zoneMinutes) * 60_000;
  const fractionMs = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const ms = epochMs(year, month, day) + ((hour * 60 + minute) * 60 + second) * 1000 + fractionMs - offsetMs;
  return second < 60 || isAfterLeapSecond(ms) ? ms : undefined;
}

function epochMs(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime();
}

function isAfterLeapSecond(ms: number): boolean {
  const date = new Date(ms);
  const isMonthStart = date.getUTCDate() === 1 && (date.getUTCMonth() === 0 || date.getUTCMonth() === 6);
  return isMonthStart && date.getUTCHours() === 0 && date.getUTCMinutes() === 0 && date.getUTCSeconds() === 0;
}

/** RFC 3339 in UTC with milliseconds. A decision names one time up to four times: the last one is remembered. */
export function formatRfc3339(ms: number): string {
  if (ms !== lastMs) [lastText, lastMs] = [new Date(ms).toISOString(), ms];
  return lastText;
}

let lastMs = Number.NaN;
let lastText = '';
