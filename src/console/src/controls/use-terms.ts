import { useMemo } from 'react';
import { usePreferences } from '../i18n/language.tsx';
import { type Terms, termsOf } from '../narrative/terms.ts';
import type { ValueContext } from '../narrative/value-text.ts';

export function useTerms(): Terms {
  const { language } = usePreferences();
  return termsOf(language);
}

/** What is needed to write a value of a decision in words. */
export function useValueContext(currency: string | null): ValueContext {
  const formats = usePreferences();
  const terms = useTerms();
  return useMemo(() => ({ formats, terms, currency }), [formats, terms, currency]);
}
