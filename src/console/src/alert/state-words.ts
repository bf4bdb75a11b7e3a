/** The state of an alert, and a line of its history, in words. Pure. */
import type { Alert, AlertHistoryEntry } from '../../../http/api-types.ts';
import type { Formats } from '../format/formats.ts';
import { translateCode } from '../i18n/translate.ts';

export function stateWords(alert: Pick<Alert, 'status' | 'assignee' | 'disposition'>, { t }: Formats): string {
  const disposition = alert.disposition === null ? '' : translateCode(t, 'disposition', alert.disposition);
  if (alert.status === 'open') return t('state.open');
  if (alert.status === 'claimed') return t('state.claimed', { who: alert.assignee ?? '—' });
  return alert.assignee === null
    ? t('state.closed', { disposition })
    : t('state.closedBy', { disposition, who: alert.assignee });
}

export function historyWords(entry: AlertHistoryEntry, { t }: Formats): string {
  const disposition = entry.disposition === null ? '' : translateCode(t, 'disposition', entry.disposition);
  return t(`history.${entry.kind}`, { who: entry.actor, disposition });
}
