/** The queue: filters above, the list at the left, the selected alert at the right where there is room. */
import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import type { Alert } from '../../../http/api-types.ts';
import type { AlertActions } from '../alert/use-alert-actions.ts';
import { useLive } from '../api/queries.ts';
import { Icon } from '../controls/icons.tsx';
import { Failure, Skeleton, StaleNote } from '../controls/loading.tsx';
import { useNow } from '../controls/words.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { AlertGrid, type GridProps } from './alert-grid.tsx';
import { FilterBar } from './filter-bar.tsx';
import { type Filters, isFiltered, NO_FILTERS } from './filters.ts';
import type { AlertList } from './merge-head.ts';
import './queue.css';
import type { AlertListView } from './use-alert-list.ts';

const AlertView = lazy(async () => ({ default: (await import('../alert/alert-view.tsx')).AlertView }));

const ROW_SHAPES = Array.from({ length: 12 }, () => [100, 22] as const);
/** Walking through the list with j must not ask the server for every alert that is passed. */
const PREVIEW_DELAY_MS = 120;

export interface QueuePageProps
  extends Pick<GridProps, 'selectedId' | 'scrollTop' | 'focusRequest' | 'onSelect' | 'onOpen' | 'onMove'> {
  readonly filters: Filters;
  readonly onFilters: (filters: Filters) => void;
  readonly view: AlertListView;
  /** the rows that the filters show */
  readonly rows: readonly Alert[];
  readonly actions: AlertActions;
  readonly onClose: (alert: Alert) => void;
  readonly hasPreview: boolean;
  /** null where there is no room for a preview */
  readonly onTogglePreview: (() => void) | null;
}

function useSettled<T>(value: T, delayMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delayMs);
    return () => clearTimeout(timer);
  }, [value, delayMs]);
  return settled;
}

/** How many there are: the server's own count where the filters ask for a plain state, otherwise what is loaded. */
function Count({
  filters,
  rows,
  list,
}: {
  readonly rows: readonly Alert[];
  readonly filters: Filters;
  readonly list: AlertList;
}) {
  const { t } = usePreferences();
  const counts = useLive().data?.alerts;
  const { view, channel, customerId } = filters;
  const isPlain =
    channel === null && customerId === null && (view === 'open' || view === 'claimed' || view === 'closed');
  if (list.nextCursor === null) return t('queue.loaded', { n: rows.length });
  const total = isPlain && counts != null ? counts[view] : null;
  return total === null || total < rows.length
    ? t('queue.loadedMore', { n: rows.length })
    : t('queue.loadedOf', { n: rows.length, total });
}

function NewRows({ list, onShow }: { readonly list: AlertList | undefined; readonly onShow: () => void }): ReactNode {
  const { t } = usePreferences();
  const count = list?.pending.length ?? 0;
  return (
    <span role="status">
      {list === undefined || count === 0 ? null : (
        <Button className="queue-new" aria-label={t('queue.newRowsLabel', { n: count })} onPress={onShow}>
          {list.hasGap ? t('queue.newRowsMany', { n: count }) : t('queue.newRows', { n: count })}
        </Button>
      )}
    </span>
  );
}

function Empty({ filters, onFilters }: Pick<QueuePageProps, 'filters' | 'onFilters'>): ReactNode {
  const { t } = usePreferences();
  const kind = isFiltered(filters) ? 'filtered' : 'open';
  return (
    <div className="empty">
      <strong>{t(`queue.empty.${kind}`)}</strong>
      <span>{t(`queue.empty.${kind}Help`)}</span>
      {kind === 'filtered' ? (
        <Button className="button" onPress={() => onFilters(NO_FILTERS)}>
          {t('queue.clearFilters')}
        </Button>
      ) : null}
    </div>
  );
}

function ListEnd({ view }: { readonly view: AlertListView }): ReactNode {
  const { t } = usePreferences();
  if (view.moreError !== null)
    return (
      <div className="list-end" role="alert">
        {t('queue.moreFailed')}
        <Button className="button small" onPress={view.retryMore}>
          {t('action.retry')}
        </Button>
      </div>
    );
  return view.list?.nextCursor == null ? null : <div className="list-end">{t('queue.loadingMore')}</div>;
}

function List(props: QueuePageProps): ReactNode {
  const { view, rows, filters } = props;
  if (view.list === undefined)
    return view.error === null ? <Skeleton lines={ROW_SHAPES} /> : <Failure error={view.error} onRetry={view.retry} />;
  if (rows.length === 0 && view.list.nextCursor === null)
    return <Empty filters={filters} onFilters={props.onFilters} />;
  return (
    <AlertGrid
      rows={rows}
      selectedId={props.selectedId}
      changed={view.list.changed}
      gone={view.list.gone}
      hasMore={view.list.nextCursor !== null}
      scrollTop={props.scrollTop}
      focusRequest={props.focusRequest}
      onSelect={props.onSelect}
      onOpen={props.onOpen}
      onMove={props.onMove}
      onNearEnd={view.loadMore}
      footer={<ListEnd view={view} />}
    />
  );
}

function Preview(props: QueuePageProps): ReactNode {
  const { t } = usePreferences();
  const selected = props.rows.find(({ alertId }) => alertId === props.selectedId) ?? null;
  const settled = useSettled(selected, PREVIEW_DELAY_MS);
  return (
    <section className="queue-preview" aria-label={t('queue.preview')}>
      {settled === null || selected === null ? (
        <p className="empty">{t('queue.selectOne')}</p>
      ) : (
        <Suspense
          fallback={
            <Skeleton
              lines={[
                [60, 22],
                [100, 44],
                [100, 120],
              ]}
            />
          }
        >
          <AlertView
            key={settled.alertId}
            alertId={settled.alertId}
            row={settled.alertId === selected.alertId ? selected : settled}
            layout="preview"
            actions={props.actions}
            onClose={props.onClose}
            onOpen={() => props.onOpen(settled)}
          />
        </Suspense>
      )}
    </section>
  );
}

export function QueuePage(props: QueuePageProps): ReactNode {
  const { t, time } = usePreferences();
  const { view, filters } = props;
  const now = useNow();
  return (
    <div className={props.hasPreview ? 'queue with-preview' : 'queue'}>
      <div className="queue-bar">
        <h1>{t('queue.title')}</h1>
        <FilterBar filters={filters} onChange={props.onFilters} />
        <span className="end">
          <NewRows list={view.list} onShow={view.showPending} />
          <span className="count">
            {view.list === undefined ? null : <Count filters={filters} rows={props.rows} list={view.list} />}
            {view.updatedAt === 0 ? null : ` · ${t('queue.asOf', { at: time.moment(view.updatedAt, now) })}`}
          </span>
          {props.onTogglePreview === null ? null : (
            <Button
              className="button quiet small icon-only"
              aria-label={t(props.hasPreview ? 'queue.previewHide' : 'queue.previewShow')}
              aria-pressed={props.hasPreview}
              onPress={props.onTogglePreview}
            >
              <Icon name="panel" />
            </Button>
          )}
        </span>
      </div>
      <div className="queue-list">
        <StaleNote updatedAt={view.updatedAt} isFailing={view.isFailing} />
        <List {...props} />
      </div>
      {props.hasPreview ? <Preview {...props} /> : null}
    </div>
  );
}
