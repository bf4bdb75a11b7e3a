/** A folder of history files, the shipped configuration with parts of one's own, and the body of the command over them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AheadChunk } from '../../../src/backtest/ahead/ahead-chunk.ts';
import { createAheadModel, createAheadResults, createAheadStore } from '../../../src/backtest/ahead/ahead-results.ts';
import { runAhead } from '../../../src/backtest/ahead/run-ahead.ts';
import { createEarlyLabelFeed, labelDelayMs } from '../../../src/backtest/early-labels.ts';
import { openHistory } from '../../../src/backtest/open-history.ts';
import type { BacktestReport, BacktestStack } from '../../../src/backtest/run-backtest.ts';
import { createDecisionRing } from '../../../src/backtest/texts/decision-ring.ts';
import { type BacktestFiles, type BacktestOptions, runBacktest } from '../../../src/cli/backtest.ts';
import type { CommandIo } from '../../../src/cli/io.ts';
import type { LoadedConfiguration } from '../../../src/composition/load-generation.ts';
import {
  createScoringStack,
  memoryLimitUsage,
  memoryStoreFor,
  zoneMinutes,
} from '../../../src/composition/scoring-stack.ts';
import type { Decision, RuleHit } from '../../../src/domain/decision.ts';
import type { FraudModel } from '../../../src/domain/ports.ts';
import { createBank, customersFor } from '../../../src/simulation/bank.ts';
import { loadSimulationParameters } from '../../../src/simulation/load-parameters.ts';
import { aMessage, TEST_NOW_MS } from '../../helpers/a-transaction.ts';

export interface Folder {
  readonly path: (name: string) => string;
  write(name: string, content: string | Buffer): string;
  read(name: string): string;
  remove(): void;
}

export function aFolder(): Folder {
  const dir = mkdtempSync(path.join(tmpdir(), 'vigil-backtest-'));
  const at = (name: string): string => path.join(dir, name);
  return {
    path: at,
    write(name, content) {
      writeFileSync(at(name), content);
      return at(name);
    },
    read: (name) => readFileSync(at(name), 'utf8'),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export interface CapturedIo extends CommandIo {
  readonly lines: string[];
  readonly notes: string[];
}

export function anIo(): CapturedIo {
  const [lines, notes]: [string[], string[]] = [[], []];
  return {
    lines,
    notes,
    out: (line) => void lines.push(line),
    note: (line) => void notes.push(line),
    isTerminal: false,
  };
}

const MAX_SLOTS = 50_000;

export function aBacktestStack(
  configuration: LoadedConfiguration,
  { name = 'here', model = null }: { readonly name?: string; readonly model?: FraudModel | null } = {},
): BacktestStack {
  const clock = { now: () => TEST_NOW_MS };
  const texts = createDecisionRing({ capacity: 2 * MAX_SLOTS });
  const stack = createScoringStack({
    configuration,
    store: memoryStoreFor(configuration),
    limitUsage: memoryLimitUsage(clock),
    model,
    modelBudgetMs: () => Number.POSITIVE_INFINITY,
    clock,
    scorer: { decisionTime: 'event', texts },
  });
  return { name, configuration, ...stack, texts, zoneMinutes: zoneMinutes(configuration) };
}

/** A stack whose store and model answer what was done ahead. */
export function aStackAhead(
  configuration: LoadedConfiguration,
  { name = 'here', model = null }: { readonly name?: string; readonly model?: FraudModel | null } = {},
): BacktestStack {
  const ahead = createAheadResults();
  const clock = { now: () => TEST_NOW_MS };
  const { repeatHorizonMs } = configuration.features;
  const store = createAheadStore(ahead, { maxSlots: MAX_SLOTS, repeatHorizonMs });
  const texts = createDecisionRing({ capacity: 2 * MAX_SLOTS });
  const stack = createScoringStack({
    configuration,
    store,
    limitUsage: memoryLimitUsage(clock),
    model: model === null ? null : createAheadModel(ahead, () => model.version),
    modelBudgetMs: () => Number.POSITIVE_INFINITY,
    clock,
    scorer: { decisionTime: 'event', texts },
  });
  return { name, configuration, ...stack, texts, zoneMinutes: zoneMinutes(configuration), ahead };
}

/** What the other thread does, in this one: its chunks go through the copy that a message is. */
function aheadHere(
  configurations: readonly LoadedConfiguration[],
  model: FraudModel | null,
): NonNullable<BacktestOptions['openAhead']> {
  const sides = configurations.map((configuration) => ({
    isChannel: (code: string) => configuration.channels.channels.has(code),
    featureNames: configuration.generation.featureNames,
    store: memoryStoreFor(configuration, { maxSlots: MAX_SLOTS }),
    model,
  }));
  const catalogues = configurations.map(({ features }) => features);
  return async ({ file, mapFile, labels, chunkSize }) => {
    const lines = await openHistory(file, mapFile);
    if (!lines.ok) throw new Error('the mapping is refused');
    const feed = labels === null ? null : createEarlyLabelFeed(labels, labelDelayMs(catalogues));
    const maxSpanMs = Math.min(...catalogues.map(({ repeatHorizonMs }) => repeatHorizonMs));
    return {
      modelVersions: sides.map(() => model?.version ?? null),
      async *chunks(nowMs: number) {
        const chunks: AheadChunk[] = [];
        const emit = async (chunk: AheadChunk) => void chunks.push(structuredClone(chunk));
        await runAhead({ lines: lines.value, sides, labels: feed, chunkSize, maxSpanMs, nowMs, emit });
        yield* chunks;
      },
      get unclaimedLabels() {
        return feed?.unclaimed ?? 0;
      },
      close: async () => undefined,
    };
  };
}

export interface RunOptions extends BacktestFiles {
  readonly configuration: LoadedConfiguration;
  readonly againstConfiguration?: LoadedConfiguration;
  readonly chunkSize?: number;
  readonly model?: FraudModel;
  /** as with a second thread */
  readonly isAhead?: boolean;
  /** the receiving clock */
  readonly nowMs?: number;
}

/** Fresh stacks each time. */
export async function backtest(options: RunOptions, folder: Folder) {
  const { configuration, againstConfiguration, model, isAhead = false, nowMs = TEST_NOW_MS, ...files } = options;
  const io = anIo();
  const parts = model === undefined ? {} : { model };
  const stackOf = isAhead ? aStackAhead : aBacktestStack;
  const all = [configuration, ...(againstConfiguration === undefined ? [] : [againstConfiguration])];
  const exitCode = await runBacktest(
    {
      ...files,
      report: folder.path('report.json'),
      here: stackOf(configuration, parts),
      against: againstConfiguration === undefined ? null : stackOf(againstConfiguration, { ...parts, name: 'against' }),
      now: () => nowMs,
      ...(isAhead ? { openAhead: aheadHere(all, model ?? null) } : {}),
    },
    io,
  );
  return { exitCode, io, report: JSON.parse(folder.read('report.json')) as BacktestReport };
}

export const ndjson = (messages: readonly unknown[]): string =>
  messages.map((message) => `${typeof message === 'string' ? message : JSON.stringify(message)}\n`).join('');

export const aTransfer = (id: string, occurredAt: string, overrides: Record<string, unknown> = {}) =>
  aMessage({ transactionId: id, occurredAt, ...overrides });

export interface SimulatedLine {
  readonly message: Record<string, unknown>;
  readonly label: string | null;
}

/** Lines of the simulated bank with a label line each where the bank gives one. */
export function simulatedHistory(seed: number, count: number): readonly SimulatedLine[] {
  const parameters = loadSimulationParameters();
  const bank = createBank({
    seed,
    startMs: Date.parse('2026-09-01T00:00:00Z'),
    parameters,
    customers: customersFor(count, parameters),
  });
  return [...bank.transactions({ count })].map(({ message, label, scenario }) => ({
    message: message as unknown as Record<string, unknown>,
    label:
      label === null
        ? null
        : `${message.transactionId},${message.channel},${label.label},${new Date(label.labelledAtMs ?? 0).toISOString()},${scenario ?? ''}`,
  }));
}

export const LABELS_HEADER = 'transactionId,channel,label,labelledAt,scenario\n';

export const aHit = (ruleId: string, overrides: Partial<RuleHit> = {}): RuleHit => ({
  ruleId,
  status: 'hit',
  score: 100,
  mode: 'live',
  outcome: 'ALLOW',
  reason: 'VEL_COUNT_10M',
  severity: 'low',
  values: {},
  ...overrides,
});

export const aDecision = (overrides: Partial<Decision> = {}): Decision => ({
  schemaVersion: 1,
  decisionId: 'D1',
  transactionId: 'T-1',
  channel: 'MOBILE_BANKING',
  customerId: 'C1001',
  outcome: 'ALLOW',
  riskScore: 0,
  alert: false,
  reasons: [],
  hits: [],
  limits: [],
  reminders: [],
  versions: { ruleset: 'r', features: 'f', limits: 'l', lists: 's', policy: 'p' },
  level: 'L0',
  degraded: [],
  flags: [],
  late: false,
  occurredAt: '2026-11-20T02:15:00.123Z',
  receivedAt: '2026-11-20T02:15:00.123Z',
  decidedAt: '2026-11-20T02:15:00.123Z',
  evidence: null,
  ...overrides,
});
