/** train → list → evaluate → score as an operator calls them, on a small simulated bank through the live code path. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandIo } from '../../../src/cli/io.ts';
import { runModelEvaluate } from '../../../src/cli/model-evaluate.ts';
import { fileHistory, runModelHistory } from '../../../src/cli/model-history.ts';
import { runModelList } from '../../../src/cli/model-list.ts';
import { runModelScore } from '../../../src/cli/model-score.ts';
import { runModelTrain } from '../../../src/cli/model-train.ts';
import { type LoadedConfiguration, loadConfiguration } from '../../../src/composition/load-generation.ts';
import type { Label } from '../../../src/domain/label.ts';
import { aMessage } from '../../helpers/a-transaction.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'vigil-model-commands-'));
const modelsDir = path.join(folder, 'models');
const now = (): number => Date.parse('2026-11-24T00:00:00Z');
let configuration: LoadedConfiguration;

function captured(): CommandIo & { readonly lines: string[] } {
  const lines: string[] = [];
  return { lines, out: (line) => void lines.push(line), note: () => undefined, isTerminal: false };
}

beforeAll(async () => {
  const loaded = await loadConfiguration(undefined, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  configuration = { ...loaded.value, sources: { ...loaded.value.sources, modelsDir } };
  const options = {
    configuration,
    seed: 4,
    transactions: 20_000,
    out: path.join(modelsDir, 'small'),
    hidden: [16, 8],
    epochs: 3,
    now,
  };
  const io = captured();
  expect(await runModelTrain(options, io)).toBe(0);
  expect(io.lines.join('\n')).toMatch(/average precision 0\.\d+/);
});
afterAll(() => rm(folder, { recursive: true }));

describe('the model commands', () => {
  it('refuse to train on too few transactions', async () => {
    const options = { configuration, seed: 4, transactions: 100, out: path.join(modelsDir, 'x'), now };
    await expect(runModelTrain(options, captured())).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('list the model that serves with where it comes from', async () => {
    const io = captured();
    expect(await runModelList({ configuration }, io)).toBe(0);
    expect(io.lines.length).toBe(1);
    expect(io.lines[0]).toMatch(/^small \(serves\): simulated bank of 400 customers, seed 4, \d+ rows with \d+ frauds/);
  });

  it('list a model that the catalogue no longer fits with the reason', async () => {
    const features = configuration.features.features.filter((feature) => feature.name !== 'customer_count_1h');
    const io = captured();
    await runModelList({ configuration: { ...configuration, features: { ...configuration.features, features } } }, io);
    expect(io.lines[1]).toBe('  refused: feature customer_count_1h is not in the catalogue');
  });

  it('refuse to evaluate on the seed that the model was trained on', async () => {
    const options = { configuration, seed: 4, transactions: 20_000, threshold: 0.5, now };
    await expect(runModelEvaluate(options, captured())).rejects.toThrow(/seed 4 made the training data/);
  });

  it('evaluate on a file with labels and write the figures', async () => {
    const [input, labels, report] = ['in.ndjson', 'labels.csv', 'report.json'].map((name) => path.join(folder, name));
    const messages = Array.from({ length: 6 }, (_, i) => JSON.stringify(aMessage({ transactionId: `T-${i}` })));
    await writeFile(input ?? '', `${messages.join('\n')}\n{"broken"\n`);
    await writeFile(
      labels ?? '',
      'transactionId,channel,label,labelledAt\nT-2,MOBILE_BANKING,FRAUD,2026-11-21T00:00:00Z\n',
    );
    const options = { configuration, seed: 1, transactions: 0, threshold: 0.5, now, in: input, labels, report };
    expect(await runModelEvaluate(options, captured())).toBe(0);
    expect(JSON.parse(await readFile(report ?? '', 'utf8'))).toMatchObject({
      model: 'small',
      lines: 7,
      refused: 1,
      rows: 6,
      frauds: 1,
    });
  });

  it('score a file line by line, in order', async () => {
    const [input, out] = ['score.ndjson', 'scores.ndjson'].map((name) => path.join(folder, name));
    const ids = ['T-b', 'T-a', 'T-c'];
    await writeFile(input ?? '', ids.map((transactionId) => JSON.stringify(aMessage({ transactionId }))).join('\n'));
    expect(await runModelScore({ configuration, in: input ?? '', out: out ?? '', now }, captured())).toBe(0);
    const lines = (await readFile(out ?? '', 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.transactionId)).toEqual(ids);
    for (const { score } of lines) expect(score >= 0 && score <= 1).toBe(true);
  });

  it('let no label younger than the delay of seven days change what the model is given', async () => {
    const dates = ['2026-11-01', '2026-11-07', '2026-11-09'];
    const file = path.join(folder, 'leak.ndjson');
    const messages = dates.map((date, i) => aMessage({ transactionId: `T-${i}`, occurredAt: `${date}T12:00:00Z` }));
    await writeFile(file, messages.map((message) => JSON.stringify(message)).join('\n'));
    const valuesWith = async (labels: readonly Label[]): Promise<readonly string[]> => {
      const history = { ...(await fileHistory({ in: file }, configuration, now())), labels };
      const seen: string[] = [];
      await runModelHistory({
        configuration,
        history,
        onChunk: async (inputs) => void seen.push(...inputs.map((input) => JSON.stringify(input.values))),
      });
      return seen;
    };
    const label: Label = {
      transactionId: 'T-0',
      channel: 'MOBILE_BANKING',
      label: 'FRAUD',
      labelledAtMs: Date.parse('2026-11-02T00:00:00Z'),
    };
    const [without, labelled] = [await valuesWith([]), await valuesWith([label])];
    expect(labelled.length).toBe(3);
    // the payment of 1 November is 6 days old at the second and 8 days old at the third
    expect(labelled.slice(0, 2)).toEqual(without.slice(0, 2));
    expect(labelled[2]).not.toBe(without[2]);
  });

  it('say so when there is no model at all', async () => {
    const empty = path.join(folder, 'none');
    await mkdir(empty);
    const io = captured();
    await runModelList(
      { configuration: { ...configuration, sources: { ...configuration.sources, modelsDir: empty } } },
      io,
    );
    expect(io.lines).toEqual([`no model under ${empty}`]);
  });
});
