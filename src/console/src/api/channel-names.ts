/** Channels are data of the server: their names come from /v1/channels, in both languages. */
import { useCallback, useMemo } from 'react';
import { usePreferences } from '../i18n/language.tsx';
import { useChannels } from './queries.ts';

/** The channel's name in the page's language; its code until the names are there. */
export function useChannelName(): (code: string) => string {
  const { language } = usePreferences();
  const { data } = useChannels();
  const names = useMemo(() => new Map(data?.items.map((item) => [item.code, item.name[language]])), [data, language]);
  return useCallback((code) => names.get(code) ?? code, [names]);
}

/** Names of the ways in which a customer can be verified. */
export function useMethodName(): (code: string) => string {
  const { language } = usePreferences();
  const { data } = useChannels();
  const names = useMemo(
    () =>
      new Map(
        data?.items.flatMap((item) => item.challengeMethods).map((method) => [method.code, method.name[language]]),
      ),
    [data, language],
  );
  return useCallback((code) => names.get(code) ?? code, [names]);
}
