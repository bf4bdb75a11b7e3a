/**
 * The rate of `vigil backtest` beside the live rate on real servers: the same stream, the shipped configuration, the built
 * program. Measured as the live rate is, after a part of the stream to warm up.
 * Printed by `npm run bench` and, over a shorter stream, by `npm run bench:rules`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BacktestReport } from '../../src/backtest/run-backtest.ts';
import { migrateEverything } from '../../src/composition/real-stack.ts';
import type { BusMessage } from '../../src/domain/ports.ts';
import { type RealServers, startRealServers } from '../helpers/real-servers.ts';
import { type BenchSize, type Cost, configurationFor, messages, produceAll, wholeWorker } from './live-rate.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const GOAL = 5;

/** Transactions a second beyond the warm-up: the time of the whole stream without that of its first part alone. */
export async function backtestRate(stream: Iterable<BusMessage>, { transactions, warmUp }: BenchSize): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vigil-backtest-rate-'));
  try {
    const lines = [...stream].map(({ value }) => `${value}\n`);
    execFileSync(process.execPath, [path.join(ROOT, 'scripts/build.mjs'), '--if-stale'], { stdio: 'inherit' });
    const seconds = (count: number): number => {
      const [history, report] = [path.join(folder, 'history.ndjson'), path.join(folder, 'report.json')];
      writeFileSync(history, lines.slice(0, count).join(''));
      const program = path.join(ROOT, 'dist/cli/vigil.js');
      execFileSync(process.execPath, [program, 'backtest', '--in', history, '--report', report], { stdio: 'ignore' });
      const { decisions, throughputPerSecond } = JSON.parse(readFileSync(report, 'utf8')) as BacktestReport;
      if (decisions !== count) throw new Error(`${decisions} of ${count} transactions of history were decided`);
      return count / throughputPerSecond;
    };
    return transactions / (seconds(transactions + warmUp) - seconds(warmUp));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const backtestLine = (perSecond: number, live: Pick<Cost, 'perSecond'>): string =>
  `vigil backtest over the same stream: ${Math.round(perSecond)} tx/s, ${(perSecond / live.perSecond).toFixed(2)} × live on real servers (${Math.round(live.perSecond)} tx/s), goal ≥ ${GOAL}`;

const PARTITIONS = 4;

/** Both in one run, on servers of its own; where there are none it says why. */
export async function backtestAgainstLive(size: BenchSize): Promise<string> {
  let servers: RealServers;
  try {
    servers = await startRealServers({ partitions: PARTITIONS, isFast: true });
  } catch (error) {
    return `vigil backtest beside the live rate is not measured, the servers do not start: ${(error as Error).message}`;
  }
  let live: Cost;
  try {
    const configuration = await configurationFor(servers.environment);
    await migrateEverything(configuration.settings);
    await produceAll(servers, configuration.settings.kafka.topics.transactions, messages(1, size));
    ({ cost: live } = await wholeWorker(servers, configuration, size));
  } finally {
    await servers.close();
  }
  return backtestLine(await backtestRate(messages(1, size), size), live);
}
