/** The frame around every page: navigation at the left (below on a phone), the bar on top, the page between. */
import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { Icon, type IconName } from '../controls/icons.tsx';
import { usePreferences } from '../i18n/language.tsx';
import type { MessageKey } from '../i18n/messages-en.ts';
import { hrefOf, usePlace } from '../router.ts';
import { useShortcuts } from '../shortcuts.ts';
import './frame.css';
import { TopBar } from './top-bar.tsx';

const ShortcutsDialog = lazy(async () => ({ default: (await import('./shortcuts-dialog.tsx')).ShortcutsDialog }));

const PAGES: readonly (readonly [page: string, icon: IconName, label: MessageKey])[] = [
  ['alerts', 'alerts', 'nav.alerts'],
  ['live', 'live', 'nav.live'],
];

function Navigation({ onKeys }: { readonly onKeys: () => void }): ReactNode {
  const { t } = usePreferences();
  const [current = 'alerts'] = usePlace().path;
  return (
    <nav className="nav" aria-label={t('nav.label')}>
      {PAGES.map(([page, icon, label]) => (
        <a key={page} className="nav-item" href={hrefOf([page])} aria-current={current === page ? 'page' : undefined}>
          <Icon name={icon} size={20} />
          {t(label)}
        </a>
      ))}
      <Button className="nav-item nav-keys" onPress={onKeys}>
        <Icon name="keys" size={20} />
        {t('nav.shortcuts')}
      </Button>
    </nav>
  );
}

export function Frame(props: { readonly onSignOut: () => void; readonly children: ReactNode }): ReactNode {
  const { t } = usePreferences();
  const [hasKeys, setKeys] = useState(false);
  const [page] = usePlace().path;
  useEffect(() => {
    document.title = t('app.title', { page: t(page === 'live' ? 'nav.live' : 'nav.alerts') });
  }, [page, t]);
  useShortcuts({ '?': () => setKeys(true) });
  return (
    <div className="frame">
      <button type="button" className="skip" onClick={() => document.getElementById('content')?.focus()}>
        {t('app.skipToContent')}
      </button>
      <TopBar onSignOut={props.onSignOut} />
      <Navigation onKeys={() => setKeys(true)} />
      <main className="content" id="content" tabIndex={-1}>
        {props.children}
      </main>
      {hasKeys ? (
        <Suspense>
          <ShortcutsDialog onClose={() => setKeys(false)} />
        </Suspense>
      ) : null}
    </div>
  );
}
