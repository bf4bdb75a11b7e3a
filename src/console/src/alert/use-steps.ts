/** The keys c, r and x: take the step, or say why it cannot be taken. */
import type { Alert } from '../../../http/api-types.ts';
import { useAnnounce } from '../controls/announcer.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { usePermission } from './permission.ts';
import { stateWords } from './state-words.ts';
import { type AlertActions, isPossible } from './use-alert-actions.ts';

export function useSteps(
  alert: Alert | undefined,
  actions: AlertActions,
  onClose: (alert: Alert) => void,
): (kind: 'claim' | 'release' | 'close') => void {
  const preferences = usePreferences();
  const { t } = preferences;
  const announce = useAnnounce();
  const permissionOf = usePermission();
  return (kind) => {
    if (alert === undefined) return;
    const permission = permissionOf(alert, kind);
    if (permission === 'read-only') announce(t('action.readOnly'));
    else if (permission === 'of-another') announce(t('action.ofAnother', { who: alert.assignee ?? '—' }));
    else if (!isPossible(alert, kind)) announce(t('done.notPossible', { status: stateWords(alert, preferences) }));
    else if (kind === 'close') onClose(alert);
    else void actions.take(alert, { kind });
  };
}
