/** What happens around scoring: models, configuration, alerts in hand, HTTP. */

import type { Clock } from '../domain/clock.ts';
import type { DecisionVersions } from '../domain/decision.ts';
import { createEpisode } from './episode.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

export interface ServiceEvents {
  modelLoaded(event: { version: string; backend: string; backendFallback?: string; tensors: () => number }): void;
  /** the last good model, or none, keeps serving */
  modelRefused(event: { error: unknown }): void;
  generationActivated(event: { versions: DecisionVersions; rules: number }): void;
  generationRefused(event: { faults: readonly string[] }): void;
  /** looking for changes failed: it is tried again, and what is in force stays */
  configurationWatchFailed(event: { error: unknown }): void;
  configurationWatchWorks(): void;
  alertCounts(counts: { readonly open: number; readonly claimed: number; readonly closed: number }): void;
  /** the connection to Redis broke; it is opened anew by itself */
  redisFailed(error: unknown): void;
  redisConnected(): void;
  /** a key of Redis could not be read: its entity starts anew, and its decisions say so */
  featureKeyMovedAside(moved: { key: string; movedTo: string; found: string; kind: string }): void;
  /** the store stands behind what is remembered of it: it lost data while no worker was there */
  storeLossNoticed(event: { remembered: unknown; found: unknown }): void;
  /** how far the store has come could not be compared or remembered: it is tried again */
  storeWatchFailed(event: { error: unknown }): void;
  storeWatchWorks(): void;
  /** Redis threw keys away to make room */
  storeEvicted(): void;
  /** it is set to do so when its memory is full */
  storeMayEvict(event: { policy: string }): void;
  evictionsUnknown(event: { error: unknown }): void;
  evictionsKnown(): void;
  /** read at every scrape */
  watchFeatureStore(store: { readonly countersIncomplete: boolean }): void;
  /** `route` is the pattern, never the address with its ids */
  httpRequestFinished(event: { route: string; method: string; status: number; durationMs: number }): void;
  /** an answer of 5xx: `requestId` is what the caller was told */
  httpRequestFailed(event: { route: string; method: string; requestId: string; error: unknown }): void;
  httpAuthFailed(event: { status: 401 | 403; route: string }): void;
  started(event: { version: string; node: string }): void;
}

export function createServiceEvents(metrics: Metrics, logger: Logger, clock: Clock): ServiceEvents {
  const redis = createEpisode(logger, clock, {
    began: 'the connection to Redis broke and is opened anew',
    lasts: 'Redis still cannot be reached',
    ended: 'Redis is reached again',
  });
  const watch = createEpisode(logger, clock, {
    began: 'changes of the configuration cannot be looked for: what is in force stays',
    lasts: 'changes of the configuration still cannot be looked for',
    ended: 'changes of the configuration are looked for again',
  });
  const storeWatch = createEpisode(logger, clock, {
    began:
      'how far the counters are cannot be remembered: a loss of all of Redis in a restart of all workers would not be seen',
    lasts: 'how far the counters are still cannot be remembered',
    ended: 'how far the counters are is remembered again',
  });
  const evictions = createEpisode(logger, clock, {
    began:
      'Redis does not say whether it throws keys away to make room (INFO must be allowed): low counters would not be seen',
    lasts: 'Redis still does not say whether it throws keys away',
    ended: 'Redis says again whether it throws keys away',
  });
  let tensors: (() => number) | undefined;
  metrics.beforeScrape(() => {
    if (tensors !== undefined) metrics.set('vigil_model_alive_tensors', [], tensors());
  });
  return {
    modelLoaded({ version, backend, backendFallback, tensors: read }) {
      tensors = read;
      metrics.add('vigil_model_loads_total', ['loaded'], 1);
      metrics.clear('vigil_model_version_info');
      metrics.set('vigil_model_version_info', [version, backend], 1);
      logger.info('model serves', { version, backend });
      if (backendFallback !== undefined)
        logger.warn('the wanted TensorFlow.js back end does not run', { backend, backendFallback });
    },
    modelRefused({ error }) {
      metrics.add('vigil_model_loads_total', ['refused'], 1);
      logger.error('a model is refused: the one before keeps serving', { err: error });
    },
    generationActivated({ versions, rules }) {
      const { ruleset, features, limits, lists, policy } = versions;
      metrics.add('vigil_config_loads_total', ['activated'], 1);
      metrics.clear('vigil_config_generation_info');
      metrics.set('vigil_config_generation_info', [ruleset, features, limits, lists, policy], 1);
      metrics.set('vigil_config_generation_timestamp_seconds', [], clock.now() / 1000);
      logger.info('configuration in force', { ...versions, rules });
    },
    generationRefused({ faults }) {
      metrics.add('vigil_config_loads_total', ['refused'], 1);
      logger.error('a configuration is refused: the last valid one keeps running', { faults });
    },
    configurationWatchFailed({ error }) {
      watch.happens({ err: error });
    },
    configurationWatchWorks() {
      watch.ends();
    },
    redisFailed(error) {
      redis.happens({ err: error });
    },
    redisConnected() {
      redis.ends();
    },
    storeLossNoticed({ remembered, found }) {
      logger.error('Redis lost data while no worker was there: counters are low until `vigil features rebuild`', {
        remembered,
        found,
      });
    },
    storeWatchFailed({ error }) {
      storeWatch.happens({ err: error });
    },
    storeWatchWorks() {
      storeWatch.ends();
    },
    storeEvicted() {
      logger.error(
        'Redis threw keys away to make room: counters are low until `vigil features rebuild`. Set maxmemory-policy noeviction and give it more memory (`vigil capacity`)',
      );
    },
    storeMayEvict({ policy }) {
      logger.error(
        'Redis is set to throw keys away when its memory is full: counters would be low. Set maxmemory-policy noeviction',
        { policy },
      );
    },
    evictionsUnknown({ error }) {
      evictions.happens({ err: error });
    },
    evictionsKnown() {
      evictions.ends();
    },
    featureKeyMovedAside({ kind, ...moved }) {
      metrics.add('vigil_feature_store_unreadable_keys_total', [kind], 1);
      logger.error('a key of the feature store could not be read and was moved aside', { kind, ...moved });
    },
    alertCounts({ open, claimed, closed }) {
      metrics.set('vigil_alert_queue_alerts', ['open'], open);
      metrics.set('vigil_alert_queue_alerts', ['claimed'], claimed);
      metrics.set('vigil_alert_queue_alerts', ['closed'], closed);
    },
    watchFeatureStore(store) {
      metrics.beforeScrape(() =>
        metrics.set('vigil_feature_store_incomplete_state', [], store.countersIncomplete ? 1 : 0),
      );
    },
    httpRequestFinished({ route, method, status, durationMs }) {
      metrics.add('vigil_http_requests_total', [route, method, `${Math.floor(status / 100)}xx`], 1);
      metrics.observe('vigil_http_request_duration_seconds', [route], durationMs / 1000);
    },
    httpRequestFailed({ route, method, requestId, error }) {
      logger.error('a request failed', { route, method, requestId, err: error });
    },
    httpAuthFailed({ status, route }) {
      metrics.add('vigil_http_auth_failures_total', [String(status)], 1);
      logger.warn('a request without a valid token or role', { status, route });
    },
    started({ version, node }) {
      metrics.set('vigil_build_version_info', [version, node], 1);
      logger.info('vigil starts', { version, node });
    },
  };
}
