/** Builders for the model's tests: an input with a quiet profile, and a small artefact with random weights on disk. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FeatureDefinition, FeatureValue, Profile } from '../../../src/domain/feature.ts';
import type { ModelInput } from '../../../src/domain/ports.ts';
import { calibrate } from '../../../src/models/calibration.ts';
import { createDenseNetwork, type DenseNetwork, networkLogit } from '../../../src/models/dense-network.ts';
import { createScorer } from '../../../src/models/fraud-model.ts';
import { featureFingerprint, type ModelManifest } from '../../../src/models/manifest.ts';
import { MODEL_FEATURES, MODEL_INPUT_NAMES, MODEL_INPUTS } from '../../../src/models/model-inputs.ts';
import { startBackend } from '../../../src/models/tfjs-runtime.ts';
import { type UnsealedManifest, writeArtefact } from '../../../src/models/training/export-model.ts';
import { createRandom } from '../../../src/models/training/random.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';

export const ZONE = 'Asia/Shanghai';

export const aProfile = (overrides: Partial<Profile> = {}): Profile => ({
  eventCount: 120,
  monetaryCount: 60,
  secondsSinceFirst: 90 * 86_400,
  secondsSinceLast: 86_400,
  secondsSinceLastMonetary: 86_400,
  typicalAmountMinor: 20_000,
  amountZ: 0,
  amountRatio: 1,
  maxAmountMinor: 200_000,
  hourShare: 0.05,
  channelShare: 0.5,
  deviceKnown: true,
  deviceAgeSeconds: 80 * 86_400,
  payeeKnown: true,
  payeeAgeSeconds: 30 * 86_400,
  ipKnown: true,
  placeKnown: true,
  countryKnown: true,
  distanceKm: 2,
  speedKmh: 1,
  secondsSinceLogin: 60,
  secondsSincePasswordChange: null,
  secondsSincePayeeAdd: null,
  secondsSinceDeviceBind: null,
  secondsSinceLimitChange: null,
  secondsSinceContactChange: null,
  knownDevices: 1,
  knownPayees: 6,
  ...overrides,
});

export interface InputOverrides {
  readonly message?: Record<string, unknown>;
  readonly features?: Record<string, FeatureValue>;
  readonly profile?: Partial<Profile>;
}

/** Features not named are 1. */
export function aModelInput(overrides: InputOverrides = {}): ModelInput {
  return {
    transaction: aTransaction(overrides.message ?? {}).transaction,
    names: MODEL_FEATURES,
    values: MODEL_FEATURES.map((name) => {
      const value = overrides.features?.[name];
      return value === undefined ? 1 : value;
    }),
    profile: aProfile(overrides.profile),
  };
}

export const aCatalogue = (): FeatureDefinition[] =>
  MODEL_FEATURES.map((name) => ({
    name,
    entity: ['customer'],
    aggregate: 'count',
    windowMs: 60_000,
    delayMs: 0,
    excludeCurrent: false,
  }));

export function aNetwork(seed = 1, hidden: readonly number[] = [16, 8]): DenseNetwork {
  const random = createRandom(seed);
  const sizes = [MODEL_INPUT_NAMES.length, ...hidden, 1];
  const normals = (n: number, deviation: number): Float32Array =>
    Float32Array.from({ length: n }, () => random.normal() * deviation);
  return createDenseNetwork(
    sizes.slice(1).map((units, i) => {
      const inputs = sizes[i] ?? 0;
      return { inputs, units, kernel: normals(inputs * units, Math.sqrt(2 / inputs)), bias: normals(units, 0.1) };
    }),
  );
}

export function aManifest(network: DenseNetwork, overrides: Partial<UnsealedManifest> = {}): UnsealedManifest {
  const width = MODEL_INPUT_NAMES.length;
  const base: UnsealedManifest = {
    schemaVersion: 1,
    version: 'test-1',
    inputs: MODEL_INPUT_NAMES,
    features: aCatalogue().map((feature) => ({ name: feature.name, definition: featureFingerprint(feature) })),
    scaler: {
      mean: MODEL_INPUTS.map((input) => (input.isIndicator ? 0 : 0.7)),
      deviation: MODEL_INPUTS.map((input) => (input.isIndicator ? 1 : 1.3)),
    },
    typical: Array.from({ length: width }, () => 0.5),
    calibration: { method: 'platt', slope: 0.8, intercept: -0.2 },
    explainFrom: 0.5,
    canaries: [],
    training: {
      data: 'random weights',
      seed: 1,
      transactions: 0,
      trainFrom: '2026-01-01T00:00:00.000Z',
      trainTo: '2026-01-02T00:00:00.000Z',
      calibrationTo: '2026-01-03T00:00:00.000Z',
      testTo: '2026-01-04T00:00:00.000Z',
      labelDelayDays: 7,
      rows: 0,
      frauds: 0,
      recipe: {},
    },
    metrics: {},
    ...overrides,
  };
  return overrides.canaries === undefined ? { ...base, canaries: canariesOf(base, network) } : base;
}

/** Scores by plain arithmetic in double precision: an oracle that shares nothing with TensorFlow.js. */
function canariesOf(manifest: UnsealedManifest, network: DenseNetwork): ModelManifest['canaries'] {
  const random = createRandom(99);
  const sealed = { ...manifest, topology: { file: 'x', sha256: '' }, weights: { file: 'x', sha256: '', bytes: 0 } };
  const scorer = createScorer(sealed, network, ZONE);
  return Array.from({ length: 8 }, () => {
    const inputs = MODEL_INPUTS.map((input) => (input.isIndicator ? random.below(2) : random.normal() + 1));
    return { inputs, score: calibrate(manifest.calibration, networkLogit(network, scorer.standardise([inputs]))) };
  });
}

/** Writes an artefact named test-1 under a new folder and answers its path. */
export async function anArtefact(overrides: Partial<UnsealedManifest> = {}, network = aNetwork()): Promise<string> {
  await startBackend('wasm');
  const folder = path.join(await mkdtemp(path.join(tmpdir(), 'vigil-model-')), 'test-1');
  await writeArtefact(folder, aManifest(network, overrides), network, '# test\n');
  return folder;
}
