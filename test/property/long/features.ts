/**
 * The long run: a million hard events through both stores beside the brute-force oracle, every second stream with a catalogue
 * drawn at random. Not part of `npm test`:
 *   npm run test:long [-- --events 1000000 --seed 1]
 * Prints each stream's seed; exits 1 at the first difference.
 */
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { anyCatalogue, lateIn } from '../../helpers/any-catalogue.ts';
import { FULL_CATALOGUE, type StreamOptions } from '../../helpers/feature-cases.ts';
import { differencesFromOracle } from '../../helpers/feature-differences.ts';
import { startRedis } from '../../helpers/servers/redis.ts';

const option = (name: string, fallback: number): number => {
  const place = process.argv.indexOf(`--${name}`);
  return place < 0 ? fallback : Number(process.argv[place + 1]);
};
const total = option('events', 1_000_000);
const firstSeed = option('seed', 1);
const PER_STREAM = 10_000;
const AMOUNTS: readonly StreamOptions['amounts'][] = ['mixed', 'rising', 'falling', 'huge', 'equal', 'tiny after huge'];
const GAPS = [1, 1_000, 20_000, 120_000, 600_000];

const server = await startRedis();
const client = new Redis(server.url);
let found: string[] = [];
try {
  for (let done = 0, stream = 0; done < total && found.length === 0; done += PER_STREAM, stream++) {
    const options: StreamOptions = {
      seed: firstSeed + stream,
      events: Math.min(PER_STREAM, total - done),
      customers: 40,
      counterparties: 60,
      devices: 40,
      meanGapMs: GAPS[stream % GAPS.length] ?? 1_000,
      corrections: [0, 0.03, 0.3][Math.floor(stream / 4) % 3] ?? 0,
      amounts: AMOUNTS[stream % AMOUNTS.length] ?? 'mixed',
    };
    const remote = stream % 4 < 2;
    const drawn = fc.sample(anyCatalogue, { seed: options.seed, numRuns: 30 }).at(-1);
    const catalogue = stream % 2 === 0 || drawn === undefined ? FULL_CATALOGUE : drawn;
    await client.flushall();
    const store = remote ? createRedisFeatureStore({ client, catalogue }) : createMemoryFeatureStore({ catalogue });
    const late = catalogue === FULL_CATALOGUE ? {} : lateIn(catalogue);
    const chunkSize = 1 + ((stream * 7) % 64);
    found = await differencesFromOracle(store, { ...options, ...late }, chunkSize, true, false, catalogue);
    const which = catalogue === FULL_CATALOGUE ? 'every aggregate' : `${catalogue.features.length} drawn features`;
    const what = `${remote ? 'Redis' : 'in process'}, ${which}, ${options.amounts}, gap ${options.meanGapMs} ms`;
    process.stdout.write(`seed ${options.seed}: ${options.events} events, ${what}: ${found.length} differences\n`);
  }
} finally {
  client.disconnect();
  await server.stop();
}
for (const line of found) process.stdout.write(`${line}\n`);
process.exitCode = found.length === 0 ? 0 : 1;
