/**
 * `vigil demo`: the embedded stack, a simulated bank through the whole pipeline, a scorecard, then a gentle live stream
 * with the HTTP API, the metrics and the console until it is stopped.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createScorecard } from '../backtest/scorecard.ts';
import { type EmbeddedStack, startEmbeddedStack } from '../composition/embedded-stack.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { systemClock } from '../composition/system-clock.ts';
import { VigilError } from '../domain/errors.ts';
import { parseRfc3339 } from '../domain/time.ts';
import { createBank, customersFor, type SimulatedBank } from '../simulation/bank.ts';
import { loadSimulationParameters } from '../simulation/load-parameters.ts';
import { createTelemetry } from '../telemetry/events.ts';
import { createTruthCounter, runDemoHistory } from './demo-history.ts';
import { scorecardLines } from './demo-scorecard.ts';
import { serveDemo } from './demo-serve.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { listenForShutdown } from './lifecycle.ts';
import { startOrRefuse } from './load-or-refuse.ts';
import { createProgress } from './progress.ts';

export interface DemoOptions {
  readonly transactions: number;
  readonly seed: number;
  readonly serve: boolean;
  readonly report?: string;
  readonly port?: number;
  readonly token?: string;
  readonly config?: string;
  readonly version: string;
}

const DAY_MS = 86_400_000;

export async function runDemo(options: DemoOptions, io: CommandIo): Promise<ExitCode> {
  const shutdown = listenForShutdown();
  const { configuration, environment, store } = await startOrRefuse(options.config, 'embedded', io);
  const bank = openBank(options, systemClock.now());
  const scorecard = createScorecard();
  const truth = createTruthCounter(scorecard);
  const telemetry = createTelemetry({
    level: options.serve ? 'warn' : 'error',
    channels: [...configuration.channels.channels.keys()],
    clock: systemClock,
    homeCurrency: configuration.limits.settings.currency,
  });
  telemetry.service.started({ version: options.version, node: process.version });
  telemetry.service.generationActivated({
    versions: configuration.generation.versions,
    rules: configuration.ruleset.rules.length,
  });
  const phase = { isHistory: true };
  io.note('Starting the embedded stack: message bus and feature store in this process, PostgreSQL, TensorFlow.js …');
  const stack = await startEmbeddedStack({
    configuration,
    clock: systemClock,
    telemetry,
    reload: { environment, store },
    // the history is scored as fast as it goes, and two runs shall agree: no inference is given up for being late
    modelBudgetMs: () => (phase.isHistory ? Number.POSITIVE_INFINITY : configuration.settings.model.budgetMs),
    onScored: (results, durationMs) => {
      if (phase.isHistory) truth.count(results, durationMs);
    },
  });
  try {
    const seconds = await runHistory({ options, bank, stack, configuration, truth, io, signal: shutdown.signal });
    phase.isHistory = false;
    if (shutdown.signal.aborted) return EXIT.done;
    const report = scorecard.report(seconds);
    for (const line of scorecardLines(report, bank.customers)) io.out(line);
    if (options.report !== undefined) await writeReport(options.report, { seed: options.seed, ...report });
    if (!options.serve) return EXIT.done;
    const token = options.token ?? randomBytes(18).toString('base64url');
    const port = options.port ?? configuration.settings.http.port;
    await serveDemo({
      bank,
      stack,
      configuration,
      telemetry,
      token,
      port,
      io,
      signal: shutdown.signal,
      version: options.version,
    });
    return EXIT.done;
  } finally {
    await stack.close();
    await store?.close();
    shutdown.dispose();
  }
}

/**
 * With a live stream to follow, the history ends within the last day, so that customers go on where they were; without
 * one it begins at the fixed date of config/simulation.yaml. Whole days, so that runs of one day agree.
 */
function openBank({ seed, transactions, serve, config }: DemoOptions, nowMs: number): SimulatedBank {
  const parameters = loadSimulationParameters(config);
  const customers = customersFor(transactions, parameters);
  const fixedMs = parseRfc3339(parameters.bank.startAt);
  if (fixedMs === undefined) throw new VigilError('BUG', 'simulation.yaml was accepted with a start that is no time');
  const open = (startMs: number): SimulatedBank => createBank({ seed, startMs, parameters, customers });
  if (!serve) return open(fixedMs);
  const days = Math.ceil(open(fixedMs).expectedDurationMs(transactions) / DAY_MS) + 1;
  const wholeDays = Math.floor((nowMs - fixedMs) / DAY_MS) - days;
  return open(fixedMs + wholeDays * DAY_MS);
}

/** Answers the seconds it took. */
async function runHistory(run: {
  readonly options: DemoOptions;
  readonly bank: SimulatedBank;
  readonly stack: EmbeddedStack;
  readonly configuration: LoadedConfiguration;
  readonly truth: ReturnType<typeof createTruthCounter>;
  readonly io: CommandIo;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { options, io } = run;
  const { transactions } = options;
  const progress = createProgress(io, 'transactions', transactions, systemClock.now);
  const { topics } = run.configuration.settings.kafka;
  const startMs = systemClock.now();
  await runDemoHistory({ ...run, transactions, topics, progress });
  const seconds = (systemClock.now() - startMs) / 1000;
  progress.end();
  return seconds;
}

async function writeReport(file: string, report: unknown): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  } catch (error) {
    throw new VigilError('USAGE', `${file} cannot be written: ${(error as Error).message}.`, { cause: error });
  }
}
