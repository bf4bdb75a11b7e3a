/** Puts the store of `vigil features compute` together: only the catalogue of the given file counts. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buildConfiguration, type LoadedConfiguration } from '../composition/load-generation.ts';
import { connectRedis } from '../composition/redis-client.ts';
import { memoryStoreFor, zoneMinutes } from '../composition/scoring-stack.ts';
import { systemClock } from '../composition/system-clock.ts';
import { readEnvironment } from '../config/environment.ts';
import { readSources } from '../config/read-sources.ts';
import { VigilError } from '../domain/errors.ts';
import type { FeatureStore } from '../domain/ports.ts';
import { createRedisFeatureStore } from '../features/redis-feature-store.ts';
import { type FeaturesComputeOptions, runFeaturesCompute } from './features-compute.ts';
import { type CommandIo, ConfigurationRefused, type ExitCode } from './io.ts';

type Options = Pick<FeaturesComputeOptions, 'in' | 'out' | 'labels' | 'map'> & {
  readonly features: string;
  readonly store: string;
  readonly redis?: string;
};

export async function featuresComputeCommand(options: Options, io: CommandIo): Promise<ExitCode> {
  const sources = await readSources(undefined);
  const features = { file: options.features, text: await readCatalogue(options.features) };
  // no rules and no model take part, so a rule that names another feature is no fault here
  const configuration = buildConfiguration({ ...sources, features, rules: [] }, readEnvironment());
  if (!configuration.ok) throw new ConfigurationRefused(configuration.error);
  const { store, close } = await openStore(options, configuration.value);
  try {
    return await runFeaturesCompute(
      { ...options, configuration: configuration.value, store, now: systemClock.now },
      io,
    );
  } finally {
    await close();
  }
}

/** first readings that are kept for repeats: more than a day of a large bank's history at hand */
const MAX_SLOTS = 2_000_000;

/** On Redis under a key prefix of its own, so that a computation never meets the live counters. */
async function openStore(
  options: Options,
  configuration: LoadedConfiguration,
): Promise<{ readonly store: FeatureStore; close(): Promise<void> }> {
  if (options.store === 'memory') {
    const store = memoryStoreFor(configuration, { keepsProfiles: false, maxSlots: MAX_SLOTS });
    return { store, close: () => store.close() };
  }
  if (options.store !== 'redis') throw new VigilError('USAGE', '--store must be memory or redis.');
  if (options.redis === undefined) throw new VigilError('USAGE', '--store redis needs --redis with its address.');
  const settings = { ...configuration.settings.redis, url: options.redis };
  const client = await connectRedis(settings, { redisFailed: () => undefined, redisConnected: () => undefined });
  const store = createRedisFeatureStore({
    client,
    catalogue: configuration.features,
    keyPrefix: `${settings.keyPrefix}-compute-${randomUUID()}`,
    zoneOffsetMinutes: zoneMinutes(configuration),
    keepsProfiles: false,
    clock: systemClock,
  });
  return {
    store,
    async close() {
      await store.close();
      client.disconnect();
    },
  };
}

async function readCatalogue(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new VigilError('USAGE', `${file} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}
