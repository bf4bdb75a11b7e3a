/**
 * The manifest of a model artefact: everything that must hold before the weights beside it may decide about money. It is
 * written by training, read at load, and refused as a whole with every fault and its place.
 */
import type { FeatureDefinition } from '../domain/feature.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { type Calibration, calibrationFault } from './calibration.ts';

export interface ManifestFile {
  readonly file: string;
  readonly sha256: string;
}

export interface ManifestFeature {
  readonly name: string;
  /** what the feature meant when the model was trained: see featureFingerprint */
  readonly definition: string;
}

export interface Canary {
  /** encoded inputs before the scaler, in manifest order */
  readonly inputs: readonly number[];
  /** calibrated score that they must give, to CANARY_TOLERANCE */
  readonly score: number;
}

/** Where the model comes from: read by people and by `vigil model list`, not by the scoring path. */
export interface TrainingRecord {
  readonly data: string;
  readonly seed: number;
  readonly transactions: number;
  readonly trainFrom: string;
  readonly trainTo: string;
  readonly calibrationTo: string;
  readonly testTo: string;
  readonly labelDelayDays: number;
  readonly rows: number;
  readonly frauds: number;
  readonly recipe: Readonly<Record<string, number | string | readonly number[]>>;
}

export interface ModelManifest {
  readonly schemaVersion: 1;
  readonly version: string;
  readonly topology: ManifestFile;
  readonly weights: ManifestFile & { readonly bytes: number };
  /** names of the inputs in the order of the first layer's rows */
  readonly inputs: readonly string[];
  readonly features: readonly ManifestFeature[];
  readonly scaler: { readonly mean: readonly number[]; readonly deviation: readonly number[] };
  /** encoded inputs of the typical genuine transaction: baseline of the reasons where the customer has none of his own */
  readonly typical: readonly number[];
  readonly calibration: Calibration;
  /** score from which on contributions are computed: bounds their cost */
  readonly explainFrom: number;
  readonly canaries: readonly Canary[];
  readonly training: TrainingRecord;
  readonly metrics: Readonly<Record<string, unknown>>;
}

/** A back end may round differently in the last bits; anything more is another model. */
export const CANARY_TOLERANCE = 1e-6;

/** The meaning of a feature in one line: two features with the same line are the same number. */
export function featureFingerprint(feature: FeatureDefinition): string {
  const { entity, aggregate, of, windowMs, delayMs, excludeCurrent, where } = feature;
  return JSON.stringify([entity, aggregate, of ?? null, windowMs, delayMs, excludeCurrent, where ?? null]);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumbers = (value: unknown, length: number): value is number[] =>
  Array.isArray(value) && value.length === length && value.every((entry) => Number.isFinite(entry));
const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === 'string' && entry !== '');
const isSha256 = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
/** A file beside the manifest: never a path out of its folder. */
const isFile = (value: unknown): boolean =>
  isRecord(value) && typeof value.file === 'string' && /^[A-Za-z0-9._-]+$/.test(value.file) && isSha256(value.sha256);
const isProbability = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1;

/** Parses and checks a manifest; the error is the list of all faults, each with its path. */
export function parseManifest(text: string): Result<ModelManifest, readonly string[]> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    return err([`manifest.json is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`]);
  }
  if (!isRecord(document)) return err(['manifest.json must be an object']);
  const faults = manifestFaults(document);
  return faults.length > 0 ? err(faults) : ok(document as unknown as ModelManifest);
}

function manifestFaults(document: Record<string, unknown>): string[] {
  const inputs = isStrings(document.inputs) ? document.inputs : [];
  const scaler = isRecord(document.scaler) ? document.scaler : {};
  const deviations = scaler.deviation;
  const checks: readonly (readonly [boolean, string])[] = [
    [document.schemaVersion === 1, 'schemaVersion: must be 1'],
    [
      typeof document.version === 'string' && /^[A-Za-z0-9._-]+$/.test(document.version),
      'version: must be a folder name',
    ],
    [isFile(document.topology), 'topology: needs a file name and its sha256'],
    [isFile(document.weights), 'weights: needs a file name and its sha256'],
    [isRecord(document.weights) && Number.isSafeInteger(document.weights.bytes), 'weights.bytes: must be an integer'],
    [inputs.length > 0 && new Set(inputs).size === inputs.length, 'inputs: must be distinct names, at least one'],
    [isFeatureList(document.features), 'features: each needs a name and a definition'],
    [isNumbers(scaler.mean, inputs.length), 'scaler.mean: one finite number for each input'],
    [
      isNumbers(deviations, inputs.length) && deviations.every((d) => d > 0),
      'scaler.deviation: one number above 0 for each input',
    ],
    [isNumbers(document.typical, inputs.length), 'typical: one finite number for each input'],
    [isProbability(document.explainFrom), 'explainFrom: must be from 0 to 1'],
    [isCanaryList(document.canaries, inputs.length), 'canaries: at least 8, each with all inputs and a score'],
    [isRecord(document.training), 'training: must be an object'],
    [isRecord(document.metrics), 'metrics: must be an object'],
  ];
  const faults = checks.filter(([isMet]) => !isMet).map(([, message]) => message);
  const calibration = readCalibration(document.calibration);
  const calibrationProblem = calibration === null ? 'must be platt or isotonic' : calibrationFault(calibration);
  return calibrationProblem === null ? faults : [...faults, `calibration: ${calibrationProblem}`];
}

const isFeatureList = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((entry) => isRecord(entry) && typeof entry.name === 'string' && typeof entry.definition === 'string');

/** Fewer canaries could all sit where a damaged weight does not matter. */
const isCanaryList = (value: unknown, inputs: number): boolean =>
  Array.isArray(value) &&
  value.length >= 8 &&
  value.every((entry) => isRecord(entry) && isNumbers(entry.inputs, inputs) && isProbability(entry.score));

function readCalibration(value: unknown): Calibration | null {
  if (!isRecord(value)) return null;
  if (value.method === 'platt' && typeof value.slope === 'number' && typeof value.intercept === 'number') {
    return { method: 'platt', slope: value.slope, intercept: value.intercept };
  }
  if (value.method === 'isotonic' && Array.isArray(value.logits) && Array.isArray(value.probabilities)) {
    return { method: 'isotonic', logits: value.logits, probabilities: value.probabilities };
  }
  return null;
}

/** What differs between what a manifest was trained on and what the catalogue gives today; empty = it may serve. */
export function featureFaults(manifest: ModelManifest, catalogue: readonly FeatureDefinition[]): string[] {
  const known = new Map(catalogue.map((feature) => [feature.name, featureFingerprint(feature)]));
  return manifest.features.flatMap(({ name, definition }) => {
    const today = known.get(name);
    if (today === undefined) return [`feature ${name} is not in the catalogue`];
    return today === definition ? [] : [`feature ${name} is now ${today}, the model was trained on ${definition}`];
  });
}

/** What differs between the names and order of a manifest's inputs and those that the code encodes. */
export function inputFaults(manifest: ModelManifest, encoded: readonly string[]): string[] {
  const faults: string[] = [];
  for (let i = 0; i < Math.max(manifest.inputs.length, encoded.length); i++) {
    const [trained, code] = [manifest.inputs[i], encoded[i]];
    if (trained !== code)
      faults.push(`input ${i} is ${code ?? 'absent'}, the model was trained on ${trained ?? 'none'}`);
  }
  return faults;
}
