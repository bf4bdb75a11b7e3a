import { describe, expect, it } from 'vitest';
import { writeCsv } from '../../../src/rules/lists/list-csv.ts';
import type { ListEntry } from '../../../src/rules/lists/list-entry.ts';
import { aList, loaded } from './a-list.ts';

const anEntry = (more: Partial<ListEntry>): ListEntry => ({
  id: 'A1',
  entity: null,
  expiresMs: null,
  source: 's',
  reason: 'r',
  person: 'p',
  ...more,
});

describe('exporting lists', () => {
  it('writes ids as they are, times in UTC, and quotes what needs quotes', () => {
    const entry = anEntry({
      id: '6222020200112233445',
      entity: 'account',
      expiresMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      reason: 'said "no", twice',
    });
    expect([...writeCsv([entry])].join('')).toBe(
      'id,entity,expires,source,reason,person\r\n6222020200112233445,account,2026-01-02T03:04:05.000Z,s,"said ""no"", twice",p\r\n',
    );
  });

  it.each(['=1+1', '+86138', '-5', '@sum', "'=1", "''@x"])(
    'writes %s so that no spreadsheet runs it, and reads it back',
    (text) => {
      const csv = [...writeCsv([anEntry({ id: text, reason: text })])].join('');
      expect(csv.split('\r\n')[1]).toBe(`'${text},,,s,'${text},p`);
      const back = [...loaded(aList({ csv })).entries('bad_accounts')];
      expect(back).toEqual([anEntry({ id: text, reason: text })]);
    },
  );

  it("keeps an apostrophe that protects nothing (O'Hara)", () => {
    const csv = [...writeCsv([anEntry({ person: "O'Hara", reason: "'quoted'" })])].join('');
    expect([...loaded(aList({ csv })).entries('bad_accounts')][0]).toMatchObject({
      person: "O'Hara",
      reason: "'quoted'",
    });
  });
});
