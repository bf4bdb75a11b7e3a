import { describe, expect, it } from 'vitest';
import { readiness } from '../../../src/composition/http-service.ts';
import type { FeatureStore } from '../../../src/domain/ports.ts';
import { aMessage } from '../../helpers/a-transaction.ts';
import { aFolder, ruleFile } from './a-folder.ts';
import { aService } from './a-service.ts';

const now = (): string => new Date(Date.now() - 1_000).toISOString();
const transfer = (transactionId: string, overrides: Record<string, unknown> = {}) =>
  aMessage({ transactionId, occurredAt: now(), amountMinor: 5_000, ...overrides });

const burst = `ruleset: test
version: "1"
rules:
  - id: burst
    title: { en: "Burst", zh-CN: "密集" }
    reason: VEL_COUNT_10M
    when: 'features.customer_transfer_count_10m >= 4'
    outcome: HOLD
    score: 300
    severity: high
`;

const aBank = (settings = 'model: { enabled: false }\n') => {
  const folder = aFolder(settings);
  folder.write('rules/test.yaml', burst);
  folder.remove('rules/tests');
  return folder;
};

describe('POST /v1/dry-run', () => {
  it('decides with the customer’s own past, names the fields that took part, and stores nothing', async () => {
    const recorded: number[] = [];
    const counting = (store: FeatureStore): FeatureStore => ({
      ...store,
      recordAndRead: (chunk) => {
        recorded.push(chunk.length);
        return store.recordAndRead(chunk);
      },
    });
    const vigil = await aService(aBank(), { wrapStore: counting });
    for (const id of ['T-1', 'T-2', 'T-3']) expect((await vigil.post('/v1/decisions', transfer(id))).status).toBe(200);
    await vigil.untilWritten();
    const before = {
      recorded: recorded.length,
      ends: vigil.bus.ends(vigil.topics.decisions),
      counts: await vigil.alerts.counts(),
    };

    for (const _ of [1, 2]) {
      const { status, body } = await vigil.post('/v1/dry-run', transfer('T-9'));
      expect(status).toBe(200);
      expect(body.history).toEqual({ transactions: 3, of: 'customer' });
      expect(body.live.decision).toMatchObject({ outcome: 'HOLD', transactionId: 'T-9', alert: true });
      expect(body.live.rules).toMatchObject([
        { ruleId: 'burst', status: 'hit', values: { 'features.customer_transfer_count_10m': 4 } },
      ]);
    }
    // one that was decided already does not count itself as its own past
    expect((await vigil.post('/v1/dry-run', transfer('T-3'))).body.live.decision.outcome).toBe('ALLOW');

    expect({
      recorded: recorded.length,
      ends: vigil.bus.ends(vigil.topics.decisions),
      counts: await vigil.alerts.counts(),
    }).toEqual(before);
    expect(await vigil.alerts.decision('MOBILE_BANKING', 'T-9')).toBeUndefined();
    // the fourth transfer in truth is the fourth, and not the seventh
    const { body } = await vigil.post('/v1/decisions', transfer('T-4'));
    expect(body.evidence.features.customer_transfer_count_10m).toBe(4);
  });

  it('answers a malformed event with the parser’s code', async () => {
    const vigil = await aService(aBank());
    expect(await vigil.post('/v1/dry-run', transfer('T-1', { channel: 'PIGEON' }))).toMatchObject({
      status: 400,
      body: { code: 'UNKNOWN_CHANNEL', path: '/channel' },
    });
    expect(await vigil.post('/v1/dry-run', '{"broken')).toMatchObject({ status: 400, body: { code: 'NOT_JSON' } });
  });

  it('tries the candidate’s rules beside those in force, and says what is wrong with them', async () => {
    const candidate = aFolder();
    candidate.write('rules/test.yaml', ruleFile(4_000));
    const vigil = await aService(
      aBank(`model: { enabled: false }\nreload: { candidateDir: ${JSON.stringify(candidate.dir)} }\n`),
    );
    const first = await vigil.post('/v1/dry-run', transfer('T-1'));
    expect(first.body.live.decision.outcome).toBe('ALLOW');
    expect(first.body.candidate.decision).toMatchObject({ outcome: 'CHALLENGE', hits: [{ ruleId: 'large-transfer' }] });
    candidate.write('rules/test.yaml', ruleFile(4_000).replace('tx.type', 'tx.typo'));
    const second = await vigil.post('/v1/dry-run', transfer('T-1'));
    expect(second.body.live.decision.outcome).toBe('ALLOW');
    expect(second.body.candidate.faults.join()).toContain('tx.typo');
  });

  it('uses the rules that are in force now', async () => {
    const folder = aBank();
    const vigil = await aService(folder);
    folder.write('rules/test.yaml', ruleFile(4_000));
    await expect
      .poll(() => vigil.live.current().configuration.ruleset.rules[0]?.id, { timeout: 10_000 })
      .toBe('large-transfer');
    expect((await vigil.post('/v1/dry-run', transfer('T-1'))).body.live.decision.outcome).toBe('CHALLENGE');
    expect((await vigil.post('/v1/decisions', transfer('T-1'))).body.outcome).toBe('CHALLENGE');
  });
});

describe('readiness', () => {
  it('is lost when the bus was asked for nothing for half a minute, also by a member that holds no partition', async () => {
    const { service, alerts } = await aService(aBank());
    const silent = (silentMs: number, ages: readonly number[] = []) => ({
      alerts,
      service: {
        ...service,
        subscriptions: {
          ...service.subscriptions,
          transactions: {
            ...service.subscriptions.transactions,
            silentForMs: () => silentMs,
            lastFetchAgeMs: () => new Map(ages.entries()),
          },
        },
      },
    });
    expect((await readiness({ service, alerts })).ok).toBe(true);
    expect((await readiness(silent(31_000))).checks[0]).toEqual({
      name: 'consumer',
      ok: false,
      detail: 'no messages were asked for since 31 s',
    });
    expect((await readiness(silent(10, [31_000, 5]))).ok).toBe(false);
    expect((await readiness(silent(29_000, [5]))).ok).toBe(true);
  });
});
