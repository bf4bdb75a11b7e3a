/**
 * Something that lasts: an outage, a degraded part. It is logged when it begins, once a minute while it lasts, and when it
 * ends with its length, never once per chunk.
 */
import type { Clock } from '../domain/clock.ts';
import type { Fields, Logger } from './logger.ts';

const REMINDER_MS = 60_000;

export interface Episode {
  /** begins it or goes on with it; true when it began */
  happens(fields?: Fields): boolean;
  /** true when it was there */
  ends(fields?: Fields): boolean;
  readonly isOpen: boolean;
}

export function createEpisode(
  logger: Logger,
  clock: Clock,
  texts: { began: string; lasts: string; ended: string },
): Episode {
  let startMs: number | undefined;
  let remindAtMs = 0;
  let occurrences = 0;
  return {
    happens(fields = {}) {
      const nowMs = clock.now();
      occurrences++;
      if (startMs === undefined) {
        startMs = nowMs;
        remindAtMs = nowMs + REMINDER_MS;
        logger.warn(texts.began, fields);
        return true;
      }
      if (nowMs >= remindAtMs) {
        remindAtMs = nowMs + REMINDER_MS;
        logger.warn(texts.lasts, { ...fields, occurrences, lastingMs: nowMs - startMs });
      }
      return false;
    },
    ends(fields = {}) {
      if (startMs === undefined) return false;
      logger.info(texts.ended, { ...fields, occurrences, lastedMs: clock.now() - startMs });
      startMs = undefined;
      occurrences = 0;
      return true;
    },
    get isOpen() {
      return startMs !== undefined;
    },
  };
}
