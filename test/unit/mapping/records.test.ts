import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { loadMapping } from '../../../src/backtest/mapping/load-mapping.ts';
import type { Mapping } from '../../../src/backtest/mapping/mapping.ts';
import { openMappedHistory } from '../../../src/backtest/mapping/open-mapped-history.ts';
import { readMapping } from '../../../src/backtest/mapping/read-mapping.ts';
import { readXml, XmlFault } from '../../../src/backtest/mapping/xml-reader.ts';
import { openHistory } from '../../../src/backtest/open-history.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'vigil-mapping-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FIELDS = `
fields:
  transactionId: { column: id }
  occurredAt: { column: at, time: { pattern: RFC3339 } }
  channel: { constant: POS }
  type: { constant: LOGIN }
  customerId: { column: customer }
  attributes.note: { column: note }
`;
const CSV = `version: 1\nlayout: { kind: csv, separator: ",", quote: '"' }${FIELDS}`;

function mapping(text: string): Mapping {
  const result = readMapping({ file: 'm.yaml', text });
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
  return result.value;
}

async function run(content: string | Buffer, name = 'x.csv', text = CSV): Promise<readonly string[]> {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  const lines: string[] = [];
  for await (const { number, bytes, fault } of openMappedHistory(file, mapping(text))) {
    const message =
      fault === undefined
        ? (JSON.parse(bytes.toString()) as { transactionId: string; attributes?: { note: string } })
        : undefined;
    lines.push(
      `${number} ${fault === undefined ? `${message?.transactionId}:${message?.attributes?.note ?? ''}` : `${fault.code} ${fault.message}`}`,
    );
  }
  return lines;
}

const T = '2026-11-23T10:15:00Z';
const HEADER = 'id,at,customer,note';

describe('records of a CSV history', () => {
  it('come in order, with a byte order mark, quotes, line breaks inside quotes, CRLF and blank lines', async () => {
    const text = `\uFEFF${HEADER}\r\nA,${T},C,"a ""quoted"", one"\r\n\r\nB,${T},C,"two\r\nlines"\r\nC,${T},C,\r\n`;
    expect(await run(text)).toEqual(['2 A:a "quoted", one', '5 B:two\nlines', '6 C:']);
  });

  it('name the line of every fault and leave the neighbours alone', async () => {
    const text = `${HEADER}\nA,${T},C,x\nB,${T},C,x,y\nC,${T}\nD,${T},C,a"b\nE,yesterday,C,x\n,${T},C,x\nF,${T},C,x\n`;
    expect(await run(text)).toEqual([
      '2 A:x',
      '3 INVALID_VALUE 5 columns where there should be 4',
      '4 INVALID_VALUE 2 columns where there should be 4',
      '5 INVALID_VALUE a quote stands inside a value',
      '6 INVALID_TIME occurredAt from at: not a time of the form RFC3339',
      '7 MISSING_FIELD transactionId from id: there is no value',
      '8 F:x',
    ]);
  });

  it('are read from .gz, in GB 18030, with other separators and without a header', async () => {
    expect(await run(gzipSync(`${HEADER}\nA,${T},C,x\n`), 'x.csv.gz')).toEqual(['2 A:x']);
    // 备注 in GB 18030
    const gb = Buffer.concat([
      Buffer.from(`${HEADER}\nA,${T},C,`),
      Buffer.from([0xb1, 0xb8, 0xd7, 0xa2]),
      Buffer.from('\n'),
    ]);
    const layout = (more: string) => `version: 1\nlayout: { kind: csv, separator: ",", quote: '"'${more} }${FIELDS}`;
    expect(await run(gb, 'gb.csv', layout(', encoding: gb18030'))).toEqual(['2 A:备注']);
    expect(await run(gb, 'gb.csv')).toEqual([
      '2 NOT_UTF8 attributes.note from note: a character that is not of the stated encoding',
    ]);
    expect(await run(`A,${T},C,x\n`, 'n.csv', layout(', columns: [id, at, customer, note]'))).toEqual(['1 A:x']);
    const tabs = `version: 1\nlayout: { kind: csv, separator: "\\t", quote: none }${FIELDS}`;
    expect(await run(`${HEADER.replaceAll(',', '\t')}\nA\t${T}\tC\t5" screen\n`, 't.csv', tabs)).toEqual([
      '2 A:5" screen',
    ]);
  });

  it('end with one sentence when the header lacks a column, the file is empty, missing or broken', async () => {
    await expect(run('id,att,customer,note\n')).rejects.toThrow(
      'lacks the columns that the mapping names: "at" (did you mean att?).',
    );
    await expect(run('id,at,at,customer,note\n')).rejects.toThrow('the column "at" stands twice in the header');
    await expect(run('')).rejects.toThrow('is empty: a line with the names of the columns is expected');
    await expect(run(gzipSync('x'.repeat(1000)).subarray(0, 20), 'cut.csv.gz')).rejects.toThrow('cannot be read');
    const missing = openMappedHistory(path.join(folder, 'nowhere.csv'), mapping(CSV));
    await expect(missing.next()).rejects.toThrow('it is not there');
  });

  it('say after which line a quote is opened that nobody closes', async () => {
    const text = `${HEADER}\nA,${T},C,x\nB,${T},C,"x\nC,${T},C,x\nD,${T},C,x\n`;
    expect(await run(text)).toEqual(['2 A:x', '5 INVALID_VALUE a quote is opened after line 2 and not closed']);
  });

  it('ask for the separator when the header is a single column, and for the encoding when it is no text', async () => {
    const semicolons = `${HEADER}\nA,${T},C,x\n`.replaceAll(',', ';');
    await expect(run(semicolons)).rejects.toThrow(
      'With the separator "," its first line is a single column, "id;at;customer;note": is this the separator of the file?',
    );
    await expect(run(Buffer.from(`${HEADER}\n`, 'utf16le'))).rejects.toThrow(
      'Its first line is not of the stated encoding.',
    );
  });

  it('never repeat a card number in a fault', async () => {
    const text = CSV.replace('{ column: note }', '{ column: note, values: { a: b } }');
    const [line] = await run(`${HEADER}\nA,${T},C,4111111111111111\n`, 'c.csv', text);
    expect(line).toContain('1111"');
    expect(line).not.toContain('41111111');
  });

  it('can be left early without holding the file open', async () => {
    const file = path.join(folder, 'long.csv');
    writeFileSync(file, `${HEADER}\n${`A,${T},C,x\n`.repeat(200_000)}`);
    for await (const line of openMappedHistory(file, mapping(CSV))) {
      expect(line.number).toBe(2);
      break;
    }
  });
});

describe('the mapping that a command names', () => {
  it('is a shipped one by its bare name, or a file by its path', async () => {
    const shipped = await loadMapping('iso8583');
    expect(shipped.ok && shipped.value.columns.includes('DE90')).toBe(true);
    const file = path.join(folder, 'own.yaml');
    writeFileSync(file, CSV);
    expect(await loadMapping(file)).toEqual({ ok: true, value: mapping(CSV) });
    writeFileSync(file, CSV.replace('version: 1', 'version: 2'));
    const refused = await loadMapping(file);
    expect(!refused.ok && refused.error[0]).toMatchObject({ file, path: 'version' });
    await expect(loadMapping('nothing')).rejects.toThrow('The mapping nothing cannot be read: it is not there.');
  });
});

describe('the history that a command reads', () => {
  it('takes the bare name of a shipped mapping, as the help text says', async () => {
    const history = await openHistory('config/mappings/samples/iso8583.csv', 'iso8583');
    if (!history.ok) throw new Error(JSON.stringify(history.error));
    const faults: unknown[] = [];
    for await (const line of history.value) if (line.fault !== undefined) faults.push(line.fault);
    expect(faults).toEqual([]);
    await expect(openHistory('config/mappings/samples/iso8583.csv', './nothing.yaml')).rejects.toThrow(
      'The mapping ./nothing.yaml cannot be read: it is not there.',
    );
  });
});

describe('mapping files', () => {
  const faults = (text: string) => {
    const result = readMapping({ file: 'm.yaml', text });
    return result.ok
      ? []
      : result.error.map(
          (fault) => `${fault.path}: ${fault.message}${fault.suggestion ? ` (${fault.suggestion})` : ''}`,
        );
  };

  it('are refused with all their faults at once', () => {
    expect(
      faults(
        "version: 2\nlayout: { kind: csv, separator: ',,', quote: none }\nfields: { amountMino: { column: x }, amountMinor: { column: a } }",
      ),
    ).toEqual([
      'version: must be a whole number from 1 to 1',
      'layout.separator: must be one character, in quotes',
      'fields: "transactionId" is missing: every transaction has one',
      'fields: "occurredAt" is missing: every transaction has one',
      'fields: "channel" is missing: every transaction has one',
      'fields: "type" is missing: every transaction has one',
      'fields: "customerId" is missing: every transaction has one',
      'fields: an amount and its currency come together',
      'fields.amountMino: no transaction has a field "amountMino" (did you mean amountMinor?)',
      'fields.amountMinor: "amount" is missing: how the text is written is stated, never guessed',
    ]);
  });

  it('call what is wrong with a form wrong, and not missing as well', () => {
    const text = CSV.replace('pattern: RFC3339', 'pattern: "hh"').replace(
      'attributes.note: { column: note }',
      'amountMinor: { column: note, amount: { mark: ";", grouping: none, sign: none } }\n  currency: { constant: CNY }',
    );
    const [pattern, mark, ...others] = faults(text);
    expect(pattern).toMatch(/^fields\.occurredAt\.time\.pattern: must be RFC3339/);
    expect(mark).toMatch(/^fields\.amountMinor\.amount\.mark: ";" is not one of/);
    expect(others).toEqual([]);
  });

  it.each([
    ['a time without a zone', '{ pattern: RFC3339 }', '{ pattern: "YYYY-MM-DD HH:mm" }', /"zone" is missing/],
    ['RFC 3339 with another zone', '{ pattern: RFC3339 }', '{ pattern: RFC3339, zone: UTC }', /leave "zone" out/],
    [
      'a date without a time of day',
      '{ pattern: RFC3339 }',
      '{ pattern: "YYYY-MM-DD", zone: UTC }',
      /needs a "timeOfDay"/,
    ],
    [
      'YY without a century',
      '{ pattern: RFC3339 }',
      '{ pattern: "YYMMDD HH:mm", zone: UTC }',
      /the year comes from century/,
    ],
    [
      'MMDD without a year',
      '{ pattern: RFC3339 }',
      '{ pattern: "MMDD HH:mm", zone: UTC }',
      /the year comes from year or yearNearest/,
    ],
    [
      'a year beside a year',
      '{ pattern: RFC3339 }',
      '{ pattern: "YYYYMMDD HH:mm", zone: UTC, year: 2026 }',
      /has its year/,
    ],
    ['an unknown zone', '{ pattern: RFC3339 }', '{ pattern: "YYYYMMDD HH:mm", zone: CST }', /IANA time zone/],
    ['an unknown type', 'constant: LOGIN', 'constant: LOGN', /"LOGN" is not a type of transaction/],
    ['two sources', '{ column: id }', '{ column: id, constant: x }', /exactly one of/],
    ['columns without a join', '{ column: id }', '{ columns: [id, at] }', /needs a "join"/],
    ['an empty table', '{ column: note }', '{ column: note, values: {} }', /would refuse every line/],
    ['an otherwise without a table', '{ column: note }', '{ column: note, otherwise: x }', /belongs to "values"/],
    ['a table of numbers', '{ column: note }', '{ column: note, values: { a: 1 } }', /write it in quotes/],
    ['a slice the wrong way', '{ column: note }', '{ column: note, slice: [4, 2] }', /from before to/],
    ['a type for what has one', '{ column: id }', '{ column: id, as: integer }', /only for attributes/],
    [
      'an amount format for a text',
      '{ column: note }',
      '{ column: note, amount: { mark: ".", grouping: none, sign: none } }',
      /no meaning/,
    ],
    ['an unknown encoding', 'separator: ","', 'separator: ",", encoding: klingon', /not known/],
    [
      'a column that the layout lacks',
      'separator: ","',
      'separator: ",", columns: [id, at, customer]',
      /has no column "note"/,
    ],
  ])('refuse %s', (_name, from, to, pattern) => {
    expect(faults(CSV.replace(from, to)).join('\n')).toMatch(pattern);
  });

  it.each([
    ['no decimals without a mark', '{ mark: none, grouping: none, sign: none }', /"decimals"/],
    ['decimals beside a mark', '{ mark: ".", decimals: 2, grouping: none, sign: none }', /"decimals"/],
    ['one character for two things', '{ mark: ".", grouping: ".", sign: none }', /the same character/],
    ['a sign without a meaning', '{ mark: ".", grouping: none, sign: minus }', /what a sign means/],
  ])('refuse amounts with %s', (_name, amount, pattern) => {
    expect(
      faults(`${CSV}  amountMinor: { column: a, amount: ${amount} }\n  currency: { constant: CNY }\n`).join('\n'),
    ).toMatch(pattern);
  });
});

async function events(text: string, size = 7): Promise<readonly unknown[]> {
  async function* pieces() {
    for (let from = 0; from < text.length; from += size) yield text.slice(from, from + size);
  }
  const all: unknown[] = [];
  for await (const event of readXml(pieces())) {
    if (event.kind === 'start')
      all.push(`<${event.name}${event.attributes.map(([key, value]) => ` ${key}=${value}`).join('')}>`);
    else all.push(event.kind === 'end' ? `</${event.name}>` : event.text);
  }
  return all;
}

describe('the XML reader', () => {
  it('gives elements, attributes, text and CDATA, however the text is cut into pieces', async () => {
    const text = `<?xml version="1.0"?><!-- c --><p:a x="1 &gt; 0" y='"'><b/>t &amp; &#x4e2d;&#20013;<![CDATA[<&]]></p:a>\n`;
    const expected = ['<a x=1 > 0 y=">', '<b>', '</b>', 't & 中中', '<&', '</a>'];
    for (const size of [1, 2, 3, 7, 1000]) expect(await events(text, size)).toEqual(expected);
  });

  it.each([
    ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]><a/>', /document types/],
    ['an unknown entity', '<a>&nbsp;</a>', /entity/],
    ['a bare ampersand', '<a>a & b</a>', /entity/],
    ['a reference to no character', '<a>&#0;</a>', /entity/],
    ['a prototype name as entity', '<a>&constructor;</a>', /entity/],
    ['crossed tags', '<a><b></a></b>', /closes <b>/],
    ['an end too many', '<a></a></a>', /closes nothing/],
    ['an open element', '<a><b></b>', /<a> is not closed/],
    ['an open tag', '<a><b', /ends inside a tag/],
    ['two documents', '<a/><b/>', /second document/],
    ['text outside', 'x<a/>', /outside/],
    ['text after the end', '<a/> x', /after the end/],
    ['an attribute without quotes', '<a x=1/>', /not a tag/],
    ['an attribute twice', '<a x="1" x="2"/>', /twice/],
    ['nothing', '', /no element/],
    ['too many levels', '<a>'.repeat(65), /more than 64 levels/],
  ])('refuses %s', async (_name, text, pattern) => {
    const failure = await events(text).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(XmlFault);
    expect((failure as XmlFault).message).toMatch(pattern);
  });

  it('names the line and reads nothing beyond a fault of the file', async () => {
    const text = `version: 1\nlayout: { kind: xml, record: a/r }${FIELDS}`;
    const record = (id: string) => `<r><id>${id}</id><at>${T}</at><customer>C</customer></r>\n`;
    expect(await run(`<a>\n${record('A')}<r>&x;</r>\n${record('B')}</a>`, 'x.xml', text)).toEqual([
      '2 A:',
      '3 INVALID_VALUE not well-formed XML, nothing is read beyond: an entity that is not known here',
    ]);
  });

  it('refuses a token without an end instead of keeping it in memory', async () => {
    const failure = await events(`<a>${'x'.repeat(2_200_000)}`, 1 << 18).catch((error: unknown) => error);
    expect((failure as XmlFault).message).toMatch(/longer than 1048576/);
  });
});
