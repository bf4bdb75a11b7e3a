/**
 * Looks for changes of the configuration while Vigil runs and offers them to the live one: files of the operator's folder, or
 * what a second person approved in the store. What comes into force from a folder is kept in the store too, so that a bad
 * update leaves it running also across a restart, and a roll-back finds it.
 *
 * Files are polled: a network folder or a mounted secret tells nobody of its changes, and looking costs 0.1 ms. A folder is
 * read when two looks in a row have found it the same: nobody wants the first half of a copy in force.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type ConfigSources, readSources } from '../config/read-sources.ts';
import type { Clock } from '../domain/clock.ts';
import { type ConfigInForce, type ConfigStore, replaySteps } from '../domain/config-store.ts';
import { refuseActivation } from '../rules/approval.ts';
import type { ServiceEvents } from '../telemetry/service-events.ts';
import { nextTurn } from './check-candidate.ts';
import { type ConfigContent, contentOf, hashFiles, withContent } from './config-content.ts';
import type { LiveConfiguration, Offered } from './live-configuration.ts';

export interface ConfigWatch {
  stop(): Promise<void>;
}

export interface ConfigWatchOptions {
  readonly live: LiveConfiguration;
  readonly from: 'folder' | 'store';
  readonly store: ConfigStore | undefined;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly events: Pick<ServiceEvents, 'generationRefused' | 'configurationWatchFailed' | 'configurationWatchWorks'>;
}

export const STEPS_READ = 1_000;
/** a database is asked less often than a disk */
const STORE_POLL_MS = 500;
const KEEP_RETRY_MS = 5_000;
/** a folder that has not moved for so long stands still; longer and a list of 200,000 entries is not in force within a second */
const STANDSTILL_MS = 100;

export function watchConfiguration(options: ConfigWatchOptions): ConfigWatch {
  const { live, from, store, pollMs, events } = options;
  const { ownDir } = live.current().configuration.sources;
  const folder = from === 'folder' && ownDir !== undefined ? createFolderLook(ownDir) : undefined;
  const followed = store === undefined ? undefined : createStoreLook(options, store);
  if (folder === undefined && followed === undefined) return { stop: async () => undefined };
  let isStopped = false;
  let wake = (): void => undefined;

  const lookIntoFolder = async (): Promise<void> => {
    const read = await folder?.read();
    if (read === undefined) return;
    try {
      await (followed === undefined ? live.offer(read) : followed.offerFromFolder(read));
    } catch (error) {
      folder?.forget(); // it is not judged yet
      throw error;
    }
  };
  const look = async (): Promise<void> => {
    // a database that is away keeps no folder from coming into force
    const [ofFolder, ofStore] = [await settled(lookIntoFolder()), await settled(followed?.look())];
    const failed = [ofFolder, ofStore].find((outcome) => outcome.status === 'rejected');
    if (failed?.status === 'rejected') events.configurationWatchFailed({ error: failed.reason });
    else events.configurationWatchWorks();
  };
  const run = async (): Promise<void> => {
    while (!isStopped) {
      await look();
      if (isStopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, folder?.isMoving() ? Math.min(STANDSTILL_MS, pollMs) : pollMs);
        timer.unref();
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const running = run();
  return {
    async stop() {
      isStopped = true;
      wake();
      live.stop(); // a check may take many seconds more
      await running;
    },
  };
}

// ── a folder ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const settled = async (work: Promise<unknown> | undefined): Promise<PromiseSettledResult<unknown>> => {
  const [outcome] = await Promise.allSettled([work]);
  return outcome;
};

/** Answers the folder's files when they are other than at the last time and stand still; at first whatever is there. */
function createFolderLook(ownDir: string) {
  let taken: string | undefined;
  let before: string | undefined;
  let isMoving = false;
  return {
    isMoving: () => isMoving,
    async read(): Promise<ConfigSources | undefined> {
      const now = await folderFingerprint(ownDir);
      const stands = now === before;
      before = now;
      isMoving = !stands;
      if (!stands || now === taken) return undefined;
      const sources = await readSources(ownDir);
      if ((await folderFingerprint(ownDir)) !== now) return undefined; // it moved while it was read
      taken = now;
      return sources;
    },
    forget() {
      taken = undefined;
    },
  };
}

/** Names, sizes and times of everything in it; links (as mounted secrets are) by what they point to. */
export async function folderFingerprint(folder: string): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).sort();
  const facts = await Promise.all(
    names.map(async (name) => {
      const found = await stat(path.join(folder, name)).catch(() => undefined);
      return found?.isFile() ? `${name}\0${found.size}\0${found.mtimeMs}\0${found.ino}` : '';
    }),
  );
  return facts.filter((fact) => fact !== '').join('\n');
}

// ── the store ────────────────────────────────────────────────────────────────────────────────────────────────────────

function createStoreLook({ live, from, clock, events }: ConfigWatchOptions, store: ConfigStore) {
  let current: string | undefined;
  let state: ConfigInForce | undefined;
  let refused: string | undefined;
  let unkept: ConfigContent | undefined;
  let nextKeepMs = 0;
  let nextLookMs = 0;

  const currentHash = async (): Promise<string> => {
    current ??= (await contentOf(live.current().configuration.sources, nextTurn)).hash;
    return current;
  };
  const keep = async (): Promise<void> => {
    if (unkept === undefined || clock.now() < nextKeepMs) return;
    nextKeepMs = clock.now() + KEEP_RETRY_MS; // while the database is away
    await keepFromFolder(store, unkept, clock);
    unkept = undefined;
    nextKeepMs = 0;
  };
  const readState = async (): Promise<ConfigInForce> => {
    state = replaySteps(await store.steps(STEPS_READ), clock.now());
    return state;
  };
  const follow = async (): Promise<void> => {
    const now = await readState();
    const { by, rolledBack } = now;
    const [wanted] = now.history;
    if (wanted === undefined || by === undefined || wanted === refused || wanted === (await currentHash())) return;
    // a folder is followed; the store only takes back what was in it
    if (from === 'folder' && rolledBack !== (await currentHash())) return;
    const offered = await offerKept(wanted, now);
    if (offered.status === 'refused') refused = wanted;
    else [current, refused] = [wanted, undefined];
  };
  const offerKept = async (wanted: string, now: ConfigInForce): Promise<Offered> => {
    const kept = await readKept(store, wanted);
    const fault = kept.ok ? await approvalFault(store, now, kept.author) : kept.fault;
    if (kept.ok && fault === undefined)
      return live.offer(withContent(live.current().configuration.sources, kept.files));
    events.generationRefused({ faults: [`${wanted}: ${fault}`] });
    return { status: 'refused', faults: [] };
  };
  return {
    async look() {
      await keep();
      if (clock.now() < nextLookMs) return;
      nextLookMs = clock.now() + STORE_POLL_MS;
      await follow();
      // models lie in folders in any case
      if (from === 'store') await live.offer(live.current().configuration.sources);
    },
    async offerFromFolder(sources: ConfigSources) {
      if (state === undefined) await settled(readState());
      const rolledBack = state?.rolledBack;
      if (rolledBack !== undefined) {
        // it is still what somebody has taken out of force
        const { hash } = await contentOf(sources, nextTurn);
        if (hash === rolledBack && hash !== (await currentHash())) return;
      }
      const offered = await live.offer(sources);
      if (offered.status !== 'activated') return;
      unkept = await contentOf(sources, nextTurn);
      current = unkept.hash;
    },
  };
}

export async function keepFromFolder(store: ConfigStore, content: ConfigContent, clock: Clock): Promise<void> {
  const atMs = clock.now();
  await store.propose({ ...content, author: 'configuration folder', proposedAtMs: atMs, fromFolder: true });
  const { history } = replaySteps(await store.steps(STEPS_READ), atMs);
  if (history[0] === content.hash) return; // another worker of the same folder was here
  await store.addStep({ kind: 'folder', hash: content.hash, by: 'configuration folder', atMs, dueMs: atMs });
}

type Kept =
  | { readonly ok: true; readonly files: ConfigContent['files']; readonly author: string }
  | { readonly ok: false; readonly fault: string };

/** The files of a version, when they are what its hash says. */
export async function readKept(store: ConfigStore, hash: string): Promise<Kept> {
  const version = await store.version(hash);
  if (version === undefined) return { ok: false, fault: 'its files are not kept' };
  const isWhole = (await hashFiles(version.files, nextTurn)) === hash;
  return isWhole
    ? { ok: true, files: version.files, author: version.author }
    : { ok: false, fault: 'its files are not what its hash says' };
}

/**
 * Each worker asks for itself whether a second person approved: whoever writes a step into the store has not yet activated
 * anything. What a roll-back goes to was approved when it came.
 */
export async function approvalFault(
  store: ConfigStore,
  { by }: ConfigInForce,
  author: string,
): Promise<string | undefined> {
  if (by === undefined || by.kind !== 'activate') return undefined;
  const proposal = { hash: by.hash, author, testsPassed: true };
  const approvals = await store.approvals(by.hash);
  const refusals = approvals.map((approval) => refuseActivation(proposal, approval, by.dueMs));
  if (refusals.includes(undefined)) return undefined;
  return refusals.at(-1)?.message ?? 'nobody has approved it';
}
