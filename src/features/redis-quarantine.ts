/**
 * A key that cannot be read (of another type, or cut) must not hold up what has nothing to do with it. It is moved aside, kept
 * for a month for whoever wants to know how it came there, and said aloud; its entity goes on with a log that knows what it
 * lost. Whether a key is wrong is looked at in Redis itself (lua/quarantine.lua): a fault of our own moves nothing.
 */
import type { Clock } from '../domain/clock.ts';
import type { Unsettled } from './redis-batch.ts';
import type { Call, ScriptCall } from './redis-calls.ts';
import { logTtlMs, type RedisLayout } from './redis-layout.ts';
import { loadScript } from './redis-script.ts';

/** What stands aside now. */
export interface QuarantinedKey {
  readonly key: string;
  readonly movedTo: string;
  /** the type that it had, or what else is wrong with it */
  readonly found: string;
  /** closed: what the key was for */
  readonly kind: QuarantineKind;
}
export type QuarantineKind = 'log' | 'profile' | 'other';

export type Send = (calls: readonly Call[]) => Promise<readonly unknown[]>;

export interface Quarantine {
  /** Moves what is wrong with the keys of these updates. Another process may have been first: then there is nothing to do. */
  mendUpdates(unreadable: readonly Unsettled[], newestMs: number): Promise<void>;
  /** The same for commands that met a key of another type; whether anything was moved. */
  mendCommands(calls: readonly Call[]): Promise<boolean>;
}

interface Suspect {
  readonly kind: QuarantineKind;
  readonly keys: readonly string[];
  readonly types: readonly string[];
  readonly layout?: RedisLayout;
}

const KEPT_MS = 30 * 86_400_000;
/** says that what is before was lost, not dropped: no event's time has it (redis-layout.ts reads it) */
const LOST = 0.5;
const OF_HASHES: ReadonlySet<string> = new Set(['hincrby', 'hmget', 'hset', 'hsetnx', 'hget', 'hlen', 'hdel']);
const NO_LOG = Buffer.alloc(0);

export function createQuarantine(send: Send, clock: Clock, onQuarantine: (moved: QuarantinedKey) => void): Quarantine {
  const script = loadScript('quarantine');

  function callOf({ kind, keys, types, layout }: Suspect, newestMs: number): ScriptCall {
    const now = clock.now();
    const moved = keys.map((key) => movedName(key, now));
    const log = layout === undefined ? NO_LOG : describe(layout, now, Math.max(now, newestMs) + LOST);
    const words = [kind === 'other' ? '' : kind, types.join(' '), String(KEPT_MS)].map((word) => Buffer.from(word));
    return { script, keys: [...keys, ...moved], args: [...words, log] };
  }

  /** Whether something was moved. */
  async function move(suspects: readonly Suspect[], newestMs: number): Promise<boolean> {
    const calls = suspects.map((suspect) => callOf(suspect, newestMs));
    const replies = await send(calls);
    const moved = suspects.map(({ kind, keys }, index) => {
      const reply = replies[index];
      const found = Array.isArray(reply) ? (reply as readonly Buffer[]).map(String) : [];
      keys.forEach((key, at) => {
        const what = found[at] ?? '';
        const movedTo = calls[index]?.keys[keys.length + at] ?? key;
        if (what !== '') onQuarantine({ key, movedTo, found: what, kind });
      });
      return found.some((what) => what !== '');
    });
    return moved.includes(true);
  }

  return {
    async mendUpdates(unreadable, newestMs) {
      const suspects = new Map<string, Suspect>();
      for (const update of unreadable) suspects.set(update.key, suspectOf(update));
      await move([...suspects.values()], newestMs);
    },
    mendCommands: (calls) => move(calls.map(commandSuspect), 0),
  };
}

const movedName = (key: string, now: number): string => `${key}:unreadable:${now}`;

function suspectOf({ key, layout, isProfile }: Unsettled): Suspect {
  if (layout === undefined) return { kind: isProfile ? 'profile' : 'other', keys: [key], types: ['string'] };
  return layout.hasCompanion
    ? { kind: 'log', keys: [key, `${key}:m`, `${key}:w`], types: ['string', 'hash', 'string'], layout }
    : { kind: 'log', keys: [key, `${key}:w`], types: ['string', 'string'], layout };
}

function commandSuspect(call: Call): Suspect {
  if ('script' in call) return { kind: 'other', keys: call.keys, types: call.keys.map(() => call.types ?? 'string') };
  const [name, key] = call;
  return { kind: 'other', keys: [String(key)], types: [OF_HASHES.has(name) ? 'hash' : 'string'] };
}

function describe({ stream, recordSize, set, specialSize, edgeSize }: RedisLayout, now: number, lost: number): Buffer {
  return Buffer.from(new Float64Array([recordSize, set, specialSize, edgeSize, logTtlMs(stream), now, lost]).buffer);
}
