/** The language, the theme and the bank's zone for the whole page; kept in localStorage (they are no secret). */
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { I18nProvider } from 'react-aria-components/I18nProvider';
import { createFormats, type Formats } from '../format/formats.ts';
import { LANGUAGES, type Language } from './translate.ts';

export type Theme = 'light' | 'dark';

export interface Preferences extends Formats {
  readonly theme: Theme;
  setLanguage(language: Language): void;
  setTheme(theme: Theme): void;
}

/** before the sign-in there is no bank, and no time on the page */
const NO_BANK_ZONE = 'UTC';

function remembered(name: string): string | null {
  try {
    return localStorage.getItem(`vigil.${name}`);
  } catch {
    return null;
  }
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`vigil.${name}`, value);
  } catch {
    // switched off by policy: the choice holds until the page is left
  }
}

function firstLanguage(): Language {
  const chosen = LANGUAGES.find((language) => language === remembered('language'));
  if (chosen !== undefined) return chosen;
  return navigator.languages.some((language) => language.toLowerCase().startsWith('zh')) ? 'zh-CN' : 'en';
}

function firstTheme(): Theme {
  const chosen = remembered('theme');
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

const PreferencesContext = createContext<Preferences | null>(null);

export function PreferencesProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [language, setLanguage] = useState(firstLanguage);
  const [theme, setTheme] = useState(firstTheme);
  const formats = useMemo(() => createFormats(language, NO_BANK_ZONE), [language]);
  useEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.dataset.theme = theme;
  }, [language, theme]);
  const value = useMemo<Preferences>(
    () => ({
      ...formats,
      theme,
      setLanguage(next) {
        remember('language', next);
        setLanguage(next);
      },
      setTheme(next) {
        remember('theme', next);
        setTheme(next);
      },
    }),
    [formats, theme],
  );
  return (
    <PreferencesContext value={value}>
      <I18nProvider locale={language}>{children}</I18nProvider>
    </PreferencesContext>
  );
}

/** A zone that this browser's own list lacks cannot be shown; every full time names its zone, so UTC is not mistaken for it. */
function knownZone(zone: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return zone;
  } catch {
    return NO_BANK_ZONE;
  }
}

/** Below it, times are those of the bank. */
export function BankZone({ zone, children }: { readonly zone: string; readonly children: ReactNode }): ReactNode {
  const outer = usePreferences();
  const formats = useMemo(() => createFormats(outer.language, knownZone(zone)), [outer.language, zone]);
  const value = useMemo<Preferences>(() => ({ ...outer, ...formats }), [outer, formats]);
  return <PreferencesContext value={value}>{children}</PreferencesContext>;
}

export function usePreferences(): Preferences {
  const value = useContext(PreferencesContext);
  if (value === null) throw new Error('usePreferences needs a PreferencesProvider above it');
  return value;
}
