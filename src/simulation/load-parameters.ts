/** Reads config/simulation.yaml: that of a configuration folder when it has one, otherwise the shipped one. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatFault } from '../domain/config-fault.ts';
import { VigilError } from '../domain/errors.ts';
import { parseParameters, type SimulationParameters } from './parameters.ts';

/** The same from src/simulation and from dist/simulation. */
const SHIPPED = fileURLToPath(new URL('../../config/simulation.yaml', import.meta.url));

/** Throws VigilError CONFIG_INVALID with every fault and its path. */
export function loadSimulationParameters(configFolder?: string): SimulationParameters {
  const own = configFolder === undefined ? undefined : path.join(configFolder, 'simulation.yaml');
  const file = own !== undefined && existsSync(own) ? own : SHIPPED;
  const parsed = parseParameters({ file, text: readFileSync(file, 'utf8') });
  if (parsed.ok) return parsed.value;
  throw new VigilError('CONFIG_INVALID', `${file} is refused:\n${parsed.error.map(formatFault).join('\n')}`, {
    context: { faults: parsed.error },
  });
}
