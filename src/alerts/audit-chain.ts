/**
 * The audit trail's hash chain: each entry's sha256 covers the entry and the hash before it, so an edit, a deletion or a
 * new order breaks the chain at its place. What is cut off at the end is seen from the head (number and hash of the last
 * entry), which is kept beside the trail; whoever can rewrite both is caught by a head that was noted elsewhere.
 */
import { hash } from 'node:crypto';
import type { AlertHistoryEntry } from '../domain/alert.ts';

export interface AuditEntry extends AlertHistoryEntry {
  readonly seq: number;
  readonly alertId: string;
}

export interface ChainedEntry extends AuditEntry {
  readonly hash: string;
}

export interface AuditHead {
  /** 0 and GENESIS before the first entry */
  readonly seq: number;
  readonly hash: string;
}

export const GENESIS = '0'.repeat(64);
export const EMPTY_HEAD: AuditHead = { seq: 0, hash: GENESIS };

export type AuditFault = 'MISSING' | 'ALTERED' | 'TRUNCATED' | 'STATE';

export type AuditVerdict =
  | { readonly ok: true; readonly entries: number; readonly head: AuditHead }
  | {
      readonly ok: false;
      /** STATE: the trail is whole, and an alert is not as its last entry left it */
      readonly fault: AuditFault;
      /** the number of the first entry that is not as it was written; for STATE the alert's last entry, 0 = none */
      readonly seq: number;
      readonly message: string;
    };

/** JSON of a fixed list of fields: unambiguous, and every character of a note counts. */
export function entryHash(previousHash: string, entry: AuditEntry): string {
  const { seq, alertId, kind, actor, at, fromStatus, toStatus, version, disposition, note } = entry;
  return hash(
    'sha256',
    JSON.stringify([previousHash, seq, alertId, kind, actor, at, fromStatus, toStatus, version, disposition, note]),
    'hex',
  );
}

export interface AuditVerifier {
  /** the fault that this entry shows, if any */
  take(entry: ChainedEntry): AuditVerdict | undefined;
  finish(head: AuditHead): AuditVerdict;
}

/**
 * Takes the entries one by one, in order of `seq`, so that a long trail is checked in pages. `noted` is a head that was
 * written down elsewhere earlier: it must be a place of this trail.
 */
export function auditVerifier(noted: AuditHead = EMPTY_HEAD): AuditVerifier {
  let last: AuditHead = EMPTY_HEAD;
  return {
    take(entry) {
      const seq = last.seq + 1;
      if (entry.seq !== seq) {
        return fault('MISSING', seq, `entry ${seq} of the audit trail is missing (the next one is ${entry.seq})`);
      }
      if (entryHash(last.hash, entry) !== entry.hash) {
        return fault('ALTERED', seq, `entry ${seq} of the audit trail is not as it was written, or not in its place`);
      }
      last = { seq, hash: entry.hash };
      if (seq === noted.seq && entry.hash !== noted.hash) {
        return fault('ALTERED', seq, `the audit trail was written anew: entry ${seq} has not the hash that was noted`);
      }
      return undefined;
    },
    finish(head) {
      const end = Math.max(head.seq, noted.seq);
      if (end > last.seq) {
        const cut = end - last.seq;
        return fault('TRUNCATED', last.seq + 1, `the last ${cut} of ${end} entries of the audit trail are gone`);
      }
      if (head.seq === last.seq && head.hash === last.hash) return { ok: true, entries: last.seq, head: last };
      return fault('ALTERED', last.seq, 'the audit trail does not end with the number and hash that its head names');
    },
  };
}

export const fault = (kind: AuditFault, seq: number, message: string): Extract<AuditVerdict, { ok: false }> => ({
  ok: false,
  fault: kind,
  seq,
  message,
});
