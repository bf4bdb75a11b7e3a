import { describe, expect, it } from 'vitest';
import {
  type AuditEntry,
  type AuditHead,
  type AuditVerdict,
  auditVerifier,
  type ChainedEntry,
  EMPTY_HEAD,
  entryHash,
} from '../../../src/alerts/audit-chain.ts';

const anEntry = (seq: number): AuditEntry => ({
  seq,
  alertId: `A-${seq % 3}`,
  kind: 'claim',
  actor: 'li',
  at: '2026-11-20T03:00:00.000Z',
  fromStatus: 'open',
  toStatus: 'claimed',
  version: 2,
  disposition: null,
  note: null,
});

function aTrail(length: number): ChainedEntry[] {
  const trail: ChainedEntry[] = [];
  let previous = EMPTY_HEAD.hash;
  for (let seq = 1; seq <= length; seq += 1) {
    const entry = { ...anEntry(seq), hash: entryHash(previous, anEntry(seq)) };
    trail.push(entry);
    previous = entry.hash;
  }
  return trail;
}

const headOf = (trail: readonly ChainedEntry[]): AuditHead => {
  const last = trail.at(-1);
  return last === undefined ? EMPTY_HEAD : { seq: last.seq, hash: last.hash };
};

function verify(trail: readonly ChainedEntry[], head: AuditHead, noted?: AuditHead): AuditVerdict {
  const verifier = auditVerifier(noted);
  for (const entry of trail) {
    const fault = verifier.take(entry);
    if (fault !== undefined) return fault;
  }
  return verifier.finish(head);
}

describe('the audit chain', () => {
  it('is sound as it was written, also when it is empty', () => {
    const trail = aTrail(5);
    expect(verify(trail, headOf(trail))).toEqual({ ok: true, entries: 5, head: headOf(trail) });
    expect(verify([], EMPTY_HEAD)).toEqual({ ok: true, entries: 0, head: EMPTY_HEAD });
  });

  it('has the hash that an independent sha256 of the fields gives', () => {
    // printf '%s' '["000…0",1,"A-1","claim","li","2026-11-20T03:00:00.000Z","open","claimed",2,null,null]' | sha256sum
    expect(entryHash(EMPTY_HEAD.hash, anEntry(1))).toBe(
      '326ec3f3113cf0083059d1eb8d1038bfc48f2b574cf59057d8ca5b159488885d',
    );
  });

  it.each<[string, Partial<ChainedEntry>]>([
    ['actor', { actor: 'wang' }],
    ['time', { at: '2026-11-20T03:00:00.001Z' }],
    ['note', { note: '' }],
    ['alert', { alertId: 'A-9' }],
    ['version', { version: 3 }],
    ['disposition', { disposition: 'genuine' }],
    ['hash', { hash: 'f'.repeat(64) }],
  ])('shows the place of an altered %s', (_, change) => {
    const trail = aTrail(5);
    const altered = trail.map((entry) => (entry.seq === 3 ? { ...entry, ...change } : entry));
    expect(verify(altered, headOf(trail))).toMatchObject({ ok: false, fault: 'ALTERED', seq: 3 });
  });

  it('shows a deleted entry', () => {
    const trail = aTrail(5);
    const without = trail.filter((entry) => entry.seq !== 2);
    expect(verify(without, headOf(trail))).toMatchObject({ ok: false, fault: 'MISSING', seq: 2 });
  });

  it('shows a deleted entry also when the others were numbered anew', () => {
    const trail = aTrail(5);
    const renumbered = trail.filter((entry) => entry.seq !== 2).map((entry, index) => ({ ...entry, seq: index + 1 }));
    expect(verify(renumbered, headOf(renumbered))).toMatchObject({ ok: false, fault: 'ALTERED', seq: 2 });
  });

  it('shows two entries that changed places', () => {
    const [a, b, c] = aTrail(3);
    if (a === undefined || b === undefined || c === undefined) throw new Error('three entries');
    const swapped = [a, { ...c, seq: 2 }, { ...b, seq: 3 }];
    expect(verify(swapped, headOf([a, b, c]))).toMatchObject({ ok: false, fault: 'ALTERED', seq: 2 });
  });

  it('shows a trail that was cut off, from its head', () => {
    const trail = aTrail(5);
    expect(verify(trail.slice(0, 3), headOf(trail))).toMatchObject({ ok: false, fault: 'TRUNCATED', seq: 4 });
    expect(verify([], headOf(trail))).toMatchObject({ ok: false, fault: 'TRUNCATED', seq: 1 });
  });

  it('shows a trail whose head was put back too, from a head that was noted elsewhere', () => {
    const trail = aTrail(5);
    const cut = trail.slice(0, 3);
    expect(verify(cut, headOf(cut))).toMatchObject({ ok: true });
    expect(verify(cut, headOf(cut), headOf(trail))).toMatchObject({ ok: false, fault: 'TRUNCATED', seq: 4 });
  });

  it('shows a trail that was written anew, from a head that was noted elsewhere', () => {
    const noted = headOf(aTrail(3));
    const forged: ChainedEntry[] = [];
    for (const entry of aTrail(5)) {
      const changed = { ...entry, actor: 'forger' };
      forged.push({ ...changed, hash: entryHash(forged.at(-1)?.hash ?? EMPTY_HEAD.hash, changed) });
    }
    expect(verify(forged, headOf(forged))).toMatchObject({ ok: true });
    expect(verify(forged, headOf(forged), noted)).toMatchObject({ ok: false, fault: 'ALTERED', seq: 3 });
  });

  it('shows entries beyond the head', () => {
    const trail = aTrail(5);
    expect(verify(trail, headOf(trail.slice(0, 4)))).toMatchObject({ ok: false, fault: 'ALTERED' });
  });
});
