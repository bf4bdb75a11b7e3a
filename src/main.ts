/**
 * The composition root of a worker of the real stack: configuration → adapters → pipeline → consumers and HTTP → drain on
 * SIGTERM. Ends with 0 after a drain, with 1 when a consumer died or a bug of our own was met.
 */
import { createHttpService } from './composition/http-service.ts';
import type { LoadedConfiguration } from './composition/load-generation.ts';
import { startRealStack } from './composition/real-stack.ts';
import type { StartConfiguration } from './composition/start-configuration.ts';
import { systemClock } from './composition/system-clock.ts';
import type { Environment } from './config/load-settings.ts';
import type { Failpoint } from './pipeline/score-transactions.ts';
import { createTelemetry } from './telemetry/events.ts';

export interface WorkerOptions extends Partial<StartConfiguration> {
  readonly configuration: LoadedConfiguration;
  /** of the start, for a configuration that changes while the worker runs; without it none is looked for */
  readonly environment?: Environment;
  readonly version: string;
  /** 0 for the only or the first worker: each listens on a port of its own */
  readonly index: number;
  readonly signal: AbortSignal;
  readonly onReady: (url: string) => void;
  readonly failpoint?: Failpoint;
}

/** Resolves when everything is drained; rejects when the worker must end with an error. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { configuration, version, index, signal, environment, store, refused = [] } = options;
  const { settings, ruleset, generation, channels, limits } = configuration;
  const telemetry = createTelemetry({
    level: settings.logging.level,
    channels: [...channels.channels.keys()],
    clock: systemClock,
    homeCurrency: limits.settings.currency,
  });
  telemetry.service.started({ version, node: process.version });
  telemetry.service.generationActivated({ versions: generation.versions, rules: ruleset.rules.length });
  const failpoint = options.failpoint === undefined ? {} : { failpoint: options.failpoint };
  if (refused.length > 0) telemetry.service.generationRefused({ faults: refused });
  const reload = environment === undefined ? {} : { reload: { environment, store } };
  const stack = await startRealStack({ configuration, clock: systemClock, telemetry, ...reload, ...failpoint });
  try {
    const server = await createHttpService({
      configuration,
      service: stack.service,
      alerts: stack.alerts,
      telemetry,
      clock: systemClock,
      version,
      configStore: store,
      ...(environment === undefined ? {} : { environment }),
    });
    try {
      const port = settings.http.port === 0 ? 0 : settings.http.port + index;
      const { url } = await server.listen({ host: settings.http.host, port });
      options.onReady(url);
      await Promise.race([untilAborted(signal), stack.service.died]);
    } finally {
      await server.close();
    }
  } finally {
    await stack.close();
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
