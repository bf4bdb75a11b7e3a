import { describe, expect, it } from 'vitest';
import { isShown, readFilters, serverFilters, writeFilters } from '../../../src/console/src/queue/filters.ts';
import {
  acceptPending,
  appendPage,
  mergeHead,
  replaceRow,
  startList,
} from '../../../src/console/src/queue/merge-head.ts';
import { rangeOf, scrollFor } from '../../../src/console/src/queue/window-range.ts';
import type { Alert } from '../../../src/domain/alert.ts';
import { createFakeBank } from '../../helpers/fake-bank.ts';

const [sample] = createFakeBank({ alerts: 1 }).alerts;
const row = (alertId: string, overrides: Partial<Alert> = {}): Alert => {
  if (sample === undefined) throw new Error('the fake bank has no alert');
  return { ...sample, alertId, version: 1, ...overrides };
};
const page = (ids: string, nextCursor: string | null = null) => ({ items: [...ids].map((id) => row(id)), nextCursor });
const ids = (rows: readonly Alert[]): string => rows.map(({ alertId }) => alertId).join('');

describe('a list that is read again', () => {
  it('keeps its rows and gathers new ones behind', () => {
    const list = mergeHead(startList(page('cba')), page('edcba'));
    expect(ids(list.rows)).toBe('cba');
    expect(ids(list.pending)).toBe('ed');
    expect(ids(acceptPending(list).rows)).toBe('edcba');
  });

  it('replaces a changed row in its place and marks it', () => {
    const changed = { items: [row('c'), row('b', { version: 2, status: 'claimed' }), row('a')], nextCursor: null };
    const list = mergeHead(startList(page('cba')), changed);
    expect(ids(list.rows)).toBe('cba');
    expect(list.rows[1]?.status).toBe('claimed');
    expect([...list.changed]).toEqual(['b']);
  });

  it('keeps a row that has left the view, says so, and drops it only with the new ones', () => {
    const list = mergeHead(startList(page('cba')), page('dca'));
    expect(ids(list.rows)).toBe('cba');
    expect([...list.gone]).toEqual(['b']);
    expect(ids(acceptPending(list).rows)).toBe('dca');
    expect([...mergeHead(list, page('dcba')).gone]).toEqual([]);
  });

  it('says nothing of rows beyond the page that was read', () => {
    const long = appendPage(startList(page('fed', 'd')), page('cba'));
    const list = mergeHead(long, page('gfe', 'e'));
    expect(ids(list.rows)).toBe('fedcba');
    expect([...list.gone]).toEqual([]);
    expect(ids(list.pending)).toBe('g');
  });

  it('starts anew when more arrived than one page holds', () => {
    const list = mergeHead(startList(page('cba')), page('zyx', 'x'));
    expect(list.hasGap).toBe(true);
    const fresh = acceptPending(list);
    expect(ids(fresh.rows)).toBe('zyx');
    expect(fresh.nextCursor).toBe('x');
    expect(fresh.hasGap).toBe(false);
  });

  it('never goes back to an older version of a row', () => {
    const list = replaceRow(startList(page('ba')), row('b', { version: 3, status: 'claimed' }));
    expect(mergeHead(list, page('ba')).rows[0]?.version).toBe(3);
  });

  it('shows the first alerts of an empty list as new ones', () => {
    const list = mergeHead(startList(page('')), page('ba'));
    expect(ids(list.rows)).toBe('');
    expect(ids(list.pending)).toBe('ba');
    expect(list.hasGap).toBe(false);
  });

  it('shows no alert twice when pages overlap', () => {
    expect(ids(appendPage(startList(page('cb', 'b')), page('ba')).rows)).toBe('cba');
  });

  it('takes an own step as no news', () => {
    const list = mergeHead(startList(page('a')), { items: [row('a', { version: 2 })], nextCursor: null });
    expect([...replaceRow(list, row('a', { version: 3 })).changed]).toEqual([]);
  });
});

describe('filters', () => {
  it('come back from the address as they went in', () => {
    const filters = { view: 'closed', channel: 'ATM', customerId: 'C-欧阳 1' } as const;
    expect(readFilters(new URLSearchParams(writeFilters(filters).toString()))).toEqual(filters);
    expect(writeFilters(readFilters(new URLSearchParams(''))).toString()).toBe('');
  });

  it('show open alerts when the address says something that is not known', () => {
    expect(readFilters(new URLSearchParams('view=everything')).view).toBe('open');
  });

  it('ask the server for a state, "mine" for those in hand', () => {
    const none = { channel: null, customerId: null };
    expect(serverFilters({ view: 'all', ...none })).toEqual({});
    expect(serverFilters({ view: 'mine', ...none })).toEqual({ status: 'claimed' });
    expect(serverFilters({ view: 'open', channel: 'ATM', customerId: 'C1' })).toEqual({
      status: 'open',
      channel: 'ATM',
      customerId: 'C1',
    });
  });

  it('show as mine what I have in hand, and nothing before it is known who I am', () => {
    const filters = { view: 'mine', channel: null, customerId: null } as const;
    const me = { subject: 'li.na', name: 'Li Na' };
    expect(isShown(filters, row('a', { assignee: 'li.na' }), me)).toBe(true);
    expect(isShown(filters, row('a', { assignee: 'wang.wei' }), me)).toBe(false);
    expect(isShown(filters, row('a', { assignee: null }), me)).toBe(false);
    expect(isShown(filters, row('a', { assignee: 'li.na' }), undefined)).toBe(false);
  });
});

describe('the window of a long list', () => {
  it('draws what is seen and a little more', () => {
    expect(rangeOf({ scrollTop: 0, height: 360 }, 36, 100_000)).toEqual({ first: 0, end: 18 });
    expect(rangeOf({ scrollTop: 36 * 50_000, height: 360 }, 36, 100_000)).toEqual({ first: 49_992, end: 50_018 });
    expect(rangeOf({ scrollTop: 36 * 99_990, height: 360 }, 36, 100_000)).toEqual({ first: 99_982, end: 100_000 });
  });

  it('is empty for an empty list, also when it was scrolled', () => {
    expect(rangeOf({ scrollTop: 5_000, height: 360 }, 36, 0)).toEqual({ first: 0, end: 0 });
  });

  it('scrolls no further than needed to show a row below the head', () => {
    const view = { scrollTop: 360, height: 390 };
    expect(scrollFor(12, view, 36, 30)).toBe(360);
    expect(scrollFor(5, view, 36, 30)).toBe(180);
    expect(scrollFor(20, view, 36, 30)).toBe(396);
  });
});
