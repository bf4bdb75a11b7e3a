/**
 * Versions, approvals and steps of the configuration in a folder: for the embedded stack, and for one machine.
 *
 *   log.ndjson                 one line for each version, approval and step; appended and brought to the disk
 *   versions/<id>/<n>, names   the files of a version; written beside and renamed, so it is there whole or not at all
 *
 * A line that a crash cut off was never acknowledged and is passed over. The content is checked against its hash by whoever
 * builds from it.
 */
import { hash as digest } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import {
  type ConfigApproval,
  type ConfigStep,
  type ConfigStore,
  type ConfigVersion,
  FOLDER_VERSIONS_KEPT,
} from '../domain/config-store.ts';

type VersionLine = { readonly line: 'version' } & Omit<ConfigVersion, 'files'>;
type Line = VersionLine | ({ readonly line: 'approval' } & ConfigApproval) | ({ readonly line: 'step' } & ConfigStep);

export function createFileConfigStore(folder: string): ConfigStore {
  const log = path.join(folder, 'log.ndjson');
  // a hash can come from a command line: never a path
  const folderOf = (hash: string): string => path.join(folder, 'versions', digest('sha256', hash, 'hex').slice(0, 32));
  let lane: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = lane.then(work);
    lane = done.catch(() => undefined);
    return done;
  };
  // a new line first: after one that was cut off, another begins
  const append = (line: Line): Promise<void> => inTurn(() => writeDurably(log, `\n${JSON.stringify(line)}`, 'a'));

  return {
    async propose({ files, ...version }) {
      const known = linesOfKind(await readLines(log), 'version');
      await inTurn(() => writeVersion(folderOf(version.hash), files));
      if (known.some(({ hash }) => hash === version.hash)) return;
      await append({ line: 'version', ...version });
      if (version.fromFolder) await letOldFilesGo(await readLines(log), folderOf);
    },
    async version(hash) {
      const line = linesOfKind(await readLines(log), 'version').find((entry) => entry.hash === hash);
      const files = line && (await readVersion(folderOf(hash)));
      if (line === undefined || files === undefined) return undefined;
      const { line: _, ...version } = line;
      return { ...version, files };
    },
    approve: (approval) => append({ line: 'approval', ...approval }),
    approvals: async (wanted) =>
      linesOfKind(await readLines(log), 'approval')
        .filter(({ hash }) => hash === wanted)
        .map(({ line: _, ...approval }) => approval),
    addStep: (step) => append({ line: 'step', ...step }),
    steps: async (limit) =>
      linesOfKind(await readLines(log), 'step')
        .slice(-limit)
        .map(({ line: _, ...step }) => step),
    close: async () => void (await lane),
  };
}

const linesOfKind = <K extends Line['line']>(lines: readonly Line[], kind: K) =>
  lines.filter((line): line is Extract<Line, { line: K }> => line.line === kind);

async function writeDurably(file: string, text: string, flags: 'a' | 'w'): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const handle = await open(file, flags, 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeVersion(target: string, files: ConfigVersion['files']): Promise<void> {
  if ((await readFile(path.join(target, 'names')).catch(() => undefined)) !== undefined) return;
  const beside = `${target}.${process.pid}.new`;
  await rm(beside, { recursive: true, force: true });
  for (const [index, { text }] of files.entries()) await writeDurably(path.join(beside, String(index)), text, 'w');
  await writeDurably(path.join(beside, 'names'), JSON.stringify(files.map(({ file }) => file)), 'w');
  await rm(target, { recursive: true, force: true });
  await rename(beside, target);
}

async function readVersion(target: string): Promise<ConfigVersion['files'] | undefined> {
  const names = await readIfThere(path.join(target, 'names'));
  if (names === undefined) return undefined;
  return Promise.all(
    (JSON.parse(names) as readonly string[]).map(async (file, index) => ({
      file,
      text: await readFile(path.join(target, String(index)), 'utf8'),
    })),
  );
}

async function letOldFilesGo(lines: readonly Line[], folderOf: (hash: string) => string): Promise<void> {
  const approved = new Set(linesOfKind(lines, 'approval').map(({ hash }) => hash));
  const fromFolders = linesOfKind(lines, 'version').filter(({ hash, fromFolder }) => fromFolder && !approved.has(hash));
  for (const { hash } of fromFolders.slice(0, -FOLDER_VERSIONS_KEPT))
    await rm(folderOf(hash), { recursive: true, force: true });
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readLines(file: string): Promise<readonly Line[]> {
  return ((await readIfThere(file)) ?? '').split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Line];
    } catch {
      return []; // cut off by a crash, and so never acknowledged
    }
  });
}
