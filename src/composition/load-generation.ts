/**
 * The whole configuration, checked together and put into one immutable generation. Every fault of every file is reported
 * at once: a file that depends on a faulty one is still read as far as it can be.
 */
import { loadChannels } from '../config/load-channels.ts';
import { type Environment, type LoadedSettings, loadSettings } from '../config/load-settings.ts';
import { type ConfigSources, readSources } from '../config/read-sources.ts';
import type { Settings } from '../config/settings-schema.ts';
import type { ChannelCatalogue } from '../domain/channel-catalogue.ts';
import type { ConfigFault } from '../domain/config-fault.ts';
import type { Facts, LimitUsage } from '../domain/facts.ts';
import type { FeatureCatalogue, FeatureReading } from '../domain/feature.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Transaction } from '../domain/transaction.ts';
import { parseFeatureCatalogue } from '../features/catalogue.ts';
import type { Generation } from '../pipeline/generation.ts';
import { decide } from '../rules/decide.ts';
import { compileWhere } from '../rules/expression/compile-where.ts';
import { assessLimits } from '../rules/limits/evaluate-limits.ts';
import { limitRecord } from '../rules/limits/limit-counters.ts';
import type { LimitSet } from '../rules/limits/limit-set.ts';
import { loadLimits } from '../rules/limits/load-limits.ts';
import { type ListEffects, listEffects } from '../rules/lists/list-effects.ts';
import { type ListGeneration, loadLists } from '../rules/lists/load-lists.ts';
import { type DecisionPolicy, loadPolicy } from '../rules/policy.ts';
import { loadReasons, type ReasonDictionary, reasonOf } from '../rules/reasons.ts';
import { loadRuleset, type Ruleset } from '../rules/ruleset.ts';

export interface LoadedConfiguration {
  readonly settings: Settings;
  readonly loadedSettings: LoadedSettings;
  readonly sources: ConfigSources;
  readonly channels: ChannelCatalogue;
  readonly features: FeatureCatalogue;
  readonly ruleset: Ruleset;
  readonly lists: ListGeneration;
  readonly limits: LimitSet;
  readonly policy: DecisionPolicy;
  readonly reasons: ReasonDictionary;
  readonly generation: Generation;
}

const HOUR_MS = 3_600_000;
const NOTHING_READ: LimitUsage = new Map();

export async function loadConfiguration(
  ownDir: string | undefined,
  environment: Environment,
): Promise<Result<LoadedConfiguration, readonly ConfigFault[]>> {
  return buildConfiguration(await readSources(ownDir), environment);
}

export function buildConfiguration(
  sources: ConfigSources,
  environment: Environment,
): Result<LoadedConfiguration, readonly ConfigFault[]> {
  const faults: ConfigFault[] = [];
  const take = <T>(result: Result<T, readonly ConfigFault[]>): T | undefined => {
    if (result.ok) return result.value;
    faults.push(...result.error);
    return undefined;
  };
  const loadedSettings = take(loadSettings(sources.settings, sources.ownSettings, environment));
  const channels = take(loadChannels(sources.channels));
  const reasons = take(loadReasons(sources.reasons));
  const lateness = loadedSettings?.settings.features;
  const features = take(
    parseFeatureCatalogue(sources.features, {
      compileWhere,
      allowedLatenessMs: (lateness?.allowedLatenessHours ?? 24) * HOUR_MS,
      repeatHorizonMs: (lateness?.repeatHorizonHours ?? 24) * HOUR_MS,
    }),
  );
  const channelCodes = [...(channels?.channels.keys() ?? [])];
  const reasonCodes = reasons === undefined ? {} : { reasons: new Set(reasons.keys()) };
  const lists = take(loadLists({ files: sources.lists, ...reasonCodes }));
  const limits =
    channels === undefined
      ? undefined
      : take(loadLimits({ files: sources.limits, channels: channelCodes, ...reasonCodes }));
  const policy = channels === undefined ? undefined : take(loadPolicy(sources.policy, channelCodes));
  const ruleset =
    features === undefined ||
    channels === undefined ||
    reasons === undefined ||
    lists === undefined ||
    limits === undefined
      ? undefined
      : take(
          loadRuleset({
            files: sources.rules,
            features: features.features,
            channels: channelCodes,
            reasons,
            listNames: lists.names,
            limitIds: limits.limits.map((limit) => limit.id),
          }),
        );
  if (
    faults.length > 0 ||
    loadedSettings === undefined ||
    channels === undefined ||
    reasons === undefined ||
    features === undefined ||
    lists === undefined ||
    limits === undefined ||
    policy === undefined ||
    ruleset === undefined
  ) {
    return err(faults);
  }
  const parts = { channels, features, ruleset, lists, limits, policy, reasons };
  const { settings } = loadedSettings;
  return ok({ settings, loadedSettings, sources, ...parts, generation: createGeneration(parts) });
}

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
      return ruleset.trace(factsOf(transaction, reading, headroom)).map(({ rule, ...trace }) => ({
        ruleId: rule.id,
        title: rule.title,
        mode: rule.mode,
        when: rule.when,
        outcome: rule.outcome,
        score: rule.score,
        ...trace,
      }));
    },
    decide({ transaction, evaluation, modelScore, level }) {
      const channel = channels.channels.get(transaction.channel);
      if (channel === undefined)
        throw new Error(`channel ${transaction.channel} passed the parser but is not configured`);
      return decide({
        transaction,
        hits: evaluation.hits,
        limitHits: evaluation.limitHits,
        listEffects: evaluation.listEffects as ListEffects,
        modelScore,
        level,
        channel,
        methods: channels.challengeMethods,
        policy,
        reasons,
      });
    },
    reason: (code) => reasonOf(reasons, code),
  };
}
