/** An id: monospace, its middle left out, copied by a click. */
import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';
import { truncateMiddle } from '../format/identifier.ts';
import { usePreferences } from '../i18n/language.tsx';
import { useAnnounce } from './announcer.tsx';

export function Identifier({ id, maxLength = 20 }: { readonly id: string; readonly maxLength?: number }): ReactNode {
  const { t } = usePreferences();
  const announce = useAnnounce();
  const copy = (): void => {
    // only there in a secure context (https, localhost): otherwise a person copies by hand
    const done: Promise<void> | undefined = navigator.clipboard?.writeText(id);
    if (done === undefined) announce(t('action.copyFailed'));
    else
      done.then(
        () => announce(`${t('action.copied')}: ${id}`),
        () => announce(t('action.copyFailed')),
      );
  };
  return (
    <Button className="id" aria-label={t('action.copy', { id })} onPress={copy}>
      <span title={id}>{truncateMiddle(id, maxLength)}</span>
    </Button>
  );
}
