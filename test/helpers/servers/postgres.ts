/**
 * One Postgres server of our own, on a unix socket that only this user (and root) can reach. 0.5–1 s to ready. Its data
 * are to be thrown away: nothing waits for the disk unless `durable`.
 */
import { chownSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { type PostgresProgram, postgresProgram } from './postgres-program.ts';
import { temporaryFolder } from './reaper.ts';
import { runCommand } from './run-command.ts';
import { type ServerProcess, spawnServer, untilReady } from './server-process.ts';

export interface PostgresOptions {
  readonly program?: PostgresProgram;
  /** keeps fsync and synchronous commits, for a test that kills the server and counts what is left */
  readonly durable?: boolean;
  /** further settings, for example { max_connections: 20 } */
  readonly settings?: Readonly<Record<string, string | number>>;
}

export interface PostgresServer {
  /** of the database `postgres`; any other by `databaseUrl` */
  readonly url: string;
  /** for a TCP proxy in front of it */
  readonly socketPath: string;
  readonly origin: string;
  readonly folder: string;
  pid(): number;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL to the postmaster; its children follow by themselves */
  kill(): Promise<void>;
  /** same socket, same data, after kill or stop */
  restart(): Promise<void>;
  /** a fast shutdown; the data stay for `restart` */
  stop(): Promise<void>;
}

const THROW_AWAY = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const program = options.program ?? (await postgresProgram());
  const ids = program.user === undefined ? {} : { uid: program.user.uid, gid: program.user.gid };
  const folder = temporaryFolder('postgres');
  const dataFolder = path.join(folder, 'data');
  mkdirSync(dataFolder, { mode: 0o700 });
  if (program.user !== undefined) {
    for (const owned of [folder, dataFolder]) chownSync(owned, program.user.uid, program.user.gid);
  }
  const flags = ['-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync'];
  await runCommand(path.join(program.folder, 'initdb'), ['-D', dataFolder, ...flags], { ...ids, cwd: folder });
  const settings = { ...(options.durable ? {} : THROW_AWAY), max_connections: 200, ...options.settings };
  const url = `postgresql://postgres@${encodeURIComponent(folder)}/postgres`;
  const launch = (): ServerProcess =>
    spawnServer({
      program: path.join(program.folder, 'postgres'),
      args: [
        ...['-D', dataFolder, '-k', folder, '-c', 'listen_addresses='],
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      cwd: folder,
      logFile: path.join(folder, 'postgres.log'),
      deathSignal: 'INT', // KILL would leave its shared memory behind
      ...ids,
    });
  let server = await launchUntilReady(launch, url);
  return {
    url,
    socketPath: path.join(folder, '.s.PGSQL.5432'),
    origin: program.origin,
    folder,
    pid: () => server.pid,
    signal: (signal) => server.signal(signal),
    kill: () => server.kill(),
    async restart() {
      if (server.ended() === undefined) throw new Error('the Postgres server still runs: kill or stop it first');
      server = await launchUntilReady(launch, url);
    },
    stop: () => server.stop('SIGINT'),
  };
}

/** After SIGKILL of the postmaster its children live on for up to two seconds and the new one refuses to start: retry. */
async function launchUntilReady(launch: () => ServerProcess, url: string): Promise<ServerProcess> {
  const end = performance.now() + 15_000;
  for (;;) {
    const server = launch();
    try {
      await untilReady(server, 'the Postgres server', 15_000, () => answersQuery(url));
      return server;
    } catch (error) {
      await server.stop('SIGINT');
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

export async function answersQuery(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined); // the query's own rejection says it
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The same server and user, another database. */
export function databaseUrl(url: string, database: string): string {
  const parts = new URL(url);
  parts.pathname = `/${encodeURIComponent(database)}`;
  return parts.href;
}
