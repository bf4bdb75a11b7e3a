/** The mapping that `--map` names: a file, or the bare name of a shipped one ("handbook" = config/mappings/handbook.yaml). */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { SHIPPED_CONFIG_DIR } from '../../config/read-sources.ts';
import type { ConfigFault } from '../../domain/config-fault.ts';
import { VigilError } from '../../domain/errors.ts';
import type { Result } from '../../domain/result.ts';
import type { Mapping } from './mapping.ts';
import { readMapping } from './read-mapping.ts';

/** Throws VigilError USAGE when there is no such file. */
export async function loadMapping(name: string): Promise<Result<Mapping, readonly ConfigFault[]>> {
  const file = /^[a-z0-9-]+$/.test(name) ? path.join(SHIPPED_CONFIG_DIR, 'mappings', `${name}.yaml`) : name;
  try {
    return readMapping({ file: name, text: await readFile(file, 'utf8') });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'it is not there' : message;
    throw new VigilError('USAGE', `The mapping ${name} cannot be read: ${reason}.`, { cause });
  }
}
