/**
 * Everything under #/alerts: the queue, and one alert over it. The list, the selection and the place in the list live here,
 * so that coming back from an alert finds everything where it was, the focus too.
 */
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Alert } from '../../../http/api-types.ts';
import { useAlertActions } from '../alert/use-alert-actions.ts';
import { useSteps } from '../alert/use-steps.ts';
import { useMe } from '../api/queries.ts';
import { Skeleton } from '../controls/loading.tsx';
import { goTo, replacePlace, usePlace } from '../router.ts';
import { useShortcuts } from '../shortcuts.ts';
import { type Filters, isShown, readFilters, writeFilters } from './filters.ts';
import { QueuePage } from './queue-page.tsx';
import { useAlertList } from './use-alert-list.ts';

const AlertPage = lazy(async () => ({ default: (await import('../alert/alert-page.tsx')).AlertPage }));
const CloseDialog = lazy(async () => ({ default: (await import('../alert/close-dialog.tsx')).CloseDialog }));

const WIDE = '(min-width: 1280px)';

function useIsWide(): boolean {
  const [isWide, setWide] = useState(() => matchMedia(WIDE).matches);
  useEffect(() => {
    const query = matchMedia(WIDE);
    const listen = (): void => setWide(query.matches);
    query.addEventListener('change', listen);
    return () => query.removeEventListener('change', listen);
  }, []);
  return isWide;
}

/** Which row is selected, and how the keys move it. */
function useSelection(rows: readonly Alert[], firstId: string | null) {
  const [selectedId, setSelectedId] = useState(firstId);
  const [focusRequest, setFocusRequest] = useState(0);
  const index = selectedId === null ? -1 : rows.findIndex(({ alertId }) => alertId === selectedId);
  const move = (step: number | 'first' | 'last'): Alert | undefined => {
    const last = rows.length - 1;
    const wanted = step === 'first' ? 0 : step === 'last' ? last : index < 0 ? 0 : index + step;
    const next = rows[Math.min(Math.max(wanted, 0), last)];
    if (next !== undefined) setSelectedId(next.alertId);
    setFocusRequest((count) => count + 1);
    return next;
  };
  return {
    selectedId,
    selected: rows[index],
    select: (alert: Alert) => setSelectedId(alert.alertId),
    move,
    focusRequest,
    requestFocus: () => setFocusRequest((count) => count + 1),
  };
}

export function AlertsRoute(): ReactNode {
  const place = usePlace();
  const openId = place.path[1];
  const filters = useMemo(() => readFilters(place.search), [place.search]);
  const view = useAlertList(filters);
  const me = useMe().data;
  const rows = useMemo(
    () => (view.list?.rows ?? []).filter((alert) => isShown(filters, alert, me)),
    [view.list?.rows, filters, me],
  );
  const selection = useSelection(rows, openId ?? null);
  const actions = useAlertActions(view.replace);
  const [closing, setClosing] = useState<Alert | null>(null);
  const [wantsPreview, setWantsPreview] = useState(true);
  const isWide = useIsWide();
  const scrollTop = useRef(0);

  const setFilters = useCallback((next: Filters) => replacePlace(['alerts'], writeFilters(next)), []);
  const open = (alert: Alert): void => {
    selection.select(alert);
    goTo(['alerts', alert.alertId], place.search);
  };
  const step = useSteps(selection.selected, actions, setClosing);
  const openSelected = (): void => {
    if (selection.selected !== undefined) open(selection.selected);
  };
  const move = (by: number | 'first' | 'last'): void => {
    const next = selection.move(by);
    if (openId !== undefined && next !== undefined) goTo(['alerts', next.alertId], place.search);
  };
  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    ...(openId === undefined
      ? {
          c: () => step('claim'),
          r: () => step('release'),
          x: () => step('close'),
          n: view.showPending,
          Enter: openSelected,
        }
      : {}),
  });
  const leave = (): void => {
    goTo(['alerts'], place.search);
    selection.requestFocus();
  };
  const finishClosing = (): void => {
    setClosing(null);
    if (openId === undefined) selection.requestFocus();
  };
  return (
    <>
      {openId === undefined ? (
        <QueuePage
          filters={filters}
          onFilters={setFilters}
          view={view}
          rows={rows}
          selectedId={selection.selectedId}
          scrollTop={scrollTop}
          focusRequest={selection.focusRequest}
          onSelect={(alert) => {
            if (isWide && wantsPreview) selection.select(alert);
            else open(alert);
          }}
          onOpen={open}
          onMove={move}
          actions={actions}
          onClose={setClosing}
          hasPreview={isWide && wantsPreview}
          onTogglePreview={isWide ? () => setWantsPreview((wanted) => !wanted) : null}
        />
      ) : (
        <Suspense
          fallback={
            <Skeleton
              lines={[
                [40, 28],
                [100, 60],
                [100, 240],
              ]}
            />
          }
        >
          <AlertPage
            key={openId}
            alertId={openId}
            row={rows.find(({ alertId }) => alertId === openId)}
            actions={actions}
            onClose={setClosing}
            onBack={leave}
          />
        </Suspense>
      )}
      {closing === null ? null : (
        <Suspense>
          <CloseDialog key={closing.alertId} alert={closing} actions={actions} onDone={finishClosing} />
        </Suspense>
      )}
    </>
  );
}
