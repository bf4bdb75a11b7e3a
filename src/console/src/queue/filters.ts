/** Which alerts the list shows. Lives in the address, so that a view can be sent to a colleague. Pure. */
import type { Alert, Me } from '../../../http/api-types.ts';

export const VIEWS = ['open', 'mine', 'claimed', 'closed', 'all'] as const;
export type View = (typeof VIEWS)[number];

export interface Filters {
  readonly view: View;
  readonly channel: string | null;
  readonly customerId: string | null;
}

export const NO_FILTERS: Filters = { view: 'open', channel: null, customerId: null };

export function readFilters(search: URLSearchParams): Filters {
  const view = VIEWS.find((known) => known === search.get('view')) ?? 'open';
  return { view, channel: search.get('channel') || null, customerId: search.get('customer') || null };
}

export function writeFilters(filters: Filters): URLSearchParams {
  const search = new URLSearchParams();
  if (filters.view !== 'open') search.set('view', filters.view);
  if (filters.channel !== null) search.set('channel', filters.channel);
  if (filters.customerId !== null) search.set('customer', filters.customerId);
  return search;
}

export interface ServerFilters {
  readonly status?: Alert['status'];
  readonly channel?: string;
  readonly customerId?: string;
}

/** What the server is asked; "mine" is the alerts in hand, of which isShown() keeps the own ones. */
export function serverFilters({ view, channel, customerId }: Filters): ServerFilters {
  const status = view === 'all' ? undefined : view === 'mine' ? 'claimed' : view;
  return {
    ...(status === undefined ? {} : { status }),
    ...(channel === null ? {} : { channel }),
    ...(customerId === null ? {} : { customerId }),
  };
}

export function isShown(filters: Filters, alert: Alert, me: Pick<Me, 'subject' | 'name'> | undefined): boolean {
  if (filters.view !== 'mine') return true;
  return me !== undefined && alert.assignee !== null && (alert.assignee === me.subject || alert.assignee === me.name);
}

export const isFiltered = (filters: Filters): boolean =>
  filters.view !== 'open' || filters.channel !== null || filters.customerId !== null;
