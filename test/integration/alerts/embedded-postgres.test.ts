import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installedPackage, provideBinaries } from '../../../src/alerts/embedded/server-binaries.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/alerts/embedded-postgres.ts';
import { type CompiledProgram, compileProgram } from './child-program.ts';

const scratch = mkdtempSync(path.join(os.tmpdir(), 'vigil-embedded-test-'));
// run as root, the server is another account and walks through this folder
chmodSync(scratch, 0o755);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // a process that ended and is not yet reaped still answers to signal 0
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];
    return state !== 'Z';
  } catch {
    return false;
  }
};

async function untilGone(pid: number, withinMs: number): Promise<number> {
  const startedAt = performance.now();
  while (isAlive(pid) && performance.now() - startedAt < withinMs) await sleep(10);
  return performance.now() - startedAt;
}

async function query(server: EmbeddedPostgres, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(server.connection);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('the embedded PostgreSQL', () => {
  it('starts, answers over a socket in a private folder, opens no TCP port, and leaves nothing after stop', async () => {
    const server = await startEmbeddedPostgres();
    const folder = server.connection.host;
    expect(await query(server, "SELECT current_database() AS db, current_setting('listen_addresses') AS tcp")).toEqual([
      { db: 'vigil', tcp: '' },
    ]);
    const startedAt = performance.now();
    await server.stop();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(isAlive(server.pid)).toBe(false);
    expect(existsSync(folder)).toBe(false);
    await server.exited;
  });

  it('stops within two seconds also while a client is in the middle of a query', async () => {
    const server = await startEmbeddedPostgres();
    const client = new pg.Client(server.connection);
    client.on('error', () => undefined);
    await client.connect();
    const asleep = client.query('SELECT pg_sleep(60)').then(
      () => 'answered',
      () => 'ended',
    );
    await sleep(50);
    const startedAt = performance.now();
    await server.stop();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(await asleep).toBe('ended');
    expect(isAlive(server.pid)).toBe(false);
  });

  it('runs twice at once', async () => {
    const [first, second] = await Promise.all([startEmbeddedPostgres(), startEmbeddedPostgres()]);
    try {
      await query(first, 'CREATE TABLE only_here (x int)');
      expect(await query(second, "SELECT to_regclass('only_here') AS found")).toEqual([{ found: null }]);
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
  });

  const binDir = '/usr/lib/postgresql/15/bin';
  it.runIf(existsSync(binDir))('takes the programs of another installation', async () => {
    const server = await startEmbeddedPostgres({ binDir });
    try {
      expect(await query(server, 'SHOW server_version_num')).toEqual([
        { server_version_num: expect.stringMatching(/^15/) },
      ]);
    } finally {
      await server.stop();
    }
  });
});

describe('the embedded PostgreSQL on kept data', () => {
  it('keeps what was committed over a kill −9 of the server and an immediate start', async () => {
    const dataDir = path.join(scratch, 'kept');
    const first = await startEmbeddedPostgres({ dataDir });
    await query(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
    process.kill(first.pid, 'SIGKILL');
    const second = await startEmbeddedPostgres({ dataDir });
    try {
      expect(await query(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
      expect(await query(second, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
    } finally {
      await second.stop();
      await first.stop();
    }
    const third = await startEmbeddedPostgres({ dataDir });
    await third.stop();
  });

  it('starts over a pid file that names a living process which is no PostgreSQL', async () => {
    const dataDir = path.join(scratch, 'foreign-pid');
    await (await startEmbeddedPostgres({ dataDir })).stop();
    writeFileSync(path.join(dataDir, 'cluster', 'postmaster.pid'), `${process.pid}\n${dataDir}/cluster\n0\n5432\n`);
    const lines: string[] = [];
    const server = await startEmbeddedPostgres({ dataDir, log: (line) => lines.push(line) });
    await server.stop();
    expect(lines[0]).toContain(`process ${process.pid} is no PostgreSQL`);
  });

  it('starts over the rest of an initialisation that was killed half-way', async () => {
    const dataDir = path.join(scratch, 'half');
    mkdirSync(path.join(dataDir, 'initialising-99999999-ab', 'base'), { recursive: true });
    writeFileSync(path.join(dataDir, 'initialising-99999999-ab', 'PG_VERSION'), '18\n');
    const server = await startEmbeddedPostgres({ dataDir });
    await server.stop();
    expect(readdirSync(dataDir)).toEqual(['cluster']);
  });

  it('refuses a folder that another instance is using, in one sentence that says what to do', async () => {
    const dataDir = path.join(scratch, 'shared');
    const server = await startEmbeddedPostgres({ dataDir });
    try {
      await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
        code: 'SERVER_MISSING',
        message: `Another PostgreSQL is using the data folder ${dataDir}: end the Vigil that started it, or choose another folder.`,
      });
      expect(await query(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      await server.stop();
    }
  });

  it('refuses a folder that holds something else and touches nothing in it', async () => {
    const dataDir = path.join(scratch, 'occupied');
    mkdirSync(dataDir);
    writeFileSync(path.join(dataDir, 'thesis.txt'), 'precious');
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
      code: 'SERVER_MISSING',
      message: expect.stringContaining('holds something else ("thesis.txt")'),
    });
    expect(readdirSync(dataDir)).toEqual(['thesis.txt']);
  });

  it.runIf(process.getuid?.() === 0)(
    'names the closed folder on the way to the data when it is run as root',
    async () => {
      const closed = path.join(scratch, 'closed');
      mkdirSync(closed, { mode: 0o700 });
      await expect(startEmbeddedPostgres({ dataDir: path.join(closed, 'data') })).rejects.toMatchObject({
        code: 'SERVER_MISSING',
        message: expect.stringContaining(`because ${closed} is closed to others`),
      });
    },
  );

  it('says which line of the server explains a failed start', async () => {
    await expect(startEmbeddedPostgres({ settings: { shared_buffers: 'plenty' } })).rejects.toMatchObject({
      code: 'SERVER_MISSING',
      message: expect.stringContaining('invalid value for parameter "shared_buffers"'),
    });
  });
});

describe('the programs of the npm package', () => {
  const withoutLinks = (folder: string): string => {
    cpSync(path.join(installedPackage(), 'native'), path.join(folder, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !lstatSync(source).isSymbolicLink(),
    });
    return folder;
  };
  const version = (program: string): string => execFileSync(program, ['--version'], { encoding: 'utf8' });

  it('run although the install script that makes their library links was left out', () => {
    const installed = withoutLinks(path.join(scratch, 'no-links'));
    expect(() => version(path.join(installed, 'native', 'bin', 'postgres'))).toThrow();
    const binaries = provideBinaries(undefined, path.join(scratch, 'unused'), installed);
    expect(version(binaries.postgres)).toContain('PostgreSQL) 18');
    expect(version(binaries.initdb)).toContain('PostgreSQL) 18');
    expect(existsSync(path.join(scratch, 'unused'))).toBe(false);
  });

  it.runIf(process.getuid?.() === 0)(
    'are copied when their folder is closed to the account that shall run them',
    () => {
      const closed = path.join(scratch, 'closed-package');
      mkdirSync(closed, { mode: 0o700 });
      const installed = withoutLinks(path.join(closed, 'package'));
      const stranger = { uid: 65_534, gid: 65_534 };
      const privateDir = path.join(scratch, 'private');
      mkdirSync(privateDir);
      const binaries = provideBinaries(stranger, privateDir, installed);
      expect(binaries.postgres.startsWith(privateDir)).toBe(true);
      const seen = spawnSync(binaries.postgres, ['--version'], { ...stranger, encoding: 'utf8' });
      expect(seen.stdout).toContain('PostgreSQL) 18');
    },
  );
});

describe('when the parent dies', () => {
  let program: CompiledProgram;
  beforeAll(async () => {
    program = await compileProgram(`
      import { startEmbeddedPostgres } from './src/alerts/embedded-postgres.ts';
      const [mode, dataDir] = process.argv.slice(2);
      if (mode === 'early') console.log('starting');
      const server = await startEmbeddedPostgres(dataDir ? { dataDir } : {});
      console.log(JSON.stringify({ pid: server.pid, folder: server.connection.host }));
      if (mode !== 'forget') setInterval(() => undefined, 1000);
    `);
  });
  afterAll(() => program.remove());

  it('by kill −9, the server and its throw-away folder are gone', async () => {
    const parent = program.run('hold');
    const { pid, folder } = JSON.parse(await parent.line()) as { pid: number; folder: string };
    expect(isAlive(pid)).toBe(true);
    await parent.kill('SIGKILL');
    expect(await untilGone(pid, 5_000)).toBeLessThan(2_000);
    await sleep(200);
    expect(existsSync(folder)).toBe(false);
  });

  it('by kill −9 while the data folder is being initialised, nothing is left running and the next start works', async () => {
    const dataDir = path.join(scratch, 'early');
    // at every stage: before, in and after initdb, and right after each other
    for (const afterMs of [60, 250, 500, 120, 180, 330, 420, 600, 30]) {
      const parent = program.run('early', dataDir);
      await parent.line();
      await sleep(afterMs);
      await parent.kill('SIGKILL');
    }
    const server = await startEmbeddedPostgres({ dataDir });
    expect(await query(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.stop();
  });

  it('of two starts on one new folder at the same time one runs and the other says so', async () => {
    const dataDir = path.join(scratch, 'twice');
    const both = await Promise.allSettled([startEmbeddedPostgres({ dataDir }), startEmbeddedPostgres({ dataDir })]);
    const running = both.filter((start) => start.status === 'fulfilled');
    const refused = both.filter((start) => start.status === 'rejected');
    try {
      expect(running).toHaveLength(1);
      expect(refused).toHaveLength(1);
      expect(String(refused[0]?.reason)).toContain('Another PostgreSQL is using the data folder');
      expect(readdirSync(dataDir)).toEqual(['cluster']);
    } finally {
      for (const start of running) await start.value.stop();
    }
  });

  it('by simply reaching its end without stop, the server ends too', async () => {
    const parent = program.run('forget');
    const { pid } = JSON.parse(await parent.line()) as { pid: number };
    expect(await untilGone(pid, 5_000)).toBeLessThan(2_500);
  });
});
