/**
 * The servers of the project "integration": found or started before its first test, ended after its last. Addresses come
 * from VIGIL_TEST_KAFKA, VIGIL_TEST_REDIS (or REDIS_URL) and VIGIL_TEST_POSTGRES where they are set. A server that cannot
 * be had fails the run with a sentence that says how to get it.
 */
import { randomBytes } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { chromiumProgram } from './browser-program.ts';
import { removeLeftovers } from './leftovers.ts';
import { type ProvidedServer, provideKafka, providePostgres, provideRedis } from './provide-server.ts';
import './provided.ts';
import { reapAll } from './reaper.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // the browser is no server, but it is found or fetched the same way, and once
  const browser = chromiumProgram();
  const results = await Promise.allSettled([provideKafka(), provideRedis(), providePostgres(), browser]);
  const [kafka, redis, postgres] = results
    .slice(0, 3)
    .map((result) => (result.status === 'fulfilled' ? (result.value as ProvidedServer) : undefined));
  if (kafka === undefined || redis === undefined || postgres === undefined || results[3]?.status === 'rejected') {
    await reapAll();
    throw new Error(results.flatMap(reasonOf).join('\n'));
  }
  process.stdout.write(`browser  ${await browser}\n`);
  const testRunId = randomBytes(4).toString('hex');
  for (const [name, server] of Object.entries({ kafka, redis, postgres })) announce(name, server);
  project.provide('kafkaBrokers', kafka.url);
  project.provide('redisUrl', redis.url);
  project.provide('postgresUrl', postgres.url);
  project.provide('testRunId', testRunId);
  return async () => {
    await removeLeftovers({ kafka, redis, postgres, testRunId });
    await Promise.all([kafka.stop(), redis.stop(), postgres.stop()]);
    await reapAll();
  };
}

const reasonOf = (result: PromiseSettledResult<unknown>): string[] => {
  if (result.status === 'fulfilled') return [];
  return [result.reason instanceof Error ? result.reason.message : String(result.reason)];
};

function announce(name: string, server: ProvidedServer): void {
  const where = server.isExternal ? '' : ` at ${server.url}`;
  process.stdout.write(`${name.padEnd(8)} ${server.origin}${where}\n`);
}
