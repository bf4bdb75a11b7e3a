/**
 * A model may decide about money only when it is the one that was trained: every way in which an artefact can differ is
 * refused by name. Then: one inference for a chunk, independent of the others in it, and no tensor left behind.
 */

import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { VigilError } from '../../../src/domain/errors.ts';
import { calibrate } from '../../../src/models/calibration.ts';
import { networkLogit } from '../../../src/models/dense-network.ts';
import { createInputEncoder, createScorer } from '../../../src/models/fraud-model.ts';
import type { ModelManifest } from '../../../src/models/manifest.ts';
import { loadTfjsModel } from '../../../src/models/tfjs-model.ts';
import { type BackendChoice, countTensors } from '../../../src/models/tfjs-runtime.ts';
import type { UnsealedManifest } from '../../../src/models/training/export-model.ts';
import { aCatalogue, aManifest, aModelInput, aNetwork, anArtefact, ZONE } from './model-builders.ts';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(path.dirname(folder), { recursive: true });
});

async function artefact(overrides: Partial<UnsealedManifest> = {}, network = aNetwork()): Promise<string> {
  const folder = await anArtefact(overrides, network);
  folders.push(folder);
  return folder;
}

const load = (folder: string, catalogue = aCatalogue(), backend: BackendChoice = 'wasm') =>
  loadTfjsModel({ folder, catalogue, backend, zone: ZONE });

async function refusal(folder: string, catalogue = aCatalogue()): Promise<string> {
  const error = await load(folder, catalogue).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof VigilError)) throw new Error(`not refused: ${String(error)}`);
  expect(error.code).toBe('CONFIG_INVALID');
  return error.message;
}

/** Changes one file; the manifest's sha256 is brought up to date where the test is about a later check. */
async function damage(folder: string, file: string, change: (bytes: Buffer) => Buffer, reseal: boolean): Promise<void> {
  const changed = change(await readFile(path.join(folder, file)));
  await writeFile(path.join(folder, file), changed);
  if (!reseal) return;
  const manifestFile = path.join(folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(manifestFile, 'utf8'));
  manifest[file === 'model.json' ? 'topology' : 'weights'].sha256 = createHash('sha256').update(changed).digest('hex');
  await writeFile(manifestFile, JSON.stringify(manifest));
}

const withFloat = (value: number) => (bytes: Buffer) => {
  const changed = Buffer.from(bytes);
  changed.writeFloatLE(value, 40);
  return changed;
};

describe('an artefact that differs is refused', () => {
  it('when a byte of the weights is not the one that was sealed', async () => {
    const folder = await artefact();
    await damage(folder, 'weights.bin', withFloat(0.123), false);
    expect(await refusal(folder)).toMatch(/weights\.bin has sha256 [0-9a-f]{64}, the manifest says/);
  });

  it('when the topology is not the one that was sealed', async () => {
    const folder = await artefact();
    await damage(folder, 'model.json', (bytes) => Buffer.from(bytes.toString().replace('relu', 'tanh')), false);
    expect(await refusal(folder)).toMatch(/model\.json has sha256/);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('when a weight is %s, also under a valid seal', async (value) => {
    const folder = await artefact();
    await damage(folder, 'weights.bin', withFloat(value), true);
    expect(await refusal(folder)).toMatch(/weight 10 is (NaN|Infinity)/);
  });

  it('when the weights are cut short, also under a valid seal', async () => {
    const folder = await artefact();
    await damage(folder, 'weights.bin', (bytes) => bytes.subarray(0, bytes.length - 4), true);
    expect(await refusal(folder)).toMatch(/the weights have \d+ bytes, the topology needs \d+/);
  });

  it('when the weights are all zero, by its canaries', async () => {
    const folder = await artefact();
    await damage(folder, 'weights.bin', (bytes) => Buffer.alloc(bytes.length), true);
    expect(await refusal(folder)).toMatch(/canary 0 scores/);
  });

  it('when the activation was changed under a valid seal, by its canaries', async () => {
    const folder = await artefact();
    await damage(folder, 'model.json', (bytes) => Buffer.from(bytes.toString().replaceAll('"relu"', '"tanh"')), true);
    expect(await refusal(folder)).toMatch(/canary \d scores/);
  });

  it('when a canary differs by a little more than a millionth', async () => {
    const network = aNetwork();
    const { canaries } = aManifest(network);
    const shifted = canaries.map((canary, i) => (i === 3 ? { ...canary, score: canary.score + 3e-6 } : canary));
    const message = await refusal(await artefact({ canaries: shifted }, network));
    expect(message).toMatch(/canary 3 scores/);
    expect(message).not.toMatch(/canary 2/);
  });

  it('when two inputs have changed places', async () => {
    const network = aNetwork();
    const { inputs } = aManifest(network);
    const [first = '', second = '', ...rest] = inputs;
    expect(await refusal(await artefact({ inputs: [second, first, ...rest] }, network))).toMatch(
      /input 0 is lg_amount, the model was trained on is_round_thousand/,
    );
  });

  it('when a feature that it reads is gone or means something else', async () => {
    const folder = await artefact();
    const [first, ...rest] = aCatalogue();
    expect(await refusal(folder, rest)).toMatch(`feature ${first?.name} is not in the catalogue`);
    const changed = aCatalogue().map((feature, i) => (i === 2 ? { ...feature, windowMs: 61_000 } : feature));
    expect(await refusal(folder, changed)).toMatch(/the model was trained on \["?\[/);
  });

  it('when its manifest is broken, with every fault', async () => {
    const folder = await artefact();
    const file = path.join(folder, 'manifest.json');
    const manifest = JSON.parse(await readFile(file, 'utf8'));
    const broken = { ...manifest, schemaVersion: 2, calibration: { method: 'platt', slope: -1, intercept: 0 } };
    broken.scaler.deviation[4] = 0;
    await writeFile(file, JSON.stringify(broken));
    const message = await refusal(folder);
    for (const part of [/schemaVersion: must be 1/, /scaler\.deviation/, /calibration: the slope/]) {
      expect(message).toMatch(part);
    }
    await writeFile(file, '{');
    expect(await refusal(folder)).toMatch(/not JSON/);
  });

  it('when a file is absent, or named outside its folder', async () => {
    const folder = await artefact();
    await rm(path.join(folder, 'weights.bin'));
    expect(await refusal(folder)).toMatch(/weights\.bin cannot be read/);
    const other = await artefact();
    const file = path.join(other, 'manifest.json');
    const manifest: ModelManifest = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...manifest, weights: { ...manifest.weights, file: '../weights.bin' } }));
    expect(await refusal(other)).toMatch(/weights: needs a file name/);
  });
});

describe('a model that serves', () => {
  const chunk = Array.from({ length: 70 }, (_, i) =>
    aModelInput({
      message: { transactionId: `T-${i}`, amountMinor: 1_000 * (i + 1) ** 2 },
      features: { customer_count_1h: i },
    }),
  );

  it.each(['wasm', 'cpu'] as const)('gives the scores of plain arithmetic on %s', async (backend) => {
    const network = aNetwork();
    const model = await load(await artefact({}, network), aCatalogue(), backend);
    expect(model.backend).toBe(backend);
    const scorer = createScorer(model.artefact.manifest, network, ZONE);
    const encoder = createInputEncoder(ZONE);
    const scores = await model.score(chunk);
    expect(scores.length).toBe(chunk.length);
    for (const [i, input] of chunk.entries()) {
      const logit = networkLogit(network, scorer.standardise([encoder.encode(input)]));
      expect(scores[i]?.score).toBeCloseTo(calibrate(model.artefact.manifest.calibration, logit), 5);
    }
    await model.close();
  });

  it('scores a transaction the same alone and among others, bit for bit', async () => {
    const model = await load(await artefact());
    const together = await model.score(chunk);
    for (const i of [0, 1, 31, 32, 69]) {
      const [alone] = await model.score(chunk.slice(i, i + 1));
      expect(alone).toEqual(together[i]);
    }
    await model.close();
  });

  it('answers an empty chunk with nothing', async () => {
    const model = await load(await artefact());
    expect(await model.score([])).toEqual([]);
    await model.close();
  });

  it('leaves no tensor behind, neither in use nor after it is closed', async () => {
    const folder = await artefact();
    const before = countTensors();
    const model = await load(folder);
    const loaded = model.tensors();
    for (let i = 0; i < 20; i++) await model.score(chunk);
    expect(model.tensors()).toBe(loaded);
    await model.close();
    await model.close();
    expect(countTensors()).toBe(before);
  });

  it('says MODEL_UNAVAILABLE for a feature value that is not a number, and scores the next chunk', async () => {
    const model = await load(await artefact());
    const broken = aModelInput({ features: { customer_count_1h: Number.NaN } });
    await expect(model.score([broken])).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    expect((await model.score(chunk)).length).toBe(chunk.length);
    await model.close();
  });

  it('says MODEL_UNAVAILABLE when the chunk does not carry a feature that it reads', async () => {
    const model = await load(await artefact());
    await expect(model.score([{ ...aModelInput(), names: ['other'], values: [1] }])).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
    });
    await model.close();
  });

  it('explains a score from the threshold on, and only there', async () => {
    const silent = await load(await artefact({ explainFrom: 1 }));
    const sorted = (await silent.score(chunk)).map(({ score }) => score).sort((a, b) => a - b);
    await silent.close();
    const explainFrom = sorted[35] ?? 1;
    const model = await load(await artefact({ explainFrom }));
    const scores = await model.score(chunk);
    expect(scores.filter(({ contributions }) => contributions.length > 0).length).toBe(35);
    for (const { score, contributions } of scores) expect(contributions.length > 0).toBe(score >= explainFrom);
    await model.close();
  });

  it('names the back end that runs when the wanted one cannot', async () => {
    const model = await load(await artefact(), aCatalogue(), 'node');
    expect(['tensorflow', 'wasm']).toContain(model.backend);
    if (model.backend === 'wasm') expect(model.backendFallback).toMatch(/tensorflow: /);
    await model.close();
  });
});
