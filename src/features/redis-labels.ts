/**
 * Labels in Redis. Each transaction that entered a log with label features leaves its place (time, logs) under its own key;
 * a label finds it there, joins the transaction's other labels, and says in each log when the transaction counts as fraud.
 */
import type { Label } from '../domain/label.ts';
import { transactionKey } from '../domain/transaction.ts';
import { escapeTransactionKey } from './entities.ts';
import { hash53, shardOf } from './hash.ts';
import { fraudSpans, type LabelEntry } from './label-history.ts';
import type { Call } from './redis-calls.ts';
import { shardTag } from './redis-keys.ts';
import type { RedisLayout } from './redis-layout.ts';
import { loadScript } from './redis-script.ts';

const LABELS_AT = 12;
const LABEL_SIZE = 9;

/** A log that took a transaction: its key and the position of its stream. */
export interface LabelledLog {
  readonly key: string;
  readonly stream: number;
}

interface LabelPlace {
  readonly timeMs: number;
  readonly history: readonly LabelEntry[];
  readonly logs: readonly LabelledLog[];
}

export interface RedisLabels {
  /** the command that keeps a transaction's place; a repeat leaves the labels alone */
  remember(transaction: string, timeMs: number, logs: readonly LabelledLog[]): Call;
  apply(
    send: (calls: readonly Call[]) => Promise<readonly unknown[]>,
    labels: readonly Label[],
  ): Promise<{ readonly applied: number; readonly unmatched: number }>;
}

export function createRedisLabels(prefix: string, layouts: readonly RedisLayout[], retentionMs: number): RedisLabels {
  const addLabel = loadScript('add-label');
  const applyFrauds = loadScript('apply-frauds');
  const placeKey = (transaction: string): string =>
    `${prefix}:${shardTag(shardOf(transaction))}:label:${escapeTransactionKey(transaction)}`;

  const labelCall = ({ channel, transactionId, label, labelledAtMs }: Label): Call => ({
    script: addLabel,
    keys: [placeKey(transactionKey(channel, transactionId))],
    args: [doubles(labelledAtMs ?? Number.NaN), Buffer.from(label === 'FRAUD' ? '1' : '0')],
  });

  const fraudCalls = (transaction: string, { timeMs, history, logs }: LabelPlace): readonly Call[] =>
    logs.flatMap(({ key, stream }) => {
      const layout = layouts[stream];
      if (layout === undefined) return [];
      const spans = fraudSpans(history).flatMap(({ fromMs, toMs }) => [fromMs, toMs]);
      const sizes = Buffer.alloc(8);
      sizes.writeUInt32LE(layout.recordSize);
      sizes.writeUInt32LE(layout.trailerSize, 4);
      const args = [sizes, doubles(timeMs, hash53(transaction)), doubles(...spans)];
      return [{ script: applyFrauds, keys: [key, `${key}:m`], args }];
    });

  return {
    remember(transaction, timeMs, logs) {
      const head = Buffer.alloc(LABELS_AT);
      head.writeDoubleLE(timeMs);
      const value = Buffer.concat([head, Buffer.from(JSON.stringify(logs.map(({ key, stream }) => [key, stream])))]);
      return ['set', placeKey(transaction), value, 'NX', 'PX', retentionMs];
    },
    async apply(send, labels) {
      if (labels.length === 0) return { applied: 0, unmatched: 0 };
      const values = await send(labels.map(labelCall));
      const calls = labels.map(({ channel, transactionId }, index) => {
        const value = values[index];
        if (!Buffer.isBuffer(value)) return [];
        return fraudCalls(transactionKey(channel, transactionId), decodePlace(value));
      });
      const answers = calls.some((own) => own.length > 0) ? await send(calls.flat()) : [];
      let next = 0;
      let applied = 0;
      for (const own of calls) {
        if (answers.slice(next, next + own.length).some((answer) => Number(answer) === 1)) applied++;
        next += own.length;
      }
      return { applied, unmatched: labels.length - applied };
    },
  };
}

const doubles = (...numbers: number[]): Buffer => Buffer.from(new Float64Array(numbers).buffer);

function decodePlace(value: Buffer): LabelPlace {
  const count = value.readUInt32LE(8);
  const history = Array.from({ length: count }, (_, index): LabelEntry => {
    const at = LABELS_AT + index * LABEL_SIZE;
    return { atMs: value.readDoubleLE(at), value: value[at + 8] === 1 ? 'FRAUD' : 'GENUINE' };
  });
  const logs: [string, number][] = JSON.parse(value.toString('utf8', LABELS_AT + count * LABEL_SIZE));
  return { timeMs: value.readDoubleLE(0), history, logs: logs.map(([key, stream]) => ({ key, stream })) };
}
