/** The configuration of a command, or its faults as one refusal. */

import { type LoadedConfiguration, loadConfiguration } from '../composition/load-generation.ts';
import { chooseConfiguration, type StartConfiguration } from '../composition/start-configuration.ts';
import { systemClock } from '../composition/system-clock.ts';
import { configDir, readEnvironment } from '../config/environment.ts';
import type { Environment } from '../config/load-settings.ts';
import { loadSettings } from '../config/load-settings.ts';
import { readSources } from '../config/read-sources.ts';
import type { Settings } from '../config/settings-schema.ts';
import { type CommandIo, ConfigurationRefused } from './io.ts';
import { unreadText } from './unread-files.ts';

export async function loadOrRefuse(configOption: string | undefined): Promise<LoadedConfiguration> {
  const environment = readEnvironment();
  const loaded = await loadConfiguration(configDir(configOption, environment), environment);
  if (!loaded.ok) throw new ConfigurationRefused(loaded.error);
  return loaded.value;
}

/** What a service starts with: its folder, or what was in force last when the folder is refused, which is said. */
export async function startOrRefuse(
  configOption: string | undefined,
  stack: 'embedded' | 'real',
  io: CommandIo,
): Promise<StartConfiguration & { readonly environment: Environment }> {
  const environment = readEnvironment();
  const ownDir = configDir(configOption, environment);
  const chosen = await chooseConfiguration({ ownDir, environment, clock: systemClock, stack });
  if (!chosen.ok) throw new ConfigurationRefused(chosen.error);
  const { refused } = chosen.value;
  for (const fault of refused) io.note(fault);
  for (const name of chosen.value.configuration.sources.unread) io.note(`warning: ${unreadText(name)}`);
  if (refused.length > 0) io.note('The configuration folder is refused: Vigil starts with what was in force last.');
  return { ...chosen.value, environment };
}

/** The settings alone: the way back, and the record, must not depend on rules that may be what is wrong. */
export async function settingsOf(config: string | undefined): Promise<Settings> {
  const environment = readEnvironment();
  const { settings, ownSettings } = await readSources(configDir(config, environment));
  const loaded = loadSettings(settings, ownSettings, environment);
  if (!loaded.ok) throw new ConfigurationRefused(loaded.error);
  return loaded.value.settings;
}
