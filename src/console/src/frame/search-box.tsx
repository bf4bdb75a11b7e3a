/** Search by transaction id, from everywhere ("/"). One hit opens at once; none or several say so below the field. */
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useChannelName } from '../api/channel-names.ts';
import { Icon } from '../controls/icons.tsx';
import { errorText } from '../controls/loading.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { goTo, hrefOf } from '../router.ts';
import { useShortcuts } from '../shortcuts.ts';
import { type Found, findTransaction } from './find-transaction.ts';

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'searching' }
  | { readonly kind: 'missing'; readonly text: string }
  | { readonly kind: 'several'; readonly found: readonly Found[] }
  | { readonly kind: 'failed'; readonly error: unknown };

const pathOf = ({ channel, transactionId }: Found): readonly string[] => ['transactions', channel, transactionId];

function Result({ state, onDone }: { readonly state: State; readonly onDone: () => void }): ReactNode {
  const { t } = usePreferences();
  const channelName = useChannelName();
  switch (state.kind) {
    case 'idle':
      return null;
    case 'searching':
      return t('bar.searching');
    case 'failed':
      return t('bar.searchFailed', { detail: errorText(state.error, t) });
    case 'missing':
      return (
        <>
          <p>{t('bar.notFound', { id: state.text })}</p>
          <a href={hrefOf(['customers', state.text])} onClick={onDone}>
            {t('bar.alertsOfCustomer', { id: state.text })}
          </a>
        </>
      );
    case 'several':
      return (
        <>
          <p>{t('bar.foundSeveral', { n: state.found.length })}</p>
          <ul>
            {state.found.map((one) => (
              <li key={one.channel}>
                <a href={hrefOf(pathOf(one))} onClick={onDone}>
                  {channelName(one.channel)}
                </a>
              </li>
            ))}
          </ul>
        </>
      );
  }
}

export function SearchBox(): ReactNode {
  const { t } = usePreferences();
  const input = useRef<HTMLInputElement>(null);
  const running = useRef<AbortController>(undefined);
  const [state, setState] = useState<State>({ kind: 'idle' });
  useShortcuts({ '/': () => input.current?.focus() });
  useEffect(() => () => running.current?.abort(), []);

  const close = (): void => {
    running.current?.abort();
    setState({ kind: 'idle' });
    if (input.current !== null) input.current.value = '';
  };
  const search = async (text: string): Promise<void> => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    setState({ kind: 'searching' });
    try {
      const found = await findTransaction(text, controller.signal);
      const [only] = found;
      if (only !== undefined && found.length === 1) {
        close();
        input.current?.blur();
        goTo(pathOf(only));
      } else setState(found.length === 0 ? { kind: 'missing', text } : { kind: 'several', found });
    } catch (error) {
      if (!controller.signal.aborted) setState({ kind: 'failed', error });
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const text = input.current?.value.trim() ?? '';
    if (text !== '') void search(text);
  };
  return (
    <search className="search">
      <form onSubmit={submit}>
        <Icon name="search" />
        <input
          ref={input}
          type="search"
          className="input"
          aria-label={t('bar.search')}
          placeholder={t('bar.searchHint')}
          maxLength={1_024}
          autoComplete="off"
          spellCheck={false}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            close();
            input.current?.blur();
          }}
        />
      </form>
      <div className={state.kind === 'idle' ? 'search-result visually-hidden' : 'search-result'} role="status">
        <Result state={state} onDone={close} />
      </div>
    </search>
  );
}
