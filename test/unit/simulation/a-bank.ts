/** Builders for the tests of the simulation. */
import {
  type BankOptions,
  createBank,
  type SimulatedBank,
  type SimulatedTransaction,
} from '../../../src/simulation/bank.ts';
import { loadSimulationParameters } from '../../../src/simulation/load-parameters.ts';

export const parameters = loadSimulationParameters();
export const startMs = Date.parse('2025-10-27T00:00:00+08:00');

export const aBank = (options: Partial<BankOptions> = {}): SimulatedBank =>
  createBank({ seed: 7, startMs, parameters, ...options });

export const aRun = (count: number, options: Partial<BankOptions> = {}): readonly SimulatedTransaction[] => [
  ...aBank(options).transactions({ count }),
];
