/** The further sources of a server, and the sentence that a machine without any of them gets. */
import { chmodSync, cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kafkaProgram } from '../../helpers/servers/kafka-program.ts';
import { answersQuery, startPostgres } from '../../helpers/servers/postgres.ts';
import { embeddedFolder, reachable } from '../../helpers/servers/postgres-program.ts';
import { findUser, isRoot } from '../../helpers/servers/programs.ts';
import { provideKafka, providePostgres, provideRedis } from '../../helpers/servers/provide-server.ts';
import { temporaryFolder } from '../../helpers/servers/reaper.ts';
import { redisProgram } from '../../helpers/servers/redis-program.ts';

const user = isRoot() ? findUser(['postgres', 'nobody']) : undefined;

describe('Postgres from the npm package', () => {
  it('starts and answers', async () => {
    const folder = embeddedFolder();
    expect(folder).toBeDefined();
    const program = { folder: await reachable(folder ?? '', user), origin: 'npm', user };
    const postgres = await startPostgres({ program });
    expect(await answersQuery(postgres.url)).toBe(true);
    await postgres.stop();
  });

  it.runIf(isRoot())('is copied when the user it runs as cannot enter its folder', async () => {
    const locked = temporaryFolder('locked');
    const native = path.join(locked, 'native');
    mkdirSync(native);
    cpSync(path.dirname(embeddedFolder() ?? ''), native, { recursive: true, verbatimSymlinks: true });
    chmodSync(locked, 0o700);
    const folder = await reachable(path.join(native, 'bin'), user);
    expect(folder).not.toContain(locked);
    const postgres = await startPostgres({ program: { folder, origin: 'copy', user } });
    expect(await answersQuery(postgres.url)).toBe(true);
    await postgres.stop();
  });
});

describe('a machine without the programs', () => {
  const before = { ...process.env };
  beforeEach(() => {
    process.env.PATH = '';
    process.env.XDG_CACHE_HOME = temporaryFolder('empty-cache');
    delete process.env.JAVA_HOME;
  });
  afterEach(() => {
    process.env = { ...before };
  });

  it('is told how to get Kafka', async () => {
    await expect(kafkaProgram()).rejects.toThrow(
      'Kafka needs Java 17 or newer, which is not on the PATH: install Java 17 or newer and Maven, or start Docker, or set VIGIL_TEST_KAFKA=host:port',
    );
  });

  it('is told how to get Redis', async () => {
    await expect(redisProgram()).rejects.toThrow(
      /^Redis cannot be had \(only root can install.*\): install redis-server or valkey-server 7 or newer, or start Docker, or set VIGIL_TEST_REDIS=/,
    );
  });
});

describe('an address in the environment', () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  it.each([
    ['VIGIL_TEST_KAFKA', '127.0.0.1:1', provideKafka],
    ['VIGIL_TEST_REDIS', 'redis://:secret@127.0.0.1:1', provideRedis],
    ['VIGIL_TEST_POSTGRES', 'postgresql://me:secret@127.0.0.1:1/db', providePostgres],
  ])('is never passed over: %s says that nobody answers there, and no password', async (name, value, provide) => {
    process.env[name] = value;
    const error = await provide().then(
      () => new Error('answered'),
      (reason: Error) => reason,
    );
    expect(error.message).toMatch(
      new RegExp(`^${name}.* does not answer as a .*: start it there, or unset the variable$`),
    );
    expect(error.message).not.toContain('secret');
  });
});
