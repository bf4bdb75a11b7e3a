/** `vigil alerts verify|retain` against a PostgreSQL of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createPostgresAlertStore } from '../../../src/alerts/postgres-alert-store.ts';
import { migrate } from '../../../src/alerts/postgres-migrate.ts';
import { runAlertsRetain, runAlertsVerify } from '../../../src/cli/alerts-commands.ts';
import type { CommandIo } from '../../../src/cli/io.ts';
import { ownDatabase } from '../../helpers/servers/own.ts';
import { aBatch, aDecision } from '../../unit/alerts/a-decision.ts';

const LI_CLAIMS = ['D-MOBILE_BANKING-T-1', 1, { kind: 'claim' }, 'li'] as const;

let url: string;
let config: string;
let lines: string[];
const io: CommandIo = { out: (line) => void lines.push(line), note: () => undefined, isTerminal: false };

beforeAll(async () => {
  config = await mkdtemp(path.join(tmpdir(), 'vigil-alerts-'));
});
afterAll(() => rm(config, { recursive: true }));

/** An open alert of November 2025, and a decision of December 2025 without one. */
beforeEach(async () => {
  lines = [];
  url = (await ownDatabase('vigil', async (own) => void (await migrate(own)))).url;
  await writeFile(path.join(config, 'vigil.yaml'), `postgres: { url: ${JSON.stringify(url)} }\n`);
  const store = createPostgresAlertStore({ connection: url, clock: { now: () => Date.parse('2026-01-01T00:00:00Z') } });
  const decisions = [
    aDecision({ transactionId: 'T-1', decidedAt: '2025-11-20T00:00:00.000Z', alert: true }),
    aDecision({ transactionId: 'T-2', decidedAt: '2025-12-20T00:00:00.000Z', alert: false }),
  ];
  await store.record(aBatch(decisions));
  await store.act(...LI_CLAIMS);
  await store.close();
});

async function tamper(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`SET session_replication_role = replica; ${sql}`);
  await client.end();
}

it('says that the audit trail is whole, with the head to note elsewhere', async () => {
  expect(await runAlertsVerify({ config }, io)).toBe(0);
  expect(lines[0]).toBe('the audit trail is as it was written: 1 entries');
  expect(lines[1]).toMatch(/--noted of the next check: 1:[0-9a-f]{64}$/);
});

it('ends with 1 and names the entry that was changed', async () => {
  await tamper("UPDATE alert_actions SET actor = 'wang'");
  expect(await runAlertsVerify({ config }, io)).toBe(1);
  expect(lines).toEqual([
    'ALTERED at entry 1: entry 1 of the audit trail is not as it was written, or not in its place',
  ]);
});

it('finds a trail that was written anew by the head that was noted', async () => {
  expect(await runAlertsVerify({ config, noted: `1:${'a'.repeat(64)}` }, io)).toBe(1);
  expect(lines[0]).toContain('the audit trail was written anew');
});

it.each(['1', '1:xyz', `-1:${'a'.repeat(64)}`])('refuses --noted %s', async (noted) => {
  await expect(runAlertsVerify({ config, noted }, io)).rejects.toMatchObject({ code: 'USAGE' });
});

it('names what it would drop, drops it, and keeps the month of an open alert', async () => {
  expect(await runAlertsRetain({ config, keepMonths: 2, dryRun: true }, io)).toBe(0);
  expect(lines.splice(0)).toEqual(['2025-12  would be dropped', '2025-11  stays: an alert of it is not closed']);
  expect(await runAlertsRetain({ config, keepMonths: 2 }, io)).toBe(0);
  expect(lines.splice(0)).toEqual([
    '2025-12  dropped',
    '2025-11  stays: an alert of it is not closed',
    '1 transactions are no longer known',
  ]);
  expect(await runAlertsRetain({ config, keepMonths: 600 }, io)).toBe(0);
  expect(lines).toEqual(['no decision is older than 600 months']);
});

it('refuses to drop what the topics still hold', async () => {
  const text = `postgres: { url: ${JSON.stringify(url)} }\nkafka: { retentionHours: 1488 }\n`;
  await writeFile(path.join(config, 'vigil.yaml'), text);
  await expect(runAlertsRetain({ config, keepMonths: 2 }, io)).rejects.toThrow(/shorter than the topics keep messages/);
  expect(await runAlertsRetain({ config, keepMonths: 3, dryRun: true }, io)).toBe(0);
});

it('says in one sentence that the database is not there, or not prepared', async () => {
  const empty = (await ownDatabase('bare', async () => undefined)).url;
  await writeFile(path.join(config, 'vigil.yaml'), `postgres: { url: ${JSON.stringify(empty)} }\n`);
  await expect(runAlertsVerify({ config }, io)).rejects.toMatchObject({ name: 'VigilError' });
  await expect(runAlertsRetain({ config, keepMonths: 2 }, io)).rejects.toMatchObject({ name: 'VigilError' });
});
