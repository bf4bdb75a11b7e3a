/** The bar that stays: the state in words, and the steps that this state allows. */
import { type ReactNode, type RefObject, useLayoutEffect, useRef } from 'react';
import { Button } from 'react-aria-components/Button';
import type { Alert } from '../../../http/api-types.ts';
import { KeyHint } from '../controls/key-hint.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { usePermission } from './permission.ts';
import { stateWords } from './state-words.ts';
import { type AlertActions, isPossible } from './use-alert-actions.ts';

const KEYS: Readonly<Record<string, string>> = { claim: 'c', release: 'r', close: 'x' };
const STEPS = ['claim', 'release', 'reopen', 'close'] as const;
type StepKind = (typeof STEPS)[number];

/** The step that comes next in an alert's life is the one that stands out. */
const isNext = (kind: StepKind, alert: Alert): boolean => kind === (alert.status === 'claimed' ? 'close' : 'claim');

/** A step takes its own button away: whoever pressed it stays in the bar, at the step that comes next. */
function useFocusKeptInside(bar: RefObject<HTMLDivElement | null>, status: Alert['status']): void {
  const before = useRef(status);
  const pressed = useRef<Element | null>(null);
  useLayoutEffect(() => {
    const wasInside = pressed.current !== null && !pressed.current.isConnected;
    if (before.current !== status && wasInside && document.activeElement === document.body) {
      const next = bar.current?.querySelector<HTMLElement>('.button.primary');
      (next ?? bar.current?.querySelector<HTMLElement>('.button'))?.focus();
    }
    before.current = status;
    pressed.current = bar.current?.contains(document.activeElement) === true ? document.activeElement : null;
  });
  useLayoutEffect(() => {
    const remember = (): void => {
      pressed.current = bar.current?.contains(document.activeElement) === true ? document.activeElement : null;
    };
    document.addEventListener('focusin', remember);
    return () => document.removeEventListener('focusin', remember);
  }, [bar]);
}

export function ActionBar(props: {
  readonly alert: Alert;
  readonly actions: AlertActions;
  readonly onClose: (alert: Alert) => void;
  readonly end?: ReactNode;
}): ReactNode {
  const preferences = usePreferences();
  const { t } = preferences;
  const permissionOf = usePermission();
  const { alert, actions } = props;
  const bar = useRef<HTMLDivElement>(null);
  useFocusKeptInside(bar, alert.status);
  const possible = STEPS.filter((kind) => isPossible(alert, kind));
  const granted = possible.filter((kind) => permissionOf(alert, kind) === 'granted');
  const refusal =
    granted.length > 0
      ? null
      : possible.some((kind) => permissionOf(alert, kind) === 'of-another')
        ? t('action.ofAnother', { who: alert.assignee ?? '—' })
        : t('action.readOnly');
  return (
    <div ref={bar} className="action-bar" role="toolbar" aria-label={t('action.bar')}>
      <span className="action-state">
        {stateWords(alert, preferences)}
        {refusal === null ? null : <span className="muted"> · {refusal}</span>}
      </span>
      {granted.map((kind) => (
        <Button
          key={kind}
          className={isNext(kind, alert) ? 'button primary' : 'button'}
          isPending={actions.busyId === alert.alertId}
          onPress={() => {
            if (kind === 'close') props.onClose(alert);
            else void actions.take(alert, { kind });
          }}
        >
          {t(kind === 'close' ? 'action.closeMore' : `action.${kind}`)}
          {KEYS[kind] === undefined ? null : <KeyHint>{KEYS[kind]}</KeyHint>}
        </Button>
      ))}
      <span className="action-end">{props.end}</span>
    </div>
  );
}
