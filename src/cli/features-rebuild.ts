/**
 * `vigil features rebuild`: after a loss of Redis data, the features, profiles, limits' counters and first decisions again,
 * from Kafka or from a file, through the live parser and the live store; then decisions stop saying `degraded: counters`.
 * Harmless beside live workers, and may be interrupted and run again (rebuild-recorder.ts says why). It marks the counters
 * as whole only at its end, and from a time on when history does not reach back to the beginning.
 */
import { countLines } from '../backtest/count-lines.ts';
import { readLabels } from '../backtest/read-labels.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { kafkaConnection } from '../composition/real-stack.ts';
import { connectRedis, type RedisClient } from '../composition/redis-client.ts';
import { zoneMinutes } from '../composition/scoring-stack.ts';
import { systemClock } from '../composition/system-clock.ts';
import { silentEvents } from '../consumers/consumer-events.ts';
import { verifyKafka } from '../consumers/kafka-topics.ts';
import { readLabel } from '../consumers/read-label.ts';
import { readTopic, type TopicReading } from '../consumers/read-topic.ts';
import { VigilError } from '../domain/errors.ts';
import type { CompiledFeature } from '../domain/feature.ts';
import type { Label } from '../domain/label.ts';
import { formatRfc3339 } from '../domain/time.ts';
import { createRedisFeatureStore, type RedisFeatureStore } from '../features/redis-feature-store.ts';
import { createRedisLimitUsageStore } from '../rules/limits/adapters/redis-limit-usage-store.ts';
import { type CommandIo, ConfigurationRefused, EXIT, type ExitCode } from './io.ts';
import { listenForShutdown } from './lifecycle.ts';
import { loadOrRefuse } from './load-or-refuse.ts';
import { createProgress, type Progress } from './progress.ts';
import { fromFile, fromKafka, type RebuildSource } from './rebuild-items.ts';
import { createRebuildRecorder, type RebuildRecorder } from './rebuild-recorder.ts';
import { retryingLimits, retryingStore } from './rebuild-retries.ts';

interface CommandOptions {
  /** "kafka", or a file */
  readonly from: string;
  readonly map?: string;
  readonly labels?: string;
  /** the file begins where the bank's use of Vigil began: no feature warms up */
  readonly whole?: boolean;
  /** also when nothing was lost since the last rebuild */
  readonly again?: boolean;
}

export interface FeaturesRebuildOptions extends CommandOptions {
  readonly configuration: LoadedConfiguration;
  readonly redis: RedisClient;
  readonly signal: AbortSignal;
}

const CHUNK = 512;
const DAY_MS = 86_400_000;

export async function featuresRebuildCommand(
  options: CommandOptions & { readonly config?: string },
  io: CommandIo,
): Promise<ExitCode> {
  const shutdown = listenForShutdown();
  const configuration = await loadOrRefuse(options.config);
  const events = { redisFailed: () => undefined, redisConnected: () => undefined };
  const redis = await connectRedis(configuration.settings.redis, events);
  try {
    return await runFeaturesRebuild({ ...options, configuration, redis, signal: shutdown.signal }, io);
  } finally {
    redis.disconnect();
    shutdown.dispose();
  }
}

export async function runFeaturesRebuild(options: FeaturesRebuildOptions, io: CommandIo): Promise<ExitCode> {
  const { configuration, from, signal } = options;
  if (from === 'kafka' && options.map !== undefined)
    throw new VigilError('USAGE', '--map is for a file: give it with --from FILE.');
  const nowMs = systemClock.now();
  const stores = openStores(options, io);
  const state = await stores.store.state();
  if (state.isRebuilt && state.lostMs === undefined && state.gaps === 0 && options.again !== true) {
    io.out(
      `The counters were rebuilt at ${timeText(state.epochMs ?? nowMs)}, and nothing was lost since: --again does it once more.`,
    );
    return EXIT.done;
  }
  const fileLabels = await readLabelFile(options);
  const source = await openSource(options, nowMs);
  const feedback = from === 'kafka' ? await openFeedback(configuration) : undefined;
  try {
    const recorder = createRebuildRecorder({
      ...stores,
      generation: configuration.generation,
      allowedLatenessMs: configuration.features.allowedLatenessMs,
      repeatHorizonMs: configuration.features.repeatHorizonMs,
      dataSinceMs: state.isRebuilt ? undefined : (state.epochMs ?? nowMs),
      nowMs,
    });
    const total = source.total === undefined ? undefined : source.total + (feedback?.total ?? 0) + fileLabels.length;
    const progress = createProgress(io, 'rebuild', total, systemClock.now);
    const read = await recordAll(source, recorder, progress, signal);
    const labels = createLabelSink(stores.store, (done) => progress.update(read + done));
    await labels.add(fileLabels);
    if (feedback !== undefined && !signal.aborted) await addFeedback(feedback, configuration, labels, signal);
    progress.end();
    report({ source, read, recorder, labels: labels.counts }, io);
    if (signal.aborted) {
      io.note('Interrupted: the counters are not marked as whole. Run it again; what was recorded counts once.');
      return EXIT.failed;
    }
    const sinceMs = Math.min(source.completeSinceMs ?? recorder.firstEventMs ?? nowMs, nowMs);
    await stores.store.markRebuilt(sinceMs);
    io.out(wholeText(sinceMs, configuration.features.features, nowMs));
    return EXIT.done;
  } finally {
    await Promise.all([source.close(), feedback?.close()]);
  }
}

function openStores({ configuration, redis, signal }: FeaturesRebuildOptions, io: CommandIo) {
  const { features, settings } = configuration;
  const open = (allowedLatenessMs: number): RedisFeatureStore =>
    createRedisFeatureStore({
      client: redis,
      catalogue: { ...features, allowedLatenessMs },
      keyPrefix: settings.redis.keyPrefix,
      zoneOffsetMinutes: zoneMinutes(configuration),
      clock: systemClock,
      maxPending: 2 * CHUNK,
      onQuarantine: ({ key, found, movedTo }) => io.note(`${key} could not be read (${found}): it is now ${movedTo}.`),
    });
  const reachMs = Math.max(DAY_MS, ...features.features.map(reachOf));
  const store = open(features.allowedLatenessMs);
  const patientStore = open(reachMs + features.allowedLatenessMs);
  const limits = createRedisLimitUsageStore({
    client: redis,
    keyPrefix: `${settings.redis.keyPrefix}:`,
    onUnreadable: ({ message }) => io.note(`${message}: nothing of that owner was counted in them.`),
  });
  return {
    store: { ...retryingStore(store, signal), state: store.state, markRebuilt: store.markRebuilt },
    patientStore: retryingStore(patientStore, signal),
    limits: retryingLimits(limits, signal),
  };
}

const reachOf = ({ windowMs, delayMs }: CompiledFeature): number => windowMs + delayMs;

async function openSource(options: FeaturesRebuildOptions, nowMs: number): Promise<RebuildSource> {
  const { configuration, from, map, whole } = options;
  if (from !== 'kafka')
    return fromFile(from, map, configuration, { total: await countLines(from), isWhole: whole === true, nowMs });
  const { settings } = configuration;
  const { transactions, decisions, feedback } = settings.kafka.topics;
  await verifyKafka(kafkaConnection(settings), [transactions, decisions, feedback]);
  return fromKafka(configuration);
}

const openFeedback = ({ settings }: LoadedConfiguration): Promise<TopicReading> =>
  readTopic({ connection: kafkaConnection(settings), topic: settings.kafka.topics.feedback, events: silentEvents });

async function readLabelFile({ labels, configuration }: FeaturesRebuildOptions): Promise<readonly Label[]> {
  if (labels === undefined) return [];
  const read = await readLabels(labels, (code) => configuration.channels.channels.has(code));
  if (!read.ok) throw new ConfigurationRefused(read.error);
  return read.value;
}

/** Answers how many messages or lines were read. */
async function recordAll(
  source: RebuildSource,
  recorder: RebuildRecorder,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  let done = 0;
  for await (const { read, items } of source.chunks(CHUNK)) {
    await recorder.record(items);
    done += read;
    progress.update(done);
    if (signal.aborted) break;
  }
  return done;
}

interface LabelSink {
  add(labels: readonly Label[]): Promise<void>;
  readonly counts: { readonly applied: number; readonly unmatched: number };
}

function createLabelSink(store: Pick<RedisFeatureStore, 'applyLabels'>, onDone: (done: number) => void): LabelSink {
  const counts = { applied: 0, unmatched: 0 };
  return {
    async add(labels) {
      for (let start = 0; start < labels.length; start += CHUNK) {
        const { applied, unmatched } = await store.applyLabels(labels.slice(start, start + CHUNK));
        counts.applied += applied;
        counts.unmatched += unmatched;
        onDone(counts.applied + counts.unmatched);
      }
    },
    counts,
  };
}

async function addFeedback(
  feedback: TopicReading,
  { channels }: LoadedConfiguration,
  labels: LabelSink,
  signal: AbortSignal,
): Promise<void> {
  const isChannel = (code: string): boolean => channels.channels.has(code);
  for await (const messages of feedback.messages(CHUNK)) {
    const read = messages.map(({ value, timestampMs }) => readLabel(value, { isChannel, receivedAtMs: timestampMs }));
    await labels.add(read.flatMap((result) => (result.ok ? [result.value] : [])));
    if (signal.aborted) return;
  }
}

function report(
  done: {
    readonly source: RebuildSource;
    readonly read: number;
    readonly recorder: RebuildRecorder;
    readonly labels: LabelSink['counts'];
  },
  io: CommandIo,
): void {
  const { recorded, repeats, conflicts, limits, released, decisions, undecided } = done.recorder.counts;
  const { applied, unmatched } = done.labels;
  const refused = done.read - recorded - repeats - conflicts;
  io.out(
    `${done.source.name}: ${done.read} read, ${recorded} transactions recorded, ${repeats} repeats, ${conflicts} conflicts, ${refused} refused messages`,
  );
  io.out(`labels: ${applied} applied, ${unmatched} without their transaction`);
  io.out(`limits: ${limits} transactions, ${released} blocked ones gave back what they had reserved`);
  if (undecided > 0)
    io.out(
      `  of ${undecided} the decision is not known: one that was blocked keeps its share of the limits until their period ends`,
    );
  io.out(`first decisions that repeats get again: ${decisions}`);
}

function wholeText(sinceMs: number, features: readonly CompiledFeature[], nowMs: number): string {
  const warming = features.filter((feature) => nowMs - reachOf(feature) < sinceMs);
  if (warming.length === 0) return 'The counters are whole.';
  return `The counters are whole from ${timeText(sinceMs)} on: ${warming.length} of ${features.length} features look further back and are warming up.`;
}

const timeText = (ms: number): string => formatRfc3339(ms);
