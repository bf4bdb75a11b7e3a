/**
 * A history file (CSV or XML, .gz by its name) through a mapping, as lines of transaction messages: what `openHistory` gives for
 * NDJSON. A record that does not fit is a line with its fault; the ones around it are read.
 */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { VigilError } from '../../domain/errors.ts';
import type { RejectionCode } from '../../domain/transaction.ts';
import { createMapper, type TransactionMessage } from './create-mapper.ts';
import { readCsvRecords, type SourceRecord } from './csv-records.ts';
import type { Mapping, RecordCells } from './mapping.ts';
import { AMBIGUOUS, readXmlRecords } from './xml-records.ts';

export interface MappedLine {
  /** 1-based line of the input file */
  readonly number: number;
  /** UTF-8 JSON of the message; empty when there is a fault */
  readonly bytes: Buffer;
  readonly fault?: { readonly code: RejectionCode; readonly message: string };
}

const NOTHING = Buffer.alloc(0);

export async function* openMappedHistory(file: string, mapping: Mapping): AsyncGenerator<MappedLine> {
  const mapRecord = createMapper(mapping);
  for await (const record of readRecords(file, mapping)) {
    if ('fault' in record) {
      yield { number: record.line, bytes: NOTHING, fault: { code: 'INVALID_VALUE', message: record.fault } };
      continue;
    }
    const repeated = findRepeated(record.cells, mapping);
    if (repeated !== undefined) {
      const message = `"${repeated}" occurs more than once in this record`;
      yield { number: record.line, bytes: NOTHING, fault: { code: 'INVALID_VALUE', message } };
      continue;
    }
    const mapped = mapRecord(record.line, record.cells);
    if (mapped.ok) yield { number: record.line, bytes: toBytes(mapped.value) };
    else
      yield { number: record.line, bytes: NOTHING, fault: { code: mapped.error.code, message: mapped.error.message } };
  }
}

const toBytes = (message: TransactionMessage): Buffer => Buffer.from(JSON.stringify(message));

function findRepeated(cells: RecordCells, mapping: Mapping): string | undefined {
  return mapping.layout.kind === 'xml' ? mapping.columns.find((name) => cells(name) === AMBIGUOUS) : undefined;
}

function readRecords(file: string, { layout, columns }: Mapping): AsyncGenerator<SourceRecord> {
  if (layout.kind === 'xml') return readXmlRecords(decode(file, 'utf-8'), layout);
  return readCsvRecords(decode(file, layout.encoding), layout, { file, columns });
}

/** Bytes that are not of the encoding become U+FFFD, so that the mapper can name their line. */
async function* decode(file: string, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  const source = createReadStream(file, { highWaterMark: 1 << 18 });
  const stream = file.endsWith('.gz') ? pipeline(source, createGunzip(), () => undefined) : source;
  try {
    for await (const bytes of stream) yield decoder.decode(bytes as Buffer, { stream: true });
    yield decoder.decode();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new VigilError('USAGE', `${file} cannot be read: ${code === 'ENOENT' ? 'it is not there' : message}.`, {
      cause: error,
    });
  } finally {
    source.destroy();
  }
}
