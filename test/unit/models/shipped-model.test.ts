/** What is shipped must serve with what is shipped: the model, the feature catalogue and the zone of config/. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfiguration } from '../../../src/composition/load-generation.ts';
import { listModels, resolveModelFolder } from '../../../src/models/model-registry.ts';
import { loadTfjsModel } from '../../../src/models/tfjs-model.ts';
import { aModelInput } from './model-builders.ts';

const models = path.resolve(import.meta.dirname, '../../../config/models');

async function shippedCatalogue() {
  const loaded = await loadConfiguration(undefined, {});
  if (!loaded.ok)
    throw new Error(loaded.error.map((fault) => `${fault.file} ${fault.path} ${fault.message}`).join('\n'));
  return loaded.value.features.features;
}

describe('the shipped model', () => {
  it('is the only one, so that the shipped configuration needs no version', async () => {
    expect((await listModels(models)).map(({ faults }) => faults)).toEqual([[]]);
  });

  it('says in its card that it was trained on simulated data, and is small', async () => {
    const folder = await resolveModelFolder(models, '');
    const files = await readdir(folder);
    expect(files.sort()).toEqual(['card.md', 'manifest.json', 'model.json', 'weights.bin']);
    const sizes = await Promise.all(files.map(async (file) => (await stat(path.join(folder, file))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
  });

  it.each(['wasm', 'cpu'] as const)(
    'passes every check of a start on %s, and tells strange from usual',
    async (backend) => {
      const folder = await resolveModelFolder(models, '');
      const model = await loadTfjsModel({
        folder,
        catalogue: await shippedCatalogue(),
        backend,
        zone: 'Asia/Shanghai',
      });
      const usual = aModelInput({ message: { amountMinor: 20_000 } });
      const takenOver = aModelInput({
        message: {
          amountMinor: 4_900_000,
          occurredAt: '2026-11-20T03:10:00+08:00',
          device: { id: 'D9', ip: '198.51.100.9', trusted: false },
        },
        features: { customer_credential_change_count_24h: 2, device_customers_7d: 4, customer_payee_add_count_24h: 1 },
        profile: {
          amountRatio: 245,
          amountZ: 8,
          deviceKnown: false,
          deviceAgeSeconds: 0,
          ipKnown: false,
          payeeKnown: false,
          payeeAgeSeconds: 0,
          secondsSincePasswordChange: 600,
          secondsSincePayeeAdd: 120,
          secondsSinceDeviceBind: 500,
        },
      });
      const [calm, strange] = await model.score([usual, takenOver]);
      expect(calm?.score).toBeLessThan(0.05);
      expect(strange?.score).toBeGreaterThan(0.5);
      expect(strange?.contributions.length).toBeGreaterThan(2);
      await model.close();
    },
  );
});
