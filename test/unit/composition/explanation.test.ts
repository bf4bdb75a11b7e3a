import { describe, expect, it } from 'vitest';
import { explainRecord } from '../../../src/composition/http-service.ts';
import type { LoadedConfiguration } from '../../../src/composition/load-generation.ts';
import type { DecisionRecord } from '../../../src/domain/ports.ts';
import { aMessage } from '../../helpers/a-transaction.ts';
import { aFolder, type Folder, ruleFile } from './a-folder.ts';
import { aService } from './a-service.ts';

const onAList = `${ruleFile(1_000)}  - id: watched-payee
    title: { en: "Watched payee", zh-CN: "关注收款人" }
    reason: VEL_COUNT_10M
    when: 'has(tx.counterparty.accountId) && tx.counterparty.accountId in lists.watched_parties'
    outcome: CHALLENGE
    score: 100
    severity: low
`;

async function decided(folder: Folder): Promise<{ record: DecisionRecord; configuration: LoadedConfiguration }> {
  const vigil = await aService(folder);
  const occurredAt = new Date(Date.now() - 1_000).toISOString();
  await vigil.post('/v1/decisions', aMessage({ transactionId: 'T-1', occurredAt, amountMinor: 5_000 }));
  await vigil.untilWritten();
  const record = await vigil.alerts.decision('MOBILE_BANKING', 'T-1');
  if (record === undefined) throw new Error('the decision was not written');
  return { record, configuration: vigil.configuration };
}

const ruleIds = (explanation: ReturnType<typeof explainRecord>) =>
  (explanation.rules as readonly { readonly ruleId: string }[]).map(({ ruleId }) => ruleId);

describe('an explanation', () => {
  it('lists every rule of the ruleset that decided', async () => {
    const { record, configuration } = await decided(aFolder());
    const explanation = explainRecord(record, configuration);
    expect(explanation.rules).toMatchObject([
      {
        ruleId: 'large-transfer',
        status: 'hit',
        steps: [
          { condition: 'tx.type == "TRANSFER"', result: true },
          { condition: 'tx.amountMinor >= 1000', result: true },
        ],
      },
    ]);
    expect(explanation.verdict).toMatchObject({ score: [{ from: 'rule', id: 'large-transfer', points: 200 }] });
    expect(explanation.rulesetInForce).toBe(record.decision.versions.ruleset);
    expect(explanation.redecided).toEqual({ status: 'same' });
  });

  it('lists no rule when another ruleset is in force, and names both', async () => {
    const folder = aFolder();
    const { record } = await decided(folder);
    folder.write('rules/test.yaml', ruleFile(2_000));
    const now = await folder.load();
    const explanation = explainRecord(record, now);
    expect(explanation.rules).toEqual([]);
    expect(explanation.rulesetInForce).toBe(now.generation.versions.ruleset);
    expect(explanation.rulesetInForce).not.toBe(record.decision.versions.ruleset);
    expect(explanation.redecided).toMatchObject({
      status: 'version-missing',
      part: 'ruleset',
      wanted: record.decision.versions.ruleset,
      inForce: explanation.rulesetInForce,
    });
  });

  it('leaves out the rules that ask lists when the lists are others', async () => {
    const folder = aFolder();
    folder.write('rules/test.yaml', onAList);
    const { record, configuration } = await decided(folder);
    expect(ruleIds(explainRecord(record, configuration))).toEqual(['large-transfer', 'watched-payee']);
    folder.write('lists/watched-parties.csv', 'id,source,reason,person\nA-WATCHED-1,police,case 7,li\n');
    const now = await folder.load();
    expect(now.generation.versions.lists).not.toBe(record.decision.versions.lists);
    expect(ruleIds(explainRecord(record, now))).toEqual(['large-transfer']);
    expect(explainRecord(record, now).verdict).toBeNull();
  });
});
