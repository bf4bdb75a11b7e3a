/** `vigil model list`: the models of the configuration, which one serves, and what is wrong with those that cannot. */
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { featureFaults, inputFaults } from '../models/manifest.ts';
import { MODEL_INPUT_NAMES } from '../models/model-inputs.ts';
import { type ListedModel, listModels } from '../models/model-registry.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';

export interface ModelListOptions {
  readonly configuration: LoadedConfiguration;
}

export async function runModelList({ configuration }: ModelListOptions, io: CommandIo): Promise<ExitCode> {
  const { settings, sources } = configuration;
  const models = await listModels(sources.modelsDir);
  if (models.length === 0) io.out(`no model under ${sources.modelsDir}`);
  for (const model of models) {
    const isServing = settings.model.enabled && (settings.model.version || onlyVersion(models)) === model.version;
    for (const line of modelLines(model, isServing, configuration)) io.out(line);
  }
  return EXIT.done;
}

const onlyVersion = (models: readonly ListedModel[]): string | undefined =>
  models.length === 1 ? models[0]?.version : undefined;

function modelLines(model: ListedModel, isServing: boolean, configuration: LoadedConfiguration): string[] {
  const { manifest, version } = model;
  if (manifest === null) return [`${version}: refused`, ...model.faults.map((fault) => `  ${fault}`)];
  const { training, metrics } = manifest;
  const faults = [
    ...inputFaults(manifest, MODEL_INPUT_NAMES),
    ...featureFaults(manifest, configuration.features.features),
  ];
  return [
    `${version}${isServing ? ' (serves)' : ''}: ${training.data}, seed ${training.seed}, ${training.rows} rows with ${training.frauds} frauds to ${training.trainTo}; AUC ROC ${metrics.aucRoc}, average precision ${metrics.averagePrecision}`,
    ...faults.map((fault) => `  refused: ${fault}`),
  ];
}
