import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { CommandIo } from '../../../src/cli/io.ts';
import { runLimitsExplain } from '../../../src/cli/limits-explain.ts';
import { formatMoney } from '../../../src/domain/money.ts';

const config = mkdtempSync(path.join(os.tmpdir(), 'vigil-limits-'));
afterAll(() => rmSync(config, { recursive: true, force: true }));
cpSync('config/limits/settings.yaml', path.join(config, 'limits', 'settings.yaml'));
writeFileSync(
  path.join(config, 'limits', 'own.yaml'),
  `version: 1
limits:
  - id: day
    title: { en: "A day", zh-CN: "日累计" }
    period: day
    measure: amount
    max: 10000000
    scope: { channels: [ATM, POS] }
    outcome: BLOCK
    reason: LIMIT_DAY
    overrides:
      - { channel: ATM, max: 2000000 }
      - { customer: C1, max: 5000000, reason: "asked for it", person: "teller 7", expires: "2026-12-01T00:00:00+08:00" }
`,
);

async function explain(more: Record<string, string | boolean>): Promise<readonly string[]> {
  const lines: string[] = [];
  const io: CommandIo = { out: (line) => lines.push(line), note: () => undefined, isTerminal: false };
  await runLimitsExplain({ config, channel: 'ATM', customer: 'C1', at: '2026-11-23T00:00:00+08:00', ...more }, io);
  return lines;
}

describe('vigil limits explain', () => {
  it('shows every value of a limit and why the chosen one holds', async () => {
    const file = path.join(config, 'limits', 'own.yaml');
    expect(await explain({})).toEqual([
      'day: A day / 日累计',
      `  50,000.00 CNY per day and customer, then BLOCK (${file})`,
      '  held against: TRANSFER PAYMENT PURCHASE WITHDRAWAL',
      '  → chosen        customer C1: 50,000.00 CNY, asked for it (teller 7), until 2026-11-30T16:00:00.000Z',
      '    less specific channel ATM: 20,000.00 CNY',
      '    less specific bank: 100,000.00 CNY',
    ]);
    expect(await explain({ at: '2026-12-01T00:00:00+08:00' })).toContain(
      '  → chosen        channel ATM: 20,000.00 CNY',
    );
    expect(await explain({ at: '2026-12-01T00:00:00+08:00' })).toContain(
      '    expired       customer C1: 50,000.00 CNY, asked for it (teller 7), until 2026-11-30T16:00:00.000Z',
    );
    expect(await explain({ channel: 'POS', customer: 'C2' })).toContain('  → chosen        bank: 100,000.00 CNY');
  });

  it('answers as JSON and names what is not there', async () => {
    const [line = ''] = await explain({ json: true, limit: 'day' });
    expect(JSON.parse(line)).toMatchObject([{ limitId: 'day', max: 5_000_000, level: 'customer' }]);
    expect(await explain({ channel: 'COUNTER' })).toEqual([]);
    await expect(explain({ limit: 'dya' })).rejects.toThrow('There is no limit "dya": day.');
    await expect(explain({ channel: 'ATMS' })).rejects.toThrow('"ATMS" is not a channel');
    await expect(explain({ at: 'now' })).rejects.toThrow('--at must be a time with a zone');
  });

  it('writes money with its currency’s decimals', () => {
    expect([
      formatMoney(0, 'CNY'),
      formatMoney(5, 'CNY'),
      formatMoney(123_456_789, 'CNY'),
      formatMoney(1_234, 'JPY'),
      formatMoney(1_234, 'KWD'),
    ]).toEqual(['0.00 CNY', '0.05 CNY', '1,234,567.89 CNY', '1,234 JPY', '1.234 KWD']);
  });
});
