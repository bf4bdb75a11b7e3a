/**
 * vigil.yaml in layers: the shipped file, the operator's file over it key by key, the environment over both. The value of
 * every key keeps where it came from, for `vigil config show`.
 */
import type { ConfigFault, SourceFile } from '../domain/config-fault.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { isPlainObject, parseStrictYaml, type YamlFile } from '../domain/strict-yaml.ts';
import { schemaFaults } from './schema-faults.ts';
import {
  crossFieldFaults,
  SECRET_KEYS,
  type Settings,
  type SettingsLeaf,
  SettingsSchema,
  settingsLeaves,
} from './settings-schema.ts';

export interface LoadedSettings {
  readonly settings: Settings;
  /** key → "shipped vigil.yaml", the operator's file, or the name of the environment variable */
  readonly origins: ReadonlyMap<string, string>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

interface Layer {
  readonly origin: string;
  readonly yaml: YamlFile;
}

export function loadSettings(
  shipped: SourceFile,
  own: SourceFile | undefined,
  environment: Environment,
): Result<LoadedSettings, readonly ConfigFault[]> {
  const parsed = [shipped, ...(own === undefined ? [] : [own])].map((source) => parseStrictYaml(source));
  const syntaxFaults = parsed.flatMap((result) => (result.ok ? [] : result.error));
  if (syntaxFaults.length > 0) return err(syntaxFaults);
  const layers = parsed.flatMap((result): Layer[] =>
    result.ok ? [{ origin: result.value.file, yaml: result.value }] : [],
  );

  const faults: ConfigFault[] = [];
  const values = new Map<string, { value: unknown; origin: string }>();
  for (const { origin, yaml } of layers) {
    faults.push(...unknownKeys(yaml));
    for (const { path } of settingsLeaves()) {
      const value = valueAt(yaml.value, path);
      if (value !== undefined) values.set(path, { value, origin });
    }
  }
  for (const leaf of settingsLeaves()) {
    const spelled = leaf.schema.env === undefined ? undefined : environment[leaf.schema.env];
    if (spelled !== undefined && leaf.schema.env !== undefined) {
      values.set(leaf.path, { value: fromEnvironment(spelled, leaf), origin: leaf.schema.env });
    }
  }
  const settings = assemble(values);
  faults.push(...valueFaults(settings, values, layers));
  if (faults.length > 0) return err(faults);
  return ok({
    settings: settings as Settings,
    origins: new Map([...values].map(([path, { origin }]) => [path, origin])),
  });
}

/** Only shapes and unknown keys: a missing key is taken from the layer below. */
function unknownKeys(yaml: YamlFile): readonly ConfigFault[] {
  if (yaml.value === null) return [];
  if (!isPlainObject(yaml.value)) return [yaml.fault([], 'must be a map of sections')];
  return schemaFaults(SettingsSchema, yaml).filter(
    (fault) => fault.message === 'is not a known key' || fault.message === 'must be object',
  );
}

function valueAt(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => (isPlainObject(at) ? at[key] : undefined), value);
}

function fromEnvironment(spelled: string, leaf: SettingsLeaf): unknown {
  switch (leaf.schema.type) {
    case 'boolean':
      return spelled === 'true' ? true : spelled === 'false' ? false : spelled;
    case 'integer':
      return /^\d+$/.test(spelled) ? Number(spelled) : spelled;
    case 'array':
      return spelled.split(',').map((part) => part.trim());
    default:
      return spelled;
  }
}

function assemble(values: ReadonlyMap<string, { value: unknown }>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, { value }] of values) {
    const keys = path.split('.');
    const last = keys.pop() ?? path;
    let at = root;
    for (const key of keys) {
      at[key] ??= {};
      at = at[key] as Record<string, unknown>;
    }
    at[last] = value;
  }
  return root;
}

/** Faults of the merged settings, each placed in the layer its value came from. */
function valueFaults(
  settings: Record<string, unknown>,
  values: ReadonlyMap<string, { origin: string }>,
  layers: readonly Layer[],
): readonly ConfigFault[] {
  const place = (fault: Pick<ConfigFault, 'path' | 'message'>): ConfigFault => {
    const origin = values.get(fault.path)?.origin ?? values.get(fault.path.replace(/\[\d+\]$/, ''))?.origin;
    const layer = layers.find((candidate) => candidate.origin === origin) ?? layers.at(-1);
    const isFromEnvironment = origin !== undefined && layers.every((candidate) => candidate.origin !== origin);
    if (isFromEnvironment) return { file: `environment ${origin}`, path: fault.path, message: fault.message };
    return layer?.yaml.fault(fault.path.split('.'), fault.message) ?? { file: '', ...fault };
  };
  const [base] = layers;
  if (base === undefined) return [];
  const faults = schemaFaults(SettingsSchema, base.yaml, settings).map(place);
  return faults.length > 0 ? faults : crossFieldFaults(settings as Settings).map(place);
}

/** For `vigil config show`: key, value (secrets hidden), origin. */
export function describeSettings(loaded: LoadedSettings): readonly { key: string; value: string; origin: string }[] {
  return settingsLeaves().map(({ path }) => {
    const value = valueAt(loaded.settings, path);
    const isHidden = SECRET_KEYS.has(path) && value !== '';
    return { key: path, value: isHidden ? '(secret)' : JSON.stringify(value), origin: loaded.origins.get(path) ?? '' };
  });
}
