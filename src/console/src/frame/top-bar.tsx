import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';
import type { Me } from '../../../http/api-types.ts';
import { useMe } from '../api/queries.ts';
import { Choice } from '../controls/choice.tsx';
import { Icon } from '../controls/icons.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { LANGUAGES, type Translate, translateCode } from '../i18n/translate.ts';
import { HealthChip } from './health-chip.tsx';
import { SearchBox } from './search-box.tsx';

/** A language is named in itself: who cannot read the page must find the way out of it. */
const LANGUAGE_NAMES = { 'zh-CN': '中文', en: 'English' } as const;

export function rolesText(roles: Me['roles'], t: Translate): string {
  const [first, ...others] = roles;
  if (first === undefined) return '—';
  const name = translateCode(t, 'role', roles.includes('administrator') ? 'administrator' : first);
  return others.length === 0 ? name : t('role.several', { first: name, n: others.length });
}

function LanguageChoice(): ReactNode {
  const { t, language, setLanguage } = usePreferences();
  return (
    <Choice
      label={t('bar.language')}
      value={language}
      options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
      onChange={(value) => setLanguage(LANGUAGES.find((known) => known === value) ?? 'en')}
    />
  );
}

function ThemeSwitch(): ReactNode {
  const { t, theme, setTheme } = usePreferences();
  const isDark = theme === 'dark';
  return (
    <Button
      className="button quiet small icon-only"
      aria-label={t(isDark ? 'bar.theme.toLight' : 'bar.theme.toDark')}
      onPress={() => setTheme(isDark ? 'light' : 'dark')}
    >
      <Icon name={isDark ? 'sun' : 'moon'} />
    </Button>
  );
}

export function TopBar({ onSignOut }: { readonly onSignOut: () => void }): ReactNode {
  const { t } = usePreferences();
  const me = useMe().data;
  const bankName = me?.bank.name ?? t('app.name');
  return (
    <header className="top-bar">
      <div className="bank" title={bankName}>
        <span className="bank-mark" aria-hidden="true">
          V
        </span>
        <span className="bank-name">{bankName}</span>
      </div>
      <SearchBox />
      <div className="top-bar-end">
        <HealthChip />
        <LanguageChoice />
        <ThemeSwitch />
        {me === undefined ? null : (
          <span className="user" title={t('bar.user', { name: me.name, roles: rolesText(me.roles, t) })}>
            <span className="user-name">{me.name}</span>
            <span className="user-role">{rolesText(me.roles, t)}</span>
          </span>
        )}
        <Button className="button quiet small icon-only" aria-label={t('bar.signOut')} onPress={onSignOut}>
          <Icon name="leave" />
        </Button>
      </div>
    </header>
  );
}
