/**
 * The records of an XML file in order, streaming: one for each element at the layout's path. A mapping names texts by their path
 * inside the record (PmtId/TxId, IntrBkSttlmAmt/@Ccy), or from the root with a leading slash for what stands before the records
 * (/Document/FIToFICstmrCdtTrf/GrpHdr/CreDtTm). A path that occurs twice in a record is a fault of it when it is asked for:
 * which one is meant is not guessed.
 */
import type { SourceRecord } from './csv-records.ts';
import type { XmlLayout } from './mapping.ts';
import { readXml, XmlFault, type XmlStart } from './xml-reader.ts';

type Texts = Map<string, string>;

/** Marks a path that occurred more than once; no XML text can hold it. */
export const AMBIGUOUS = '\u0000';

interface OpenRecord {
  readonly line: number;
  readonly depth: number;
  readonly texts: Texts;
}

export async function* readXmlRecords(text: AsyncIterable<string>, layout: XmlLayout): AsyncGenerator<SourceRecord> {
  const header: Texts = new Map();
  const path: string[] = [];
  let record: OpenRecord | undefined;
  let content = '';
  try {
    for await (const event of readXml(text)) {
      if (event.kind === 'text') content += event.text;
      else if (event.kind === 'start') {
        path.push(event.name);
        content = '';
        if (record === undefined && path.join('/') === layout.record)
          record = { line: event.line, depth: path.length, texts: new Map() };
        addAttributes(event, path, record, header);
      } else {
        add(record?.texts ?? header, keyOf(path, record), content);
        content = '';
        if (record !== undefined && path.length === record.depth) {
          yield toRecord(record, header);
          record = undefined;
        }
        path.pop();
      }
    }
  } catch (error) {
    if (!(error instanceof XmlFault)) throw error;
    yield { line: error.line, fault: `not well-formed XML, nothing is read beyond: ${error.message}` };
  }
}

const keyOf = (path: readonly string[], record: OpenRecord | undefined): string =>
  record === undefined ? `/${path.join('/')}` : path.slice(record.depth).join('/');

function add(texts: Texts, key: string, text: string): void {
  const trimmed = text.trim();
  // an element that only holds others has no text of its own
  if (trimmed === '') return;
  texts.set(key, texts.has(key) ? AMBIGUOUS : trimmed);
}

function addAttributes(event: XmlStart, path: readonly string[], record: OpenRecord | undefined, header: Texts): void {
  for (const [name, value] of event.attributes) {
    const key = keyOf(path, record);
    add(record?.texts ?? header, key === '' ? `@${name}` : `${key}/@${name}`, value);
  }
}

function toRecord(record: OpenRecord, header: Texts): SourceRecord {
  return { line: record.line, cells: (name) => (name.startsWith('/') ? header : record.texts).get(name) };
}
