/** The shipped configuration, or a folder of one's own over it, loaded once per test file. */
import { buildConfiguration, type LoadedConfiguration } from '../../src/composition/load-generation.ts';
import type { ConfigSources } from '../../src/config/read-sources.ts';
import { readSources } from '../../src/config/read-sources.ts';
import { formatFault } from '../../src/domain/config-fault.ts';

export async function shippedConfiguration(overrides: Partial<ConfigSources> = {}): Promise<LoadedConfiguration> {
  const loaded = buildConfiguration({ ...(await readSources(undefined)), ...overrides }, {});
  if (!loaded.ok) throw new Error(`the shipped configuration is refused:\n${loaded.error.map(formatFault).join('\n')}`);
  return loaded.value;
}
