/**
 * The configuration in force in this process: one immutable object, swapped as a whole. Who scores a chunk takes it once and
 * keeps it to the end of the chunk, so no decision mixes two.
 *
 * What is offered is checked whole, its rule tests run, its model loaded beside the one that serves; only then it comes into
 * force. Anything wrong leaves the one before in force and is said with all its faults. What only a new process can take
 * over (features, servers, the bank's zone) is refused with that sentence: state in Redis belongs to the features that
 * counted it. A change of list entries alone runs no rule tests: tests bring the entries that they need.
 */
import type { Environment } from '../config/load-settings.ts';
import type { ConfigSources } from '../config/read-sources.ts';
import type { Settings } from '../config/settings-schema.ts';
import { formatFault } from '../domain/config-fault.ts';
import type { FraudModel } from '../domain/ports.ts';
import { ok } from '../domain/result.ts';
import { modelFingerprint } from '../models/model-registry.ts';
import type { TfjsModel } from '../models/tfjs-model.ts';
import type { ServiceEvents } from '../telemetry/service-events.ts';
import { type CheckCandidate, checkCandidate, nextTurn } from './check-candidate.ts';
import { buildConfigurationGradually, isSameSource, type LoadedConfiguration } from './load-generation.ts';
import { type ReadAhead, readAhead } from './read-ahead.ts';
import { loadConfiguredModel } from './scoring-stack.ts';

/** What one chunk is decided with. */
export interface InForce {
  readonly configuration: LoadedConfiguration;
  readonly model: FraudModel | null;
}

export type Offered =
  | { readonly status: 'activated' | 'unchanged' }
  | { readonly status: 'refused'; readonly faults: readonly string[] };

export interface LiveConfiguration {
  current(): InForce;
  /** one after the other; resolves when it is in force or refused */
  offer(sources: ConfigSources): Promise<Offered>;
  /** runs one chunk; a model that is replaced meanwhile is kept until its chunks have ended */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** gives up the check in hand; nothing comes into force any more */
  stop(): void;
}

export interface LiveConfigurationOptions {
  readonly initial: InForce;
  readonly environment: Environment;
  readonly events: Pick<ServiceEvents, 'generationActivated' | 'generationRefused' | 'modelLoaded' | 'modelRefused'>;
  readonly check?: CheckCandidate;
  readonly readAhead?: ReadAhead;
  readonly loadModel?: (configuration: LoadedConfiguration) => Promise<TfjsModel | null>;
  readonly wrapModel?: (model: FraudModel) => FraudModel;
}

export async function createLiveConfiguration(options: LiveConfigurationOptions): Promise<LiveConfiguration> {
  const { environment, events, check = checkCandidate, loadModel = loadConfiguredModel } = options;
  const readFirst = options.readAhead ?? readAhead;
  const wrapModel = options.wrapModel ?? ((model: FraudModel) => model);
  let inForce = options.initial;
  let modelSeen = await modelFingerprint(inForce.configuration.sources.modelsDir);
  // a refused one is not loaded again until its files change
  let modelJudged = modelSeen;
  let lane: Promise<unknown> = Promise.resolve();
  const running = new Set<Promise<unknown>>();
  const stopping = new AbortController();

  const refuse = (faults: readonly string[]): Offered => {
    events.generationRefused({ faults });
    return { status: 'refused', faults };
  };

  /** Loaded beside the one that serves; the same object when nothing about the model changed. */
  const modelFor = async (candidate: LoadedConfiguration, fingerprint: string): Promise<FraudModel | null> => {
    const { configuration, model } = inForce;
    const isSame =
      fingerprint === modelSeen &&
      JSON.stringify(modelSettings(candidate)) === JSON.stringify(modelSettings(configuration));
    if (isSame) return model;
    const loaded = await loadModel(candidate);
    if (loaded === null) return null;
    const { version, backend, backendFallback, tensors } = loaded;
    events.modelLoaded({ version, backend, tensors, ...(backendFallback === undefined ? {} : { backendFallback }) });
    return wrapModel(loaded);
  };

  const activate = (next: InForce): void => {
    const before = inForce.model;
    inForce = next;
    const { generation, ruleset } = next.configuration;
    events.generationActivated({ versions: generation.versions, rules: ruleset.rules.length });
    if (before !== null && before !== next.model) void Promise.allSettled([...running]).then(() => before.close());
  };

  /** What the other thread has read serves this once: kept are the texts. */
  const build = async (sources: ConfigSources) => {
    const { configuration: previous } = inForce;
    const read = await readFirst(sources, previous.sources);
    const built = await buildConfigurationGradually({ sources: read, environment, previous, breathe: nextTurn });
    return built.ok ? ok({ ...built.value, sources }) : built;
  };

  const take = async (sources: ConfigSources): Promise<Offered> => {
    if (stopping.signal.aborted) return { status: 'unchanged' };
    const { configuration } = inForce;
    const fingerprint = await modelFingerprint(sources.modelsDir);
    const changed = changedParts(sources, configuration.sources);
    if (changed.length === 0 && fingerprint === modelJudged) return { status: 'unchanged' };
    modelJudged = fingerprint;
    const built = await build(sources);
    if (!built.ok) return refuse(built.error.map(formatFault));
    const faults = restartFaults(built.value, configuration);
    if (faults.length > 0) return refuse(faults);
    if (
      changed.some((part) => part !== 'lists' && part !== 'ownSettings') ||
      areListsRenamed(built.value, configuration)
    ) {
      // handing the files to another thread is a piece of work of its own
      await nextTurn();
      const failed = await check(sources, environment, stopping.signal);
      if (stopping.signal.aborted) return { status: 'unchanged' };
      if (failed.length > 0) return refuse(failed);
    }
    let model: FraudModel | null;
    try {
      model = await modelFor(built.value, fingerprint);
    } catch (error) {
      events.modelRefused({ error });
      return refuse([error instanceof Error ? error.message : String(error)]);
    }
    modelSeen = fingerprint;
    activate({ configuration: built.value, model });
    return { status: 'activated' };
  };

  return {
    current: () => inForce,
    stop: () => stopping.abort(),
    offer(sources) {
      const answer = lane.then(() => take(sources));
      lane = answer.catch(() => undefined);
      return answer;
    },
    async during(work) {
      const chunk = work();
      running.add(chunk);
      try {
        return await chunk;
      } finally {
        running.delete(chunk);
      }
    },
  };
}

const PARTS = [
  'settings',
  'ownSettings',
  'features',
  'channels',
  'policy',
  'reasons',
  'rules',
  'ruleTests',
  'limits',
  'lists',
  'modelsDir',
] as const satisfies readonly (keyof ConfigSources)[];

const changedParts = (next: ConfigSources, before: ConfigSources): readonly (typeof PARTS)[number][] =>
  PARTS.filter((part) => !isSameSource(next[part], before[part]));

const modelSettings = ({ settings, sources }: LoadedConfiguration) => ({
  enabled: settings.model.enabled,
  version: settings.model.version,
  backend: settings.model.backend,
  modelsDir: sources.modelsDir,
});

/** Another definition of a list (not only other entries) can change what rules and tests mean. */
const areListsRenamed = (next: LoadedConfiguration, before: LoadedConfiguration): boolean =>
  JSON.stringify(next.lists.definitions) !== JSON.stringify(before.lists.definitions);

/** What is read once, when the process starts. */
function restartFaults(next: LoadedConfiguration, before: LoadedConfiguration): readonly string[] {
  const faults: string[] = [];
  if (next.features.version !== before.features.version) {
    faults.push(
      `${next.sources.features.file}: changed features need a restart (and their windows fill anew where the log does not hold them): start Vigil again to take them over`,
    );
  }
  for (const section of Object.keys(next.settings) as (keyof Settings)[]) {
    if (section === 'model') continue;
    if (JSON.stringify(next.settings[section]) !== JSON.stringify(before.settings[section]))
      faults.push(
        `vigil.yaml ${section}: changed settings of ${section} need a restart: start Vigil again to take them over`,
      );
  }
  return faults;
}
