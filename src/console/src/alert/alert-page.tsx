/** One alert as a page of its own, with the way back and the keys. */
import { type ReactNode, useEffect, useRef } from 'react';
import { Button } from 'react-aria-components/Button';
import type { Alert } from '../../../http/api-types.ts';
import { useAlert } from '../api/queries.ts';
import { Icon } from '../controls/icons.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { useShortcuts } from '../shortcuts.ts';
import { AlertView, type AlertViewProps } from './alert-view.tsx';
import { useSteps } from './use-steps.ts';

export function AlertPage(
  props: Omit<AlertViewProps, 'layout' | 'onOpen'> & { readonly onBack: () => void },
): ReactNode {
  const { t } = usePreferences();
  const page = useRef<HTMLDivElement>(null);
  const alert: Alert | undefined = useAlert(props.alertId).data?.alert ?? props.row;
  useEffect(() => page.current?.focus(), []);
  const step = useSteps(alert, props.actions, props.onClose);
  useShortcuts({
    c: () => step('claim'),
    r: () => step('release'),
    x: () => step('close'),
    Escape: props.onBack,
  });
  return (
    <div className="alert-page" ref={page} tabIndex={-1}>
      <div className="page-bar">
        <Button className="button quiet small" onPress={props.onBack}>
          <Icon name="back" />
          {t('action.back')}
        </Button>
      </div>
      <AlertView {...props} layout="page" />
    </div>
  );
}
