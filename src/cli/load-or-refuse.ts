/** The configuration of a command, or its faults as one refusal. */
import { type LoadedConfiguration, loadConfiguration } from '../composition/load-generation.ts';
import { configDir, readEnvironment } from '../config/environment.ts';
import { ConfigurationRefused } from './io.ts';

export async function loadOrRefuse(configOption: string | undefined): Promise<LoadedConfiguration> {
  const environment = readEnvironment();
  const loaded = await loadConfiguration(configDir(configOption, environment), environment);
  if (!loaded.ok) throw new ConfigurationRefused(loaded.error);
  return loaded.value;
}
