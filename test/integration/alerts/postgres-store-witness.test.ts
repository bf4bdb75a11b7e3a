/** How far the counters are, remembered in PostgreSQL: the furthest stays, whoever comes last. */
import { afterAll, expect, it } from 'vitest';
import { migrate } from '../../../src/alerts/postgres-migrate.ts';
import { createPostgresStoreWitness } from '../../../src/alerts/postgres-store-witness.ts';
import { ownDatabase } from '../../helpers/servers/own.ts';

const { url } = await ownDatabase('witness', async (database) => void (await migrate(database)));
const open = (keyPrefix: string) =>
  createPostgresStoreWitness({ connection: url, statementTimeoutMs: 5_000, queryTimeoutMs: 6_000, keyPrefix });
const [witness, other] = [open('vigil'), open('another')];
afterAll(async () => {
  await witness.close();
  await other.close();
});

it('remembers the furthest mark of the newest epoch, of each prefix its own', async () => {
  expect(await witness.recall()).toBeUndefined();
  await Promise.all([7, 3, 9, 1].map((mark) => witness.keep({ epochMs: 1_000, mark })));
  expect(await witness.recall()).toEqual({ epochMs: 1_000, mark: 9 });
  await witness.keep({ epochMs: 2_000, mark: 2 });
  await witness.keep({ epochMs: 1_000, mark: 50 });
  expect(await witness.recall()).toEqual({ epochMs: 2_000, mark: 2 });
  expect(await other.recall()).toBeUndefined();
});
