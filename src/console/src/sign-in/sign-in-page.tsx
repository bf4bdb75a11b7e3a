/** Sign-in by an access token. It is tried before it is kept. */
import { type FormEvent, type ReactNode, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { isStatus } from '../api/client.ts';
import { fetchMe } from '../api/endpoints.ts';
import { Icon } from '../controls/icons.tsx';
import { errorText } from '../controls/loading.tsx';
import { usePreferences } from '../i18n/language.tsx';
import './sign-in.css';

export function SignInPage(props: {
  readonly hasEnded: boolean;
  readonly onSignIn: (token: string) => void;
}): ReactNode {
  const { t, language, setLanguage } = usePreferences();
  const [fault, setFault] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get('token') ?? '').trim();
    if (token === '') return setFault(t('signIn.empty'));
    setBusy(true);
    try {
      await fetchMe(undefined, token);
      props.onSignIn(token);
    } catch (error) {
      setFault(isStatus(error, 401) ? t('signIn.refused') : t('signIn.failed', { detail: errorText(error, t) }));
      setBusy(false);
    }
  };
  const message = fault ?? (props.hasEnded ? t('signIn.ended') : null);
  return (
    <main className="sign-in">
      <form className="sign-in-box" onSubmit={(event) => void submit(event)} noValidate>
        <div className="sign-in-head">
          <span className="bank-mark" aria-hidden="true">
            V
          </span>
          <h1>{t('signIn.title')}</h1>
          <Button className="button quiet small" onPress={() => setLanguage(language === 'en' ? 'zh-CN' : 'en')}>
            {language === 'en' ? '中文' : 'English'}
          </Button>
        </div>
        <div className="field">
          <label htmlFor="token">{t('signIn.token')}</label>
          <input
            // biome-ignore lint/a11y/noAutofocus: the page has one field and nothing else to read first
            autoFocus
            id="token"
            name="token"
            type="password"
            className="input mono"
            autoComplete="current-password"
            spellCheck={false}
            aria-describedby="token-help token-fault"
            aria-invalid={fault !== null}
          />
          <p className="help" id="token-help">
            {t('signIn.help')}
          </p>
        </div>
        <div id="token-fault" role="alert">
          {message === null ? null : (
            <p className="notice warn">
              <Icon name="warn" />
              <span className="grow">{message}</span>
            </p>
          )}
        </div>
        <Button type="submit" className="button primary" isPending={isBusy}>
          {t('signIn.submit')}
        </Button>
      </form>
    </main>
  );
}
