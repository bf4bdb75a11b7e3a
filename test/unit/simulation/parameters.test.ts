/** config/simulation.yaml: taken whole or refused with every fault and its place. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ConfigFault } from '../../../src/domain/config-fault.ts';
import { loadSimulationParameters } from '../../../src/simulation/load-parameters.ts';
import { parseParameters } from '../../../src/simulation/parameters.ts';

const shipped = readFileSync(path.resolve(import.meta.dirname, '../../../config/simulation.yaml'), 'utf8');
const faultsOf = (text: string): readonly ConfigFault[] => {
  const parsed = parseParameters({ file: 'simulation.yaml', text });
  return parsed.ok ? [] : parsed.error;
};

describe('the parameters of the simulation', () => {
  it('are complete as shipped', () => {
    expect(faultsOf(shipped)).toEqual([]);
    expect(loadSimulationParameters().bank.customersMinimum).toBe(2000);
  });

  it('have a comment beside every number, or above its block', () => {
    // a line of plain numbers needs its reason on the line or in the comment of the block it stands in
    const uncommented = shipped
      .split('\n')
      .filter((line, index, lines) => /: [\d.[]/.test(line) && !line.includes('#') && !hasCommentAbove(lines, index));
    expect(uncommented).toEqual([]);
  });

  it('name all faults at once, each with its line and the key that was meant', () => {
    const broken = shipped
      .replace('  customersMinimum: 2000', '  customersMinimun: 2000')
      .replace('  activitySigma: 0.8', '  activitySigma: -1')
      .replace('    sim-swap: [1, 4]', '    sim-swap: [1, "4"]');
    const faults = faultsOf(broken);
    expect(faults.map((fault) => fault.path).sort()).toEqual([
      'bank.activitySigma',
      'bank.customersMinimum',
      'bank.customersMinimun',
      'fraud.payments.sim-swap[1]',
    ]);
    expect(faults.find((fault) => fault.path === 'bank.customersMinimun')).toMatchObject({
      message: 'is not a known key',
      suggestion: 'did you mean customersMinimum?',
      line: 9,
    });
  });

  it('refuse what fits the schema and contradicts itself', () => {
    const broken = shipped
      .replace('RETAIL: { share: 0.60', 'RETAIL: { share: 0.70')
      .replace('startAt: "2025-10-27T00:00:00+08:00"', 'startAt: "2025-10-27"')
      .replace('card-testing: [4, 8]', 'card-testing: [9, 8]');
    expect(faultsOf(broken).map((fault) => `${fault.path}: ${fault.message}`)).toEqual([
      'bank.startAt: must be a date-time of RFC 3339 with a zone',
      'segments: the shares must sum to 1, they sum to 1.1',
      'fraud.payments.card-testing: the smallest (9) is above the largest (8)',
    ]);
  });

  it('come from the configuration folder when it has them, and end in one error when it has them wrong', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vigil-simulation-'));
    try {
      expect(loadSimulationParameters(folder)).toEqual(loadSimulationParameters());
      const file = path.join(folder, 'simulation.yaml');
      await writeFile(file, shipped.replace('customersMinimum: 2000', 'customersMinimum: 300'));
      expect(loadSimulationParameters(folder).bank.customersMinimum).toBe(300);
      await writeFile(file, 'bank: 1');
      expect(() => loadSimulationParameters(folder)).toThrow(`${file} is refused`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

function hasCommentAbove(lines: readonly string[], index: number): boolean {
  const indent = (line: string): number => line.length - line.trimStart().length;
  const own = indent(lines[index] ?? '');
  for (let i = index - 1; i >= 0; i--) {
    const line = lines[i] ?? '';
    if (line.trim() === '') return false;
    if (line.trim().startsWith('#')) return true;
    // siblings share the comment of their first one, children that of their parent
    if (indent(line) > own) return false;
    if (indent(line) < own && line.includes('#')) return true;
  }
  return false;
}
