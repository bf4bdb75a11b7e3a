import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { createLabelFeed } from '../../../src/backtest/label-feed.ts';
import { parseLabels, readLabels } from '../../../src/backtest/read-labels.ts';
import { readLines } from '../../../src/backtest/read-lines.ts';
import type { Label } from '../../../src/domain/label.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'vigil-history-'));
afterAll(() => rmSync(dir, { recursive: true }));

async function linesOf(name: string, content: Buffer | string, maxBytes = 100): Promise<readonly [number, string][]> {
  writeFileSync(path.join(dir, name), content);
  const lines: [number, string][] = [];
  for await (const { number, bytes } of readLines(path.join(dir, name), maxBytes))
    lines.push([number, bytes.toString()]);
  return lines;
}

describe('reading lines', () => {
  it('numbers every line, blank ones too, with either line end and with or without the last one', async () => {
    expect(await linesOf('a', 'x\r\n\ny\n')).toEqual([
      [1, 'x'],
      [2, ''],
      [3, 'y'],
    ]);
    expect(await linesOf('b', 'x\ny')).toEqual([
      [1, 'x'],
      [2, 'y'],
    ]);
    expect(await linesOf('c', '')).toEqual([]);
  });

  it('reads compressed files', async () => {
    expect(await linesOf('d.gz', gzipSync('x\ny\n'))).toEqual([
      [1, 'x'],
      [2, 'y'],
    ]);
  });

  it('cuts a line just beyond the bound, also across blocks, and goes on after it', async () => {
    const long = 'z'.repeat(1_000_000);
    const lines = await linesOf('e', `x\n${long}\ny\n`);
    expect(lines.map(([number, text]) => [number, text.length])).toEqual([
      [1, 1],
      [2, 101],
      [3, 1],
    ]);
  });

  it('says in one sentence what cannot be read', async () => {
    await expect(readLines(path.join(dir, 'nowhere'), 10).next()).rejects.toMatchObject({ code: 'USAGE' });
    writeFileSync(path.join(dir, 'f.gz'), 'not compressed');
    await expect(readLines(path.join(dir, 'f.gz'), 10).next()).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('label files', () => {
  const parse = (text: string) => parseLabels('labels.csv', text, (code) => code === 'ATM');

  it('are read with and without a scenario, an empty time meaning at once', () => {
    const labels = parse(
      '\uFEFFtransactionId,channel,label,labelledAt,scenario\n1234567890123456789,ATM,FRAUD,2026-01-02T00:00:00+08:00,x\n\nT2,ATM,GENUINE,,\n',
    );
    expect(labels).toEqual({
      ok: true,
      value: [
        {
          transactionId: '1234567890123456789',
          channel: 'ATM',
          label: 'FRAUD',
          labelledAtMs: Date.UTC(2026, 0, 1, 16),
          scenario: 'x',
        },
        { transactionId: 'T2', channel: 'ATM', label: 'GENUINE', labelledAtMs: null },
      ],
    });
  });

  it('are refused whole, every faulty line named', () => {
    const labels = parse(
      'transactionId,channel,label,labelledAt\nT1,POS,FRAUD,\nT2,ATM,fraud,\nT3,ATM,FRAUD,2026-01-02\nT4,ATM,FRAUD,,,\n',
    );
    expect(labels.ok ? [] : labels.error.map((fault) => `${fault.line} ${fault.path}`)).toEqual([
      '2 channel',
      '3 label',
      '4 labelledAt',
      '5 ',
    ]);
  });

  it('need their columns and no others', () => {
    const labels = parse('transactionId,chanel,label,labelledAt\n');
    expect(labels.ok ? [] : labels.error.map((fault) => `${fault.path} ${fault.message}`)).toEqual([
      'channel the column is missing',
      'chanel is not a known column',
    ]);
    const twice = parse('transactionId,channel,label,labelledAt,label\n');
    expect(twice.ok ? [] : twice.error.map((fault) => `${fault.path} ${fault.message}`)).toEqual([
      'label stands there more than once',
    ]);
  });

  it('with ids that are not UTF-8 are refused: they would meet no transaction', () => {
    const text = Buffer.from([0x54, 0xff]).toString('utf8');
    const labels = parse(`transactionId,channel,label,labelledAt\n${text},ATM,FRAUD,\n`);
    expect(labels.ok ? [] : labels.error.map((fault) => `${fault.line} ${fault.path}`)).toEqual(['2 transactionId']);
  });

  it('that are said to be compressed and are not end in one sentence', async () => {
    writeFileSync(path.join(dir, 'labels.csv.gz'), 'not compressed');
    await expect(readLabels(path.join(dir, 'labels.csv.gz'), () => true)).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('the label feed', () => {
  const label = (transactionId: string, labelledAtMs: number | null): Label => ({
    transactionId,
    channel: 'ATM',
    label: 'FRAUD',
    labelledAtMs,
  });
  const transaction = (transactionId: string) => aTransaction({ transactionId, channel: 'ATM' }).transaction;

  it('gives a label only after its transaction and its own time', () => {
    const feed = createLabelFeed([label('B', 50), label('A', 20), label('A', 90), label('never', 1)]);
    expect(feed.dueBefore(10)).toEqual([]);
    expect(feed.arrived(transaction('A'))).toEqual([]);
    expect(feed.dueBefore(19)).toEqual([]);
    expect(feed.dueBefore(60).map((l) => l.labelledAtMs)).toEqual([20]);
    expect(feed.arrived(transaction('B')).map((l) => l.labelledAtMs)).toEqual([50]);
    expect(feed.dueBefore(30)).toEqual([]);
    expect(feed.dueBefore(90).map((l) => l.labelledAtMs)).toEqual([90]);
    expect(feed.unclaimed).toBe(1);
  });

  it('gives a label without a time at once, and each label once', () => {
    const feed = createLabelFeed([label('A', null)]);
    feed.dueBefore(5);
    expect(feed.arrived(transaction('A'))).toHaveLength(1);
    expect(feed.arrived(transaction('A'))).toHaveLength(0);
  });

  it('keeps thousands in order of time', () => {
    const labels = Array.from({ length: 5000 }, (_, i) => label(`T${i}`, (i * 7919) % 5003));
    const feed = createLabelFeed(labels);
    for (const { transactionId } of labels) feed.arrived(transaction(transactionId));
    const times = feed.dueBefore(10_000).map((l) => l.labelledAtMs ?? 0);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times).toHaveLength(5000);
  });
});
