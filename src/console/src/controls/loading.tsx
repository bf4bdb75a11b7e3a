/** Nothing for 300 ms, then a skeleton; a failure with its reason; a banner when what is shown has become old. */
import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { ApiError } from '../api/client.ts';
import { usePreferences } from '../i18n/language.tsx';
import type { Translate } from '../i18n/translate.ts';
import { Icon } from './icons.tsx';
import { useNow } from './words.tsx';

const PATIENCE_MS = 300;

export function Delayed({ children }: { readonly children: ReactNode }): ReactNode {
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return isShown ? children : null;
}

/** Lines in the shape of what will come; widths in per cent. */
export function Skeleton({ lines }: { readonly lines: readonly (readonly [width: number, height: number])[] }) {
  const { t } = usePreferences();
  return (
    <Delayed>
      <div className="skeleton-block" role="status" aria-label={t('app.loading')}>
        {lines.map(([width, height], index) => (
          <div
            // biome-ignore lint/suspicious/noArrayIndexKey: the lines are constant and have no other identity
            key={index}
            className="skeleton"
            style={{ width: `${width}%`, height, marginBottom: 12 }}
          />
        ))}
      </div>
    </Delayed>
  );
}

export function errorText(error: unknown, t: Translate): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return t('error.network');
  if (error.status === 403) return t('error.forbidden');
  return error.problem?.detail ?? error.message;
}

export function Failure(props: { readonly error: unknown; readonly onRetry?: () => void }): ReactNode {
  const { t } = usePreferences();
  const isMissing = props.error instanceof ApiError && props.error.status === 404;
  const reference = props.error instanceof ApiError ? props.error.problem?.requestId : undefined;
  return (
    <div className="empty" role="alert">
      <strong>{t(isMissing ? 'error.notFound' : 'error.title')}</strong>
      <span>{isMissing ? t('error.notFoundHelp') : errorText(props.error, t)}</span>
      {reference === undefined ? null : <span className="mono">{t('error.reference', { id: reference })}</span>}
      {props.onRetry === undefined || isMissing ? null : (
        <Button className="button" onPress={props.onRetry}>
          <Icon name="refresh" />
          {t('action.retry')}
        </Button>
      )}
    </div>
  );
}

/** Shown when the newest attempt failed and the last success is this old. */
const STALE_AFTER_MS = 10_000;

export interface Freshness {
  readonly updatedAt: number;
  readonly isFailing: boolean;
}

export function StaleNote({ updatedAt, isFailing }: Freshness): ReactNode {
  const { t, time } = usePreferences();
  const now = useNow(2_000);
  if (!isFailing || updatedAt === 0 || now - updatedAt < STALE_AFTER_MS) return null;
  return (
    <div className="notice warn" role="status">
      <Icon name="warn" />
      <span className="grow">
        <strong>{t('stale.since', { at: time.moment(updatedAt, now) })}</strong>
        {t('stale.detail')}
      </span>
    </div>
  );
}

/** The three states of a question to the server; `children` gets the answer, also when it is no longer the newest. */
export function Loaded<T>(props: {
  readonly query: UseQueryResult<T>;
  readonly skeleton: ReactNode;
  readonly children: (data: T) => ReactNode;
}): ReactNode {
  const { query } = props;
  if (query.data !== undefined)
    return (
      <>
        <StaleNote updatedAt={query.dataUpdatedAt} isFailing={query.failureCount > 0 || query.isError} />
        {props.children(query.data)}
      </>
    );
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return props.skeleton;
}
