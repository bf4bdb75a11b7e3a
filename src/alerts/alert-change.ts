/** What an action makes of an alert, and the line it leaves in the audit trail. Pure; both stores use it. */
import { type Alert, type AlertAction, type AlertHistoryEntry, nextAlertStatus } from '../domain/alert.ts';
import { VigilError } from '../domain/errors.ts';
import { formatRfc3339 } from '../domain/time.ts';

export interface AlertChange {
  readonly alert: Alert;
  readonly entry: AlertHistoryEntry;
}

/** Throws ALERT_CONFLICT when the alert is not what the person saw, or when its state does not allow the step. */
export function changeAlert(
  alert: Alert,
  seenVersion: number,
  action: AlertAction,
  actor: string,
  atMs: number,
): AlertChange {
  if (alert.version !== seenVersion) {
    throw new VigilError(
      'ALERT_CONFLICT',
      `Somebody else has changed this alert meanwhile: it is ${alert.status} now.`,
      {
        context: { alertId: alert.alertId, seenVersion, version: alert.version },
      },
    );
  }
  const toStatus = nextAlertStatus(alert.status, action.kind);
  if (toStatus === null) {
    throw new VigilError('ALERT_CONFLICT', `An alert that is ${alert.status} cannot take the step "${action.kind}".`, {
      context: { alertId: alert.alertId, status: alert.status, action: action.kind },
    });
  }
  const note = noteOf(action);
  const disposition = action.kind === 'close' ? action.disposition : null;
  const version = alert.version + 1;
  return {
    alert: { ...alert, status: toStatus, assignee: assigneeAfter(alert, action, actor), disposition, note, version },
    entry: {
      kind: action.kind,
      actor,
      at: formatRfc3339(atMs),
      fromStatus: alert.status,
      toStatus,
      version,
      disposition,
      note,
    },
  };
}

const noteOf = (action: AlertAction): string | null =>
  action.kind === 'close' || action.kind === 'reopen' ? (action.note ?? null) : null;

/** Who closed an alert stays its assignee, also when it was closed without a claim. */
function assigneeAfter(alert: Alert, action: AlertAction, actor: string): string | null {
  if (action.kind === 'claim') return actor;
  if (action.kind === 'close') return alert.assignee ?? actor;
  return null;
}
