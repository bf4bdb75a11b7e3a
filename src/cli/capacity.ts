/**
 * `vigil capacity`: the memory that Redis will need for the features.yaml in force, a customer base and a rate, log by log,
 * and the disk of the topics; with --redis beside what `MEMORY USAGE` says of a sample of the keys that are there.
 */
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { connectRedis } from '../composition/redis-client.ts';
import { VigilError } from '../domain/errors.ts';
import type { FeatureCatalogue } from '../domain/feature.ts';
import { type CapacityRow, estimateCapacity } from '../features/capacity.ts';
import { planFeatures } from '../features/feature-plan.ts';
import { logId } from '../features/redis-layout.ts';
import { type MemorySample, sampleMemory } from './capacity-sample.ts';
import { type TopicCapacityRow, topicCapacity } from './capacity-topics.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';

export interface CapacityOptions {
  readonly customers: number;
  /** transactions per second, on average over the day */
  readonly rate: number;
  /** bytes of one transaction, and of one decision, as they are published */
  readonly transactionBytes: number;
  readonly decisionBytes: number;
  /** share of events that bring a log a member it has not seen: 0…1 */
  readonly newMembers: number;
  /** share of transactions that correct an earlier one: 0…1 */
  readonly corrected: number;
  /** "device=1.5": so many of an entity or a pair per customer; one where nothing is said */
  readonly entities: readonly string[];
  /** beside the keys of this server */
  readonly redis?: string;
  /** keys measured of each kind */
  readonly sample: number;
  readonly json?: boolean;
}

interface CapacityReport {
  readonly features: string;
  readonly customers: number;
  readonly transactionsPerSecond: number;
  readonly bytes: number;
  readonly topics: readonly TopicCapacityRow[];
  readonly rows: readonly (CapacityRow & { readonly features: readonly string[]; readonly measured?: MemorySample })[];
  /** of keys that are no part of the estimate: the limits' counters, what was moved aside */
  readonly others?: readonly MemorySample[];
}

const DAY_SECONDS = 86_400;

export async function capacityCommand(
  options: CapacityOptions & { readonly config?: string },
  io: CommandIo,
): Promise<ExitCode> {
  return runCapacity({ ...options, configuration: await loadOrRefuse(options.config) }, io);
}

export async function runCapacity(
  options: CapacityOptions & { readonly configuration: LoadedConfiguration },
  io: CommandIo,
): Promise<ExitCode> {
  const { configuration, customers, rate } = options;
  const catalogue = configuration.features;
  const combinations = planFeatures(catalogue).combinations.map(({ name }) => name);
  const rows = estimateCapacity({
    catalogue,
    customers,
    transactionsPerDay: rate * DAY_SECONDS,
    decisionBytes: options.decisionBytes,
    membersPerEvent: options.newMembers,
    correctedShare: options.corrected,
    partitions: configuration.settings.kafka.partitions,
    entitiesPerCustomer: readEntities(options.entities, combinations),
  });
  const samples = options.redis === undefined ? undefined : await measure(options.redis, options);
  const named = featuresByRow(catalogue);
  const report: CapacityReport = {
    features: catalogue.version,
    customers,
    transactionsPerSecond: rate,
    bytes: rows.reduce((sum, { bytes }) => sum + bytes, 0),
    topics: topicCapacity(configuration.settings.kafka, options),
    rows: rows.map((row) => withSample({ ...row, features: named.get(row.name) ?? [] }, samples)),
    ...(samples === undefined ? {} : { others: samples.filter(({ name }) => !rows.some((row) => row.name === name)) }),
  };
  if (options.json === true) io.out(JSON.stringify(report));
  else for (const line of reportLines(report)) io.out(line);
  return EXIT.done;
}

/** "device=1.5" → how many per customer; a name that is in no feature is a fault. */
function readEntities(given: readonly string[], combinations: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name = '', number = ''] = /^([^=]+)=(\d*\.?\d+)$/.exec(text) ?? [];
      if (!combinations.includes(name))
        throw new VigilError(
          'USAGE',
          `--entities ${text} must be NAME=NUMBER with a name of: ${combinations.join(', ')}.`,
        );
      return [name, Number(number)];
    }),
  );
}

async function measure(
  url: string,
  { configuration, sample }: CapacityOptions & { readonly configuration: LoadedConfiguration },
): Promise<readonly MemorySample[]> {
  const settings = { ...configuration.settings.redis, url };
  const client = await connectRedis(settings, { redisFailed: () => undefined, redisConnected: () => undefined });
  try {
    return await sampleMemory(client, settings.keyPrefix, sample);
  } finally {
    client.disconnect();
  }
}

const withSample = <T extends CapacityRow>(row: T, samples: readonly MemorySample[] | undefined) => {
  const measured = samples?.find(({ name }) => name === row.name);
  return measured === undefined ? row : { ...row, measured };
};

/** Which features a log serves: its own name says only what it belongs to. */
function featuresByRow(catalogue: FeatureCatalogue): ReadonlyMap<string, readonly string[]> {
  const plan = planFeatures(catalogue);
  const rows = plan.streams.map((stream, index) => {
    const names = plan.sources.filter((source) => source.stream === index).map(({ name }) => name);
    return [`${plan.combinations[stream.combination]?.name ?? 'unknown'}:${logId(stream)}`, names] as const;
  });
  return new Map(rows);
}

function* reportLines(report: CapacityReport): Generator<string> {
  const { rows, others = [] } = report;
  yield `features ${report.features}: ${whole(report.customers)} customers, ${report.transactionsPerSecond} transactions per second`;
  yield line(['', 'entities', 'B/entity', 'events', 'B/event', 'memory']);
  for (const row of rows) {
    const { entities, bytesPerEntity, events, bytesPerEvent, bytes } = row;
    yield line([
      row.name,
      whole(entities),
      whole(bytesPerEntity),
      whole(events),
      bytesPerEvent.toFixed(1),
      size(bytes),
    ]);
    if (row.features.length > 0) yield `    ${row.features.join(', ')}`;
  }
  yield line(['together', '', '', '', '', size(report.bytes)]);
  yield '';
  yield line(['topics (kafka.retentionHours)', 'hours', 'B/message', 'copies', '', 'disk']);
  for (const { topic, retentionHours, bytesPerMessage, replicationFactor, bytes } of report.topics)
    yield line([topic, whole(retentionHours), whole(bytesPerMessage), whole(replicationFactor), '', size(bytes)]);
  const measured = rows.flatMap((row) => (row.measured === undefined ? [] : [{ row, sample: row.measured }]));
  if (measured.length + others.length === 0) return;
  yield '';
  yield line(['MEMORY USAGE', 'keys', 'measured', 'B/key', 'B/event', 'estimate']);
  for (const { row, sample } of measured) yield sampleLine(sample, estimateOf(row, sample));
  for (const sample of others) yield sampleLine(sample, undefined);
}

/** What the constants say of the very keys that were measured. */
const estimateOf = (row: CapacityRow, sample: MemorySample): number =>
  sample.measured * row.bytesPerEntity + (sample.events ?? 0) * row.bytesPerEvent;

function sampleLine(sample: MemorySample, estimate: number | undefined): string {
  const { name, keys, measured, bytes, events } = sample;
  const perKey = measured === 0 ? 0 : bytes / measured;
  return line([
    name,
    whole(keys),
    whole(measured),
    whole(perKey),
    events === undefined || events === 0 ? '' : (bytes / events).toFixed(1),
    estimate === undefined || bytes === 0 ? '' : `${((estimate / bytes) * 100).toFixed(0)} % of it`,
  ]);
}

const line = ([name = '', ...columns]: readonly string[]): string =>
  `${name.padEnd(34)}${columns.map((text) => text.padStart(14)).join('')}`;
const whole = (value: number): string => Math.round(value).toLocaleString('en');

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}
