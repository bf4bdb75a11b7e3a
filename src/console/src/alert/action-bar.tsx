/** The bar that stays: the state in words, and the steps that this state allows. */
import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';
import type { Alert } from '../../../http/api-types.ts';
import { KeyHint } from '../controls/key-hint.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { useMayAct } from './permission.ts';
import { stateWords } from './state-words.ts';
import { type AlertActions, isPossible } from './use-alert-actions.ts';

export function ActionBar(props: {
  readonly alert: Alert;
  readonly actions: AlertActions;
  readonly onClose: (alert: Alert) => void;
  readonly end?: ReactNode;
}): ReactNode {
  const preferences = usePreferences();
  const { t } = preferences;
  const mayAct = useMayAct();
  const { alert, actions } = props;
  const isBusy = actions.busyId === alert.alertId;
  const simple = (['claim', 'release', 'reopen'] as const).filter((kind) => isPossible(alert, kind));
  const keys: Readonly<Record<string, string>> = { claim: 'c', release: 'r' };
  return (
    <div className="action-bar" role="toolbar" aria-label={t('action.bar')}>
      <span className="action-state">{stateWords(alert, preferences)}</span>
      {mayAct ? (
        <>
          {simple.map((kind) => (
            <Button
              key={kind}
              className={kind === 'claim' ? 'button primary' : 'button'}
              isDisabled={isBusy}
              onPress={() => void actions.take(alert, { kind })}
            >
              {t(`action.${kind}`)}
              {keys[kind] === undefined ? null : <KeyHint>{keys[kind]}</KeyHint>}
            </Button>
          ))}
          {isPossible(alert, 'close') ? (
            <Button
              className={alert.status === 'claimed' ? 'button primary' : 'button'}
              isDisabled={isBusy}
              onPress={() => props.onClose(alert)}
            >
              {t('action.closeMore')}
              <KeyHint>x</KeyHint>
            </Button>
          ) : null}
        </>
      ) : (
        <span className="muted">{t('action.readOnly')}</span>
      )}
      <span className="action-end">{props.end}</span>
    </div>
  );
}
