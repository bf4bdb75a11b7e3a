/** A whole Vigil in this process, on the in-memory adapters, with its HTTP server. */
import { onTestFinished } from 'vitest';
import { createMemoryAlertStore } from '../../../src/alerts/memory-alert-store.ts';
import { createHttpService } from '../../../src/composition/http-service.ts';
import { startReload } from '../../../src/composition/reload.ts';
import { startScoringService } from '../../../src/composition/scoring-service.ts';
import { memoryLimitUsage, memoryStoreFor } from '../../../src/composition/scoring-stack.ts';
import { systemClock } from '../../../src/composition/system-clock.ts';
import { createMemoryBus } from '../../../src/consumers/memory-bus.ts';
import type { FeatureStore, FraudModel } from '../../../src/domain/ports.ts';
import { createTelemetry } from '../../../src/telemetry/events.ts';
import { bytesOf } from '../../helpers/a-transaction.ts';
import { type Folder, until } from './a-folder.ts';

export interface ServiceOptions {
  readonly model?: FraudModel;
  readonly wrapStore?: (store: FeatureStore) => FeatureStore;
}

export async function aService(folder: Folder, options: ServiceOptions = {}) {
  const configuration = await folder.load();
  const { topics } = configuration.settings.kafka;
  const bus = createMemoryBus({ clock: systemClock, defaultPartitions: 2 });
  const alerts = createMemoryAlertStore({ clock: systemClock });
  const telemetry = createTelemetry({
    level: 'silent',
    channels: [...configuration.channels.channels.keys()],
    clock: systemClock,
    homeCurrency: 'CNY',
    withProcess: false,
  });
  const model = options.model ?? null;
  const reload = await startReload({
    configuration,
    model,
    telemetry,
    clock: systemClock,
    reload: { environment: {}, store: undefined },
  });
  const store = memoryStoreFor(configuration);
  const service = await startScoringService({
    configuration,
    live: reload.live,
    bus,
    topics,
    store: options.wrapStore?.(store) ?? store,
    limitUsage: memoryLimitUsage(systemClock),
    alerts,
    model,
    clock: systemClock,
    telemetry,
  });
  const http = await createHttpService({
    configuration,
    service,
    alerts,
    telemetry,
    clock: systemClock,
    token: 'test-token',
    version: 'test',
  });
  onTestFinished(async () => {
    await http.close();
    await reload.stop();
    await service.stop();
    await bus.close();
    await service.stack.close();
  });
  const headers = { authorization: 'Bearer test-token', 'content-type': 'application/json' };
  return {
    service,
    alerts,
    bus,
    topics,
    configuration,
    live: reload.live,
    post: async (url: string, message: unknown) => {
      const answer = await http.app.inject({ method: 'POST', url, headers, payload: bytesOf(message) });
      return { status: answer.statusCode, body: answer.json() };
    },
    get: async (url: string) => {
      const answer = await http.app.inject({ method: 'GET', url, headers });
      return { status: answer.statusCode, text: answer.body };
    },
    /** every decision that was published is written */
    untilWritten: () =>
      until(() => [...service.subscriptions.alerts.lag().values()].every((messages) => messages === 0n)),
  };
}
