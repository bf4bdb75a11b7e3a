/** Writes a trained network as an artefact folder: model.json, weights.bin, manifest.json, card.md. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { layers as layer, type Sequential, sequential } from '@tensorflow/tfjs-layers';
import type { DenseNetwork } from '../dense-network.ts';
import type { ModelManifest } from '../manifest.ts';

export type UnsealedManifest = Omit<ModelManifest, 'topology' | 'weights'>;

/** The layers model of a network, with fixed names, so that the same weights give the same files. */
export function buildLayersModel(network: DenseNetwork): Sequential {
  const last = network.layers.length - 1;
  const model = sequential({ name: 'vigil' });
  for (const [index, { inputs, units, kernel, bias }] of network.layers.entries()) {
    const options = {
      name: index === last ? 'logit' : `hidden_${index + 1}`,
      units,
      ...(index === 0 ? { inputShape: [inputs] } : {}),
      activation: index === last ? ('linear' as const) : ('relu' as const),
    };
    // the layer copies the values into variables of its own: the tidy frees what they were made from
    tf.tidy(() => {
      const weights = [tf.tensor2d(Float32Array.from(kernel), [inputs, units]), tf.tensor1d(Float32Array.from(bias))];
      model.add(layer.dense({ ...options, weights }));
    });
  }
  return model;
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** Answers the sealed manifest. The manifest is written last: a folder without one is no model. */
export async function writeArtefact(
  folder: string,
  manifest: UnsealedManifest,
  network: DenseNetwork,
  card: string,
): Promise<ModelManifest> {
  const { topology, weights } = await serialise(network);
  const sealed: ModelManifest = {
    ...manifest,
    topology: { file: 'model.json', sha256: sha256(topology) },
    weights: { file: 'weights.bin', sha256: sha256(weights), bytes: weights.byteLength },
  };
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'model.json'), topology);
  await writeFile(path.join(folder, 'weights.bin'), weights);
  await writeFile(path.join(folder, 'card.md'), card);
  await writeFile(path.join(folder, 'manifest.json'), `${JSON.stringify(sealed, null, 1)}\n`);
  return sealed;
}

async function serialise(network: DenseNetwork): Promise<{ topology: string; weights: Uint8Array }> {
  const model = buildLayersModel(network);
  let artifacts: tf.io.ModelArtifacts | undefined;
  const saved = { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const } };
  await model.save(
    tf.io.withSaveHandler(async (given) => {
      artifacts = given;
      return saved;
    }),
  );
  model.dispose();
  const data = artifacts?.weightData;
  if (artifacts === undefined || !(data instanceof ArrayBuffer)) throw new TypeError('the network gave no weights');
  const specs = artifacts.weightSpecs ?? [];
  const document = {
    format: 'layers-model',
    modelTopology: artifacts.modelTopology,
    weightsManifest: [
      { paths: ['weights.bin'], weights: specs.map(({ name, shape, dtype }) => ({ name, shape, dtype })) },
    ],
  };
  return { topology: `${JSON.stringify(document)}\n`, weights: new Uint8Array(data) };
}
