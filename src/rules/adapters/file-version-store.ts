/**
 * The last valid content on disk, so that a bad update leaves it running across a restart as well. One file, written beside
 * and renamed over: a crash leaves the old one or the new one whole. A file that does not match its checksum is not used.
 */
import { hash as digest } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import type { SourceFile } from '../../domain/config-fault.ts';

export interface KeptVersion {
  readonly hash: string;
  /** the files as they were checked */
  readonly files: readonly SourceFile[];
}

export interface VersionStore {
  keep(version: KeptVersion): Promise<void>;
  /** undefined when nothing was kept; throws when what was kept is damaged */
  lastValid(): Promise<KeptVersion | undefined>;
}

const FILE = 'last-valid.json';
const checksumOf = (version: KeptVersion): string =>
  digest('sha256', JSON.stringify([version.hash, version.files.map(({ file, text }) => [file, text])]), 'hex');

function isKept(value: unknown): value is KeptVersion & { readonly checksum: string } {
  const kept = value as Partial<KeptVersion & { checksum: string }> | null;
  return typeof kept === 'object' && kept !== null && typeof kept.checksum === 'string' && Array.isArray(kept.files);
}

export class DamagedVersion extends Error {
  constructor(file: string, cause?: unknown) {
    super(`${file} is damaged: remove it to start from the configuration files`, { cause });
    this.name = 'DamagedVersion';
  }
}

export function createFileVersionStore(folder: string): VersionStore {
  const file = path.join(folder, FILE);
  let writing: Promise<void> = Promise.resolve();

  const write = async ({ hash, files }: KeptVersion): Promise<void> => {
    const version = { hash, files: files.map(({ file: name, text }) => ({ file: name, text })) };
    await mkdir(folder, { recursive: true });
    const handle = await open(`${file}.new`, 'w', 0o600);
    try {
      await handle.writeFile(JSON.stringify({ ...version, checksum: checksumOf(version) }));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${file}.new`, file);
  };

  return {
    keep(version) {
      // one after the other: two writers would share the file beside
      writing = writing.catch(() => {}).then(() => write(version));
      return writing;
    },
    async lastValid() {
      let text: string;
      try {
        text = await readFile(file, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
      return readKept(text, file);
    },
  };
}

function readKept(text: string, file: string): KeptVersion {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DamagedVersion(file, error);
  }
  if (!isKept(value) || checksumOf(value) !== value.checksum) throw new DamagedVersion(file);
  return { hash: value.hash, files: value.files };
}
