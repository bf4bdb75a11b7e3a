/**
 * The models of a configuration: the folders under models/ that hold a manifest. Which one serves is configuration
 * (model.version); an empty version means "the only one", so that nothing is chosen silently among several.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { VigilError } from '../domain/errors.ts';
import { type ModelManifest, parseManifest } from './manifest.ts';

export interface ListedModel {
  readonly version: string;
  readonly folder: string;
  /** null when the manifest is refused */
  readonly manifest: ModelManifest | null;
  readonly faults: readonly string[];
}

/** Every model folder by name; one with a broken manifest is listed with its faults, not hidden. */
export async function listModels(modelsFolder: string): Promise<readonly ListedModel[]> {
  const listed: ListedModel[] = [];
  for (const version of await subfolders(modelsFolder)) {
    const folder = path.join(modelsFolder, version);
    const text = await readFile(path.join(folder, 'manifest.json'), 'utf8').catch(() => null);
    if (text === null) continue;
    const parsed = parseManifest(text);
    listed.push({
      version,
      folder,
      manifest: parsed.ok ? parsed.value : null,
      faults: parsed.ok ? [] : parsed.error,
    });
  }
  return listed;
}

async function subfolders(folder: string): Promise<readonly string[]> {
  const isThere = await stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  if (!isThere) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** The folder of the model that shall serve; CONFIG_INVALID with the versions that are there. */
export async function resolveModelFolder(modelsFolder: string, version: string): Promise<string> {
  const versions = (await listModels(modelsFolder)).map((model) => model.version);
  const [only] = versions;
  if (version === '' && only !== undefined && versions.length === 1) return path.join(modelsFolder, only);
  if (versions.includes(version)) return path.join(modelsFolder, version);
  const there = versions.length === 0 ? 'none is there' : `there are ${versions.join(', ')}`;
  const wanted = version === '' ? 'the only model' : `model ${version}`;
  throw new VigilError(
    'CONFIG_INVALID',
    `model.version: ${wanted} is not under ${modelsFolder}: ${there}. Name one of them, train one with "vigil model train", or set model.enabled: false`,
    { context: { modelsFolder, version, versions } },
  );
}

/** Changes when any file of any model does (names, sizes, times): what a running service looks at to load a model anew. */
export async function modelFingerprint(modelsFolder: string): Promise<string> {
  const names = await readdir(modelsFolder, { recursive: true }).catch(() => []);
  const facts = names.sort().map(async (name) => {
    const found = await stat(path.join(modelsFolder, name)).catch(() => undefined);
    return found?.isFile() ? `${name} ${found.size} ${found.mtimeMs}` : '';
  });
  return (await Promise.all(facts)).filter((fact) => fact !== '').join('\n');
}
