/**
 * Which configuration a process starts with. Without a store: its folder. With one: the folder when it is what was in force,
 * or is in order and its tests pass; otherwise what was in force last, and what is wrong with the folder is said. So a bad
 * update leaves the last valid configuration running also across a restart. With `reload.from: store` the folder counts only
 * until something was activated.
 *
 * A start is an activation: where nothing is kept to go on with, a folder whose tests fail starts nothing. What stands in the
 * shipped configuration was tested when Vigil was built; a folder that changes only settings or models runs no tests.
 */
import { createPostgresConfigStore } from '../alerts/postgres-config-store.ts';
import { migrate } from '../alerts/postgres-migrate.ts';
import { type Environment, loadSettings } from '../config/load-settings.ts';
import { type ConfigSources, readSources } from '../config/read-sources.ts';
import type { Settings } from '../config/settings-schema.ts';
import type { Clock } from '../domain/clock.ts';
import { type ConfigFault, formatFault, type SourceFile } from '../domain/config-fault.ts';
import { type ConfigStore, replaySteps } from '../domain/config-store.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { type CheckCandidate, checkCandidate, nextTurn } from './check-candidate.ts';
import { contentFiles, contentOf, withContent } from './config-content.ts';
import { approvalFault, keepFromFolder, readKept, STEPS_READ } from './config-watch.ts';
import { createFileConfigStore } from './file-config-store.ts';
import { buildConfiguration, type LoadedConfiguration } from './load-generation.ts';

export interface StartConfiguration {
  readonly configuration: LoadedConfiguration;
  readonly store: ConfigStore | undefined;
  /** why the folder is not what serves; empty when it is */
  readonly refused: readonly string[];
}

export interface StartOptions {
  readonly ownDir: string | undefined;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly stack: 'embedded' | 'real';
  readonly check?: CheckCandidate;
}

type Built = Result<LoadedConfiguration, readonly ConfigFault[]>;
type Started = Result<StartConfiguration, readonly ConfigFault[]>;

/** `ownDir` is read once; the store is the caller's to close. */
export async function chooseConfiguration(options: StartOptions): Promise<Started> {
  const { ownDir, environment, stack } = options;
  const sources = await readSources(ownDir);
  const built = buildConfiguration(sources, environment);
  const settings = loadSettings(sources.settings, sources.ownSettings, environment);
  // without settings nobody knows where the store is: all faults are said
  const store = settings.ok ? await openConfigStore(settings.value.settings, stack) : undefined;
  const { from } = settings.ok ? settings.value.settings.reload : { from: 'off' };
  try {
    const chosen =
      store === undefined || from === 'off'
        ? await tested(withStore(built, store), sources, options)
        : await choose(store, built, sources, { ...options, isFolder: from === 'folder' });
    if (!chosen.ok) await store?.close();
    return chosen;
  } catch (error) {
    await store?.close();
    throw error;
  }
}

/** Refused when its tests fail: there is nothing else to start with. */
async function tested(
  start: Started,
  sources: ConfigSources,
  { environment, check = checkCandidate }: StartOptions,
): Promise<Started> {
  if (!start.ok) return start;
  const failed = (await isShipped(sources)) ? [] : await check(sources, environment);
  return failed.length === 0 ? start : err(asFaults(failed));
}

/** What decides is the shipped configuration, whatever the settings and the models are. */
async function isShipped(sources: ConfigSources): Promise<boolean> {
  if (sources.ownDir === undefined) return true;
  const shipped = await readSources(undefined);
  if (!isSameText(sources.features, shipped.features)) return false;
  const [own, known] = [contentFiles(sources), contentFiles(shipped)];
  return own.length === known.length && own.every((file, index) => isSameText(file, known[index]));
}

const isSameText = (one: SourceFile, other: SourceFile | undefined): boolean => one.text === other?.text;

const asFaults = (messages: readonly string[]): readonly ConfigFault[] =>
  messages.map((message) => ({ file: 'configuration:', path: '', message }));

/** undefined = nothing is kept beyond the process. */
export async function openConfigStore(
  { reload, postgres }: Settings,
  stack: StartOptions['stack'],
): Promise<ConfigStore | undefined> {
  if (reload.stateDir !== '') return createFileConfigStore(reload.stateDir);
  if (stack === 'embedded') return undefined;
  await migrate(postgres.url);
  const { statementTimeoutMs, queryTimeoutMs } = postgres;
  return createPostgresConfigStore({ connection: postgres.url, statementTimeoutMs, queryTimeoutMs });
}

const withStore = (built: Built, store: ConfigStore | undefined, refused: readonly string[] = []): Started =>
  built.ok ? ok({ configuration: built.value, store, refused }) : built;

async function choose(
  store: ConfigStore,
  built: Built,
  sources: ConfigSources,
  options: StartOptions & { readonly isFolder: boolean },
): Promise<Started> {
  const { clock, environment, isFolder, check = checkCandidate } = options;
  const state = replaySteps(await store.steps(STEPS_READ), clock.now());
  const [inForce] = state.history;
  const content = await contentOf(sources, nextTurn);
  if (inForce === undefined) {
    const first = await tested(withStore(built, store), sources, options);
    if (first.ok) await keepFromFolder(store, content, clock);
    return first;
  }
  if (content.hash === inForce && built.ok) return withStore(built, store);
  const mayTakeFolder = isFolder && content.hash !== state.rolledBack;
  const faultsOfFolder = async () => (built.ok ? await check(sources, environment) : built.error.map(formatFault));
  const refused = mayTakeFolder ? await faultsOfFolder() : [];
  if (mayTakeFolder && refused.length === 0) {
    await keepFromFolder(store, content, clock);
    return withStore(built, store);
  }
  const faults: string[] = [...refused];
  for (const hash of state.history) {
    const kept = await readKept(store, hash);
    const fault = kept.ok
      ? hash === inForce
        ? await approvalFault(store, state, kept.author)
        : undefined
      : kept.fault;
    if (!kept.ok || fault !== undefined) faults.push(`${hash}: ${fault}`);
    else {
      const again = buildConfiguration(withContent(sources, kept.files), environment);
      if (again.ok) return ok({ configuration: again.value, store, refused: faults });
      faults.push(...again.error.map(formatFault));
    }
  }
  return err(built.ok ? asFaults(faults) : built.error);
}
