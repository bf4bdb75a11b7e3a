/** The list behind the queue: reads the first page every few seconds, further pages when they are scrolled to. */
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Alert } from '../../../http/api-types.ts';
import { fetchAlert, fetchAlerts } from '../api/endpoints.ts';
import { type Filters, serverFilters, writeFilters } from './filters.ts';
import { type AlertList, acceptPending, appendPage, mergeHead, replaceRow, startList } from './merge-head.ts';

export const PAGE_SIZE = 100;
const HEAD_INTERVAL_MS = 4_000;

export interface AlertListView {
  /** undefined until the first page is there */
  readonly list: AlertList | undefined;
  readonly error: unknown;
  readonly updatedAt: number;
  readonly isFailing: boolean;
  readonly isLoadingMore: boolean;
  readonly moreError: unknown;
  /** asks for the next page; after a failure only `retryMore` does, or the list would ask again at every render */
  loadMore(): void;
  retryMore(): void;
  showPending(): void;
  replace(alert: Alert): void;
  retry(): void;
}

interface Keyed {
  readonly key: string;
  readonly list: AlertList;
}

interface More {
  readonly isLoading: boolean;
  readonly error: unknown;
}

/** A few at a time: after a pause of hours hundreds may have left the view. */
const FATES_AT_ONCE = 5;

/** The first page no longer speaks of a row that has left the view: what became of it is asked for once. */
function useFateOfGone(list: AlertList | undefined, change: (step: (list: AlertList) => AlertList) => void): void {
  const asked = useRef(new Set<string>());
  const gone = list?.gone;
  useEffect(() => {
    const news = [...(gone ?? [])].filter((alertId) => !asked.current.has(alertId)).slice(0, FATES_AT_ONCE);
    for (const alertId of news) {
      asked.current.add(alertId);
      fetchAlert(alertId).then(
        ({ alert }) => change((before) => replaceRow(before, alert)),
        // the row says that it left the view; the next poll asks again
        () => asked.current.delete(alertId),
      );
    }
  }, [gone, change]);
}

export function useAlertList(filters: Filters): AlertListView {
  const key = writeFilters(filters).toString();
  const head = useQuery({
    queryKey: ['alerts-head', key],
    queryFn: ({ signal }) => fetchAlerts({ ...serverFilters(filters), limit: PAGE_SIZE }, signal),
    refetchInterval: HEAD_INTERVAL_MS,
    // a list that was left long ago must not greet with old rows and a gap
    gcTime: 0,
    structuralSharing: false,
  });
  const [state, setState] = useState<Keyed | null>(null);
  const [more, setMore] = useState<More>({ isLoading: false, error: null });
  const current = useRef(key);

  useEffect(() => {
    current.current = key;
    const page = head.data;
    if (page === undefined) return;
    setState((before) => ({
      key,
      list: before?.key === key ? mergeHead(before.list, page) : startList(page),
    }));
  }, [head.data, key]);

  const change = useCallback((step: (list: AlertList) => AlertList) => {
    setState((before) => (before === null ? before : { ...before, list: step(before.list) }));
  }, []);

  const list = state?.key === key ? state.list : undefined;
  useFateOfGone(list, change);
  const cursor = list?.nextCursor ?? null;
  const inFlight = useRef<string | null>(null);
  const retryMore = (): void => {
    if (cursor === null || inFlight.current === cursor) return;
    const asked = key;
    inFlight.current = cursor;
    setMore({ isLoading: true, error: null });
    fetchAlerts({ ...serverFilters(filters), limit: PAGE_SIZE, cursor })
      .then(
        (page) => {
          if (current.current === asked) change((before) => appendPage(before, page));
          setMore({ isLoading: false, error: null });
        },
        (error: unknown) => setMore({ isLoading: false, error }),
      )
      .finally(() => {
        inFlight.current = null;
      });
  };
  return {
    list,
    error: head.error,
    updatedAt: head.dataUpdatedAt,
    isFailing: head.failureCount > 0,
    isLoadingMore: more.isLoading,
    moreError: more.error,
    loadMore: () => {
      if (more.error === null) retryMore();
    },
    retryMore,
    showPending: useCallback(() => change(acceptPending), [change]),
    replace: useCallback((alert) => change((before) => replaceRow(before, alert)), [change]),
    retry: () => void head.refetch(),
  };
}
