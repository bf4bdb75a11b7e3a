import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { listModels, resolveModelFolder } from '../../../src/models/model-registry.ts';
import { anArtefact } from './model-builders.ts';

const folder = await anArtefact();
const models = path.dirname(folder);
afterAll(() => rm(models, { recursive: true }));

it('takes the only model when no version is named', async () => {
  await mkdir(path.join(models, 'not-a-model'), { recursive: true });
  expect(await resolveModelFolder(models, '')).toBe(folder);
  expect(await resolveModelFolder(models, 'test-1')).toBe(folder);
});

it('says which models there are when the named one is absent, and when there is none at all', async () => {
  await expect(resolveModelFolder(models, '2099.1')).rejects.toThrow(/model 2099\.1 is not under .*there are test-1/);
  await expect(resolveModelFolder(path.join(models, 'absent'), '')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

it('chooses nothing by itself among several, and lists a broken one with its faults', async () => {
  const other = path.join(models, 'test-2');
  await cp(folder, other, { recursive: true });
  await writeFile(path.join(other, 'manifest.json'), '{"schemaVersion":3}');
  await expect(resolveModelFolder(models, '')).rejects.toThrow(/there are test-1, test-2/);
  const listed = await listModels(models);
  expect(listed.map(({ version, manifest }) => [version, manifest?.version])).toEqual([
    ['test-1', 'test-1'],
    ['test-2', undefined],
  ]);
  expect(listed[1]?.faults.length).toBeGreaterThan(3);
});
