/** `vigil backtest` as it is called: files in, files out, and how it ends. */
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { countLines } from '../../../src/backtest/count-lines.ts';
import { type BacktestCommandOptions, backtestCommand } from '../../../src/cli/backtest-command.ts';
import { checkOutputs } from '../../../src/cli/backtest-outputs.ts';
import { EXIT, reportError } from '../../../src/cli/io.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { aFolder, anIo, aTransfer, backtest, LABELS_HEADER, ndjson } from './backtest-builders.ts';

const folder = aFolder();
afterAll(() => folder.remove());

/** A configuration without a model: what is tested here are the files. */
const CONFIG = folder.path('config');
mkdirSync(path.join(CONFIG, 'rules'), { recursive: true });
folder.write('config/vigil.yaml', 'model:\n  enabled: false\n');
const rule = (id: string, when: string): string => `  - id: ${id}
    title: { en: "${id}", zh-CN: "${id}" }
    reason: VEL_COUNT_10M
    typology: velocity
    owner: test
    when: '${when}'
    outcome: HOLD
    score: 300
    severity: high
    mode: live
`;
const rules = (...all: string[]): string => `ruleset: test\nversion: "1"\nrules:\n${all.join('')}`;
folder.write('config/rules/own.yaml', rules(rule('second', 'features.customer_count_10m >= 2')));
const OTHER = folder.path('other');
mkdirSync(path.join(OTHER, 'rules'), { recursive: true });
folder.write('other/vigil.yaml', 'model:\n  enabled: false\n');
folder.write('other/rules/own.yaml', rules(rule('third', 'features.customer_count_10m >= 3')));

const LINES = [
  aTransfer('T-1', '2026-11-20T02:01:00Z'),
  aTransfer('T-2', '2026-11-20T02:02:00Z', { amountMinor: 4000 }),
  '{"broken"',
  aTransfer('T-3', '2026-11-20T02:03:00Z', { amountMinor: 6000 }),
  aTransfer('T-3', '2026-11-20T02:03:00Z', { amountMinor: 6000 }),
  '',
  aTransfer('T-4', '2026-11-20', {}),
];
const HISTORY = folder.write('history.ndjson', ndjson(LINES));

async function run(options: Partial<BacktestCommandOptions> = {}) {
  const io = anIo();
  let exitCode: number;
  try {
    exitCode = await backtestCommand({ in: HISTORY, config: CONFIG, ...options }, io);
  } catch (error) {
    exitCode = reportError(error, io);
  }
  return { exitCode, out: io.lines.join('\n'), notes: io.notes.join('\n') };
}

const report = () => JSON.parse(folder.read('r.json'));
const linesOf = (name: string): string[] => folder.read(name).split('\n').filter(Boolean);

describe('vigil backtest', () => {
  it('decides every accepted line, keeps every refused one with its code, and loses none', async () => {
    const { exitCode, out } = await run({ out: folder.path('d.ndjson'), report: folder.path('r.json') });
    expect(exitCode).toBe(EXIT.done);
    const decisions = linesOf('d.ndjson').map((line) => JSON.parse(line) as Decision);
    expect(decisions.map(({ transactionId, outcome }) => [transactionId, outcome])).toEqual([
      ['T-1', 'ALLOW'],
      ['T-2', 'HOLD'],
      ['T-3', 'HOLD'],
      ['T-3', 'HOLD'],
    ]);
    expect(linesOf('d.ndjson.dead-letters.ndjson').map((line) => JSON.parse(line))).toMatchObject([
      { line: 3, code: 'NOT_JSON', value: '{"broken"' },
      { line: 6, code: 'EMPTY', value: '' },
      { line: 7, code: 'INVALID_TIME', path: '/occurredAt' },
    ]);
    const { transactions, decisions: decided, deadLetters, repeats, deadLetterCodes } = report();
    expect({ transactions, decided, deadLetters, repeats }).toEqual({
      transactions: 7,
      decided: 4,
      deadLetters: 3,
      repeats: 1,
    });
    expect(deadLetterCodes).toEqual({ EMPTY: 1, INVALID_TIME: 1, NOT_JSON: 1 });
    expect(out).toContain('no labels given');
    expect(report().detection).toMatchObject({ precision: null, recall: null, averagePrecision: null });
    expect(report().labels).toBeNull();
  });

  it('has the keys that other programs read', async () => {
    await run({ report: folder.path('r.json') });
    expect(Object.keys(report())).toEqual(
      expect.arrayContaining(
        'transactions decisions deadLetters alerts outcomes level detection latencyMs throughputPerSecond money decisionsSha256 days alertsPerDay analystHoursPerDay customers channels segments scenarios rules limits shadow curve daily'.split(
          ' ',
        ),
      ),
    );
    expect(Object.keys(report().detection)).toEqual(
      expect.arrayContaining(['frauds', 'caught', 'falsePositives', 'precision', 'recall', 'averagePrecision']),
    );
  });

  it('compares two configurations decision by decision', async () => {
    const labels = folder.write('l.csv', `${LABELS_HEADER}T-2,MOBILE_BANKING,FRAUD,,scam\nT-9,ATM,FRAUD,,\n`);
    const page = folder.path('r.html');
    const { exitCode, out } = await run({ against: OTHER, labels, report: folder.path('r.json'), html: page });
    expect(exitCode).toBe(EXIT.done);
    const { comparison, against, detection, money, scenarios, labels: given } = report();
    expect(detection).toMatchObject({ frauds: 1, caught: 1, falsePositives: 1, precision: 0.5, recall: 1 });
    expect(against.detection).toMatchObject({ frauds: 1, caught: 0, falsePositives: 1, precision: 0, recall: 0 });
    expect(money).toMatchObject({ fraudStoppedMinor: { CNY: 4000 }, genuineStoppedMinor: { CNY: 6000 } });
    expect(comparison.money.fraudNewlyStoppedMinor).toEqual({ CNY: 4000 });
    expect(comparison.transitions.all.ALLOW).toEqual({ ALLOW: 1, CHALLENGE: 0, HOLD: 1, BLOCK: 0 });
    expect(comparison.transitions.fraud.ALLOW.HOLD).toBe(1);
    expect(comparison.rules).toMatchObject([
      { ruleId: 'second', newHits: 2, newFrauds: 1, lostHits: 0 },
      { ruleId: 'third', newHits: 0, lostHits: 1, lostSamples: [{ transactionId: 'T-3' }] },
    ]);
    expect(scenarios.scam).toMatchObject({ frauds: 1, caught: 1 });
    expect(given).toEqual({ given: 2, withoutTransaction: 1 });
    const said = out.split('\n').map((line) => line.trim());
    expect(said).toContainEqual(expect.stringMatching(/: 1 of 3 outcomes changed, \d+ alerts new, \d+ no longer$/));
    expect(said).toContainEqual(expect.stringMatching(/^genuine customers disturbed: \d+ newly, \d+ no longer$/));
    expect(said).toContainEqual(expect.stringMatching(/^hits of second: 2 new, 1 of them fraud, such as T-\d T-\d$/));
    expect(said).toContain('hits of third: 1 lost, 0 of them fraud, such as T-3');
    expect(folder.read('r.html')).toContain('What changes');
  });

  it('speaks of no fraud where nobody has labelled any', async () => {
    const { out } = await run({ against: OTHER });
    expect(out).toContain('  customers disturbed: ');
    expect(out).toContain('  hits of third: 1 lost, such as T-3\n');
    expect(out).not.toMatch(/genuine|fraud newly/);
  });

  it('reads and writes compressed files', async () => {
    const file = folder.write('history.ndjson.gz', gzipSync(ndjson(LINES)));
    await run({ report: folder.path('r.json') });
    const plain = report().decisionsSha256;
    const { exitCode } = await run({ in: file, out: folder.path('d.ndjson.gz'), report: folder.path('r.json') });
    expect(exitCode).toBe(EXIT.done);
    expect(report().decisionsSha256).toBe(plain);
    expect(
      gunzipSync(readFileSync(folder.path('d.ndjson.gz')))
        .toString()
        .trim()
        .split('\n'),
    ).toHaveLength(4);
  });

  it('adds the features on demand, and the digest stays that of the decisions', async () => {
    await run({ report: folder.path('r.json') });
    const plain = report().decisionsSha256;
    await run({ out: folder.path('f.ndjson'), withFeatures: true, report: folder.path('r.json') });
    expect(JSON.parse(linesOf('f.ndjson')[1] ?? '')).toMatchObject({ features: { customer_count_10m: 2 } });
    expect(report().decisionsSha256).toBe(plain);
  });

  it('takes an empty history for what it is', async () => {
    const { exitCode } = await run({
      in: folder.write('empty.ndjson', ''),
      report: folder.path('r.json'),
      html: folder.path('e.html'),
    });
    expect(exitCode).toBe(EXIT.done);
    expect(report()).toMatchObject({ transactions: 0, decisions: 0, deadLetters: 0, alertsPerDay: 0, days: 1 });
  });

  it('shows how far it is where the lines are cheap to count', async () => {
    expect(await countLines(HISTORY)).toBe(7);
    expect(await countLines(folder.write('open-end', 'a\nb'))).toBe(2);
    expect(await countLines(folder.write('none', ''))).toBe(0);
    expect(await countLines(HISTORY, 10)).toBeUndefined();
    expect(await countLines(folder.path('history.ndjson.gz'))).toBeUndefined();
    expect(await countLines(folder.path('nowhere'))).toBeUndefined();
    const { notes } = await run();
    expect(notes).toContain('100 % · 7 of 7');
  });
});

describe('vigil backtest ends with 2 and a sentence', () => {
  it('for files that are not there', async () => {
    const nowhere = folder.path('nowhere');
    for (const options of [{ in: nowhere }, { labels: nowhere }, { map: nowhere }]) {
      const { exitCode, notes } = await run(options);
      expect([exitCode, notes.includes('nowhere cannot be read')]).toEqual([EXIT.usage, true]);
    }
  });

  it('for faulty labels, every line named', async () => {
    const labels = folder.write(
      'bad.csv',
      `${LABELS_HEADER}T-1,MOON,FRAUD,,\nT-2,ATM,GENUINE,,\nT-3,ATM,MAYBE,,\nT-4,ATM,FRAUD,noon,\n`,
    );
    const { exitCode, notes } = await run({ labels });
    expect(exitCode).toBe(EXIT.usage);
    expect(notes.match(/bad\.csv:\d+/g)).toEqual(['bad.csv:2', 'bad.csv:4', 'bad.csv:5']);
  });

  it('for a faulty mapping, every fault named', async () => {
    const map = folder.write('map.yaml', 'version: 1\nformat: csv\nwhat: ever\n');
    const { exitCode, notes } = await run({ map });
    expect(exitCode).toBe(EXIT.usage);
    expect(notes).toContain('map.yaml');
  });

  it('for a faulty configuration on either side', async () => {
    const faulty = folder.path('faulty');
    mkdirSync(path.join(faulty, 'rules'), { recursive: true });
    folder.write('faulty/rules/own.yaml', rules(rule('typo', 'features.custmer_count_10m >= 2')));
    for (const options of [{ config: faulty }, { against: faulty }]) {
      const { exitCode, notes } = await run(options);
      expect(exitCode).toBe(EXIT.usage);
      expect(notes).toContain('custmer_count_10m');
    }
  });

  it('for outputs that cannot be written, before anything runs', async () => {
    mkdirSync(folder.path('a-folder'));
    for (const file of [folder.path('a-folder'), folder.path('no/such/file')]) {
      for (const option of ['out', 'report', 'html'] as const) {
        const { exitCode, notes } = await run({ [option]: file });
        expect(exitCode).toBe(EXIT.usage);
        expect(notes).toContain(`--${option} ${file} cannot be written`);
        expect(notes).not.toContain('backtest 100');
      }
    }
  });

  it('for an output that would overwrite an input or another output', async () => {
    const before = folder.read('history.ndjson');
    symlinkSync(HISTORY, folder.path('alias'));
    for (const options of [
      { out: HISTORY },
      { report: folder.path('alias') },
      { report: folder.path('same'), html: folder.path('./same') },
      { out: folder.path('o'), report: folder.path('o.dead-letters.ndjson') },
    ]) {
      const { exitCode, notes } = await run(options);
      expect(exitCode).toBe(EXIT.usage);
      expect(notes).toContain('name the same file');
    }
    expect(folder.read('history.ndjson')).toBe(before);
    expect(existsSync(folder.path('same'))).toBe(false);
  });

  it.skipIf(process.getuid?.() === 0)('for a file without the right to write', async () => {
    const file = folder.write('read-only', '');
    chmodSync(file, 0o444);
    await expect(checkOutputs([{ option: '--out', file }], [])).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('for two names of one configuration', async () => {
    symlinkSync(CONFIG, folder.path('config-alias'));
    const { exitCode, notes } = await run({ against: folder.path('config-alias') });
    expect(exitCode).toBe(EXIT.usage);
    expect(notes).toContain('nothing to compare');
  });
});

describe('history through a mapping', () => {
  const fixtures = path.resolve('test/fixtures/mapping');
  it.each([
    ['handbook.yaml', 'handbook.csv'],
    ['berka.yaml', 'berka.csv'],
    ['bank-multichannel.yaml', 'bank-multichannel.csv'],
    ['iso8583.yaml', 'iso8583.csv'],
    ['pacs008.yaml', 'pacs008.xml'],
  ])('runs end to end with %s', async (mapping, sample) => {
    const { exitCode, report: result } = await backtest(
      {
        in: path.join(fixtures, sample),
        map: path.resolve('config/mappings', mapping),
        out: folder.path('m.ndjson'),
        configuration: await shippedConfiguration(),
        nowMs: Date.parse('2026-11-24T00:00:00Z'),
      },
      folder,
    );
    expect(exitCode).toBe(EXIT.done);
    const { transactions, decisions, deadLetters } = result;
    expect(transactions).toBe(decisions + deadLetters);
    expect(decisions).toBeGreaterThan(0);
    expect(linesOf('m.ndjson')).toHaveLength(decisions);
    expect(linesOf('m.ndjson.dead-letters.ndjson')).toHaveLength(deadLetters);
  });

  it.each([
    ['iso8583.yaml', 'iso8583.csv', 4],
    ['pacs008.yaml', 'pacs008.xml', 2],
  ])('decides every line of the sample that comes with %s', async (mapping, sample, lines) => {
    const { report: result } = await backtest(
      {
        in: path.resolve('config/mappings/samples', sample),
        map: path.resolve('config/mappings', mapping),
        configuration: await shippedConfiguration(),
        nowMs: Date.parse('2026-11-24T00:00:00Z'),
      },
      folder,
    );
    expect(result).toMatchObject({ transactions: lines, decisions: lines, deadLetters: 0 });
  });

  it('finds the original of the reversal in the sample by STAN and RRN', async () => {
    await backtest(
      {
        in: path.resolve('config/mappings/samples/iso8583.csv'),
        map: 'iso8583',
        out: folder.path('s.ndjson'),
        configuration: await shippedConfiguration(),
        nowMs: Date.parse('2026-11-24T00:00:00Z'),
      },
      folder,
    );
    const decisions = linesOf('s.ndjson').map((line) => JSON.parse(line) as Decision);
    const told = decisions.map(({ evidence, flags }) => `${evidence?.transaction.type} ${flags.join()}`.trim());
    expect(told).toEqual(['PURCHASE', 'WITHDRAWAL', 'REVERSAL', 'PURCHASE']);
  });
});
