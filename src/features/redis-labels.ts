/**
 * Labels in Redis. Each transaction that entered a log with label features leaves its place (time, logs) under its own key;
 * a label finds it there, joins the transaction's other labels, and says in each log when the transaction counts as fraud.
 *
 * A place says all that is needed of its logs (the key, the bytes of a record), so that a label finds them also from a
 * process with another features.yaml; and a process that knows more logs of a transaction adds them to its place.
 */
import type { Label } from '../domain/label.ts';
import { transactionKey } from '../domain/transaction.ts';
import { escapeTransactionKey } from './entities.ts';
import { hash53, shardOf } from './hash.ts';
import { fraudSpans, type LabelEntry } from './label-history.ts';
import type { Call } from './redis-calls.ts';
import { shardTag } from './redis-keys.ts';
import { loadScript } from './redis-script.ts';

const LABELS_AT = 12;
const LABEL_SIZE = 9;

/** A log that took a transaction, and the bytes of a record in it. */
export interface LabelledLog {
  readonly key: string;
  readonly recordSize: number;
}

/** A transaction, and its logs of this process's features. */
export interface LabelledTransaction {
  readonly identity: string;
  readonly logs: readonly LabelledLog[];
}

interface LabelPlace {
  readonly timeMs: number;
  readonly history: readonly LabelEntry[];
  readonly logs: readonly LabelledLog[];
}

export interface RedisLabels {
  /** the command that keeps a transaction's place; a repeat leaves the labels alone */
  remember(transaction: LabelledTransaction, timeMs: number): Call;
  /** To the reply of `remember`: the place was there, and does not name all of these logs. */
  isIncomplete(transaction: LabelledTransaction, reply: unknown): boolean;
  /** Adds its logs to a transaction's place, and what is known of its labels to them. */
  complete(send: Send, transactions: readonly LabelledTransaction[]): Promise<void>;
  apply(send: Send, labels: readonly Label[]): Promise<{ readonly applied: number; readonly unmatched: number }>;
}

type Send = (calls: readonly Call[]) => Promise<readonly unknown[]>;

export function createRedisLabels(prefix: string, retentionMs: number): RedisLabels {
  const addLabel = loadScript('add-label');
  const addLabelledLogs = loadScript('add-labelled-logs');
  const applyFrauds = loadScript('apply-frauds');
  const placeKey = (transaction: string): string =>
    `${prefix}:${shardTag(shardOf(transaction))}:labels:${escapeTransactionKey(transaction)}`;

  const labelCall = ({ channel, transactionId, label, labelledAtMs }: Label): Call => ({
    script: addLabel,
    keys: [placeKey(transactionKey(channel, transactionId))],
    args: [doubles(labelledAtMs ?? Number.NaN), Buffer.from(label === 'FRAUD' ? '1' : '0')],
  });

  const fraudCalls = (transaction: string, { timeMs, history, logs }: LabelPlace): readonly Call[] =>
    logs.map(({ key, recordSize }) => {
      const spans = fraudSpans(history).flatMap(({ fromMs, toMs }) => [fromMs, toMs]);
      const args = [doubles(recordSize), doubles(timeMs, hash53(transaction)), doubles(...spans)];
      return { script: applyFrauds, keys: [key, `${key}:m`], args };
    });

  return {
    remember({ identity, logs }, timeMs) {
      const head = Buffer.alloc(LABELS_AT);
      head.writeDoubleLE(timeMs);
      const value = Buffer.concat([head, Buffer.from(logs.map(lineOf).join(''))]);
      return ['set', placeKey(identity), value, 'NX', 'GET', 'PX', retentionMs];
    },
    isIncomplete({ logs }, reply) {
      return Buffer.isBuffer(reply) && logs.some((log) => !reply.includes(lineOf(log)));
    },
    async complete(send, transactions) {
      const values = await send(
        transactions.map(({ identity, logs }) => ({
          script: addLabelledLogs,
          keys: [placeKey(identity)],
          args: [doubles(retentionMs), ...logs.map((log) => Buffer.from(lineOf(log)))],
        })),
      );
      const calls = transactions.flatMap(({ identity, logs }, index) => {
        const value = values[index];
        const place = Buffer.isBuffer(value) ? decodePlace(value) : undefined;
        return place === undefined || place.history.length === 0 ? [] : fraudCalls(identity, { ...place, logs });
      });
      if (calls.length > 0) await send(calls);
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

const lineOf = ({ key, recordSize }: LabelledLog): string => `${recordSize} ${key}\n`;

function decodePlace(value: Buffer): LabelPlace {
  const count = value.readUInt32LE(8);
  const history = Array.from({ length: count }, (_, index): LabelEntry => {
    const at = LABELS_AT + index * LABEL_SIZE;
    return { atMs: value.readDoubleLE(at), value: value[at + 8] === 1 ? 'FRAUD' : 'GENUINE' };
  });
  const lines = value.toString('utf8', LABELS_AT + count * LABEL_SIZE).split('\n');
  const logs = lines.slice(0, -1).map((line): LabelledLog => {
    const end = line.indexOf(' ');
    return { key: line.slice(end + 1), recordSize: Number(line.slice(0, end)) };
  });
  return { timeMs: value.readDoubleLE(0), history, logs };
}
