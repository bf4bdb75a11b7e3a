import { afterAll, beforeAll, inject } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/alerts/embedded-postgres.ts';
import { createPostgresAlertStore } from '../../../src/alerts/postgres-alert-store.ts';
import type { Clock } from '../../../src/domain/clock.ts';
import { alertStoreSuite, type OpenAlertStore } from '../../conformance/alert-store-suite.ts';
import '../../helpers/servers/provided.ts';
import { type OwnAlertDatabase, ownAlertDatabase } from './own-store.ts';

let embedded: EmbeddedPostgres;
let onEmbedded: OwnAlertDatabase;
let onServer: OwnAlertDatabase;

beforeAll(async () => {
  embedded = await startEmbeddedPostgres();
  onEmbedded = await ownAlertDatabase(embedded.connection);
  onServer = await ownAlertDatabase({ connectionString: inject('postgresUrl') });
});
afterAll(async () => {
  await onServer.remove();
  await onEmbedded.remove();
  await embedded.stop();
});

async function open(database: OwnAlertDatabase, clock: Clock): Promise<OpenAlertStore> {
  await database.reset();
  return {
    store: createPostgresAlertStore({ connection: database.config, clock }),
    remove: async () => undefined,
  };
}

alertStoreSuite('the embedded PostgreSQL', (clock) => open(onEmbedded, clock));
alertStoreSuite('a PostgreSQL server', (clock) => open(onServer, clock));
