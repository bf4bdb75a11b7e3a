/**
 * Keeps a list still while the server's first page is read again and again: rows never move, new ones wait until they are
 * asked for, changed ones are replaced in place and marked, those that left the view stay and say so. Pure.
 */
import type { Alert, AlertPage } from '../../../http/api-types.ts';

export interface AlertList {
  readonly rows: readonly Alert[];
  readonly nextCursor: string | null;
  /** new alerts, newest first, not yet shown */
  readonly pending: readonly Alert[];
  /** more arrived than one page holds: showing them starts the list anew */
  readonly hasGap: boolean;
  readonly changed: ReadonlySet<string>;
  readonly gone: ReadonlySet<string>;
  /** the newest first page, for the start anew */
  readonly head: AlertPage;
}

const NONE: ReadonlySet<string> = new Set();

export const startList = (head: AlertPage): AlertList => ({
  rows: head.items,
  nextCursor: head.nextCursor,
  pending: [],
  hasGap: false,
  changed: NONE,
  gone: NONE,
  head,
});

/** How many of the rows, from the top, the head page speaks of: all down to its last item that is known here. */
function coveredRows(rows: readonly Alert[], head: AlertPage): number {
  if (head.nextCursor === null) return rows.length;
  const ids = new Set(head.items.map(({ alertId }) => alertId));
  return rows.findLastIndex(({ alertId }) => ids.has(alertId)) + 1;
}

export function mergeHead(list: AlertList, head: AlertPage): AlertList {
  if (list.rows.length === 0 && list.pending.length === 0 && head.items.length === 0) return { ...list, head };
  const inHead = new Map(head.items.map((alert) => [alert.alertId, alert]));
  const changed = new Set(list.changed);
  const gone = new Set(list.gone);
  const covered = coveredRows(list.rows, head);
  const rows = list.rows.map((row, index) => {
    const now = inHead.get(row.alertId);
    if (now === undefined) {
      if (index < covered) gone.add(row.alertId);
      return row;
    }
    gone.delete(row.alertId);
    if (now.version <= row.version) return row;
    changed.add(row.alertId);
    return now;
  });
  const known = new Set(list.rows.map(({ alertId }) => alertId));
  const pending = head.items.filter(({ alertId }) => !known.has(alertId));
  const hasGap = head.nextCursor !== null && rows.length > 0 && pending.length === head.items.length;
  return { ...list, rows, pending, hasGap, changed, gone, head };
}

/** Shows what has gathered; rows that have left the view leave it now. */
export function acceptPending(list: AlertList): AlertList {
  if (list.hasGap) return startList(list.head);
  const stayed = list.rows.filter(({ alertId }) => !list.gone.has(alertId));
  return { ...list, rows: [...list.pending, ...stayed], pending: [], changed: NONE, gone: NONE };
}

/** Adds the page after the last row; an alert that is already there is not shown twice. */
export function appendPage(list: AlertList, page: AlertPage): AlertList {
  const known = new Set([...list.rows, ...list.pending].map(({ alertId }) => alertId));
  const added = page.items.filter(({ alertId }) => !known.has(alertId));
  return { ...list, rows: [...list.rows, ...added], nextCursor: page.nextCursor };
}

/** After an own action: the row shows the new state and is no news to the one who made it. */
export function replaceRow(list: AlertList, alert: Alert): AlertList {
  const rows = list.rows.map((row) => (row.alertId === alert.alertId && alert.version >= row.version ? alert : row));
  const changed = new Set(list.changed);
  changed.delete(alert.alertId);
  return { ...list, rows, changed };
}
