/** Three real servers for one program of its own (benchmarks, long runs), a configuration that names them, and their end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type KafkaServer, startKafka } from './servers/kafka.ts';
import { type PostgresServer, startPostgres } from './servers/postgres.ts';
import { reapAll } from './servers/reaper.ts';
import { type RedisServer, startRedis } from './servers/redis.ts';

export interface RealServers {
  readonly kafka: KafkaServer;
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  /** for Vigil's process or loader */
  readonly environment: Readonly<Record<string, string>>;
  /** a folder for files of the run */
  readonly folder: string;
  close(): Promise<void>;
}

export async function startRealServers(options: {
  readonly partitions: number;
  readonly isFast?: boolean;
}): Promise<RealServers> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vigil-run-'));
  const jvmFlags = options.isFast === true ? { jvmFlags: ['-Xmx1g', '-XX:+UseSerialGC'] } : {};
  const [kafka, redis, postgres] = await Promise.all([startKafka(jvmFlags), startRedis(), startPostgres()]);
  return {
    kafka,
    redis,
    postgres,
    folder,
    environment: {
      VIGIL_KAFKA_BROKERS: kafka.brokers,
      VIGIL_KAFKA_PARTITIONS: String(options.partitions),
      VIGIL_REDIS_URL: redis.url.startsWith('/') ? `unix:${redis.url}` : redis.url,
      VIGIL_POSTGRES_URL: postgres.url,
      VIGIL_HTTP_PORT: '0',
      VIGIL_HTTP_TOKEN: 'for-this-run-only',
      VIGIL_LOG_LEVEL: 'warn',
    },
    async close() {
      await Promise.all([kafka.stop(), redis.stop(), postgres.stop()]);
      await reapAll();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
