/** Puts the store of `vigil features compute` together: only the catalogue of the given file counts. */
import { readFile } from 'node:fs/promises';
import { buildConfiguration } from '../composition/load-generation.ts';
import { memoryStoreFor } from '../composition/scoring-stack.ts';
import { systemClock } from '../composition/system-clock.ts';
import { readEnvironment } from '../config/environment.ts';
import { readSources } from '../config/read-sources.ts';
import { VigilError } from '../domain/errors.ts';
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
  if (options.store !== 'memory') throw new VigilError('USAGE', '--store must be memory or redis.');
  const store = memoryStoreFor(configuration.value);
  try {
    return await runFeaturesCompute(
      { ...options, configuration: configuration.value, store, now: systemClock.now },
      io,
    );
  } finally {
    await store.close();
  }
}

async function readCatalogue(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new VigilError('USAGE', `${file} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}
