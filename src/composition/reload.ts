/** The live configuration of a stack, and who looks for its changes: nobody when the settings say so. */
import type { Environment } from '../config/load-settings.ts';
import type { Clock } from '../domain/clock.ts';
import type { ConfigStore } from '../domain/config-store.ts';
import type { FraudModel } from '../domain/ports.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { watchConfiguration } from './config-watch.ts';
import { createLiveConfiguration, type LiveConfiguration } from './live-configuration.ts';
import type { LoadedConfiguration } from './load-generation.ts';

export interface ReloadOptions {
  readonly environment: Environment;
  /** stays the caller's to close */
  readonly store: ConfigStore | undefined;
}

export interface Reload {
  readonly live: LiveConfiguration;
  stop(): Promise<void>;
}

export async function startReload(options: {
  readonly configuration: LoadedConfiguration;
  readonly model: FraudModel | null;
  readonly wrapModel?: (model: FraudModel) => FraudModel;
  readonly reload?: ReloadOptions;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}): Promise<Reload> {
  const { configuration, model, wrapModel, reload, telemetry, clock } = options;
  const { from, pollMs } = configuration.settings.reload;
  const live = await createLiveConfiguration({
    initial: { configuration, model },
    environment: reload?.environment ?? {},
    events: telemetry.service,
    ...(wrapModel === undefined ? {} : { wrapModel }),
  });
  if (reload === undefined || from === 'off') return { live, stop: async () => undefined };
  const watch = watchConfiguration({ live, from, store: reload.store, pollMs, clock, events: telemetry.service });
  return { live, stop: () => watch.stop() };
}
