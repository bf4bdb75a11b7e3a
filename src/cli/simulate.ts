/**
 * `vigil simulate`: the seeded bank into a file (NDJSON, .gz by its name), into Kafka, or both; the ground truth as CSV.
 * The same options give the same files, byte for byte. With Kafka, labels are published on the feedback topic once the
 * stream has reached their time.
 */
import type { Clock } from '../domain/clock.ts';
import { VigilError } from '../domain/errors.ts';
import type { Label } from '../domain/label.ts';
import type { BusMessage } from '../domain/ports.ts';
import { formatRfc3339, parseRfc3339 } from '../domain/time.ts';
import { createBank, customersFor, type SimulatedBank, type SimulatedTransaction } from '../simulation/bank.ts';
import { loadSimulationParameters } from '../simulation/load-parameters.ts';
import { paced, type Sleep } from '../simulation/pace.ts';
import { labelMessage } from './bank-messages.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { createLineWriter, type LineWriter } from './line-writer.ts';
import { createProgress } from './progress.ts';

export interface SimulateOptions {
  readonly transactions: number;
  readonly seed: number;
  readonly out?: string | undefined;
  readonly labels?: string | undefined;
  /** a GENUINE row for every honest message too */
  readonly allLabels?: boolean | undefined;
  readonly customers?: number | undefined;
  /** RFC 3339 */
  readonly start?: string | undefined;
  /** transactions per second */
  readonly rate?: number | undefined;
  /** configuration folder that may hold a simulation.yaml */
  readonly config?: string | undefined;
  readonly clock: Clock;
  /** ends the run early and cleanly: what was written is complete lines */
  readonly signal: AbortSignal;
  /** there with --kafka */
  readonly publish?:
    | ((topic: 'transactions' | 'feedback', messages: readonly BusMessage[]) => Promise<void>)
    | undefined;
  readonly sleep?: Sleep | undefined;
}

const PUBLISH_CHUNK = 500;
/** With a rate, a chunk holds at most a tenth of a second, so that the stream is even. */
const CHUNKS_PER_SECOND = 10;
const LABELS_HEADER = 'transactionId,channel,label,labelledAt,scenario';

interface Sinks {
  readonly file: LineWriter | null;
  readonly labels: LineWriter | null;
  readonly kafka: KafkaSink | null;
}

export async function runSimulate(options: SimulateOptions, io: CommandIo): Promise<ExitCode> {
  checkOptions(options);
  const bank = openBank(options);
  const sinks: Sinks = {
    file: options.out === undefined ? null : createLineWriter(options.out),
    labels: options.labels === undefined ? null : createLineWriter(options.labels),
    kafka: options.publish === undefined ? null : createKafkaSink(options.publish, options.rate),
  };
  const progress = createProgress(io, 'simulate', options.transactions, () => options.clock.now());
  const summary = createSummary();
  await sinks.labels?.write(LABELS_HEADER);
  for await (const item of stream(bank, options)) {
    const line = JSON.stringify(item.message);
    await sinks.file?.write(line);
    if (item.label !== null) await sinks.labels?.write(labelRow(item.label));
    await sinks.kafka?.send(item, line);
    summary.add(item);
    progress.update(summary.transactions());
    if (options.signal.aborted) break;
  }
  await sinks.kafka?.flush();
  await sinks.file?.end();
  await sinks.labels?.end();
  progress.end();
  io.note(summary.text(bank.customers));
  if (!options.signal.aborted) return EXIT.done;
  io.note(`Stopped after ${summary.transactions()} of ${options.transactions} transactions.`);
  // a stream is meant to be stopped, a file is not whole
  return options.out === undefined ? EXIT.done : EXIT.failed;
}

const usage = (message: string): VigilError => new VigilError('USAGE', message);

function checkOptions({ transactions, seed, out, labels, customers, rate, publish }: SimulateOptions): void {
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;
  if (!isCount(transactions)) throw usage('--transactions must be a whole number above 0.');
  if (!Number.isSafeInteger(seed) || seed < 0) throw usage('--seed must be a whole number from 0 to 2^53 - 1.');
  if (customers !== undefined && !isCount(customers)) throw usage('--customers must be a whole number above 0.');
  if (rate !== undefined && !(Number.isFinite(rate) && rate > 0)) throw usage('--rate must be a number above 0.');
  if (out === undefined && publish === undefined) throw usage('Name a file with --out, or send to Kafka with --kafka.');
  if (out !== undefined && out === labels) throw usage('--out and --labels name the same file.');
}

function openBank({ config, start, seed, customers, transactions }: SimulateOptions): SimulatedBank {
  const parameters = loadSimulationParameters(config);
  const startMs = parseRfc3339(start ?? parameters.bank.startAt);
  if (startMs === undefined) throw usage('--start must be a date-time of RFC 3339 with a zone.');
  return createBank({ seed, startMs, parameters, customers: customers ?? customersFor(transactions, parameters) });
}

function stream(
  bank: SimulatedBank,
  { transactions, allLabels = false, rate, clock, signal, sleep }: SimulateOptions,
): Iterable<SimulatedTransaction> | AsyncIterable<SimulatedTransaction> {
  const all = bank.transactions({ count: transactions, labelAll: allLabels });
  return rate === undefined ? all : paced(all, { ratePerSecond: rate, clock, signal, sleep });
}

/** No field of ours holds a comma, a quote or a line end. */
const labelRow = ({ transactionId, channel, label, labelledAtMs, scenario = '' }: Label): string =>
  `${transactionId},${channel},${label},${labelledAtMs === null ? '' : formatRfc3339(labelledAtMs)},${scenario}`;

interface KafkaSink {
  send(item: SimulatedTransaction, line: string): Promise<void>;
  flush(): Promise<void>;
}

/** One produce request after the other, so that a customer's transactions stay in order. */
function createKafkaSink(publish: NonNullable<SimulateOptions['publish']>, rate: number | undefined): KafkaSink {
  const size = rate === undefined ? PUBLISH_CHUNK : Math.max(1, Math.min(PUBLISH_CHUNK, rate / CHUNKS_PER_SECOND));
  const waiting: Label[] = [];
  let chunk: BusMessage[] = [];
  let newestMs = Number.NEGATIVE_INFINITY;
  const flush = async (): Promise<void> => {
    if (chunk.length > 0) await publish('transactions', chunk);
    chunk = [];
    const due = takeDue(waiting, newestMs);
    if (due.length > 0) await publish('feedback', due.map(labelMessage));
  };
  return {
    async send({ message, label }, line) {
      chunk.push({ key: message.customerId, value: Buffer.from(line) });
      newestMs = Math.max(newestMs, parseRfc3339(message.occurredAt) ?? newestMs);
      if (label !== null) waiting.push(label);
      if (chunk.length >= size) await flush();
    },
    flush,
  };
}

/** Removes the labels that are known by now; there are never more than a few thousand waiting. */
function takeDue(waiting: Label[], nowMs: number): readonly Label[] {
  const due = waiting.filter(({ labelledAtMs }) => (labelledAtMs ?? 0) <= nowMs);
  if (due.length === 0) return due;
  const rest = waiting.filter(({ labelledAtMs }) => (labelledAtMs ?? 0) > nowMs);
  waiting.splice(0, waiting.length, ...rest);
  return due.sort((a, b) => (a.labelledAtMs ?? 0) - (b.labelledAtMs ?? 0));
}

function createSummary() {
  const scenarios = new Map<string, number>();
  let transactions = 0;
  let genuine = 0;
  let last = '';
  return {
    transactions: () => transactions,
    add({ message, label, scenario }: SimulatedTransaction): void {
      transactions += 1;
      if (scenario !== undefined) scenarios.set(scenario, (scenarios.get(scenario) ?? 0) + 1);
      if (label?.label === 'GENUINE') genuine += 1;
      if (message.occurredAt > last) last = message.occurredAt;
    },
    text(customers: number): string {
      const frauds = [...scenarios.values()].reduce((sum, count) => sum + count, 0);
      const list = [...scenarios].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${name} ${count}`);
      return (
        `${transactions} transactions of ${customers} customers until ${last}; ` +
        `labelled FRAUD ${frauds}${frauds === 0 ? '' : ` (${list.join(', ')})`}, GENUINE ${genuine}`
      );
    },
  };
}
