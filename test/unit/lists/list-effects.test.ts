import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/domain/decision.ts';
import { applyListEffects, listEffects, NO_LIST_EFFECTS } from '../../../src/rules/lists/list-effects.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';
import { aList, HEADER, loaded } from './a-list.ts';

const row = (id: string) => `${HEADER}\n${id},,,s,r,p\n`;
const draft = (outcome: Outcome, more: { limitOutcome?: Outcome; lawOutcome?: Outcome; alert?: boolean } = {}) => ({
  outcome,
  limitOutcome: more.limitOutcome ?? 'ALLOW',
  lawOutcome: more.lawOutcome ?? 'ALLOW',
  alert: more.alert ?? outcome !== 'ALLOW',
});

const deny = aList({ name: 'denied', csv: row('BAD') });
const lawful = aList({ name: 'lawful', csv: row('LAW'), more: 'reason: LIST_LAW\nbyLaw: true' });
const mule = aList({ name: 'mules', kind: 'mule', csv: row('MULE') });
const force = aList({
  name: 'forced',
  kind: 'force',
  entities: '[customer]',
  csv: row('C-FORCE'),
  more: 'reason: LIST_F\noutcome: CHALLENGE',
});
const watch = aList({ name: 'watched', kind: 'watch', entities: '[customer]', csv: row('C-WATCH') });
const allow = aList({ name: 'allowed', kind: 'allow', more: 'byLaw: false', csv: row('GOOD') });
const suppress = aList({
  name: 'quiet',
  kind: 'suppress',
  entities: '[customer]',
  more: 'byLaw: false',
  csv: row('C-QUIET'),
});
const lists = loaded([...deny, ...lawful, ...mule, ...force, ...watch, ...allow, ...suppress]);

const effectsFor = (customerId: string, payee: string) =>
  listEffects(lists, aTransaction({ customerId, accountId: 'OWN', counterparty: { accountId: payee } }).transaction);

describe('effects of lists', () => {
  it('finds nothing for parties that are on no list', () => {
    expect(effectsFor('C1', 'P1')).toBe(NO_LIST_EFFECTS);
    expect(applyListEffects(NO_LIST_EFFECTS, draft('CHALLENGE'))).toEqual({
      outcome: 'CHALLENGE',
      alert: true,
      lawOutcome: 'ALLOW',
      reasons: [],
    });
  });

  it('blocks and alerts for a denied counterparty, and says which entry it was', () => {
    const effects = effectsFor('C1', 'BAD');
    expect(effects.deny[0]).toMatchObject({
      list: 'denied',
      entity: 'counterparty',
      entry: { id: 'BAD', person: 'p' },
    });
    expect(applyListEffects(effects, draft('ALLOW'))).toEqual({
      outcome: 'BLOCK',
      alert: true,
      lawOutcome: 'ALLOW',
      reasons: ['LIST_TEST'],
    });
  });

  it('holds for a mule account and never lowers a block to it', () => {
    expect(applyListEffects(effectsFor('C1', 'MULE'), draft('ALLOW')).outcome).toBe('HOLD');
    expect(applyListEffects(effectsFor('C1', 'MULE'), draft('BLOCK')).outcome).toBe('BLOCK');
  });

  it('forces an outcome without an alert of its own', () => {
    expect(applyListEffects(effectsFor('C-FORCE', 'P'), draft('ALLOW'))).toMatchObject({
      outcome: 'CHALLENGE',
      alert: false,
    });
  });

  it('raises an alert for a watched customer and leaves the outcome', () => {
    expect(applyListEffects(effectsFor('C-WATCH', 'P'), draft('ALLOW'))).toMatchObject({
      outcome: 'ALLOW',
      alert: true,
    });
  });

  it('takes back what rules ask for when the payee is allowed, but nothing of a limit, the law or a deny list', () => {
    const good = effectsFor('C1', 'GOOD');
    expect(applyListEffects(good, draft('BLOCK'))).toMatchObject({ outcome: 'ALLOW', alert: false });
    expect(applyListEffects(good, draft('ALLOW', { limitOutcome: 'BLOCK', alert: true }))).toMatchObject({
      outcome: 'BLOCK',
      alert: true,
    });
    expect(applyListEffects(good, draft('ALLOW', { lawOutcome: 'HOLD', alert: true }))).toMatchObject({
      outcome: 'HOLD',
      alert: true,
    });
    expect(applyListEffects(effectsFor('C-FORCE', 'GOOD'), draft('BLOCK')).outcome).toBe('CHALLENGE');
  });

  it('hides the alert of a suppressed customer and keeps the outcome', () => {
    expect(applyListEffects(effectsFor('C-QUIET', 'P'), draft('HOLD'))).toMatchObject({
      outcome: 'HOLD',
      alert: false,
    });
    expect(applyListEffects(effectsFor('C-OTHER', 'P'), draft('HOLD'))).toMatchObject({ outcome: 'HOLD', alert: true });
  });

  it('never hides a BLOCK by law: neither of a list nor of a limit', () => {
    expect(applyListEffects(effectsFor('C-QUIET', 'LAW'), draft('ALLOW'))).toEqual({
      outcome: 'BLOCK',
      alert: true,
      lawOutcome: 'BLOCK',
      reasons: ['LIST_LAW'],
    });
    expect(
      applyListEffects(effectsFor('C-QUIET', 'P'), draft('ALLOW', { lawOutcome: 'BLOCK', alert: true })),
    ).toMatchObject({ outcome: 'BLOCK', alert: true });
    expect(applyListEffects(effectsFor('C-QUIET', 'BAD'), draft('ALLOW')).alert).toBe(true);
  });
});
