/**
 * The alert store in process: the same answers as the Postgres store, for tests and for runs that keep nothing. It grows
 * with every decision.
 */
import type { Alert, AlertHistoryEntry } from '../domain/alert.ts';
import type { Clock } from '../domain/clock.ts';
import type { Decision } from '../domain/decision.ts';
import { VigilError } from '../domain/errors.ts';
import type { AlertStore, DecisionRecord } from '../domain/ports.ts';
import { changeAlert } from './alert-change.ts';
import { readCursor, writeCursor } from './alert-cursor.ts';
import {
  type AuditHead,
  type AuditVerdict,
  auditVerifier,
  type ChainedEntry,
  EMPTY_HEAD,
  entryHash,
} from './audit-chain.ts';
import { type IdentityKey, identityKey, recordIdentity, transactionIdentity } from './identity-key.ts';
import { decisionTimes, newAlert } from './new-alert.ts';
import { unwrittenPart } from './record-fence.ts';

export interface AuditedAlertStore extends AlertStore {
  /** `noted`: an earlier head that was written down elsewhere */
  verifyAudit(noted?: AuditHead): Promise<AuditVerdict>;
}

interface KeptDecision extends DecisionRecord {
  readonly recordKey: IdentityKey;
  readonly transactionKey: IdentityKey;
  readonly decidedAtMs: number;
  readonly occurredAtMs: number | null;
}

interface KeptAlert {
  alert: Alert;
  readonly createdAtMs: number;
  readonly alertKey: IdentityKey;
}

export function createMemoryAlertStore({ clock }: { readonly clock: Clock }): AuditedAlertStore {
  const decisions = new Map<IdentityKey, KeptDecision>();
  const alerts = new Map<string, KeptAlert>();
  const trail: ChainedEntry[] = [];
  const nextOffsets = new Map<string, bigint>();

  const standing = (kept: KeptDecision): boolean =>
    kept.decision.provisional !== true || !decisions.has(kept.transactionKey);

  const inForce = (channel: string, transactionId: string): DecisionRecord | undefined => {
    const transactionKey = transactionIdentity(channel, transactionId);
    const found = decisions.get(transactionKey) ?? newestProvisional(decisions, transactionKey);
    return found && { decision: found.decision, bytes: found.bytes };
  };

  return {
    async record(batch) {
      const place = `${batch.topic}/${batch.partition}`;
      const fresh = freshOf(unwrittenPart(batch, nextOffsets.get(place)), decisions);
      const createdAtMs = clock.now();
      let newAlerts = 0;
      for (const kept of fresh) {
        decisions.set(kept.recordKey, kept);
        if (!kept.decision.alert || alerts.has(kept.decision.decisionId)) continue;
        const alert = newAlert(kept.decision, createdAtMs);
        alerts.set(alert.alertId, { alert, createdAtMs, alertKey: identityKey(alert.alertId) });
        newAlerts += 1;
      }
      nextOffsets.set(place, batch.nextOffset);
      return { newAlerts, newDecisions: fresh.length };
    },
    nextOffset: async (topic, partition) => nextOffsets.get(`${topic}/${partition}`),
    async setOffsetBack(topic, partition, nextOffset) {
      const place = `${topic}/${partition}`;
      if ((nextOffsets.get(place) ?? 0n) > nextOffset) nextOffsets.set(place, nextOffset);
    },
    async alerts({ status, customerId, channel, limit, cursor }) {
      const place = cursor === undefined ? undefined : readCursor(cursor);
      const found = [...alerts.values()]
        .filter(({ alert }) => status === undefined || alert.status === status)
        .filter(({ alert }) => customerId === undefined || alert.customerId === customerId)
        .filter(({ alert }) => channel === undefined || alert.channel === channel)
        .sort(newestFirst)
        .filter((kept) => place === undefined || newestFirst(place, kept) < 0);
      const last = found[limit - 1];
      return {
        items: found.slice(0, limit).map(({ alert }) => alert),
        nextCursor: found.length > limit && last !== undefined ? writeCursor(last) : null,
      };
    },
    alert: async (alertId) => alerts.get(alertId)?.alert,
    history: async (alertId) => trail.filter((entry) => entry.alertId === alertId).map(historyOf),
    async act(alertId, seenVersion, action, actor) {
      const kept = alerts.get(alertId);
      if (kept === undefined) throw noSuchAlert(alertId);
      const { alert, entry } = changeAlert(kept.alert, seenVersion, action, actor, clock.now());
      const audited = { ...entry, alertId, seq: trail.length + 1 };
      trail.push({ ...audited, hash: entryHash(headOf(trail).hash, audited) });
      kept.alert = alert;
      return alert;
    },
    decision: async (channel, transactionId) => inForce(channel, transactionId),
    decisionsById: async (transactionId, channels) =>
      channels.flatMap((channel) => inForce(channel, transactionId) ?? []),
    async customerDecisions(customerId, limit) {
      return [...decisions.values()]
        .filter((kept) => kept.decision.customerId === customerId && standing(kept))
        .sort(latestFirst)
        .slice(0, limit)
        .map(({ decision, bytes }) => ({ decision, bytes }));
    },
    async counts() {
      const counted = { open: 0, claimed: 0, closed: 0 };
      for (const { alert } of alerts.values()) counted[alert.status] += 1;
      return counted;
    },
    async verifyAudit(noted) {
      const verifier = auditVerifier(noted);
      for (const entry of trail) {
        const fault = verifier.take(entry);
        if (fault !== undefined) return fault;
      }
      return verifier.finish(headOf(trail));
    },
    close: async () => undefined,
  };
}

export const noSuchAlert = (alertId: string): VigilError =>
  new VigilError('NOT_FOUND', 'There is no such alert.', { context: { alertId } });

/** The first of each identity, also inside one batch. */
function freshOf(
  delivered: readonly { readonly decision: Decision; readonly bytes: string }[],
  known: ReadonlyMap<IdentityKey, unknown>,
): readonly KeptDecision[] {
  const fresh = new Map<IdentityKey, KeptDecision>();
  for (const { decision, bytes } of delivered) {
    const recordKey = recordIdentity(decision);
    if (known.has(recordKey) || fresh.has(recordKey)) continue;
    const { decidedAtMs, occurredAtMs } = decisionTimes(decision);
    const transactionKey = transactionIdentity(decision.channel, decision.transactionId);
    fresh.set(recordKey, { decision, bytes, recordKey, transactionKey, decidedAtMs, occurredAtMs });
  }
  return [...fresh.values()];
}

function newestProvisional(
  decisions: ReadonlyMap<IdentityKey, KeptDecision>,
  transactionKey: IdentityKey,
): KeptDecision | undefined {
  return [...decisions.values()].filter((kept) => kept.transactionKey === transactionKey).sort(latestFirst)[0];
}

const descending = (a: number | string, b: number | string): number => (a === b ? 0 : a > b ? -1 : 1);

const newestFirst = (
  a: { createdAtMs: number; alertKey: string },
  b: { createdAtMs: number; alertKey: string },
): number => descending(a.createdAtMs, b.createdAtMs) || descending(a.alertKey, b.alertKey);

const latestFirst = (a: KeptDecision, b: KeptDecision): number =>
  descending(a.decidedAtMs, b.decidedAtMs) ||
  descending(a.occurredAtMs ?? Number.NEGATIVE_INFINITY, b.occurredAtMs ?? Number.NEGATIVE_INFINITY) ||
  descending(a.recordKey, b.recordKey);

const headOf = (trail: readonly ChainedEntry[]): AuditHead => {
  const last = trail.at(-1);
  return last === undefined ? EMPTY_HEAD : { seq: last.seq, hash: last.hash };
};

function historyOf(entry: ChainedEntry): AlertHistoryEntry {
  const { seq: _seq, alertId: _alertId, hash: _hash, ...history } = entry;
  return history;
}
