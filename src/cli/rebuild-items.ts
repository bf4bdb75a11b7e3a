/**
 * Where a rebuild takes transactions from, in order of arrival: the decisions topic (each decision keeps the transaction it
 * was made for, so those of the HTTP API are there too, and what was blocked is known), before it whatever the transactions
 * topic still holds from earlier; or a file.
 */
import { openHistory } from '../backtest/open-history.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { parserOf } from '../composition/parser-of.ts';
import { kafkaConnection } from '../composition/real-stack.ts';
import { silentEvents } from '../consumers/consumer-events.ts';
import { readDecision } from '../consumers/read-decision.ts';
import {
  completeSince,
  readTopic,
  type TopicMessage,
  type TopicReading,
  type TopicStart,
} from '../consumers/read-topic.ts';
import type { Decision } from '../domain/decision.ts';
import type { ParseTransaction } from '../domain/parse-transaction.ts';
import { parseRfc3339 } from '../domain/time.ts';
import type { ParsedTransaction } from '../domain/transaction.ts';
import { keptFacts } from '../pipeline/redecide.ts';
import { ConfigurationRefused } from './io.ts';

/** The decision that stands for a transaction, as it was published. */
export interface KnownDecision {
  readonly bytes: string;
  readonly decidedAtMs: number;
  readonly isBlocked: boolean;
}

export interface RebuildItem {
  readonly parsed: ParsedTransaction;
  /** when it came, as well as it is known */
  readonly arrivedMs: number;
  /** it was too old for a window when it came; undefined: nobody has said */
  readonly wasTooLate: boolean | undefined;
  readonly decision?: KnownDecision;
}

export interface RebuildChunk {
  /** messages or lines that it was made from */
  readonly read: number;
  readonly items: readonly RebuildItem[];
}

export interface RebuildSource {
  /** in words, for the report */
  readonly name: string;
  /** messages or lines; undefined: not known beforehand */
  readonly total: number | undefined;
  /** nothing is missing from this time on; −Infinity: nothing is missing at all. Undefined: begins with its first event */
  readonly completeSinceMs: number | undefined;
  chunks(most: number): AsyncGenerator<RebuildChunk>;
  close(): Promise<void>;
}

export async function fromFile(
  file: string,
  map: string | undefined,
  configuration: LoadedConfiguration,
  options: { readonly total: number | undefined; readonly isWhole: boolean; readonly nowMs: number },
): Promise<RebuildSource> {
  const lines = await openHistory(file, map);
  if (!lines.ok) throw new ConfigurationRefused(lines.error);
  const parse = parserOf(configuration);
  return {
    name: file,
    total: options.total,
    completeSinceMs: options.isWhole ? Number.NEGATIVE_INFINITY : undefined,
    async *chunks(most) {
      let read = 0;
      let items: RebuildItem[] = [];
      for await (const { bytes, fault } of lines.value) {
        read += 1;
        const parsed = fault === undefined ? parse(bytes, options.nowMs) : undefined;
        if (parsed?.ok) {
          const arrivedMs = parsed.value.transaction.occurredAtMs;
          items.push({ parsed: parsed.value, arrivedMs, wasTooLate: undefined });
        }
        if (read < most) continue;
        yield { read, items };
        read = 0;
        items = [];
      }
      yield { read, items };
    },
    close: async () => undefined,
  };
}

export async function fromKafka(configuration: LoadedConfiguration): Promise<RebuildSource> {
  const connection = kafkaConnection(configuration.settings);
  const { topics } = configuration.settings.kafka;
  const decisions = await readTopic({ connection, topic: topics.decisions, events: silentEvents });
  let earlier: TopicReading | undefined;
  try {
    const starts = await decisions.starts();
    const beforeMs = decisionsSince(starts);
    earlier = await readTopic({ connection, topic: topics.transactions, beforeMs, events: silentEvents });
    const since =
      earlier.total > 0
        ? completeSince(await earlier.starts(), beforeMs)
        : completeSince(starts, Number.POSITIVE_INFINITY);
    return kafkaSource(configuration, earlier, decisions, since);
  } catch (error) {
    await Promise.all([decisions.close(), earlier?.close()]);
    throw error;
  }
}

/**
 * From when on each decision is in its topic. A partition that has lost its first ones counts from what is left, one that
 * never had any counts for nothing; where none was ever deleted the topic may be younger than the transactions'.
 */
function decisionsSince(starts: readonly TopicStart[]): number {
  const cut = starts.filter(({ isCut }) => isCut).map(({ oldestMs }) => oldestMs ?? Number.POSITIVE_INFINITY);
  const whole = starts.filter(({ isCut }) => !isCut).flatMap(({ oldestMs }) => oldestMs ?? []);
  const times = whole.length === 0 ? cut : [...cut, Math.min(...whole)];
  return times.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...times);
}

function kafkaSource(
  configuration: LoadedConfiguration,
  earlier: TopicReading,
  decisions: TopicReading,
  completeSinceMs: number,
): RebuildSource {
  const { topics } = configuration.settings.kafka;
  const parse = parserOf(configuration);
  return {
    name: earlier.total === 0 ? topics.decisions : `${topics.transactions} and ${topics.decisions}`,
    total: earlier.total + decisions.total,
    completeSinceMs,
    async *chunks(most) {
      for await (const messages of earlier.messages(most))
        yield { read: messages.length, items: messages.flatMap((message) => transactionItem(message, parse)) };
      for await (const messages of decisions.messages(most))
        yield {
          read: messages.length,
          items: messages.flatMap((message) => decisionItem(message, configuration, parse)),
        };
    },
    async close() {
      await Promise.all([earlier.close(), decisions.close()]);
    },
  };
}

function transactionItem({ value, timestampMs }: TopicMessage, parse: ParseTransaction): readonly RebuildItem[] {
  const parsed = parse(value, timestampMs);
  return parsed.ok ? [{ parsed: parsed.value, arrivedMs: timestampMs, wasTooLate: undefined }] : [];
}

/** Nothing for a provisional fallback: the message was refused and entered no counter. */
function decisionItem(
  { value, timestampMs }: TopicMessage,
  { generation }: LoadedConfiguration,
  parse: ParseTransaction,
): readonly RebuildItem[] {
  const read = readDecision(value);
  if (!read.ok) return [];
  const { decision, bytes } = read.value;
  const facts = keptFacts(decision, generation, parse);
  if (facts === null || decision.provisional === true) return [];
  return [
    {
      parsed: facts.parsed,
      arrivedMs: parseRfc3339(decision.receivedAt) ?? timestampMs,
      wasTooLate: decision.flags.includes('TOO_LATE'),
      decision: knownDecision(decision, bytes, timestampMs),
    },
  ];
}

const knownDecision = (decision: Decision, bytes: string, timestampMs: number): KnownDecision => ({
  bytes,
  decidedAtMs: parseRfc3339(decision.decidedAt) ?? timestampMs,
  isBlocked: decision.outcome === 'BLOCK',
});
