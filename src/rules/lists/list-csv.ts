/**
 * Lists as CSV (RFC 4180, UTF-8): a header with the columns of ENTRY_FIELDS in any order, then one line an entry; a byte
 * order mark at the very start and blank lines are accepted, a line break inside quotes is not. Every fault is named by its
 * line. Text that a spreadsheet would run as a formula is written with an apostrophe before it, and read back without.
 */
import { parse } from 'csv-parse/sync';
import { didYouMean } from '../../domain/did-you-mean.ts';
import { formatRfc3339 } from '../../domain/time.ts';
import { ENTRY_FIELDS, type EntryField, type ListEntry, REQUIRED_ENTRY_FIELDS } from './list-entry.ts';

export interface CsvFault {
  readonly line: number;
  readonly column?: EntryField;
  readonly message: string;
}

export interface CsvRow {
  readonly line: number;
  readonly values: Readonly<Record<EntryField, string>>;
}

export interface CsvBlock {
  readonly rows: readonly CsvRow[];
  readonly faults: readonly CsvFault[];
}

const BLOCK_LINES = 256;
const FORMULA = /^'*[=+\-@\t\r]/;
const ESCAPED_FORMULA = /^'+[=+\-@\t\r]/;

/** At least as many as the file has entries; cheap enough to be asked before building. */
export function countLines(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

/** Blocks of a few hundred lines (about a millisecond of work each), so that a caller can let others run in between. */
export function* readCsvBlocks(text: string): Generator<CsvBlock> {
  const lines = nonBlankLines(text.startsWith('\uFEFF') ? text.slice(1) : text);
  const first = lines.next();
  if (first.done === true) {
    yield {
      rows: [],
      faults: [{ line: 1, message: `empty: a header with ${REQUIRED_ENTRY_FIELDS.join(', ')} is expected` }],
    };
    return;
  }
  const header = readHeader(first.value);
  if (header.columns === undefined) {
    yield { rows: [], faults: header.faults };
    return;
  }
  let block: NumberedLine[] = [];
  for (const line of lines) {
    block.push(line);
    if (block.length < BLOCK_LINES) continue;
    yield readBlock(block, header.columns);
    block = [];
  }
  yield readBlock(block, header.columns);
}

interface NumberedLine {
  readonly line: number;
  readonly text: string;
}

function* nonBlankLines(text: string): Generator<NumberedLine> {
  let line = 0;
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf('\n', from);
    const end = newline < 0 ? text.length : newline;
    line += 1;
    const content = text.slice(from, text[end - 1] === '\r' && end > from ? end - 1 : end);
    if (content.trim() !== '') yield { line, text: content };
    from = end + 1;
  }
}

/** What another program wrote otherwise, said once instead of as five columns that are missing. */
function otherFormat({ line, text }: NumberedLine): CsvFault | undefined {
  if (text.includes('\r')) return { line, message: 'lines end in CR alone: save the file with LF or CRLF' };
  const separator = [';', '\t', '|'].find((sign) => text.split(sign).length >= REQUIRED_ENTRY_FIELDS.length);
  if (separator === undefined || text.includes(',')) return undefined;
  const name = separator === '\t' ? 'tabs' : `"${separator}"`;
  return { line, message: `columns are separated by ${name}: save the file with commas` };
}

function readHeader(line: NumberedLine): { columns?: readonly EntryField[]; faults: readonly CsvFault[] } {
  const other = otherFormat(line);
  if (other !== undefined) return { faults: [other] };
  const cells = parseLine(line.text);
  if (cells === undefined) return { faults: [{ line: line.line, message: 'the header is not CSV' }] };
  const names = cells.map((cell) => cell.trim());
  const faults: CsvFault[] = [];
  for (const [index, name] of names.entries()) {
    const suggestion = didYouMean(name, ENTRY_FIELDS);
    if (!(ENTRY_FIELDS as readonly string[]).includes(name)) {
      faults.push({
        line: line.line,
        message: `unknown column "${name}"${suggestion === undefined ? '' : ` (${suggestion})`}`,
      });
    } else if (names.indexOf(name) < index)
      faults.push({ line: line.line, message: `the column "${name}" stands twice` });
  }
  for (const field of REQUIRED_ENTRY_FIELDS) {
    if (!names.includes(field)) faults.push({ line: line.line, message: `the column "${field}" is missing` });
  }
  return faults.length > 0 ? { faults } : { columns: names as EntryField[], faults };
}

function readBlock(lines: readonly NumberedLine[], columns: readonly EntryField[]): CsvBlock {
  const rows: CsvRow[] = [];
  const faults: CsvFault[] = [];
  const records = parseLines(lines);
  for (const [index, { line }] of lines.entries()) {
    const cells = records[index];
    if (cells === undefined) faults.push({ line, message: 'not CSV: a quote is not closed, or stands inside a value' });
    else if (cells.length !== columns.length) {
      faults.push({ line, message: `${cells.length} columns where the header has ${columns.length}` });
    } else rows.push({ line, values: toValues(cells, columns) });
  }
  return { rows, faults };
}

/** One record a line: together when they are all well-formed, one by one to find the line that is not. */
function parseLines(lines: readonly NumberedLine[]): readonly (readonly string[] | undefined)[] {
  try {
    const records = parse(lines.map((line) => line.text).join('\n'), {
      relax_column_count: true,
      record_delimiter: '\n',
    });
    if (records.length === lines.length) return records;
  } catch {
    // named line by line below
  }
  return lines.map((line) => parseLine(line.text));
}

function parseLine(text: string): readonly string[] | undefined {
  try {
    const records: string[][] = parse(text, { relax_column_count: true, record_delimiter: '\n' });
    return records.length === 1 ? records[0] : undefined;
  } catch {
    return undefined;
  }
}

function toValues(cells: readonly string[], columns: readonly EntryField[]): Record<EntryField, string> {
  const values: Record<EntryField, string> = { id: '', entity: '', expires: '', source: '', reason: '', person: '' };
  for (const [index, column] of columns.entries()) {
    const cell = (cells[index] ?? '').trim();
    values[column] = ESCAPED_FORMULA.test(cell) ? cell.slice(1) : cell;
  }
  return values;
}

/** The lines of an export, header first, each with its line end (CRLF). `readCsvBlocks` gives the same entries back. */
export function* writeCsv(entries: Iterable<ListEntry>): Generator<string> {
  yield `${ENTRY_FIELDS.join(',')}\r\n`;
  for (const entry of entries) {
    const expires = entry.expiresMs === null ? '' : formatRfc3339(entry.expiresMs);
    const cells = [entry.id, entry.entity ?? '', expires, entry.source, entry.reason, entry.person];
    yield `${cells.map(writeCell).join(',')}\r\n`;
  }
}

function writeCell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
