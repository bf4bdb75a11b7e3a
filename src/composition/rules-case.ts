/** One test case of rules on the live code path: fresh in-process stores, the case's own clock, a model that says one number. */

import type { Decision } from '../domain/decision.ts';
import type { Facts, ListSnapshot } from '../domain/facts.ts';
import type { Label } from '../domain/label.ts';
import type { FraudModel } from '../domain/ports.ts';
import type { Generation } from '../pipeline/generation.ts';
import type { ScoredInput, ScoreTransactions } from '../pipeline/score-transactions.ts';
import type { DecideCase } from '../rules/testing/run-tests.ts';
import type { TestCase, TestEvent } from '../rules/testing/test-case.ts';
import { createGeneration } from './create-generation.ts';
import type { LoadedConfiguration } from './load-generation.ts';
import { parserOf } from './parser-of.ts';
import { createScoringStack, memoryLimitUsage, memoryStoreFor } from './scoring-stack.ts';

/** Small: a case has some hundred events, and each case gets a store of its own. */
const ENTITIES = 5_000;

const fixedModel = (score: number): FraudModel => ({
  version: 'test',
  score: async (inputs) => inputs.map(() => ({ score, contributions: [] })),
  close: async () => {},
});

const bytesOf = (event: TestEvent): Uint8Array => Buffer.from(JSON.stringify(event.message), 'utf8');

function labelsOf(testCase: TestCase): readonly Label[] {
  return testCase.history.flatMap(({ label, message }) =>
    label === undefined
      ? []
      : [
          {
            transactionId: String(message.transactionId),
            channel: String(message.channel),
            label: label.value,
            labelledAtMs: label.labelledAtMs,
          },
        ],
  );
}

async function scoreEvents(score: ScoreTransactions, events: readonly TestEvent[], nowMs: number) {
  const results = await score(events.map((event) => ({ bytes: bytesOf(event), receivedAtMs: nowMs })));
  const index = results.findIndex((result) => result.kind === 'rejected');
  const rejected = results[index];
  const path = events[index]?.path ?? '';
  return { results, refusal: rejected?.kind === 'rejected' ? refusalOf(rejected, path) : undefined };
}

const refusalOf = ({ rejection }: Extract<ScoredInput, { kind: 'rejected' }>, path: string) => ({
  refused: `${rejection.code} ${rejection.message}`,
  path: `${path}${rejection.path}`,
});

const TEST_ENTRY = { entity: null, expiresMs: null, source: 'test', reason: 'test', person: 'test' } as const;

/** The generation with a case's further list entries; the same one when it has none. */
function generationFor(configuration: LoadedConfiguration, { lists: extra }: TestCase): Generation {
  if (extra.size === 0) return configuration.generation;
  const { lists } = configuration;
  const isExtra = (list: string, id: string): boolean => extra.get(list)?.includes(id) ?? false;
  return createGeneration({
    ...configuration,
    lists: {
      ...lists,
      contains: (list, id, atMs) => isExtra(list, id) || lists.contains(list, id, atMs),
      find: (list, entity, id, atMs) =>
        isExtra(list, id) ? { id, ...TEST_ENTRY } : lists.find(list, entity, id, atMs),
    },
  });
}

export function createCaseDecider(configuration: LoadedConfiguration): DecideCase {
  return async (testCase) => {
    const { nowMs, modelScore } = testCase;
    const clock = { now: () => nowMs };
    const store = memoryStoreFor(configuration, { maxEntities: ENTITIES, maxSlots: ENTITIES });
    const generation = generationFor(configuration, testCase);
    const stack = createScoringStack({
      configuration,
      generation: () => generation,
      store,
      limitUsage: memoryLimitUsage(clock),
      model: modelScore === null ? null : fixedModel(modelScore),
      modelBudgetMs: () => 60_000,
      clock,
      scorer: { decisionTime: 'event' },
    });
    try {
      const history = await scoreEvents(stack.score, testCase.history, nowMs);
      if (history.refusal !== undefined) return history.refusal;
      await store.applyLabels(labelsOf(testCase));
      const { results, refusal } = await scoreEvents(stack.score, [testCase.transaction], nowMs);
      if (refusal !== undefined) return refusal;
      const [result] = results;
      if (result?.kind === 'decided' && result.decision !== undefined) return { decision: result.decision };
      return { refused: 'the history already holds this transaction', path: 'transaction' };
    } finally {
      await stack.close();
    }
  };
}

/** The lists as a case saw them. */
export function listsFor(configuration: LoadedConfiguration, { lists: extra }: TestCase): ListSnapshot {
  const { lists } = configuration;
  return {
    version: lists.version,
    names: lists.names,
    contains: (list, id, atMs) => (extra.get(list)?.includes(id) ?? false) || lists.contains(list, id, atMs),
  };
}

/** The facts of a decision again, from its evidence: what its rules saw. */
export function factsOf(
  decision: Decision,
  configuration: LoadedConfiguration,
  lists: ListSnapshot = configuration.lists,
): Facts | undefined {
  const { evidence } = decision;
  if (evidence === null) return undefined;
  const { generation } = configuration;
  const parse = parserOf(configuration);
  const parsed = parse(Buffer.from(JSON.stringify(evidence.transaction), 'utf8'), Number.MAX_SAFE_INTEGER);
  if (!parsed.ok) return undefined;
  return {
    transaction: parsed.value.transaction,
    values: generation.featureNames.map((name) => evidence.features[name] ?? null),
    profile: evidence.profile,
    lists,
    limitHeadroom: new Map(decision.limits.map((limit) => [limit.limitId, limit.headroom])),
  };
}
