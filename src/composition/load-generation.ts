/**
 * The whole configuration, checked together and put into one immutable generation. Every fault of every file is reported
 * at once: a file that depends on a faulty one is still read as far as it can be.
 */
import { loadChannels } from '../config/load-channels.ts';
import { type Environment, type LoadedSettings, loadSettings } from '../config/load-settings.ts';
import { type ConfigSources, readSources } from '../config/read-sources.ts';
import type { Settings } from '../config/settings-schema.ts';
import type { ChannelCatalogue } from '../domain/channel-catalogue.ts';
import type { ConfigFault, SourceFile } from '../domain/config-fault.ts';
import type { FeatureCatalogue } from '../domain/feature.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { type CatalogueOptions, parseFeatureCatalogue } from '../features/catalogue.ts';
import type { Generation } from '../pipeline/generation.ts';
import { compileWhere } from '../rules/expression/compile-where.ts';
import type { LimitSet } from '../rules/limits/limit-set.ts';
import { type LimitSources, loadLimits, loadLimitsInSlices } from '../rules/limits/load-limits.ts';
import { type ListGeneration, loadLists, loadListsGradually } from '../rules/lists/load-lists.ts';
import { type DecisionPolicy, loadPolicy } from '../rules/policy.ts';
import { loadReasons, type ReasonDictionary } from '../rules/reasons.ts';
import { loadRuleset, loadRulesetInSlices, type Ruleset, type RulesetOptions } from '../rules/ruleset.ts';
import { parseRuleTests } from '../rules/testing/test-case.ts';
import { createGeneration } from './create-generation.ts';
import { knownNames } from './known-names.ts';

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

export async function loadConfiguration(
  ownDir: string | undefined,
  environment: Environment,
): Promise<Result<LoadedConfiguration, readonly ConfigFault[]>> {
  return buildConfiguration(await readSources(ownDir), environment);
}

export function buildConfiguration(sources: ConfigSources, environment: Environment): Built {
  const draft: Draft = { sources, environment, faults: [] };
  for (const step of STEPS) step(draft);
  draft.limits = takeBeside(draft, loadLimits(limitSources(draft)), ['channels']);
  draft.lists = take(draft, loadLists(listSources(draft)));
  draft.ruleset = takeBeside(draft, loadRuleset(rulesetOptions(draft)), NEEDED_BY_RULES);
  return complete(draft);
}

export interface GradualOptions {
  readonly sources: ConfigSources;
  readonly environment: Environment;
  /** its parts are taken over where nothing that they depend on has changed: a change of lists then costs no rules */
  readonly previous?: LoadedConfiguration | undefined;
  /** lets other work run */
  readonly breathe: () => Promise<void>;
}

/** rules are compiled for so long before the others may run */
const SLICE_MS = 3;

/** The same beside running traffic. */
export async function buildConfigurationGradually(options: GradualOptions): Promise<Built> {
  const { sources, environment, previous, breathe } = options;
  const draft: Draft = { sources, environment, faults: [], previous };
  for (const step of STEPS) {
    step(draft);
    await breathe();
  }
  const slices = createSlices(breathe);
  if (!reuse(draft, 'limits'))
    draft.limits = takeBeside(draft, await loadLimitsInSlices(limitSources(draft), slices), ['channels']);
  if (!reuse(draft, 'lists')) draft.lists = take(draft, await loadListsGradually(listSources(draft), breathe));
  if (!reuse(draft, 'ruleset')) {
    const loaded = await loadRulesetInSlices(rulesetOptions(draft), slices);
    draft.ruleset = takeBeside(draft, loaded, NEEDED_BY_RULES);
  }
  return complete(draft);
}

function createSlices(breathe: () => Promise<void>) {
  let sliceMs = performance.now();
  return {
    isDue: (): boolean => performance.now() - sliceMs > SLICE_MS,
    breathe: async (): Promise<void> => {
      await breathe();
      sliceMs = performance.now();
    },
  };
}

type Built = Result<LoadedConfiguration, readonly ConfigFault[]>;
type Parts = Pick<
  LoadedConfiguration,
  'loadedSettings' | 'channels' | 'reasons' | 'features' | 'limits' | 'policy' | 'lists' | 'ruleset'
>;

/** The configuration while it is read: a part that is refused is absent. */
interface Draft extends Partial<{ -readonly [K in keyof Parts]: Parts[K] | undefined }> {
  readonly sources: ConfigSources;
  readonly environment: Environment;
  readonly faults: ConfigFault[];
  readonly previous?: LoadedConfiguration | undefined;
}

function take<T>(draft: Draft, result: Result<T, readonly ConfigFault[]>): T | undefined {
  if (result.ok) return result.value;
  draft.faults.push(...result.error);
  return undefined;
}

type NamedPart = 'features' | 'channels' | 'reasons' | 'lists' | 'limits';
const NEEDED_BY_RULES: readonly NamedPart[] = ['features', 'channels', 'reasons', 'lists', 'limits'];

/** how a fault reads that is about a name of this part */
const ABOUT_NAMES_OF: Readonly<Record<NamedPart, RegExp>> = {
  features: /^unknown name features\b/,
  channels:
    /^there is no channel |is not a channel$|^not a channel: |is neither a channel nor a group$|^tx\.channel is never /,
  reasons: /has no text in the dictionaries$/,
  lists: /^unknown (?:name lists\b|list )/,
  limits: /^unknown name limits\b/,
};

/**
 * The result of a part that was checked against others. Where some of those are refused, it is not taken, and what it says
 * of their names is not counted; everything else that is wrong with it is said now and not after the first correction.
 */
function takeBeside<T>(
  draft: Draft,
  result: Result<T, readonly ConfigFault[]>,
  needed: readonly NamedPart[],
): T | undefined {
  const refused = needed.filter((part) => draft[part] === undefined);
  if (refused.length === 0) return take(draft, result);
  const isOfRefused = ({ message }: ConfigFault): boolean => refused.some((part) => ABOUT_NAMES_OF[part].test(message));
  if (!result.ok) draft.faults.push(...result.error.filter((fault) => !isOfRefused(fault)));
  return undefined;
}

/** what each part is made of: its files, and the parts that it is checked against */
const MADE_OF: { readonly [K in keyof Parts]: readonly [(keyof ConfigSources)[], (keyof Parts)[]] } = {
  loadedSettings: [['settings', 'ownSettings'], []],
  channels: [['channels'], []],
  reasons: [['reasons'], []],
  features: [['features'], ['loadedSettings']],
  limits: [['limits'], ['channels', 'reasons']],
  policy: [['policy'], ['channels']],
  lists: [['lists'], ['reasons']],
  ruleset: [['rules'], ['features', 'channels', 'reasons', 'lists', 'limits']],
};

const namesOfLimits = (limits: LimitSet | undefined): string =>
  JSON.stringify([limits?.limits.map(({ id }) => id), groupedSegments(limits)]);

/** Of the lists and limits a rule knows the names alone. */
function isSameFor(part: keyof Parts, draft: Draft, previous: LoadedConfiguration): boolean {
  if (draft[part] === previous[part]) return true;
  if (part === 'lists') return JSON.stringify(draft.lists?.names) === JSON.stringify(previous.lists.names);
  if (part === 'limits') return namesOfLimits(draft.limits) === namesOfLimits(previous.limits);
  return false;
}

function reuse<K extends keyof Parts>(draft: Draft, part: K): boolean {
  const { previous, sources } = draft;
  if (previous === undefined) return false;
  const [files, parts] = MADE_OF[part];
  const isSame =
    files.every((file) => isSameSource(sources[file], previous.sources[file])) &&
    parts.every((needed) => isSameFor(needed, draft, previous));
  if (isSame) (draft as { [P in K]?: Parts[P] | undefined })[part] = previous[part];
  return isSame;
}

type Source = ConfigSources[keyof ConfigSources];

/** Compares texts, which for files that the disk still holds unchanged are mostly the very same string. */
export function isSameSource(a: Source, b: Source): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if ('text' in a) return 'text' in b && a.file === b.file && a.text === b.text;
  const [ofA, ofB] = [Object.values(a), Object.values(b)] as SourceFile[][];
  return ofA?.length === ofB?.length && (ofA ?? []).every((file, index) => isSameSource(file, ofB?.[index]));
}

const STEPS: readonly ((draft: Draft) => void)[] = [
  (draft) => {
    const { settings, ownSettings } = draft.sources;
    if (!reuse(draft, 'loadedSettings'))
      draft.loadedSettings = take(draft, loadSettings(settings, ownSettings, draft.environment));
  },
  (draft) => {
    if (!reuse(draft, 'channels')) draft.channels = take(draft, loadChannels(draft.sources.channels));
    if (!reuse(draft, 'reasons')) draft.reasons = take(draft, loadReasons(draft.sources.reasons));
  },
  (draft) => {
    if (reuse(draft, 'features')) return;
    const lateness = draft.loadedSettings?.settings.features;
    const channels = draft.channels?.channels;
    const options: CatalogueOptions = {
      compileWhere: (expression, at) => compileWhere(expression, at, channels?.keys()),
      allowedLatenessMs: (lateness?.allowedLatenessHours ?? 24) * HOUR_MS,
      repeatHorizonMs: (lateness?.repeatHorizonHours ?? 24) * HOUR_MS,
    };
    draft.features = take(draft, parseFeatureCatalogue(draft.sources.features, options));
  },
  (draft) => {
    const { channels, sources } = draft;
    if (reuse(draft, 'policy')) return;
    draft.policy = takeBeside(draft, loadPolicy(sources.policy, channels?.channels.keys() ?? []), ['channels']);
  },
];

const reasonCodes = ({ reasons }: Draft) => (reasons === undefined ? {} : { reasons: new Set(reasons.keys()) });
const channelCodes = ({ channels }: Draft): readonly string[] => [...(channels?.channels.keys() ?? [])];
const limitSources = (draft: Draft): LimitSources => ({
  files: draft.sources.limits,
  channels: channelCodes(draft),
  ...reasonCodes(draft),
});
const listSources = (draft: Draft) => ({ files: draft.sources.lists, ...reasonCodes(draft) });

/** Where segments are grouped, one that is in no group is a slip: rules and limits would bind nobody with it. */
function groupedSegments(limits: LimitSet | undefined): { readonly segments?: readonly string[] } {
  const groups = [...(limits?.settings.segmentGroups.values() ?? [])];
  return groups.length === 0 ? {} : { segments: groups.flat() };
}

const rulesetOptions = (draft: Draft): RulesetOptions => ({
  files: draft.sources.rules,
  features: draft.features?.features ?? [],
  channels: channelCodes(draft),
  reasons: draft.reasons ?? new Map(),
  listNames: draft.lists?.names ?? [],
  limitIds: draft.limits?.limits.map((limit) => limit.id) ?? [],
  ...groupedSegments(draft.limits),
});

/** Of tests, too, everything that can be said is said at once; those of a configuration in order are their callers' to read. */
function testFaults(draft: Draft): readonly ConfigFault[] {
  const read = parseRuleTests(draft.sources.ruleTests, knownNames(draft));
  return read.ok ? [] : read.error;
}

function complete(draft: Draft): Built {
  const { sources, loadedSettings, channels, reasons, features, lists, limits, policy, ruleset, faults } = draft;
  if (faults.length > 0 || !loadedSettings || !channels || !reasons || !features)
    return err([...faults, ...testFaults(draft)]);
  if (!lists || !limits || !policy || !ruleset) return err(faults);
  const parts = { channels, features, ruleset, lists, limits, policy, reasons };
  const { settings } = loadedSettings;
  return ok({ settings, loadedSettings, sources, ...parts, generation: createGeneration(parts) });
}
