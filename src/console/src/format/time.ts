/** Times in the bank's zone, with the date when it is not today; spans in the two largest units that matter. */
import type { Translate } from '../i18n/translate.ts';

export interface TimeFormatter {
  /** "14:03:22", or "11-23 14:03:22", or "2025-11-23 14:03:22" */
  moment(at: string | number, nowMs: number): string;
  /** always with date, seconds and the zone's name */
  full(at: string | number): string;
  /** hour of the day in the bank's zone, 0 … 23 */
  hour(at: string | number): number;
  minutes(at: string | number): string;
}

interface Fields {
  readonly year: string;
  readonly date: string;
  readonly time: string;
}

export function createTimeFormatter(zone: string): TimeFormatter {
  // Swedish writes ISO 8601: one formatter for both languages, because a date in figures needs no translation
  const parts = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  const fieldsOf = (at: string | number): Fields | undefined => {
    const ms = typeof at === 'number' ? at : Date.parse(at);
    if (!Number.isFinite(ms)) return undefined;
    const [day = '', time = ''] = parts.format(ms).split(' ');
    return { year: day.slice(0, 4), date: day.slice(5), time };
  };
  return {
    moment(at, nowMs) {
      const fields = fieldsOf(at);
      const today = fieldsOf(nowMs);
      if (fields === undefined || today === undefined) return '—';
      if (fields.year !== today.year) return `${fields.year}-${fields.date} ${fields.time}`;
      return fields.date === today.date ? fields.time : `${fields.date} ${fields.time}`;
    },
    full(at) {
      const fields = fieldsOf(at);
      return fields === undefined ? '—' : `${fields.year}-${fields.date} ${fields.time} (${zone})`;
    },
    hour: (at) => Number(fieldsOf(at)?.time.slice(0, 2) ?? 0),
    minutes: (at) => fieldsOf(at)?.time.slice(0, 5) ?? '—',
  };
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "45 s", "11 min", "2 h 5 min", "3 d 4 h", "41 d" */
export function formatSpan(seconds: number, t: Translate): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return t('span.seconds', { n: whole });
  if (whole < HOUR) return t('span.minutes', { n: Math.round(whole / MINUTE) });
  if (whole < DAY) {
    const minutes = Math.round((whole % HOUR) / MINUTE) % 60;
    const hours = Math.round((whole - minutes * MINUTE) / HOUR);
    return minutes === 0 ? t('span.hours', { n: hours }) : t('span.hoursMinutes', { hours, minutes });
  }
  const days = Math.floor(whole / DAY);
  const hours = Math.floor((whole % DAY) / HOUR);
  return days >= 7 || hours === 0 ? t('span.days', { n: days }) : t('span.daysHours', { days, hours });
}

/** In a sentence: one unit, in full ("11 minutes", "3 days"); a window of a day is "24 hours", as people say it. */
export function spanInText(seconds: number, t: Translate): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return t('spanText.seconds', { n: whole });
  if (whole < 90 * MINUTE && whole % HOUR !== 0) return t('spanText.minutes', { n: Math.round(whole / MINUTE) });
  if (whole < 2 * DAY) return t('spanText.hours', { n: Math.round(whole / HOUR) });
  return t('spanText.days', { n: Math.floor(whole / DAY) });
}

/** The window in a feature's name ("10m", "24h", "7d") in seconds; undefined when it is none. */
export function windowSeconds(window: string): number | undefined {
  const match = /^(\d+)([smhd])$/.exec(window);
  if (match === null) return undefined;
  const unit = { s: 1, m: MINUTE, h: HOUR, d: DAY }[match[2] ?? 's'] ?? 1;
  return Number(match[1]) * unit;
}
