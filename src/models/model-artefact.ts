/**
 * Reads a model artefact from its folder: manifest.json, model.json, weights.bin. Nothing of it is used before the sha256 of
 * every file is the manifest's, the weights are finite and of the right number, and the inputs and features are those of
 * this build and configuration. TensorFlow.js itself would load zeroed, truncated or NaN weights without a word.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { VigilError } from '../domain/errors.ts';
import type { FeatureDefinition } from '../domain/feature.ts';
import { createDenseNetwork, type DenseLayer, type DenseNetwork } from './dense-network.ts';
import { featureFaults, inputFaults, type ModelManifest, parseManifest } from './manifest.ts';
import { MODEL_INPUT_NAMES } from './model-inputs.ts';

export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
}

export interface ModelArtefact {
  readonly folder: string;
  readonly manifest: ModelManifest;
  readonly topology: Readonly<Record<string, unknown>>;
  readonly weightSpecs: readonly WeightSpec[];
  readonly weights: ArrayBuffer;
  readonly network: DenseNetwork;
}

/** CONFIG_INVALID with every fault in one message. */
export function refusedModel(folder: string, faults: readonly string[]): VigilError {
  const list = faults.map((fault) => `  ${fault}`).join('\n');
  return new VigilError('CONFIG_INVALID', `the model in ${folder} is refused:\n${list}`, {
    context: { folder, faults },
  });
}

export async function readModelArtefact(
  folder: string,
  catalogue: readonly FeatureDefinition[],
): Promise<ModelArtefact> {
  const parsed = parseManifest((await readArtefactFile(folder, 'manifest.json')).toString('utf8'));
  if (!parsed.ok) throw refusedModel(folder, parsed.error);
  const manifest = parsed.value;
  const topologyBytes = await readArtefactFile(folder, manifest.topology.file);
  const weightBytes = await readArtefactFile(folder, manifest.weights.file);
  const faults = [
    ...hashFaults(manifest.topology.file, topologyBytes, manifest.topology.sha256),
    ...hashFaults(manifest.weights.file, weightBytes, manifest.weights.sha256),
    ...(manifest.version === path.basename(folder) ? [] : [`version ${manifest.version} is not the folder's name`]),
    ...inputFaults(manifest, MODEL_INPUT_NAMES),
    ...featureFaults(manifest, catalogue),
  ];
  if (faults.length > 0) throw refusedModel(folder, faults);
  return { folder, manifest, ...openWeights(folder, topologyBytes, weightBytes, manifest.inputs.length) };
}

async function readArtefactFile(folder: string, file: string): Promise<Buffer> {
  try {
    return await readFile(path.join(folder, file));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VigilError('CONFIG_INVALID', `the model in ${folder} is refused: ${file} cannot be read (${reason})`, {
      context: { folder, file },
      cause,
    });
  }
}

function hashFaults(file: string, bytes: Buffer, expected: string): string[] {
  const found = createHash('sha256').update(bytes).digest('hex');
  return found === expected ? [] : [`${file} has sha256 ${found}, the manifest says ${expected}`];
}

interface OpenedWeights extends Pick<ModelArtefact, 'topology' | 'weightSpecs' | 'weights' | 'network'> {}

function openWeights(folder: string, topologyBytes: Buffer, weightBytes: Buffer, inputs: number): OpenedWeights {
  const { topology, weightSpecs } = readTopology(folder, topologyBytes);
  // a copy: the Buffer may share its memory, at an offset that is no multiple of four
  const weights = new Uint8Array(weightBytes).buffer;
  const expected = weightSpecs.reduce((sum, { shape }) => sum + 4 * shape.reduce((product, n) => product * n, 1), 0);
  if (weights.byteLength !== expected) {
    throw refusedModel(folder, [`the weights have ${weights.byteLength} bytes, the topology needs ${expected}`]);
  }
  const values = new Float32Array(weights);
  const broken = values.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) throw refusedModel(folder, [`weight ${broken} is ${values[broken]}`]);
  const network = networkOf(folder, weightSpecs, values);
  if (network.layers[0]?.inputs !== inputs) {
    throw refusedModel(folder, [
      `the first layer takes ${network.layers[0]?.inputs} inputs, the manifest names ${inputs}`,
    ]);
  }
  return { topology, weightSpecs, weights, network };
}

function readTopology(folder: string, bytes: Buffer): Pick<OpenedWeights, 'topology' | 'weightSpecs'> {
  try {
    const document = JSON.parse(bytes.toString('utf8'));
    const specs: WeightSpec[] = document.weightsManifest.flatMap((group: { weights: WeightSpec[] }) => group.weights);
    const isFlat = specs.length > 0 && specs.every(({ dtype, shape }) => dtype === 'float32' && Array.isArray(shape));
    if (!isFlat) throw new TypeError('all weights must be float32');
    return { topology: document.modelTopology, weightSpecs: specs };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw refusedModel(folder, [`model.json is not a layers model: ${reason}`]);
  }
}

/** The weights come as kernel, bias, kernel, bias, … */
function networkOf(folder: string, specs: readonly WeightSpec[], values: Float32Array): DenseNetwork {
  const layers: DenseLayer[] = [];
  let offset = 0;
  const take = (length: number): Float32Array => {
    offset += length;
    return values.subarray(offset - length, offset);
  };
  for (let i = 0; i < specs.length; i += 2) {
    const [inputs = 0, units = 0] = specs[i]?.shape ?? [];
    layers.push({ inputs, units, kernel: take(inputs * units), bias: take(specs[i + 1]?.shape[0] ?? 0) });
  }
  try {
    return createDenseNetwork(layers);
  } catch (cause) {
    throw refusedModel(folder, [cause instanceof Error ? cause.message : String(cause)]);
  }
}
