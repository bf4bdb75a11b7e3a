/**
 * One running Vigil on whatever adapters it is given: the three consumers, the synchronous way of the HTTP API (which runs
 * the very same scoring and publishes its decisions too), live figures, telemetry. The demo and `vigil run` are this with
 * different adapters.
 */
import { startAlertConsumer } from '../consumers/alert-consumer.ts';
import { startFeedbackConsumer } from '../consumers/feedback-consumer.ts';
import type { BusOf, LiveSubscription } from '../consumers/live-subscription.ts';
import type { TopicNames } from '../consumers/topics.ts';
import { startTransactionConsumer } from '../consumers/transaction-consumer.ts';
import { maskCardNumbers } from '../domain/card-number.ts';
import type { Clock } from '../domain/clock.ts';
import type { AlertStore, FeatureStore, FraudModel, LimitUsageStore } from '../domain/ports.ts';
import type { Rejection } from '../domain/transaction.ts';
import type { Failpoint, ScoredInput } from '../pipeline/score-transactions.ts';
import type { Telemetry } from '../telemetry/events.ts';
import type { InForce, LiveConfiguration } from './live-configuration.ts';
import { createLiveFigures, type LiveFigures } from './live-figures.ts';
import type { LoadedConfiguration } from './load-generation.ts';
import { createScoringStack, type ScoringStack } from './scoring-stack.ts';

export interface ScoringServiceOptions {
  /** of the start: what needs a restart is taken from it */
  readonly configuration: LoadedConfiguration;
  /** where it can change while the service runs */
  readonly live?: LiveConfiguration;
  readonly bus: BusOf<LiveSubscription>;
  readonly topics: TopicNames;
  readonly store: FeatureStore;
  readonly limitUsage: LimitUsageStore;
  readonly alerts: AlertStore;
  readonly model: FraudModel | null;
  readonly modelBudgetMs?: () => number;
  readonly storeBudgetMs?: number;
  /** default: kafka.maxChunk of the settings */
  readonly maxChunk?: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** every chunk that was scored, and how long it took */
  readonly onScored?: (results: readonly ScoredInput[], durationMs: number) => void;
  readonly failpoint?: Failpoint;
}

export type SynchronousAnswer =
  | { readonly status: 'decided'; readonly decision: string }
  | { readonly status: 'rejected'; readonly rejection: Rejection };

export interface ScoringService {
  readonly stack: ScoringStack;
  readonly figures: LiveFigures;
  /** what is in force now */
  configuration(): LoadedConfiguration;
  inForce(): InForce;
  readonly subscriptions: {
    readonly transactions: LiveSubscription;
    readonly alerts: LiveSubscription;
    readonly feedback: LiveSubscription;
  };
  /** the synchronous way: decided, published, answered */
  scoreNow(bytes: Buffer, receivedAtMs: number): Promise<SynchronousAnswer>;
  /** messages that are not yet decided */
  lag(): number;
  /** rejects when a consumer died: the process must end */
  readonly died: Promise<never>;
  /** finishes what is in hand, commits it, leaves the groups */
  stop(): Promise<void>;
}

export async function startScoringService(options: ScoringServiceOptions): Promise<ScoringService> {
  const { configuration, live, bus, topics, alerts, clock, telemetry } = options;
  const current = (): LoadedConfiguration => live?.current().configuration ?? configuration;
  const { kafka } = configuration.settings;
  const maxChunk = options.maxChunk ?? kafka.maxChunk;
  const figures = createLiveFigures({ channels: configuration.channels, clock });
  const stack = createScoringStack({
    configuration,
    ...(live === undefined ? {} : { live }),
    store: options.store,
    limitUsage: options.limitUsage,
    model: options.model,
    ...(options.modelBudgetMs === undefined ? {} : { modelBudgetMs: options.modelBudgetMs }),
    ...(options.storeBudgetMs === undefined ? {} : { storeBudgetMs: options.storeBudgetMs }),
    clock,
    onOutage: telemetry.scoring.featureStoreOutage,
    onLimitFailure: telemetry.scoring.limitStoreFailed,
    scorer: {
      observer: telemetry.scoring,
      ...(options.failpoint === undefined ? {} : { failpoint: options.failpoint }),
    },
  });
  telemetry.service.watchFeatureStore(stack.guarded);

  const scoreTransactions: typeof stack.score = async (inputs, position) => {
    const startMs = performance.now();
    const results = await stack.score(inputs, position);
    const durationMs = performance.now() - startMs;
    figures.count(results, durationMs);
    options.onScored?.(results, durationMs);
    return results;
  };
  const common = { bus, topics, clock, events: telemetry.bus, mask: maskCardNumbers, maxChunk };
  const [transactions, alertFeed, feedback] = await Promise.all([
    startTransactionConsumer({ ...common, group: kafka.group, scoreTransactions }),
    startAlertConsumer({ ...common, group: kafka.alertGroup, store: alerts }),
    startFeedbackConsumer({
      ...common,
      group: kafka.feedbackGroup,
      store: options.store,
      isChannel: (code) => current().channels.channels.has(code),
    }),
  ]);
  const subscriptions = { transactions, alerts: alertFeed, feedback };
  const all = Object.values(subscriptions);
  const { group, alertGroup, feedbackGroup } = kafka;
  for (const [topic, name, subscription] of [
    [topics.transactions, group, transactions],
    [topics.decisions, alertGroup, alertFeed],
    [topics.feedback, feedbackGroup, feedback],
  ] as const) {
    telemetry.bus.watch({
      topic,
      group: name,
      lag: () => subscription.lag(),
      silentForMs: () => subscription.silentForMs(),
    });
  }
  const died = Promise.race(all.map(({ finished }) => finished.then(() => new Promise<never>(() => {}))));
  // whoever waits for it hears of it; before that it is no unhandled rejection
  died.catch(() => undefined);
  return {
    stack,
    figures,
    configuration: current,
    inForce: () => live?.current() ?? { configuration, model: options.model },
    subscriptions,
    lag: () => [...transactions.lag().values()].reduce((sum, messages) => sum + Number(messages), 0),
    async scoreNow(bytes, receivedAtMs) {
      const [result] = await scoreTransactions([{ bytes, receivedAtMs }]);
      if (result === undefined) throw new Error('a chunk of one has no result');
      if (result.kind === 'rejected') return { status: 'rejected', rejection: result.rejection };
      await bus.publish(topics.decisions, [{ key: result.customerId, value: Buffer.from(result.bytes) }]);
      return { status: 'decided', decision: result.bytes };
    },
    died,
    async stop() {
      await Promise.all(all.map((subscription) => subscription.stop()));
    },
  };
}
