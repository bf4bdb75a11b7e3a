/**
 * `vigil bench`: what a configuration costs on this machine, stage by stage, in one process and in one run: the same bytes
 * parsed by JSON.parse alone, parsed and checked, with their features, and decided whole by the live code path. Prints rates,
 * ratios to JSON.parse and CPU time; Kafka, Redis and Postgres are not in it. Judges nothing: machines differ.
 */
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { parserOf } from '../composition/parser-of.ts';
import { VigilError } from '../domain/errors.ts';
import type { FeatureStore } from '../domain/ports.ts';
import type { ParsedTransaction } from '../domain/transaction.ts';
import type { ScoreTransactions } from '../pipeline/score-transactions.ts';
import { createBank, customersFor } from '../simulation/bank.ts';
import { loadSimulationParameters } from '../simulation/load-parameters.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';

export interface BenchOptions {
  readonly configuration: LoadedConfiguration;
  /** each for one stage, fresh */
  readonly store: FeatureStore;
  readonly score: ScoreTransactions;
  readonly transactions: number;
  readonly seed: number;
  readonly now: () => number;
  /** user and system time of this process so far, in microseconds */
  readonly cpuMicroseconds: () => number;
  /** milliseconds from any origin, with fractions */
  readonly monotonicMs: () => number;
}

interface Stage {
  readonly name: string;
  run(chunk: readonly Buffer[]): Promise<void>;
}

interface Measured {
  readonly name: string;
  readonly perSecond: number;
  readonly cpuUs: number;
  /** of a chunk, ascending */
  readonly chunkMs: readonly number[];
}

/** as large as the live path makes them */
const CHUNK = 128;

export async function runBench(options: BenchOptions, io: CommandIo): Promise<ExitCode> {
  const warmUp = Math.ceil(options.transactions / 4 / CHUNK);
  const chunks = chunksOf(messages(options, options.transactions + warmUp * CHUNK));
  io.out(`${options.transactions} transactions after ${warmUp * CHUNK} to warm up, chunks of ${CHUNK}, one process`);
  io.out('');
  io.out(row('', 'tx/s', 'ratio', 'CPU µs each', 'chunk p50 ms', 'p99 ms'));
  let base: number | undefined;
  for (const stage of stagesOf(options)) {
    const measured = await measure(stage, chunks, warmUp, options);
    base ??= measured.perSecond;
    io.out(lineOf(measured, base));
  }
  return EXIT.done;
}

function stagesOf({ configuration, store, score, now }: BenchOptions): readonly Stage[] {
  const parse = parserOf(configuration);
  const parseAll = (chunk: readonly Buffer[]): ParsedTransaction[] =>
    chunk.map((bytes) => {
      const parsed = parse(bytes, now());
      if (!parsed.ok) throw new VigilError('BUG', `the simulated bank wrote what is refused: ${parsed.error.message}`);
      return parsed.value;
    });
  return [
    {
      name: 'JSON.parse alone',
      run: async (chunk) => {
        for (const bytes of chunk) JSON.parse(bytes.toString('utf8'));
      },
    },
    { name: 'parsed and checked', run: async (chunk) => void parseAll(chunk) },
    { name: '… with features', run: async (chunk) => void (await store.recordAndRead(parseAll(chunk))) },
    {
      name: '… decided',
      run: async (chunk) => void (await score(chunk.map((bytes) => ({ bytes, receivedAtMs: now() })))),
    },
  ];
}

async function measure(
  stage: Stage,
  chunks: readonly (readonly Buffer[])[],
  warmUp: number,
  { cpuMicroseconds, monotonicMs }: BenchOptions,
): Promise<Measured> {
  for (const chunk of chunks.slice(0, warmUp)) await stage.run(chunk);
  const timed = chunks.slice(warmUp);
  const transactions = timed.reduce((sum, chunk) => sum + chunk.length, 0);
  const chunkMs: number[] = [];
  const cpuBefore = cpuMicroseconds();
  const startMs = monotonicMs();
  for (const chunk of timed) {
    const chunkStartMs = monotonicMs();
    await stage.run(chunk);
    chunkMs.push(monotonicMs() - chunkStartMs);
  }
  const seconds = (monotonicMs() - startMs) / 1000;
  return {
    name: stage.name,
    perSecond: transactions / seconds,
    cpuUs: (cpuMicroseconds() - cpuBefore) / transactions,
    chunkMs: chunkMs.sort((a, b) => a - b),
  };
}

function* messages({ seed, configuration, now }: BenchOptions, count: number): Generator<Buffer> {
  const parameters = loadSimulationParameters(configuration.sources.ownDir);
  const customers = customersFor(count, parameters);
  // ends before now, so that no time is refused for lying ahead
  const startMs = now() - 120 * 86_400_000;
  for (const { message } of createBank({ seed, startMs, parameters, customers }).transactions({ count }))
    yield Buffer.from(JSON.stringify(message));
}

function chunksOf(all: Iterable<Buffer>): readonly (readonly Buffer[])[] {
  const chunks: Buffer[][] = [[]];
  for (const bytes of all) {
    if (chunks.at(-1)?.length === CHUNK) chunks.push([]);
    chunks.at(-1)?.push(bytes);
  }
  return chunks;
}

const row = (name: string, ...figures: readonly string[]): string =>
  `${name.padEnd(22)}${figures.map((figure) => figure.padStart(14)).join('')}`;

function lineOf({ name, perSecond, cpuUs, chunkMs }: Measured, base: number): string {
  const quantile = (share: number): string =>
    (chunkMs[Math.min(chunkMs.length - 1, Math.floor(share * chunkMs.length))] ?? 0).toFixed(1);
  const rate = Math.round(perSecond).toLocaleString('en-US');
  return row(name, rate, (perSecond / base).toFixed(3), cpuUs.toFixed(1), quantile(0.5), quantile(0.99));
}
