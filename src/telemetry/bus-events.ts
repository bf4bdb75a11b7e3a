/** What happens between the bus and the pipeline: the consumers' own interface fits this one. */
import type { Clock } from '../domain/clock.ts';
import { createEpisode } from './episode.ts';
import type { Fields, Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { errorCodeOf } from './scoring-events.ts';

interface Subscriber {
  readonly topic: string;
  readonly group: string;
}
interface Place extends Subscriber {
  readonly partition: number;
}

export interface BusEvents {
  chunkFinished(event: Place & { messages: number; durationMs: number; lag: bigint }): void;
  chunkRetried(event: Place & { attempt: number; delayMs: number; error: unknown }): void;
  positionsRetried(event: Subscriber & { attempt: number; delayMs: number; error: unknown }): void;
  partitionsAssigned(event: Subscriber & { partitions: readonly number[] }): void;
  offsetsLost(event: Place & { from: bigint; to: bigint }): void;
  offsetsCommitted(event: Subscriber & { partitions: number; durationMs: number }): void;
  commitFailed(event: Subscriber & { error: unknown }): void;
  subscriptionDied(event: Subscriber & { error: unknown }): void;
  stopTimedOut(event: Subscriber & { budgetMs: number }): void;
  published(event: { topic: string; messages: number; bytes: number; requests: number; durationMs: number }): void;
  clientWarned(event: { level: 'error' | 'warn'; message: string; context: Readonly<Record<string, unknown>> }): void;
  deadLettered(event: { topic: string; code: string }): void;
  labelsApplied(event: { applied: number; unmatched: number }): void;
  alertsRecorded(event: { decisions: number; newAlerts: number }): void;
  /** read at every scrape: what a consumer that hangs no longer reports by events */
  watch(subscription: Subscriber & WatchedSubscription): void;
}

interface WatchedSubscription {
  /** partition → messages not yet handled */
  lag(): ReadonlyMap<number, bigint>;
  /** since the bus was last asked for anything */
  silentForMs(): number;
}

interface PartitionState {
  lag: bigint;
  finishedAtMs: number;
}

export function createBusEvents(metrics: Metrics, logger: Logger, clock: Clock): BusEvents {
  const progress = createProgressBook(metrics, clock);
  const alertOutage = createEpisode(logger, clock, {
    began: 'the alert store does not answer: alerts wait in Kafka, decisions do not notice',
    lasts: 'the alert store still does not answer',
    ended: 'the alert store answers again',
  });
  const retried = (event: { group: string; attempt: number; error: unknown }, text: string, fields: Fields): void => {
    const { group, attempt, error } = event;
    metrics.add('vigil_consumer_retries_total', [group, errorCodeOf(error)], 1);
    if (errorCodeOf(error) === 'ALERT_STORE_UNAVAILABLE') {
      if (alertOutage.happens({ ...fields, err: error })) metrics.add('vigil_alert_store_outages_total', [], 1);
      metrics.set('vigil_alert_store_down_state', [], 1);
    } else if ((attempt & (attempt - 1)) === 0) {
      // the attempts 1, 2, 4, 8, …: an hour of outage makes a dozen lines
      logger.warn(text, { ...fields, attempt, err: error });
    }
  };
  return {
    chunkFinished(event) {
      const { topic, group, messages, durationMs } = event;
      metrics.add('vigil_consumer_messages_total', [topic, group], messages);
      metrics.observe('vigil_consumer_chunk_duration_seconds', [group], durationMs / 1000);
      progress.finished(event);
    },
    chunkRetried({ topic, group, partition, attempt, delayMs, error }) {
      retried({ group, attempt, error }, 'a chunk is handled again after an outage', {
        topic,
        group,
        partition,
        delayMs,
      });
    },
    positionsRetried({ topic, group, attempt, delayMs, error }) {
      retried({ group, attempt, error }, 'the offsets cannot be read: nothing is consumed until they can', {
        topic,
        group,
        delayMs,
      });
    },
    partitionsAssigned(event) {
      metrics.add('vigil_consumer_rebalances_total', [event.topic, event.group], 1);
      // from 0 on, so that an alert sees the first one
      metrics.add('vigil_consumer_deaths_total', [event.group], 0);
      metrics.add('vigil_consumer_stop_timeouts_total', [event.group], 0);
      metrics.add('vigil_consumer_lost_messages_total', [event.topic, event.group], 0);
      progress.assigned(event);
      logger.info('partitions assigned', { ...event });
    },
    offsetsLost({ topic, group, partition, from, to }) {
      const lost = to > from ? Number(to - from) : 0;
      metrics.add('vigil_consumer_lost_messages_total', [topic, group], lost);
      logger.error(
        'messages are gone before they were read: compare retention with the outage, and replay from the source',
        {
          topic,
          group,
          partition,
          from,
          to,
          lost,
        },
      );
    },
    offsetsCommitted: ({ group }) => metrics.add('vigil_consumer_commits_total', [group, 'done'], 1),
    commitFailed({ topic, group, error }) {
      metrics.add('vigil_consumer_commits_total', [group, 'failed'], 1);
      logger.warn('a commit failed and is tried again: at most a repeat', { topic, group, err: error });
    },
    subscriptionDied({ topic, group, error }) {
      metrics.add('vigil_consumer_deaths_total', [group], 1);
      logger.error('nobody consumes here any more: the process ends so that it can be started again', {
        topic,
        group,
        err: error,
      });
    },
    stopTimedOut({ topic, group, budgetMs }) {
      metrics.add('vigil_consumer_stop_timeouts_total', [group], 1);
      logger.warn('the drain took too long: what was not committed is read again elsewhere', {
        topic,
        group,
        budgetMs,
      });
    },
    published({ topic, messages, bytes, requests, durationMs }) {
      metrics.add('vigil_publish_messages_total', [topic], messages);
      metrics.add('vigil_publish_bytes_total', [topic], bytes);
      metrics.add('vigil_publish_requests_total', [topic], requests);
      metrics.observe('vigil_publish_duration_seconds', [topic], durationMs / 1000);
    },
    clientWarned({ level, message, context }) {
      metrics.add('vigil_bus_client_warnings_total', [level], 1);
      logger.warn(`Kafka client: ${message}`, context);
    },
    deadLettered({ topic, code }) {
      metrics.add('vigil_dead_letter_messages_total', [code], 1);
      if (logger.isDebug()) logger.debug('dead letter', { topic, code });
    },
    labelsApplied({ applied, unmatched }) {
      metrics.add('vigil_feedback_labels_total', ['applied'], applied);
      metrics.add('vigil_feedback_labels_total', ['unmatched'], unmatched);
    },
    alertsRecorded({ decisions, newAlerts }) {
      metrics.add('vigil_alert_store_decisions_total', [], decisions);
      metrics.add('vigil_alert_store_alerts_total', [], newAlerts);
      metrics.set('vigil_alert_store_down_state', [], 0);
      alertOutage.ends();
    },
    watch({ topic, group, ...subscription }) {
      metrics.beforeScrape(() => {
        const lag = [...subscription.lag().values()].reduce((sum, messages) => sum + Number(messages), 0);
        metrics.set('vigil_consumer_lag_messages', [topic, group], lag);
        metrics.set('vigil_consumer_fetch_age_seconds', [topic, group], subscription.silentForMs() / 1000);
      });
    },
  };
}

/** Lag and age per partition in memory, summed at the scrape: a partition is no label. */
function createProgressBook(metrics: Metrics, clock: Clock) {
  const books = new Map<string, Subscriber & { partitions: Map<number, PartitionState> }>();
  const bookOf = ({ topic, group }: Subscriber) => {
    const key = `${group}\u0000${topic}`;
    let book = books.get(key);
    if (book === undefined) {
      book = { topic, group, partitions: new Map() };
      books.set(key, book);
    }
    return book;
  };
  metrics.beforeScrape(() => {
    for (const { topic, group, partitions } of books.values()) {
      const states = [...partitions.values()];
      const lag = states.reduce((sum, state) => sum + Number(state.lag), 0);
      const waiting = states.filter((state) => state.lag > 0n);
      const idleMs = waiting.reduce((oldest, state) => Math.max(oldest, clock.now() - state.finishedAtMs), 0);
      metrics.set('vigil_consumer_lag_messages', [topic, group], lag);
      metrics.set('vigil_consumer_idle_seconds', [topic, group], idleMs / 1000);
      metrics.set('vigil_consumer_assigned_partitions', [topic, group], states.length);
    }
  });
  return {
    finished(event: Place & { lag: bigint }): void {
      bookOf(event).partitions.set(event.partition, { lag: event.lag, finishedAtMs: clock.now() });
    },
    assigned(event: Subscriber & { partitions: readonly number[] }): void {
      const book = bookOf(event);
      const before = book.partitions;
      book.partitions = new Map(
        event.partitions.map((id) => [id, before.get(id) ?? { lag: 0n, finishedAtMs: clock.now() }]),
      );
    },
  };
}
