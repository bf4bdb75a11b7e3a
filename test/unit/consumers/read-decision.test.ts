import { describe, expect, it } from 'vitest';
import { readDecision } from '../../../src/consumers/read-decision.ts';
import { aDecision, aProvisionalDecision } from '../alerts/a-decision.ts';
import { bytes } from './consumer-helpers.ts';

const read = (value: unknown) => readDecision(bytes(JSON.stringify(value)));

describe('a decision from the topic', () => {
  it('is read with its exact bytes', () => {
    const text = JSON.stringify(aDecision({ transactionId: '交易-1' }));
    expect(readDecision(bytes(text))).toEqual({ ok: true, value: { decision: JSON.parse(text), bytes: text } });
  });

  it('may be a fallback of a refused message', () => {
    expect(read(aProvisionalDecision()).ok).toBe(true);
  });

  it.each([
    ['not JSON', '{', 'the message is not JSON in UTF-8'],
    ['a list', '[]', 'it is not an object'],
    ['another version', JSON.stringify({ ...aDecision(), schemaVersion: 2 }), 'schemaVersion'],
    ['no id', JSON.stringify({ ...aDecision(), decisionId: '' }), 'decisionId'],
    ['an unknown outcome', JSON.stringify({ ...aDecision(), outcome: 'MAYBE' }), 'outcome'],
    ['a score beyond 1000', JSON.stringify({ ...aDecision(), riskScore: 1001 }), 'riskScore'],
    ['a time that is none', JSON.stringify({ ...aDecision(), decidedAt: 'yesterday' }), 'decidedAt'],
    ['a reason without text', JSON.stringify({ ...aDecision(), reasons: [{ code: 'X' }] }), 'reasons'],
    ['no hits', JSON.stringify({ ...aDecision(), hits: undefined }), 'hits'],
    ['evidence that is a list', JSON.stringify({ ...aDecision(), evidence: [] }), 'evidence'],
  ])('is refused when it is %s', (_, text, fault) => {
    const result = readDecision(bytes(text));
    expect(result.ok ? 'accepted' : result.error).toContain(fault);
  });

  it('is refused when it is a tombstone or not UTF-8', () => {
    expect(readDecision(null).ok).toBe(false);
    expect(readDecision(Buffer.from([0x22, 0xff, 0x22])).ok).toBe(false);
  });
});
