import { buildConfiguration, type LoadedConfiguration } from '../../src/composition/load-generation.ts';
import type { ConfigSources } from '../../src/config/read-sources.ts';
import { formatFault } from '../../src/domain/config-fault.ts';

/** What a configuration that must be in order loads to. */
export function configurationOf(sources: ConfigSources): LoadedConfiguration {
  const loaded = buildConfiguration(sources, {});
  if (!loaded.ok) throw new Error(loaded.error.map(formatFault).join('\n'));
  return loaded.value;
}
