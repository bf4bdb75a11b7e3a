/**
 * The embedded stack: message bus and feature store in this process, a real PostgreSQL from the npm package, TensorFlow.js
 * on WebAssembly. Nothing is left behind when it is closed, nor when the process dies.
 */
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../alerts/embedded-postgres.ts';
import { createPostgresAlertStore } from '../alerts/postgres-alert-store.ts';
import { migrate } from '../alerts/postgres-migrate.ts';
import { createMemoryBus, type MemoryBus } from '../consumers/memory-bus.ts';
import type { Clock } from '../domain/clock.ts';
import type { TfjsModel } from '../models/tfjs-model.ts';
import type { Telemetry } from '../telemetry/events.ts';
import type { LoadedConfiguration } from './load-generation.ts';
import { type ReloadOptions, startReload } from './reload.ts';
import { type ScoringService, type ScoringServiceOptions, startScoringService } from './scoring-service.ts';
import { loadConfiguredModel, memoryLimitUsage, memoryStoreFor } from './scoring-stack.ts';

export interface EmbeddedStack {
  readonly bus: MemoryBus;
  readonly service: ScoringService;
  readonly alerts: ScoringServiceOptions['alerts'];
  readonly postgres: EmbeddedPostgres;
  readonly model: TfjsModel | null;
  /** resolves when everything that was published is decided, and its alerts are written */
  untilIdle(): Promise<void>;
  close(): Promise<void>;
}

export interface EmbeddedOptions extends Pick<ScoringServiceOptions, 'modelBudgetMs' | 'onScored'> {
  readonly configuration: LoadedConfiguration;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** with it the configuration is looked after while the stack runs (settings: reload) */
  readonly reload?: ReloadOptions;
}

const PARTITIONS = 4;
/** what nobody has to carry over a network goes in small portions: each is decided sooner */
const MAX_CHUNK = 32;
const IDLE_POLL_MS = 2;

export async function startEmbeddedStack(options: EmbeddedOptions): Promise<EmbeddedStack> {
  const { configuration, clock, telemetry } = options;
  const { topics } = configuration.settings.kafka;
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const [postgres, model] = await Promise.all([startEmbeddedPostgres(), loadConfiguredModel(configuration)]);
    closers.push(() => postgres.stop());
    await migrate(postgres.connection);
    const alerts = createPostgresAlertStore({ connection: postgres.connection, clock });
    closers.push(() => alerts.close());
    const bus = createMemoryBus({ clock, defaultPartitions: PARTITIONS, events: telemetry.bus });
    closers.push(() => bus.close());
    if (model !== null) {
      const { version, backend, backendFallback, tensors } = model;
      const fallback = backendFallback === undefined ? {} : { backendFallback };
      telemetry.service.modelLoaded({ version, backend, tensors, ...fallback });
    }
    const reload = await startReload({ ...options, model });
    closers.push(() => reload.stop());
    const service = await startScoringService({
      ...options,
      live: reload.live,
      bus,
      topics,
      store: memoryStoreFor(configuration),
      limitUsage: memoryLimitUsage(clock),
      alerts,
      model,
      maxChunk: MAX_CHUNK,
    });
    closers.push(async () => {
      await service.stop();
      await service.stack.close();
    });
    const subscriptions = Object.values(service.subscriptions);
    return {
      bus,
      service,
      alerts,
      postgres,
      model,
      async untilIdle() {
        const isBusy = (): boolean =>
          subscriptions.some((one) => [...one.lag().values()].some((messages) => messages > 0n));
        while (isBusy())
          await Promise.race([new Promise((resolve) => setTimeout(resolve, IDLE_POLL_MS)), service.died]);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
