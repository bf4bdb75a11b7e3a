/**
 * The list itself: a grid of which only the visible rows are drawn, so that 100,000 scroll like 100. One row is the tab stop;
 * it stays drawn when it is scrolled out of sight, so that the focus is never lost.
 */
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import type { Alert } from '../../../http/api-types.ts';
import { useChannelName } from '../api/channel-names.ts';
import { useNow } from '../controls/words.tsx';
import { usePreferences } from '../i18n/language.tsx';
import type { MessageKey } from '../i18n/messages-en.ts';
import { AlertRow } from './alert-row.tsx';
import { ColumnHead, Grid, GridRow, ROW_GROUP } from './grid-parts.tsx';
import { rangeOf, scrollFor, type Viewport } from './window-range.ts';

const COLUMNS: readonly (readonly [name: string, label: MessageKey, isNumber: boolean])[] = [
  ['severity', 'column.severity', false],
  ['score', 'column.score', true],
  ['sentence', 'column.sentence', false],
  ['customer', 'column.customer', false],
  ['amount', 'column.amount', true],
  ['channel', 'column.channel', false],
  ['age', 'column.age', true],
  ['state', 'column.state', false],
];

type Density = 'line' | 'double' | 'card';
const ROW_HEIGHTS: Readonly<Record<Density, number>> = { line: 36, double: 52, card: 84 };
const HEAD_HEIGHT: Readonly<Record<Density, number>> = { line: 30, double: 0, card: 0 };
/** rows before the end at which the next page is asked for */
const AHEAD = 30;

const densityOf = (width: number): Density => (width >= 1240 ? 'line' : width >= 520 ? 'double' : 'card');

export interface GridProps {
  readonly rows: readonly Alert[];
  readonly selectedId: string | null;
  readonly changed: ReadonlySet<string>;
  readonly gone: ReadonlySet<string>;
  readonly hasMore: boolean;
  /** where the list was scrolled to, kept while an alert is open */
  readonly scrollTop: RefObject<number>;
  /** raised when the selected row should take the focus */
  readonly focusRequest: number;
  readonly onSelect: (alert: Alert) => void;
  readonly onOpen: (alert: Alert) => void;
  readonly onMove: (step: number | 'first' | 'last') => void;
  readonly onNearEnd: () => void;
  readonly footer: ReactNode;
}

/** Size and scroll position of the list, and how dense its rows are. */
function useViewport(scroller: RefObject<HTMLDivElement | null>, start: RefObject<number>) {
  const [viewport, setViewport] = useState<Viewport>({ scrollTop: start.current, height: 800 });
  const [density, setDensity] = useState<Density>('line');
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const measure = (): void => {
      setDensity(densityOf(element.clientWidth));
      setViewport({ scrollTop: element.scrollTop, height: element.clientHeight });
    };
    measure();
    element.scrollTop = start.current;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller, start]);
  const follow = (element: HTMLElement): void => {
    start.current = element.scrollTop;
    setViewport({ scrollTop: element.scrollTop, height: element.clientHeight });
  };
  return { viewport, density, follow };
}

function indexesToDraw(first: number, end: number, kept: number): readonly number[] {
  const indexes = Array.from({ length: end - first }, (_, offset) => first + offset);
  if (kept >= 0 && kept < first) indexes.unshift(kept);
  if (kept >= end) indexes.push(kept);
  return indexes;
}

export function AlertGrid(props: GridProps): ReactNode {
  const { rows, selectedId, onSelect, onOpen, onMove, onNearEnd, hasMore } = props;
  const { t } = usePreferences();
  const channelName = useChannelName();
  const now = useNow();
  const scroller = useRef<HTMLDivElement>(null);
  const { viewport, density, follow } = useViewport(scroller, props.scrollTop);
  const rowHeight = ROW_HEIGHTS[density];
  const { first, end } = rangeOf(viewport, rowHeight, rows.length);
  const selectedIndex = selectedId === null ? -1 : rows.findIndex(({ alertId }) => alertId === selectedId);
  const tabStop = Math.max(selectedIndex, 0);

  useEffect(() => {
    if (hasMore && end >= rows.length - AHEAD) onNearEnd();
  }, [hasMore, end, rows.length, onNearEnd]);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || props.focusRequest === 0 || selectedIndex < 0) return;
    const size = { scrollTop: element.scrollTop, height: element.clientHeight };
    element.scrollTop = scrollFor(selectedIndex, size, rowHeight, HEAD_HEIGHT[density]);
    element.querySelector<HTMLElement>(`[data-index="${selectedIndex}"]`)?.focus({ preventScroll: true });
  }, [props.focusRequest, selectedIndex, rowHeight, density]);

  const alertAt = (event: MouseEvent): Alert | undefined => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-index]') : null;
    return row === null ? undefined : rows[Number(row.dataset.index)];
  };
  const onKey = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(viewport.height / rowHeight) - 1);
    const steps: Readonly<Record<string, number | 'first' | 'last'>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: 'first',
      End: 'last',
    };
    const step = steps[event.key];
    const selected = rows[tabStop];
    if (step !== undefined) onMove(step);
    else if (event.key === 'Enter' && selected !== undefined) onOpen(selected);
    else return;
    event.preventDefault();
  };
  return (
    <Grid
      ref={scroller}
      aria-label={t('queue.list')}
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      className="alert-grid"
      data-density={density}
      onScroll={(event) => follow(event.currentTarget)}
      onKeyDown={onKey}
      onClick={(event) => {
        const alert = alertAt(event);
        if (alert !== undefined) onSelect(alert);
      }}
      onDoubleClick={(event) => {
        const alert = alertAt(event);
        if (alert !== undefined) onOpen(alert);
      }}
    >
      <GridRow className="alert-head-row" aria-rowindex={1}>
        {COLUMNS.map(([name, label, isNumber]) => (
          <ColumnHead key={name} className={`cell ${name}-cell${isNumber ? ' number' : ''}`}>
            {t(label)}
          </ColumnHead>
        ))}
      </GridRow>
      <div {...ROW_GROUP} className="alert-rows" style={{ height: rows.length * rowHeight }}>
        {indexesToDraw(first, end, Math.min(tabStop, rows.length - 1)).map((index) => {
          const alert = rows[index];
          if (alert === undefined) return null;
          return (
            <AlertRow
              key={alert.alertId}
              alert={alert}
              index={index}
              isSelected={index === selectedIndex}
              isTabStop={index === tabStop}
              isChanged={props.changed.has(alert.alertId)}
              isGone={props.gone.has(alert.alertId)}
              channelName={channelName(alert.channel)}
              now={now}
              rowHeight={rowHeight}
            />
          );
        })}
      </div>
      {props.footer}
    </Grid>
  );
}
