/** A real stack of one test file's own, in this process: own topics, groups, key prefix and database on the shared servers. */

import { inject } from 'vitest';
import { migrate } from '../../src/alerts/postgres-migrate.ts';
import { buildConfiguration, type LoadedConfiguration } from '../../src/composition/load-generation.ts';
import {
  migrateEverything,
  type RealOptions,
  type RealStack,
  startRealStack,
} from '../../src/composition/real-stack.ts';
import { systemClock } from '../../src/composition/system-clock.ts';
import { readSources } from '../../src/config/read-sources.ts';
import { formatFault } from '../../src/domain/config-fault.ts';
import { createTelemetry, type Telemetry } from '../../src/telemetry/events.ts';
import { ownDatabase, ownKeyPrefix, ownTopics } from './servers/own.ts';

export interface OwnStackOptions
  extends Partial<Pick<RealOptions, 'failpoint' | 'onScored' | 'wrapModel' | 'wrapRedis' | 'reload'>> {
  readonly partitions?: number;
  /** another Redis than the shared one */
  readonly redisUrl?: string;
  /** how long a chunk waits for Redis; long by default, since test machines are busy */
  readonly redisBudgetMs?: number;
  /** another server than the shared one, with its database */
  readonly postgresUrl?: string;
  /** what differs from the shipped configuration */
  readonly ownDir?: string;
  /** further sections of vigil.yaml */
  readonly settings?: string;
  readonly telemetry?: (telemetry: Telemetry) => Telemetry;
}

export interface OwnStack {
  readonly configuration: LoadedConfiguration;
  readonly topics: LoadedConfiguration['settings']['kafka']['topics'];
  readonly databaseUrl: string;
  start(): Promise<RealStack>;
}

export async function ownStack(options: OwnStackOptions = {}): Promise<OwnStack> {
  const names = ownTopics('stack');
  const databaseUrl = options.postgresUrl ?? (await ownDatabase('vigil', async (url) => void (await migrate(url)))).url;
  const redisUrl = options.redisUrl ?? inject('redisUrl');
  const sources = await readSources(options.ownDir);
  const own = `
kafka:
  brokers: [${inject('kafkaBrokers')
    .split(',')
    .map((broker) => JSON.stringify(broker))
    .join(', ')}]
  partitions: ${options.partitions ?? 1}
  group: ${JSON.stringify(names.name('scoring'))}
  alertGroup: ${JSON.stringify(names.name('alerts'))}
  feedbackGroup: ${JSON.stringify(names.name('feedback'))}
  topics:
    transactions: ${JSON.stringify(names.name('transactions'))}
    decisions: ${JSON.stringify(names.name('decisions'))}
    deadLetters: ${JSON.stringify(names.name('dead-letters'))}
    feedback: ${JSON.stringify(names.name('feedback'))}
    channelResults: ${JSON.stringify(names.name('channel-results'))}
redis:
  url: ${JSON.stringify(redisUrl.startsWith('/') ? `unix:${redisUrl}` : redisUrl)}
  keyPrefix: ${JSON.stringify(ownKeyPrefix().replace(/:$/, ''))}
  budgetMs: ${options.redisBudgetMs ?? 2000}
postgres: { url: ${JSON.stringify(databaseUrl)} }
model: { budgetMs: 5000 }
${options.settings ?? ''}`;
  const loaded = buildConfiguration({ ...sources, ownSettings: { file: 'own/vigil.yaml', text: own } }, {});
  if (!loaded.ok) throw new Error(loaded.error.map(formatFault).join('\n'));
  const configuration = loaded.value;
  await migrateEverything(configuration.settings);
  const telemetry = createTelemetry({
    level: 'silent',
    channels: [...configuration.channels.channels.keys()],
    clock: systemClock,
    homeCurrency: 'CNY',
    withProcess: false,
  });
  const { failpoint, onScored, wrapModel, wrapRedis, reload } = options;
  return {
    configuration,
    topics: configuration.settings.kafka.topics,
    databaseUrl,
    start: () =>
      startRealStack({
        configuration,
        clock: systemClock,
        telemetry: options.telemetry?.(telemetry) ?? telemetry,
        ...(failpoint === undefined ? {} : { failpoint }),
        ...(onScored === undefined ? {} : { onScored }),
        ...(wrapModel === undefined ? {} : { wrapModel }),
        ...(wrapRedis === undefined ? {} : { wrapRedis }),
        ...(reload === undefined ? {} : { reload }),
      }),
  };
}
