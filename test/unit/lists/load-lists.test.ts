import { describe, expect, it } from 'vitest';
import { readSources } from '../../../src/config/read-sources.ts';
import { loadLists, loadListsGradually } from '../../../src/rules/lists/load-lists.ts';
import { aList, faultsOf, HEADER, loaded } from './a-list.ts';

const T = Date.UTC(2026, 10, 23);
const places = (files: Parameters<typeof faultsOf>[0]) =>
  faultsOf(files).map((f) => `${f.line ?? '-'} ${f.path}: ${f.message}`);

describe('loading lists', () => {
  it('keeps nineteen-digit ids to the last digit and leading zeros', () => {
    const lists = loaded(
      aList({ csv: `${HEADER}\n6222020200112233445,,,police,case 7,wang\n0012,,,police,case 7,wang\n` }),
    );
    expect(lists.contains('bad_accounts', '6222020200112233445', T)).toBe(true);
    expect(lists.contains('bad_accounts', '6222020200112233446', T)).toBe(false);
    expect(lists.contains('bad_accounts', '12', T)).toBe(false);
    expect(lists.contains('bad_accounts', '0012', T)).toBe(true);
    expect(lists.contains('another_list', '0012', T)).toBe(false);
    expect(lists.size).toBe(2);
  });

  it('lets an entry end exactly at its expiry', () => {
    const lists = loaded(aList({ csv: `${HEADER}\nA1,,2026-11-23T08:00:00+08:00,police,case 7,wang\n` }));
    expect(lists.contains('bad_accounts', 'A1', T - 1)).toBe(true);
    expect(lists.contains('bad_accounts', 'A1', T)).toBe(false);
    expect(lists.find('bad_accounts', 'account', 'A1', T - 1)).toEqual({
      id: 'A1',
      entity: null,
      expiresMs: T,
      source: 'police',
      reason: 'case 7',
      person: 'wang',
    });
  });

  it('tells entries of one id by their entity', () => {
    const lists = loaded(aList({ csv: `${HEADER}\nX,account,,s,r,p\nY,,,s,r,p\n` }));
    expect(lists.find('bad_accounts', 'account', 'X', T)).toBeDefined();
    expect(lists.find('bad_accounts', 'counterparty', 'X', T)).toBeUndefined();
    expect(lists.find('bad_accounts', 'counterparty', 'Y', T)).toBeDefined();
    expect(lists.find('bad_accounts', 'customer', 'Y', T)).toBeUndefined();
    expect(lists.contains('bad_accounts', 'X', T)).toBe(true);
  });

  it('compares ids after NFC, addresses in canonical form, and never lets look-alikes meet', () => {
    const files = aList({
      entities: '[counterparty, ip]',
      csv: `${HEADER}\nCafe\u0301,,,s,r,p\n2001:DB8:0::1,ip,,s,r,p\n账户1,,,s,r,p\n`,
    });
    const lists = loaded(files);
    expect(lists.contains('bad_accounts', 'Caf\u00e9', T)).toBe(true);
    expect(lists.find('bad_accounts', 'ip', '2001:db8::1', T)).toBeDefined();
    expect(lists.contains('bad_accounts', '账户1', T)).toBe(true);
    expect(lists.contains('bad_accounts', '账户１', T)).toBe(false);
  });

  it('accepts a byte order mark, CRLF and blank lines, and still names faults by the line of the file', () => {
    const text = `\uFEFF${HEADER}\r\n\r\nA1,,,s,r,p\r\n   \r\nA2,,,s,r,p,too many\r\n`;
    expect(places(aList({ csv: text }))).toEqual(['5 : 7 columns where the header has 6']);
  });

  it('names every faulty line and imports nothing of the file', () => {
    const csv = [
      HEADER,
      'good,,,s,r,p',
      ',,,s,r,p',
      'A2,device,,s,r,p',
      'A3,,tomorrow,s,r,p',
      'A4,,,s,,p',
      '6.22202E+18,,,s,r,p',
      'A5,,,s,r',
      'good,,,s,r,p',
      '"A6,,,s,r,p',
      'A7,,,"s" x,r,p',
      'A8,,,s,4111 1111 1111 1111,p',
      `A9${'x'.repeat(1030)},,,s,r,p`,
    ].join('\n');
    expect(places(aList({ csv }))).toEqual([
      '3 id: the id is empty',
      '4 entity: "device" is not an entity of this list (account, counterparty)',
      '5 expires: must be a time with a zone, such as 2026-11-23T10:15:00+08:00, or empty',
      '6 reason: the reason is empty',
      '7 id: a spreadsheet has turned this id into a number and lost digits: format the column as text',
      '8 : 5 columns where the header has 6',
      '9 id: the id stands already on line 2',
      '10 : not CSV: a quote is not closed, or stands inside a value',
      '11 : not CSV: a quote is not closed, or stands inside a value',
      '12 reason: the reason holds what looks like a card number',
      '13 id: the id is longer than 1024 bytes',
    ]);
  });

  it('refuses what cannot be seen in an entry: an id that looks the same would never match', () => {
    const csv = [
      HEADER,
      'A1\u200B,,,s,r,p',
      'A2,,,s,r,p\u202Eq',
      'A\t3,,,s,r,p',
      'A\uFFFD4,,,s,r,p',
      '\uFEFFA5,,,s,r,p',
    ];
    expect(places(aList({ csv: csv.join('\n') }))).toEqual([
      '2 id: the id: the character U+200B cannot be seen',
      '3 person: the person: the character U+202E cannot be seen',
      '4 id: the id: a tab or a line end stands inside',
      '5 id: the id: this is not UTF-8: save it as UTF-8',
    ]);
  });

  it('refuses a card number as the id of a card, without repeating it', () => {
    const faults = faultsOf(aList({ entities: '[card]', csv: `${HEADER}\n4111111111111111,,,s,r,p\n` }));
    expect(faults).toHaveLength(1);
    expect(JSON.stringify(faults)).not.toContain('4111');
  });

  it('refuses a header that lacks a column, has an unknown one, or has one twice', () => {
    expect(places(aList({ csv: 'id,entty,source,source,person\n' }))).toEqual([
      '1 : unknown column "entty" (did you mean entity?)',
      '1 : the column "source" stands twice',
      '1 : the column "reason" is missing',
    ]);
    expect(places(aList({ csv: '' }))[0]).toMatch(/empty: a header/);
    expect(places(aList({ csv: `${HEADER.replaceAll(',', ';')}\nA1;;;s;r;p\n` }))).toEqual([
      '1 : columns are separated by ";": save the file with commas',
    ]);
    expect(places(aList({ csv: HEADER.replaceAll(',', '\t') }))).toEqual([
      '1 : columns are separated by tabs: save the file with commas',
    ]);
    expect(places(aList({ csv: `${HEADER}\rA1,,,s,r,p\r` }))).toEqual([
      '1 : lines end in CR alone: save the file with LF or CRLF',
    ]);
  });

  it('stops listing after a thousand faults and says how many there are', () => {
    const faults = faultsOf(aList({ csv: `${HEADER}\n${',,,s,r,p\n'.repeat(1500)}` }));
    expect(faults).toHaveLength(1001);
    expect(faults.at(-1)?.message).toBe('500 more faults are not shown');
  });

  it('reads inline entries and refuses ids that YAML read as numbers', () => {
    const inline = (id: string) => [
      {
        file: 'lists/a.yaml',
        text: `version: 1\nlists:\n  - name: a\n    title: { en: "A", zh-CN: "甲" }\n    kind: watch\n    reason: R\n    entities: [account]\n    entries:\n      - { id: ${id}, source: s, reason: r, person: p }\n`,
      },
    ];
    expect(loaded(inline('"6222020200112233445"')).contains('a', '6222020200112233445', T)).toBe(true);
    expect(places(inline('6222020200112233445'))[0]).toMatch(/^9 lists\[0\].entries\[0\].id: .*write it in quotes/);
  });

  it.each([
    ['a force list without an outcome', { kind: 'force', more: 'reason: R' }, /force list needs an "outcome"/],
    ['a watch list with an outcome', { kind: 'watch', more: 'reason: R\noutcome: BLOCK' }, /has no outcome/],
    ['a deny list without a reason', { more: 'byLaw: true' }, /needs a "reason"/],
    ['a deny list that allows', { more: 'reason: R\noutcome: ALLOW' }, /would do nothing/],
    ['an allow list by law', { kind: 'allow', more: 'byLaw: true' }, /cannot be "byLaw"/],
    ['a misspelt kind', { kind: 'denied' }, /not one of/],
    ['no entity', { entities: '[]' }, /at least one entity/],
    ['an entity twice', { entities: '[account, account]' }, /stands twice/],
    ['a name with a blank', { name: 'Bad' }, /lower-case/],
    ['both a file and entries', { more: 'reason: R\nentries: []' }, /not both/],
    ['a path out of the folder', { more: 'reason: R\nfile: ../x.csv' }, /keys must be unique|name of a .csv/i],
  ])('refuses %s', (_name, shape, pattern) => {
    expect(
      faultsOf(aList(shape))
        .map((fault) => fault.message)
        .join('\n'),
    ).toMatch(pattern);
  });

  it('refuses a reason that the dictionary does not have', () => {
    expect(faultsOf(aList(), new Set(['OTHER']))[0]?.message).toBe('the reason LIST_TEST is not in the dictionary');
    expect(faultsOf(aList(), new Set(['LIST_TEST']))).toEqual([]);
  });

  it('names everything that is wrong with a list at once, and nothing that only follows from it', () => {
    const more = 'reason: LIST_TESTT\noutcome: ALLOW\nbylaw: true';
    const faults = faultsOf(aList({ kind: 'denny', entities: '[custmer]', more }), new Set(['LIST_TEST']));
    expect(faults.map(({ path, message, suggestion }) => `${path} ${message} ${suggestion ?? ''}`.trim())).toEqual([
      'lists[0].bylaw unknown key "bylaw" did you mean byLaw?',
      expect.stringMatching(/^lists\[0\]\.kind "denny" is not one of .* did you mean deny\?$/),
      expect.stringMatching(/^lists\[0\]\.entities\[0\] "custmer" is not one of .* did you mean customer\?$/),
      'lists[0].reason the reason LIST_TESTT is not in the dictionary did you mean LIST_TEST?',
    ]);
  });

  it('refuses a list that is declared twice, a missing file, and a file of no list', () => {
    const files = aList();
    const again = { file: 'lists/zz.yaml', text: files[0]?.text ?? '' };
    expect(faultsOf([...files, again]).map((f) => f.message)).toEqual([
      'the list "bad_accounts" is declared twice (first in lists/bad_accounts.yaml)',
      'the file lists/bad_accounts.csv belongs to two lists',
    ]);
    expect(faultsOf(files.slice(0, 1))[0]?.message).toBe('the file lists/bad_accounts.csv is not there');
    expect(faultsOf([...files, { file: 'lists/old.csv', text: HEADER }])[0]?.message).toMatch(/no list is declared/);
  });

  it('has a version that changes with the content and with nothing else', () => {
    const files = aList({ csv: `${HEADER}\nA1,,,s,r,p\n` });
    const other = aList({ csv: `${HEADER}\nA2,,,s,r,p\n` });
    expect(loaded(files).version).toBe(loaded([...files].reverse()).version);
    expect(loaded(files).version).not.toBe(loaded(other).version);
    expect(loaded([]).size).toBe(0);
  });

  it('loads the shipped lists', async () => {
    const { lists: files } = await readSources(undefined);
    expect(loaded(files).names).toContain('involved_accounts');
    expect(loaded(files).definition('involved_accounts')?.byLaw).toBe(true);
  });
});

describe('large lists', () => {
  const rows = Array.from(
    { length: 200_000 },
    (_, i) =>
      `${6222020200000000000n + BigInt(i) * 7919n},,,police notice ${i % 50},case ${i % 1000},officer ${i % 20}`,
  );
  const files = aList({ csv: `${HEADER}\n${rows.join('\n')}\n` });

  it('keeps 200,000 entries in less than 80 bytes each and finds each of them', () => {
    const lists = loaded(files);
    expect(lists.size).toBe(200_000);
    expect(lists.memoryBytes / lists.size).toBeLessThan(80);
    let found = 0;
    let false_ = 0;
    for (let i = 0; i < 200_000; i++) {
      const id = 6222020200000000000n + BigInt(i) * 7919n;
      if (lists.contains('bad_accounts', String(id), T)) found += 1;
      if (lists.contains('bad_accounts', String(id + 1n), T)) false_ += 1;
    }
    expect([found, false_]).toEqual([200_000, 0]);
  });

  it('activates gradually in many small steps, with the same result as in one go', async () => {
    let pauses = 0;
    const gradual = await loadListsGradually({ files }, async () => {
      pauses += 1;
      await new Promise((resolve) => setImmediate(resolve));
    });
    const atOnce = loadLists({ files });
    expect(pauses).toBeGreaterThan(700);
    expect(gradual.ok && atOnce.ok && gradual.value.version === atOnce.value.version).toBe(true);
    expect(gradual.ok && [...gradual.value.entries('bad_accounts')].at(-1)?.id).toBe('6222020201583792081');
  });
});
