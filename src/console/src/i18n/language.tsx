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

/** until the API names the bank's zone, the one of the shipped configuration */
const BANK_ZONE = 'Asia/Shanghai';

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
  const formats = useMemo(() => createFormats(language, BANK_ZONE), [language]);
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

export function usePreferences(): Preferences {
  const value = useContext(PreferencesContext);
  if (value === null) throw new Error('usePreferences needs a PreferencesProvider above it');
  return value;
}
