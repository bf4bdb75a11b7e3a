/**
 * The rate of `vigil backtest` beside the live rate on real servers: the same stream, the shipped configuration, the built
 * program. Both threads of a backtest want a core of their own: on a busy machine its rate falls more than the live one, so
 * the processor time of each is printed beside. Printed by `npm run bench` and `npm run bench:rules`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BacktestReport } from '../../src/backtest/run-backtest.ts';
import { migrateEverything } from '../../src/composition/real-stack.ts';
import type { BusMessage } from '../../src/domain/ports.ts';
import { type RealServers, startRealServers } from '../helpers/real-servers.ts';
import {
  type BenchSize,
  type Cost,
  configurationFor,
  cpuSeconds,
  messages,
  produceAll,
  wholeWorker,
} from './live-rate.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const GOAL = 5;

export interface BacktestRate {
  readonly perSecond: number;
  /** the program's start included; NaN where nobody tells it */
  readonly cpuUs: number;
}

/**
 * Transactions a second from the first line to the last, the time to warm up included: the difference of two runs would
 * leave it out, as the live rate does, but doubles what else disturbs the machine (it once said 16,000 where 9,000 is right).
 */
export async function backtestRate(stream: Iterable<BusMessage>): Promise<BacktestRate> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vigil-backtest-rate-'));
  try {
    const [history, report] = [path.join(folder, 'history.ndjson'), path.join(folder, 'report.json')];
    const lines = [...stream].map(({ value }) => `${value}\n`);
    writeFileSync(history, lines.join(''));
    execFileSync(process.execPath, [path.join(ROOT, 'scripts/build.mjs'), '--if-stale'], { stdio: 'inherit' });
    const program = path.join(ROOT, 'dist/cli/vigil.js');
    const cpu = await cpuSecondsOf([program, 'backtest', '--in', history, '--report', report]);
    const { decisions, throughputPerSecond } = JSON.parse(readFileSync(report, 'utf8')) as BacktestReport;
    if (decisions !== lines.length) throw new Error(`${decisions} of ${lines.length} transactions were decided`);
    return { perSecond: throughputPerSecond, cpuUs: (cpu * 1e6) / lines.length };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of a program of ours, as last seen before its end; start included. */
async function cpuSecondsOf(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  let seconds = 0;
  const look = setInterval(() => {
    const now = cpuSeconds(child.pid ?? 0);
    if (now > 0) seconds = now;
  }, 50);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearInterval(look);
  if (code !== 0) throw new Error(`vigil backtest ended with ${code}`);
  return seconds;
}

export function backtestLine({ perSecond, cpuUs }: BacktestRate, live: Cost): string {
  const ratio = (perSecond / live.perSecond).toFixed(2);
  const liveUs = live.nodeUs + live.redisUs;
  return [
    `vigil backtest over the same stream: ${Math.round(perSecond)} tx/s, ${ratio} × live on real servers (${Math.round(live.perSecond)} tx/s), goal ≥ ${GOAL};`,
    `  processor time ${cpuUs.toFixed(0)} µs each on two threads, live ${liveUs.toFixed(0)} µs (Node and Redis)`,
  ].join('\n');
}

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
  return backtestLine(await backtestRate(messages(1, size)), live);
}
