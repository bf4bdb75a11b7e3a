/**
 * The rate of `vigil backtest` beside the live rate on real servers: the same stream, the shipped configuration, the built
 * program. Both threads of a backtest want a core of their own: on a busy machine its rate falls more than the live one, so
 * the processor time of each is printed beside. Printed by `npm run bench` and `npm run bench:rules`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  /** processor time of a transaction, the program's start included; NaN where nobody tells it */
  readonly cpuUs: ThreadTimes;
}

/** The wall rate is that of the slower thread, and of all together where they are more than the machine has cores. */
interface ThreadTimes {
  readonly deciding: number;
  /** reads, records and scores ahead */
  readonly ahead: number;
  /** the engine's own threads: compiling, collecting garbage */
  readonly engine: number;
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
    const seconds = await cpuSecondsOf([program, 'backtest', '--in', history, '--report', report]);
    const { decisions, throughputPerSecond } = JSON.parse(readFileSync(report, 'utf8')) as BacktestReport;
    if (decisions !== lines.length) throw new Error(`${decisions} of ${lines.length} transactions were decided`);
    const us = (of: number): number => (of * 1e6) / lines.length;
    const { deciding, ahead, engine } = seconds;
    return {
      perSecond: throughputPerSecond,
      cpuUs: { deciding: us(deciding), ahead: us(ahead), engine: us(engine) },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of a program of ours, as last seen before its end; start included. */
async function cpuSecondsOf(args: readonly string[]): Promise<ThreadTimes> {
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  const seen = new Map<number, number>();
  const look = setInterval(() => {
    for (const [thread, seconds] of threadSeconds(pid)) seen.set(thread, seconds);
  }, 50);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearInterval(look);
  if (code !== 0) throw new Error(`vigil backtest ended with ${code}`);
  const deciding = seen.get(pid) ?? Number.NaN;
  seen.delete(pid);
  // the engine's threads share their work: none of them takes as much as the one that runs our code
  const ahead = Math.max(...seen.values());
  const others = [...seen.values()].reduce((sum, seconds) => sum + seconds, 0);
  return { deciding, ahead, engine: others - ahead };
}

/** Of each thread of a process so far, by its id; Linux only, nothing elsewhere. */
function threadSeconds(pid: number): readonly (readonly [number, number])[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(
      (thread) => [Number(thread), cpuSeconds(`${pid}/task/${thread}`)] as const,
    );
  } catch {
    return [];
  }
}

export function backtestLine({ perSecond, cpuUs }: BacktestRate, live: Cost): string {
  const ratio = (perSecond / live.perSecond).toFixed(2);
  const liveUs = live.nodeUs + live.redisUs;
  const { deciding, ahead, engine } = cpuUs;
  const total = deciding + ahead + engine;
  return [
    `vigil backtest over the same stream: ${Math.round(perSecond)} tx/s, ${ratio} × live on real servers (${Math.round(live.perSecond)} tx/s), goal ≥ ${GOAL};`,
    `  processor time ${total.toFixed(0)} µs each (deciding ${deciding.toFixed(0)}, reading ahead ${ahead.toFixed(0)}, compiling and collecting garbage ${engine.toFixed(0)}), live ${liveUs.toFixed(0)} µs (Node and Redis)`,
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
