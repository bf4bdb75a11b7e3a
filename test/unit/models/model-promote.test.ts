/** A second model beside the one in force: measured, refused or promoted, as a model owner calls it. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CommandIo } from '../../../src/cli/io.ts';
import { runModelList } from '../../../src/cli/model-list.ts';
import { PROMOTIONS_FILE, runModelPromote } from '../../../src/cli/model-promote.ts';
import { runModelTrain } from '../../../src/cli/model-train.ts';
import { type LoadedConfiguration, loadConfiguration } from '../../../src/composition/load-generation.ts';
import { SHIPPED_CONFIG_DIR } from '../../../src/config/read-sources.ts';

const SHIPPED = '2026.11.2-sim';
const base = await mkdtemp(path.join(tmpdir(), 'vigil-model-promote-'));
const now = (): number => Date.parse('2026-11-24T00:00:00Z');
let folder: string;

function captured(): CommandIo & { readonly lines: string[] } {
  const lines: string[] = [];
  return { lines, out: (line) => void lines.push(line), note: () => undefined, isTerminal: false };
}

async function configuration(dir: string | undefined): Promise<LoadedConfiguration> {
  const loaded = await loadConfiguration(dir, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value;
}

const asked = async (changes: Partial<Parameters<typeof runModelPromote>[0]> = {}) => ({
  configuration: await configuration(folder),
  version: 'weak',
  by: 'li',
  approvedBy: 'wang',
  seed: 5,
  transactions: 20_000,
  threshold: 0.5,
  now,
  ...changes,
});

const settingsText = () => readFile(path.join(folder, 'vigil.yaml'), 'utf8');
const promotions = async (): Promise<Record<string, unknown>[]> =>
  (await readFile(path.join(folder, PROMOTIONS_FILE), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeAll(async () => {
  const options = { seed: 4, transactions: 20_000, out: path.join(base, 'weak'), hidden: [4], epochs: 1, now };
  await runModelTrain({ ...options, configuration: await configuration(undefined) }, captured());
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(base, 'config-'));
  await mkdir(path.join(folder, 'models'));
  await cp(path.join(SHIPPED_CONFIG_DIR, 'models', SHIPPED), path.join(folder, 'models', SHIPPED), { recursive: true });
  await cp(path.join(base, 'weak'), path.join(folder, 'models', 'weak'), { recursive: true });
  await writeFile(path.join(folder, 'vigil.yaml'), `# ours\nmodel:\n  version: ${SHIPPED} # reviewed in May\n`);
});
afterAll(() => rm(base, { recursive: true }));

describe('vigil model promote', () => {
  it('shows both models on the same history and refuses the one that is worse', async () => {
    const io = captured();
    expect(await runModelPromote(await asked(), io)).toBe(1);
    expect(io.lines.filter((line) => line.startsWith('model '))).toEqual(['model weak', `model ${SHIPPED}`]);
    expect(io.lines.filter((line) => /average precision 0\.\d+/.test(line))).toHaveLength(2);
    expect(io.lines.at(-1)).toMatch(
      /^not promoted: its average precision is 0\.\d+, that of the model in force 0\.\d+ \(--although/,
    );
    expect(await settingsText()).toContain(SHIPPED);
  });

  it('promotes it with a reason, changes one line and writes down who and on what; the way back is the same', async () => {
    const io = captured();
    expect(await runModelPromote(await asked({ although: 'a rehearsal' }), io)).toBe(0);
    expect(io.lines.at(-1)).toBe(`model weak serves from now on, instead of ${SHIPPED}`);
    expect(await settingsText()).toBe('# ours\nmodel:\n  version: weak # reviewed in May\n');
    const list = captured();
    await runModelList({ configuration: await configuration(folder) }, list);
    expect(list.lines.find((line) => line.includes('(serves)'))).toMatch(/^weak /);
    expect(await runModelPromote(await asked({ version: SHIPPED }), captured())).toBe(0);
    expect(await settingsText()).toContain(SHIPPED);
    expect(await promotions()).toMatchObject([
      {
        at: '2026-11-24T00:00:00.000Z',
        from: SHIPPED,
        to: 'weak',
        by: 'li',
        approvedBy: 'wang',
        although: 'a rehearsal',
      },
      { from: 'weak', to: SHIPPED, figures: { candidate: { frauds: expect.any(Number) }, inForce: {} } },
    ]);
  });

  it('takes the only other model for the one in force where no version is set, and makes the settings file', async () => {
    await rm(path.join(folder, 'vigil.yaml'));
    expect(await runModelPromote(await asked({ although: 'a rehearsal' }), captured())).toBe(0);
    expect(await settingsText()).toBe('model:\n  version: weak\n');
    expect((await promotions())[0]).toMatchObject({ from: SHIPPED });
  });

  it('measures nothing and promotes nothing when nobody was judged', async () => {
    const history = path.join(folder, 'empty.ndjson');
    await writeFile(history, '');
    const io = captured();
    expect(await runModelPromote(await asked({ in: history }), io)).toBe(1);
    expect(io.lines.at(-1)).toMatch(/^not promoted: the history holds no fraud/);
  });

  it.each([
    ['one person alone', { approvedBy: ' LI ' }, /same person/],
    ['nobody', { by: ' ' }, /must name persons/],
    ['a model that serves already', { version: SHIPPED }, /serves already/],
    ['a model that is not there', { version: 'weaker' }, /model weaker is not under/],
    ['the seed that made its training data', { seed: 4 }, /seed 4 made the training data/],
    ['the seed that made the training data of the one in force', { seed: 991 }, /seed 991 made the training data/],
  ])('refuses %s', async (_what, changes, message) => {
    await expect(runModelPromote(await asked(changes), captured())).rejects.toThrow(message);
    expect(await settingsText()).toContain(SHIPPED);
  });

  it('refuses to change the shipped configuration, and a candidate whose weights were touched', async () => {
    const shipped = await configuration(undefined);
    await expect(runModelPromote(await asked({ configuration: shipped }), captured())).rejects.toThrow(/--config/);
    await writeFile(path.join(folder, 'models', 'weak', 'weights.bin'), 'other');
    await expect(runModelPromote(await asked({ although: 'x' }), captured())).rejects.toThrow(/weights\.bin/);
    expect(await settingsText()).toContain(SHIPPED);
  });
});
