/** `vigil capacity` on a small catalogue; expected bytes by hand from the layout (see features/capacity.ts). */
import { describe, expect, it } from 'vitest';
import { runCapacity } from '../../../src/cli/capacity.ts';
import { EXIT } from '../../../src/cli/io.ts';
import type { LoadedConfiguration } from '../../../src/composition/load-generation.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { catalogueOf } from '../../helpers/feature-cases.ts';

const shipped = await shippedConfiguration();
const small: LoadedConfiguration = {
  ...shipped,
  features: catalogueOf([
    'name: sum_30d, entity: [customer], aggregate: sum, of: amountMinor, window: 30d',
    'name: count_7d, entity: [device], aggregate: count, window: 7d',
  ]),
};

const usual = {
  customers: 1_000,
  rate: 2,
  transactionBytes: 600,
  decisionBytes: 4_000,
  newMembers: 0.3,
  corrected: 0.01,
  entities: [],
  sample: 10,
};

async function run(options: Partial<Parameters<typeof runCapacity>[0]> = {}): Promise<readonly string[]> {
  const lines: string[] = [];
  const io = { out: (line: string) => void lines.push(line), note: () => undefined, isTerminal: false };
  expect(await runCapacity({ ...usual, configuration: small, ...options }, io)).toBe(EXIT.done);
  return lines;
}

interface Report {
  readonly bytes: number;
  readonly topics: readonly { readonly topic: string; readonly retentionHours: number; readonly bytes: number }[];
  readonly rows: readonly {
    readonly name: string;
    readonly entities: number;
    readonly events: number;
    readonly bytes: number;
    readonly bytesPerEvent: number;
    readonly features: readonly string[];
  }[];
}
const reportOf = async (options: Partial<Parameters<typeof runCapacity>[0]> = {}): Promise<Report> =>
  JSON.parse((await run({ ...options, json: true })).join('')) as Report;

describe('vigil capacity', () => {
  it('counts entities, events and slots, and adds up', async () => {
    const report = await reportOf();
    const [customer, device, profiles, slots] = report.rows;
    // 2 a second are 172,800 a day; windows of 30 and 7 days, and one day of lateness
    expect([customer?.features, customer?.entities, customer?.events]).toEqual([['sum_30d'], 1_000, 172_800 * 31]);
    expect([device?.features, device?.events]).toEqual([['count_7d'], 172_800 * 8]);
    // a record of time, id, sum and wraps has 28 bytes; of time and id 16; strings grow by doubling: 1.3
    expect(customer?.bytesPerEvent).toBeCloseTo(28 * 1.3, 9);
    expect(device?.bytesPerEvent).toBeCloseTo(16 * 1.3, 9);
    expect([profiles?.name, profiles?.bytes]).toEqual(['profiles', 1_000 * 1_800]);
    expect([slots?.name, slots?.bytes]).toEqual(['slots', 172_800 * (2_400 + 4_000)]);
    expect(report.bytes).toBe(report.rows.reduce((sum, row) => sum + row.bytes, 0));
  });

  it('takes the number of entities per customer where it is given', async () => {
    const report = await reportOf({ entities: ['device=1.5'] });
    expect(report.rows.map(({ entities }) => entities).slice(0, 2)).toEqual([1_000, 1_500]);
    await expect(run({ entities: ['merchant=2'] })).rejects.toThrow(/NAME=NUMBER with a name of: customer, device\./);
    await expect(run({ entities: ['device=-1'] })).rejects.toThrow(/NAME=NUMBER/);
  });

  it('counts what corrections leave behind, and what Redis keeps of itself', async () => {
    const report = await reportOf();
    const [replaced, state] = ['replaced', 'state'].map((name) => report.rows.find((row) => row.name === name));
    // 1,728 a day, kept for 32 days beside one log and for 9 beside the other: both logs have 1,000 entities
    expect([replaced?.entities, replaced?.events]).toEqual([2_000, 1_728 * (32 + 9)]);
    expect(replaced?.bytes).toBe(Math.ceil(2_000 * 140 + 1_728 * 41 * 16 * 1.3));
    // two logs and eight partitions
    expect(state?.bytes).toBe(400 + 10 * 48 + 64 * 72);
  });

  it('says what the topics take on disk, for as long and in as many copies as they are kept', async () => {
    const settings = { ...shipped.settings, kafka: { ...shipped.settings.kafka, replicationFactor: 3 } };
    const { topics } = await reportOf({ configuration: { ...small, settings } });
    // 2 a second over 37 days, and 30 bytes beside each message
    const messages = 2 * 37 * 86_400;
    expect(topics.map(({ topic, retentionHours, bytes }) => [topic, retentionHours, bytes])).toEqual([
      ['vigil.transactions', 888, messages * 630 * 3],
      ['vigil.decisions', 888, messages * 4_030 * 3],
    ]);
    expect((await run()).at(-1)).toMatch(/^vigil\.decisions +888 +4,000 +1 +25\.8 GB$/);
  });

  it('prints a table with the features of each log', async () => {
    const lines = await run();
    expect(lines[0]).toMatch(/1,000 customers, 2 transactions per second$/);
    expect(lines.join('\n')).toMatch(/customer:\S+ +1,000 .* 5,356,800 +36\.4 +\d+\.\d MB\n {4}sum_30d\n/);
    expect(lines.join('\n')).toMatch(/^together +\d+\.\d GB$/m);
  });

  it('covers every log of the shipped features', async () => {
    const report = await reportOf({ configuration: shipped });
    const named = report.rows.flatMap(({ features }) => features).sort();
    expect(named).toEqual(shipped.features.features.map(({ name }) => name).sort());
  });
});
