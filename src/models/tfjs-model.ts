/**
 * The fraud model on TensorFlow.js: one batched inference per call, then calibration and reasons in plain arithmetic. An
 * artefact serves only after its canaries gave their scores on the very back end that will serve.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { VigilError } from '../domain/errors.ts';
import type { FeatureDefinition } from '../domain/feature.ts';
import type { FraudModel, ModelInput, ModelScore } from '../domain/ports.ts';
import { createScorer, type Scorer } from './fraud-model.ts';
import { CANARY_TOLERANCE } from './manifest.ts';
import { type ModelArtefact, readModelArtefact, refusedModel } from './model-artefact.ts';
import { type BackendChoice, countTensors, startBackend } from './tfjs-runtime.ts';

export interface TfjsModelOptions {
  /** config/models/<version> */
  readonly folder: string;
  /** today's features: the model is refused when one that it reads is absent or means something else */
  readonly catalogue: readonly FeatureDefinition[];
  readonly backend: BackendChoice;
  /** the bank's IANA zone, for the hour of the day */
  readonly zone: string;
}

export interface TfjsModel extends FraudModel {
  readonly backend: string;
  readonly backendFallback?: string;
  readonly artefact: ModelArtefact;
  /** tensors alive in the process, for the gauge */
  tensors(): number;
}

/** CONFIG_INVALID when the artefact is refused, MODEL_UNAVAILABLE when no back end starts. */
export async function loadTfjsModel(options: TfjsModelOptions): Promise<TfjsModel> {
  const artefact = await readModelArtefact(options.folder, options.catalogue);
  const backend = await startBackend(options.backend);
  const layers = await openLayers(artefact);
  const scorer = createScorer(artefact.manifest, artefact.network, options.zone);
  const faults = canaryFaults(artefact, layers, scorer);
  if (faults.length > 0) {
    layers.dispose();
    throw refusedModel(options.folder, faults);
  }
  let isOpen = true;
  return {
    version: artefact.manifest.version,
    backend: backend.name,
    ...(backend.fallbackReason === undefined ? {} : { backendFallback: backend.fallbackReason }),
    artefact,
    tensors: countTensors,
    score: async (inputs) => scoreChunk(layers, scorer, inputs),
    close: async () => {
      if (isOpen) layers.dispose();
      isOpen = false;
    },
  };
}

async function openLayers(artefact: ModelArtefact): Promise<LayersModel> {
  try {
    return await loadLayersModel({
      load: async () => ({
        modelTopology: artefact.topology,
        weightSpecs: artefact.weightSpecs.map(({ name, shape }) => ({
          name,
          shape: [...shape],
          dtype: 'float32' as const,
        })),
        weightData: artefact.weights,
      }),
    });
  } catch (cause) {
    throw refusedModel(artefact.folder, [
      `TensorFlow.js cannot load it: ${cause instanceof Error ? cause.message : cause}`,
    ]);
  }
}

/** predictOnBatch, because predict() splits its input into batches of 32. */
function inferLogits(layers: LayersModel, inputs: Float32Array, rows: number): Float32Array {
  return tf.tidy(() => {
    const output = layers.predictOnBatch(tf.tensor2d(inputs, [rows, inputs.length / rows]));
    const logits = (Array.isArray(output) ? output[0] : output)?.dataSync();
    return Float32Array.from(logits ?? []);
  });
}

function scoreChunk(layers: LayersModel, scorer: Scorer, inputs: readonly ModelInput[]): readonly ModelScore[] {
  if (inputs.length === 0) return [];
  try {
    const prepared = scorer.prepare(inputs);
    return scorer.finish(inputs, prepared, inferLogits(layers, prepared, inputs.length));
  } catch (cause) {
    if (cause instanceof VigilError) throw cause;
    throw new VigilError('MODEL_UNAVAILABLE', 'the model failed on a chunk', {
      context: { rows: inputs.length },
      cause,
    });
  }
}

function canaryFaults(artefact: ModelArtefact, layers: LayersModel, scorer: Scorer): string[] {
  const { canaries } = artefact.manifest;
  const prepared = scorer.standardise(canaries.map((canary) => canary.inputs));
  const logits = inferLogits(layers, prepared, canaries.length);
  return canaries.flatMap((canary, index) => {
    const found = scorer.calibrate(logits[index] ?? Number.NaN);
    const isSame = Math.abs(found - canary.score) <= CANARY_TOLERANCE; // false for NaN
    return isSame ? [] : [`canary ${index} scores ${found}, the manifest says ${canary.score}`];
  });
}
