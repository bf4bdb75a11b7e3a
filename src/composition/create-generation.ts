/** The parts of a configuration as one immutable generation: what a chunk is decided with, and explained by. */
import type { ChannelDefinition } from '../domain/channel-catalogue.ts';
import type { Facts, LimitUsage } from '../domain/facts.ts';
import type { FeatureReading } from '../domain/feature.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Generation } from '../pipeline/generation.ts';
import { decide } from '../rules/decide.ts';
import { explainerOf } from '../rules/explain-rules.ts';
import { explainVerdict } from '../rules/explain-verdict.ts';
import { assessLimits } from '../rules/limits/evaluate-limits.ts';
import { limitRecord } from '../rules/limits/limit-counters.ts';
import { type ListEffects, listEffects } from '../rules/lists/list-effects.ts';
import { reasonOf } from '../rules/reasons.ts';
import type { LoadedConfiguration } from './load-generation.ts';

const NOTHING_READ: LimitUsage = new Map();

type GenerationParts = Pick<
  LoadedConfiguration,
  'channels' | 'features' | 'ruleset' | 'lists' | 'limits' | 'policy' | 'reasons'
>;

export function createGeneration(parts: GenerationParts): Generation {
  const { channels, features, ruleset, lists, limits, policy, reasons } = parts;
  const factsOf = (
    transaction: Transaction,
    reading: FeatureReading | null,
    limitHeadroom: ReadonlyMap<string, number>,
  ): Facts => ({
    transaction,
    values: reading?.values ?? null,
    profile: reading?.profile ?? null,
    lists,
    limitHeadroom,
  });
  const channelOf = ({ channel: code }: Transaction): ChannelDefinition => {
    const channel = channels.channels.get(code);
    if (channel === undefined) throw new Error(`channel ${code} passed the parser but is not configured`);
    return channel;
  };
  return {
    channels,
    featureNames: features.features.map((feature) => feature.name),
    versions: {
      ruleset: ruleset.version,
      features: features.version,
      limits: limits.version,
      lists: lists.version,
      policy: policy.version,
    },
    limitRecord: (transaction) =>
      limitRecord(limits, transaction) ?? {
        channel: transaction.channel,
        transactionId: transaction.transactionId,
        occurredAtMs: transaction.occurredAtMs,
        owners: [],
        counters: [],
      },
    evaluate(transaction, reading, usage) {
      const assessed = assessLimits(limits, transaction, usage ?? NOTHING_READ);
      return {
        hits: ruleset.evaluate(factsOf(transaction, reading, assessed.headroom)),
        limitHits: assessed.hits,
        listEffects: listEffects(lists, transaction),
      };
    },
    explainRules(transaction, reading, usage) {
      const { headroom } = assessLimits(limits, transaction, usage ?? NOTHING_READ);
      return explainerOf(ruleset)(factsOf(transaction, reading, headroom));
    },
    explainVerdict: (transaction, decision) =>
      explainVerdict({
        decision,
        transaction,
        listEffects: listEffects(lists, transaction),
        channel: channelOf(transaction),
        policy,
      }),
    decide({ transaction, evaluation, modelScore, level }) {
      return decide({
        transaction,
        hits: evaluation.hits,
        limitHits: evaluation.limitHits,
        listEffects: evaluation.listEffects as ListEffects,
        modelScore,
        level,
        channel: channelOf(transaction),
        methods: channels.challengeMethods,
        policy,
        reasons,
      });
    },
    reason: (code) => reasonOf(reasons, code),
  };
}
