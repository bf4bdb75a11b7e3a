import pg from 'pg';
import { expect, it } from 'vitest';
import { createPostgresConfigStore } from '../../../src/alerts/postgres-config-store.ts';
import { migrate } from '../../../src/alerts/postgres-migrate.ts';
import { configStoreSuite } from '../../conformance/config-store-suite.ts';
import { ownDatabase } from '../../helpers/servers/own.ts';

const ownUrl = async (): Promise<string> => (await ownDatabase('vigil', async (url) => void (await migrate(url)))).url;

configStoreSuite('in PostgreSQL', async () => createPostgresConfigStore({ connection: await ownUrl() }));

it('refuses to change or remove what was written', async () => {
  const url = await ownUrl();
  const store = createPostgresConfigStore({ connection: url });
  await store.propose({
    hash: 'h',
    files: [{ file: 'policy.yaml', text: '' }],
    author: 'Li',
    proposedAtMs: 1,
    fromFolder: false,
  });
  await store.addStep({ kind: 'activate', hash: 'h', by: 'Li', atMs: 1, dueMs: 1 });
  await store.close();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const sql of [
      "UPDATE config_versions SET author = 'Wang'",
      'DELETE FROM config_steps',
      "INSERT INTO config_steps (kind, hash, actor, at, due_at) VALUES ('activate', 'no such', 'x', now(), now())",
    ])
      await expect(client.query(sql)).rejects.toThrow(/append-only|foreign key/);
  } finally {
    await client.end();
  }
});
