/**
 * The records of a CSV file in order, streaming. A line that is not well-formed, or has another number of columns than the
 * header, is a fault of that line; the ones around it are read. Numbers are lines of the file (the last one of a record that
 * spans several), blank lines are skipped, CRLF is read as LF.
 */
import { pipeline, Readable } from 'node:stream';
import { type CsvError, type Info, type Parser, parse } from 'csv-parse';
import { maskCardNumbers } from '../../domain/card-number.ts';
import { didYouMean } from '../../domain/did-you-mean.ts';
import { VigilError } from '../../domain/errors.ts';
import type { CsvLayout, RecordCells } from './mapping.ts';

export type SourceRecord =
  | { readonly line: number; readonly cells: RecordCells }
  | { readonly line: number; readonly fault: string };

interface ParsedRow {
  readonly info: Info;
  readonly record: readonly string[];
}

const MAX_RECORD_CHARACTERS = 1 << 20;
const QUOTE_LEFT_OPEN = 'a quote is opened and not closed';

/** `file` only for messages; `columns` are those that the mapping needs. Throws VigilError USAGE when the header lacks one. */
export async function* readCsvRecords(
  text: AsyncIterable<string>,
  layout: CsvLayout,
  { file, columns }: { readonly file: string; readonly columns: readonly string[] },
): AsyncGenerator<SourceRecord> {
  const faults: { line: number; fault: string }[] = [];
  const parser = createParser(layout, (fault) => faults.push(fault));
  let header: ReadonlyMap<string, number> | undefined =
    layout.columns === null ? undefined : indexColumns(layout.columns, columns, file, layout.separator);
  let width = layout.columns?.length ?? 0;
  let lastLine = 0;
  for await (const row of rowsOf(parser, text)) {
    lastLine = row.info.lines;
    while (faults[0] !== undefined && faults[0].line <= row.info.lines) yield faults.shift() as SourceRecord;
    if (header === undefined) {
      const names = row.record.map((name) => name.trim());
      header = indexColumns(names, columns, file, layout.separator);
      width = names.length;
    } else yield toRecord(row, header, width);
  }
  for (const { line, fault } of faults) {
    // the rest of the file stands inside the quote: what helps is where it opens, not where the file ends
    yield {
      line,
      fault: fault === QUOTE_LEFT_OPEN ? `a quote is opened after line ${lastLine} and not closed` : fault,
    };
    lastLine = line;
  }
  if (header === undefined)
    throw new VigilError('USAGE', `${file} is empty: a line with the names of the columns is expected.`);
}

function toRecord(row: ParsedRow, header: ReadonlyMap<string, number>, width: number): SourceRecord {
  const { record, info } = row;
  if (record.length !== width)
    return { line: info.lines, fault: `${record.length} columns where there should be ${width}` };
  return {
    line: info.lines,
    cells: (name) => {
      const index = header.get(name);
      return index === undefined ? undefined : record[index];
    },
  };
}

function createParser(layout: CsvLayout, onFault: (fault: { line: number; fault: string }) => void): Parser {
  return parse({
    bom: true,
    delimiter: layout.separator,
    quote: layout.quote ?? false,
    escape: layout.quote ?? '"',
    info: true,
    max_record_size: MAX_RECORD_CHARACTERS,
    record_delimiter: '\n',
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      if (error !== undefined) onFault({ line: Number(error.lines), fault: describe(error) });
      return undefined;
    },
  });
}

/** With back-pressure; whatever ends the text early ends the rows with its error, and leaving the rows closes the text. */
function rowsOf(parser: Parser, text: AsyncIterable<string>): AsyncIterable<ParsedRow> {
  pipeline(Readable.from(withLineFeeds(text), { objectMode: true }), parser, () => undefined);
  return parser;
}

/** CRLF → LF, also inside quotes: csv-parse counts a CRLF there as two lines, and its line numbers would be wrong from then on. */
async function* withLineFeeds(text: AsyncIterable<string>): AsyncGenerator<string> {
  let held = '';
  for await (const piece of text) {
    const whole = held + piece;
    held = whole.endsWith('\r') ? '\r' : '';
    yield (held === '' ? whole : whole.slice(0, -1)).replaceAll('\r\n', '\n');
  }
  yield held;
}

function describe(error: CsvError): string {
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return QUOTE_LEFT_OPEN;
    case 'INVALID_OPENING_QUOTE':
    case 'CSV_INVALID_CLOSING_QUOTE':
      return 'a quote stands inside a value';
    case 'CSV_MAX_RECORD_SIZE':
      return `longer than ${MAX_RECORD_CHARACTERS} characters`;
    default:
      return 'not CSV';
  }
}

function indexColumns(
  names: readonly string[],
  needed: readonly string[],
  file: string,
  separator: string,
): ReadonlyMap<string, number> {
  const twice = names.find((name, index) => names.indexOf(name) < index && needed.includes(name));
  if (twice !== undefined) throw new VigilError('USAGE', `${file}: the column "${twice}" stands twice in the header.`);
  const missing = needed.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    const said = missing.map((name) => {
      const suggestion = didYouMean(name, names);
      return suggestion === undefined ? `"${name}"` : `"${name}" (${suggestion})`;
    });
    throw new VigilError(
      'USAGE',
      `${file} lacks the columns that the mapping names: ${said.join(', ')}.${separatorHint(names, separator)}`,
    );
  }
  return new Map(names.map((name, index) => [name, index]));
}

const SHOWN_HEADER = 60;

/** A single column, or what is no text, is another separator or another encoding, and seldom another file. */
function separatorHint(names: readonly string[], separator: string): string {
  if (names.some((name) => /[\0\uFFFD]/.test(name))) return ' Its first line is not of the stated encoding.';
  if (names.length > 1) return '';
  const shown = maskCardNumbers((names[0] ?? '').slice(0, SHOWN_HEADER));
  return ` With the separator ${JSON.stringify(separator)} its first line is a single column, "${shown}": is this the separator of the file?`;
}
