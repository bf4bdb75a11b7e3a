/** A run over history gives the same decisions each time, however it is cut into chunks and whatever runs beside it. */
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfiguredModel } from '../../../src/composition/scoring-stack.ts';
import { VigilError } from '../../../src/domain/errors.ts';
import type { FraudModel } from '../../../src/domain/ports.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { aFolder, aTransfer, backtest, LABELS_HEADER, ndjson, simulatedHistory } from './backtest-builders.ts';

const folder = aFolder();
afterAll(() => folder.remove());
const configuration = await shippedConfiguration();

/** Simulated, and every 40th line: it once more, and again with another segment, a broken one, a late one. */
function aTroubledHistory(): { readonly in: string; readonly labels: string } {
  const history = simulatedHistory(11, 900);
  const lines: unknown[] = [];
  for (const [index, { message }] of history.entries()) {
    lines.push(message);
    if (index % 40 !== 39) continue;
    lines.push(message, { ...message, customerSegment: 'OTHER' });
    lines.push(
      index % 80 === 39 ? '{"schemaVersion":1' : { ...message, transactionId: `bad-${index}`, occurredAt: 'yesterday' },
    );
    const lateMs = Date.parse(String(message.occurredAt)) - 5 * 3_600_000;
    lines.push({ ...message, transactionId: `late-${index}`, occurredAt: new Date(lateMs).toISOString() });
  }
  const labels = history.flatMap(({ label }) => label ?? []);
  const atOnce = history.slice(0, 50).map(({ message }) => `${message.transactionId},${message.channel},GENUINE,,`);
  return {
    in: folder.write('troubled.ndjson', ndjson(lines)),
    labels: folder.write('troubled.csv', LABELS_HEADER + [...labels, ...atOnce].join('\n')),
  };
}

describe('the decisions of a backtest', () => {
  it('are the same in two runs and for every size of chunks, with the model, labels, repeats, refused and late lines', async () => {
    const files = aTroubledHistory();
    const model = await loadConfiguredModel(configuration);
    if (model === null) throw new Error('the shipped configuration has a model');
    const digests: string[] = [];
    for (const chunkSize of [256, 256, 1, 7, 5000]) {
      const { report } = await backtest({ ...files, configuration, model, chunkSize }, folder);
      digests.push(report.decisionsSha256);
      expect(report).toMatchObject({ transactions: 988, decisions: 966, deadLetters: 22, repeats: 44, conflicts: 22 });
      expect(report.detection.frauds).toBeGreaterThan(0);
    }
    await model.close();
    expect(new Set(digests).size).toBe(1);
  });

  it('do not depend on chunks where a repeat comes after its first decision is forgotten', async () => {
    const day = (n: number): string => `2026-11-0${n}T08:00:00Z`;
    const lines = [
      aTransfer('T-1', day(1)),
      aTransfer('T-2', day(3)),
      aTransfer('T-1', day(1)),
      aTransfer('T-3', day(5)),
      aTransfer('T-2', day(3)),
      aTransfer('T-3', day(5)),
    ];
    const file = folder.write('sparse.ndjson', ndjson(lines));
    const runs = [];
    for (const chunkSize of [1, 2, 3, 100]) runs.push(await backtest({ in: file, configuration, chunkSize }, folder));
    expect(new Set(runs.map(({ report }) => report.decisionsSha256)).size).toBe(1);
    expect(runs.map(({ report }) => report.repeats)).toEqual([1, 1, 1, 1]);
  });

  it('are the same when another thread reads, records and scores ahead, for one configuration and for two', async () => {
    const files = aTroubledHistory();
    const model = await loadConfiguredModel(configuration);
    if (model === null) throw new Error('the shipped configuration has a model');
    const { file, text } = configuration.sources.channels;
    const another = text.replace(/( *- \{ code: )TV_BANKING(,.*\n)/, '$1TV_BANKING$2$1KIOSK$2');
    const withKiosk = await shippedConfiguration({ channels: { file, text: another } });
    // a channel that one of the two configurations does not know
    const kiosk = aTransfer('K-1', '2026-09-02T08:00:00Z', { channel: 'KIOSK' });
    const history = folder.write('kiosk.ndjson', folder.read(path.basename(files.in)) + ndjson([kiosk, kiosk]));
    for (const againstConfiguration of [undefined, withKiosk]) {
      const options = {
        ...files,
        in: history,
        configuration,
        model,
        ...(againstConfiguration && { againstConfiguration }),
      };
      const outs: string[] = [];
      const reports: unknown[] = [];
      for (const isAhead of [false, true]) {
        const out = folder.path(`ahead-${isAhead}.ndjson`);
        const { report } = await backtest({ ...options, isAhead, out }, folder);
        const { latencyMs: _, ...same } = report;
        reports.push(same.against === undefined ? same : { ...same, against: { ...same.against, latencyMs: null } });
        outs.push(folder.read(path.basename(out)) + folder.read(`${path.basename(out)}.dead-letters.ndjson`));
      }
      expect(outs[1]).toBe(outs[0]);
      expect(reports[1]).toEqual(reports[0]);
      expect(reports[0]).toMatchObject({ repeats: 44, conflicts: 22, deadLetters: 24 });
      if (againstConfiguration) expect(reports[0]).toMatchObject({ against: { repeats: 45, deadLetters: 22 } });
    }
    await model.close();
  });

  it('say that the model failed on a chunk also when it failed in the other thread', async () => {
    const files = aTroubledHistory();
    const failing: FraudModel = {
      version: 'broken',
      score: async () => {
        throw new VigilError('MODEL_UNAVAILABLE', 'no back end');
      },
      close: async () => undefined,
    };
    const runs = [];
    for (const isAhead of [false, true])
      runs.push(await backtest({ ...files, configuration, model: failing, isAhead }, folder));
    expect(runs.map(({ report }) => report.level.L1)).toEqual([922, 922]);
    expect(runs[1]?.report.decisionsSha256).toBe(runs[0]?.report.decisionsSha256);
  });

  it('do not depend on the configuration beside it', async () => {
    const files = aTroubledHistory();
    const other = await shippedConfiguration({ rules: [] });
    const alone = await backtest({ ...files, configuration }, folder);
    const both = await backtest({ ...files, configuration, againstConfiguration: other }, folder);
    const reversed = await backtest({ ...files, configuration: other, againstConfiguration: configuration }, folder);
    expect(both.report.decisionsSha256).toBe(alone.report.decisionsSha256);
    expect(reversed.report.against?.decisionsSha256).toBe(alone.report.decisionsSha256);
    expect(both.report.against?.decisionsSha256).not.toBe(alone.report.decisionsSha256);
  });
});
