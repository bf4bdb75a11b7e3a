/** `vigil simulate`: files, labels, Kafka messages, and one sentence for every misuse. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { parseLabels } from '../../../src/backtest/read-labels.ts';
import type { CommandIo } from '../../../src/cli/io.ts';
import { runSimulate, type SimulateOptions } from '../../../src/cli/simulate.ts';
import type { BusMessage } from '../../../src/domain/ports.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vigil-simulate-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string): string => path.join(folder, name);

const silent: CommandIo = { out: () => {}, note: () => {}, isTerminal: false };
const run = (options: Partial<SimulateOptions>, io: CommandIo = silent) =>
  runSimulate(
    { transactions: 3000, seed: 7, clock: { now: () => 0 }, signal: new AbortController().signal, ...options },
    io,
  );
const linesOf = (name: string): readonly string[] => readFileSync(file(name), 'utf8').trimEnd().split('\n');

describe('vigil simulate', () => {
  it('writes one JSON object a line and a label file that the readers of labels take', async () => {
    expect(await run({ out: file('a.ndjson'), labels: file('a.csv') })).toBe(0);
    const messages = linesOf('a.ndjson').map((line) => JSON.parse(line) as { transactionId: string; channel: string });
    expect(messages).toHaveLength(3000);
    const labels = parseLabels('a.csv', readFileSync(file('a.csv'), 'utf8'), () => true);
    if (!labels.ok) throw new Error(JSON.stringify(labels.error));
    expect(labels.value.length).toBeGreaterThan(30);
    expect(linesOf('a.csv')[0]).toBe('transactionId,channel,label,labelledAt,scenario');
    const ids = new Set(messages.map(({ channel, transactionId }) => `${channel}/${transactionId}`));
    expect(labels.value.filter(({ channel, transactionId }) => !ids.has(`${channel}/${transactionId}`))).toEqual([]);
    for (const { label, scenario } of labels.value) expect(scenario !== undefined).toBe(label === 'FRAUD');
  });

  it('writes the same bytes again for the same options, also compressed', async () => {
    await run({ out: file('b.ndjson'), labels: file('b.csv') });
    await run({ out: file('c.ndjson.gz'), labels: file('c.csv') });
    const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    expect(hash(gunzipSync(readFileSync(file('c.ndjson.gz'))))).toBe(hash(readFileSync(file('b.ndjson'))));
    expect(readFileSync(file('c.csv'), 'utf8')).toBe(readFileSync(file('b.csv'), 'utf8'));
  });

  it('labels every transaction when asked', async () => {
    await run({ out: file('d.ndjson'), labels: file('d.csv'), allLabels: true });
    expect(linesOf('d.csv')).toHaveLength(3001);
  });

  it('starts when and as large as it is told', async () => {
    await run({ out: file('e.ndjson'), start: '2024-02-05T00:00:00+08:00', customers: 500, transactions: 400 });
    const last = JSON.parse(linesOf('e.ndjson').at(-1) ?? '{}') as { occurredAt: string };
    expect(last.occurredAt.slice(0, 7)).toBe('2024-02');
    const customers = linesOf('e.ndjson').map((line) => (JSON.parse(line) as { customerId: string }).customerId);
    expect(customers.every((id) => id < 'C100500')).toBe(true);
  });

  it('sends to Kafka keyed by customer, in order, and labels once they are known', async () => {
    const sent: Record<string, BusMessage[]> = { transactions: [], feedback: [] };
    let newest = '';
    const early: string[] = [];
    await run({
      transactions: 8000,
      async publish(topic, messages) {
        sent[topic]?.push(...messages);
        for (const { value } of messages) {
          const text = JSON.parse(String(value)) as { occurredAt?: string; labelledAt?: string };
          if (text.occurredAt !== undefined && text.occurredAt > newest) newest = text.occurredAt;
          if (text.labelledAt !== undefined && text.labelledAt > newest) early.push(text.labelledAt);
        }
      },
    });
    expect(sent.transactions).toHaveLength(8000);
    for (const { key, value } of sent.transactions ?? []) {
      expect(JSON.parse(String(value))).toMatchObject({ customerId: key });
    }
    expect(sent.feedback?.length).toBeGreaterThan(50);
    expect(early).toEqual([]);
    expect(JSON.parse(String(sent.feedback?.[0]?.value))).toMatchObject({ source: 'simulation' });
  });

  it('keeps to the rate', async () => {
    let nowMs = 0;
    const clock = { now: () => nowMs };
    const sleep = async (ms: number): Promise<void> => {
      nowMs += ms;
    };
    await run({ transactions: 500, rate: 100, out: file('f.ndjson'), clock, sleep });
    expect(nowMs).toBeGreaterThan(4900);
    expect(nowMs).toBeLessThan(5100);
  });

  it('stops when told to, with whole lines, and says that the file is not complete', async () => {
    const controller = new AbortController();
    const notes: string[] = [];
    const clock = { now: () => 0 };
    let slept = 0;
    const sleep = async (): Promise<void> => {
      slept += 1;
      if (slept === 40) controller.abort();
    };
    const io: CommandIo = { ...silent, note: (line) => notes.push(line) };
    const code = await run({ rate: 10, out: file('g.ndjson'), clock, sleep, signal: controller.signal }, io);
    expect(code).toBe(1);
    for (const line of linesOf('g.ndjson')) JSON.parse(line);
    expect(notes.at(-1)).toMatch(/^Stopped after \d+ of 3000 transactions\.$/);
  });

  it.each<[Partial<SimulateOptions>, string]>([
    [{ transactions: 0, out: file('x') }, '--transactions must be a whole number above 0.'],
    [{ transactions: 1.5, out: file('x') }, '--transactions must be a whole number above 0.'],
    [{ seed: -1, out: file('x') }, '--seed must be a whole number from 0 to 2^53 - 1.'],
    [{ seed: Number.NaN, out: file('x') }, '--seed must be a whole number from 0 to 2^53 - 1.'],
    [{ rate: 0, out: file('x') }, '--rate must be a number above 0.'],
    [{ customers: 0, out: file('x') }, '--customers must be a whole number above 0.'],
    [{ start: 'yesterday', out: file('x') }, '--start must be a date-time of RFC 3339 with a zone.'],
    [{}, 'Name a file with --out, or send to Kafka with --kafka.'],
    [{ out: file('x'), labels: file('x') }, '--out and --labels name the same file.'],
  ])('refuses %j', async (options, message) => {
    await expect(run(options)).rejects.toMatchObject({ code: 'USAGE', message });
  });

  it('says in one sentence which file cannot be written', async () => {
    const missing = path.join(folder, 'no-such-folder', 'x.ndjson');
    await expect(run({ out: missing })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(run({ out: missing })).rejects.toThrow(`${missing} cannot be written`);
    await expect(run({ out: file('y.ndjson'), labels: folder })).rejects.toThrow(`${folder} cannot be written`);
  });
});
