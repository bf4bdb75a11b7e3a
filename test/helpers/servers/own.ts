/**
 * What belongs to one test file alone on the shared servers: its topics, its key prefix, its database. Nothing needs to
 * be cleaned up: our own servers go with the run, and on others the run's names are removed at its end.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import './end-with-runner.ts';
import { testAdmin } from './kafka-admin.ts';
import { databaseUrl } from './postgres.ts';
import './provided.ts';
import { runPrefix } from './run-prefix.ts';

const unique = (): string => randomBytes(4).toString('hex');

export interface OwnTopics {
  readonly brokers: string;
  /** the full name; the same base gives the same name */
  name(base: string): string;
  /** creates all in one call (30 topics: 174 ms at once, 136 ms each one by one) and answers their full names, in order */
  create(topics: Readonly<Record<string, OwnTopicOptions>>): Promise<string[]>;
}

export interface OwnTopicOptions {
  readonly partitions?: number;
  readonly config?: Readonly<Record<string, string>>;
}

export function ownTopics(prefix: string): OwnTopics {
  const brokers = inject('kafkaBrokers');
  const start = `${runPrefix(inject('testRunId'))}${prefix}-${unique()}-`;
  const name = (base: string): string => `${start}${base}`;
  return {
    brokers,
    name,
    async create(topics) {
      const admin = testAdmin(brokers);
      try {
        await admin.connect();
        await admin.createTopics({
          waitForLeaders: true,
          topics: Object.entries(topics).map(([base, { partitions = 1, config = {} }]) => ({
            topic: name(base),
            numPartitions: partitions,
            configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
          })),
        });
      } finally {
        await admin.disconnect();
      }
      return Object.keys(topics).map(name);
    },
  };
}

/** Begins every key of one test file. No braces: a hash tag is the store's own business. */
export function ownKeyPrefix(): string {
  return `${runPrefix(inject('testRunId'))}${unique()}:`;
}

export interface OwnDatabase {
  readonly url: string;
  readonly name: string;
  drop(): Promise<void>;
}

/**
 * A new database copied from a template (30–60 ms) that `migrate` fills once per run, whichever test file comes first.
 * `templateName` stands for what `migrate` makes: two different ones need two names.
 */
export async function ownDatabase(templateName: string, migrate: (url: string) => Promise<void>): Promise<OwnDatabase> {
  const serverUrl = inject('postgresUrl');
  const start = runPrefix(inject('testRunId')).replaceAll('-', '_');
  const template = `${start}template_${templateName}`;
  const name = `${start}${unique()}`;
  await withServer(serverUrl, async (client) => {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [template]); // released when the session ends
    await ensureTemplate(client, serverUrl, template, migrate);
    await client.query(
      `CREATE DATABASE ${client.escapeIdentifier(name)} TEMPLATE ${client.escapeIdentifier(template)}`,
    );
  });
  const drop = (): Promise<void> =>
    withServer(serverUrl, async (client) => {
      await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`);
    });
  return { url: databaseUrl(serverUrl, name), name, drop };
}

/** Built under another name and renamed when it is whole: a failed migration leaves no half template. */
async function ensureTemplate(
  client: pg.Client,
  serverUrl: string,
  template: string,
  migrate: (url: string) => Promise<void>,
): Promise<void> {
  const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
  if (found.rowCount !== 0) return;
  const building = `${template}_building`;
  await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(building)} WITH (FORCE)`);
  await client.query(`CREATE DATABASE ${client.escapeIdentifier(building)} TEMPLATE template0`);
  await migrate(databaseUrl(serverUrl, building));
  await client.query(
    `ALTER DATABASE ${client.escapeIdentifier(building)} RENAME TO ${client.escapeIdentifier(template)}`,
  );
}

async function withServer(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
