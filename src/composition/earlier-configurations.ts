/**
 * The configuration that made a decision, when another one is in force by now: built again from the files that the store of
 * versions keeps. Features and models are not among them; with other features nothing is found. Which versions a content has
 * is remembered, and so are the two configurations asked for last; the rest is built in slices beside running traffic.
 */
import type { Environment } from '../config/load-settings.ts';
import type { ConfigStore } from '../domain/config-store.ts';
import type { DecisionVersions } from '../domain/decision.ts';
import { nextTurn } from './check-candidate.ts';
import { withContent } from './config-content.ts';
import { readKept, STEPS_READ } from './config-watch.ts';
import { buildConfigurationGradually, type LoadedConfiguration } from './load-generation.ts';

export interface EarlierConfigurations {
  /**
   * The one with these versions that `made` the decision; where none did, the newest with these versions; undefined when
   * none is there any more. Versions do not name channels and reasons, so there can be several.
   */
  find(
    versions: DecisionVersions,
    made: (configuration: LoadedConfiguration) => boolean,
  ): Promise<LoadedConfiguration | undefined>;
}

export interface EarlierOptions {
  readonly current: () => LoadedConfiguration;
  /** undefined: nothing is kept beyond what is in force */
  readonly store: ConfigStore | undefined;
  readonly environment: Environment;
}

const BUILT_KEPT = 2;

export function createEarlierConfigurations({ current, store, environment }: EarlierOptions): EarlierConfigurations {
  /** by the hash of a content; '' where it cannot be built */
  const versionsOf = new Map<string, string>();
  const built = new Map<string, LoadedConfiguration>();

  const build = async (hash: string, kept: ConfigStore): Promise<LoadedConfiguration | undefined> => {
    const known = built.get(hash);
    if (known !== undefined) return known;
    const read = await readKept(kept, hash);
    if (!read.ok) return undefined;
    const sources = withContent(current().sources, read.files);
    const again = await buildConfigurationGradually({ sources, environment, breathe: nextTurn });
    return again.ok ? again.value : undefined;
  };

  const remember = (hash: string, configuration: LoadedConfiguration): void => {
    built.delete(hash);
    built.set(hash, configuration);
    for (const oldest of [...built.keys()].slice(0, -BUILT_KEPT)) built.delete(oldest);
  };

  /** every kept configuration with these versions, newest first */
  async function* withVersions(wanted: string, kept: ConfigStore): AsyncGenerator<LoadedConfiguration> {
    const steps = await kept.steps(STEPS_READ);
    for (const hash of new Set(steps.map((step) => step.hash).reverse())) {
      const known = versionsOf.get(hash);
      if (known !== undefined && known !== wanted) continue;
      const configuration = await build(hash, kept);
      versionsOf.set(hash, configuration === undefined ? '' : keyOf(configuration.generation.versions));
      if (configuration === undefined || versionsOf.get(hash) !== wanted) continue;
      remember(hash, configuration);
      yield configuration;
    }
  }

  return {
    async find(versions, made) {
      const now = current();
      const wanted = keyOf(versions);
      const isNow = keyOf(now.generation.versions) === wanted;
      if (isNow && made(now)) return now;
      let newest = isNow ? now : undefined;
      if (store === undefined || versions.features !== now.generation.versions.features) return newest;
      for await (const configuration of withVersions(wanted, store)) {
        if (made(configuration)) return configuration;
        newest ??= configuration;
      }
      return newest;
    },
  };
}

const keyOf = ({ ruleset, features, limits, lists, policy }: DecisionVersions): string =>
  [ruleset, features, limits, lists, policy].join(' ');
