/**
 * Labels from a CSV file: transactionId,channel,label,labelledAt[,scenario]. The file is taken whole or not at all: every
 * faulty line is named.
 */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import type { ConfigFault } from '../domain/config-fault.ts';
import { VigilError } from '../domain/errors.ts';
import type { Label } from '../domain/label.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { parseRfc3339 } from '../domain/time.ts';

const REQUIRED = ['transactionId', 'channel', 'label', 'labelledAt'];
const ALLOWED = new Set([...REQUIRED, 'scenario']);

interface Row {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

export async function readLabels(
  file: string,
  isChannel: (code: string) => boolean,
): Promise<Result<readonly Label[], readonly ConfigFault[]>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
    if (file.endsWith('.gz')) bytes = gunzipSync(bytes);
  } catch (error) {
    throw new VigilError('USAGE', `${file} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
  return parseLabels(file, bytes.toString('utf8'), isChannel);
}

export function parseLabels(
  file: string,
  text: string,
  isChannel: (code: string) => boolean,
): Result<readonly Label[], readonly ConfigFault[]> {
  const fault = (line: number, path: string, message: string): ConfigFault => ({ file, line, path, message });
  let rows: Row[];
  try {
    rows = parse(text, { bom: true, info: true, relax_column_count: true, skip_empty_lines: true }) as unknown as Row[];
  } catch (error) {
    return err([fault((error as { lines?: number }).lines ?? 1, '', (error as Error).message)]);
  }
  const header = rows[0]?.record ?? [];
  const missing = REQUIRED.filter((name) => !header.includes(name));
  const unknown = header.filter((name) => !ALLOWED.has(name));
  const repeated = header.filter((name, index) => header.indexOf(name) < index);
  if (missing.length + unknown.length + repeated.length > 0) {
    return err([
      ...missing.map((name) => fault(1, name, 'the column is missing')),
      ...unknown.map((name) => fault(1, name, 'is not a known column')),
      ...repeated.map((name) => fault(1, name, 'stands there more than once')),
    ]);
  }
  const faults: ConfigFault[] = [];
  const labels: Label[] = [];
  for (const { record, info } of rows.slice(1)) {
    if (record.length !== header.length) {
      faults.push(fault(info.lines, '', `has ${record.length} columns, the header has ${header.length}`));
      continue;
    }
    const row = Object.fromEntries(header.map((name, index) => [name, record[index] ?? '']));
    const label = readLabel(row, isChannel);
    if (typeof label === 'string') faults.push(fault(info.lines, label, `${label} is not valid`));
    else labels.push(label);
  }
  return faults.length > 0 ? err(faults) : ok(labels);
}

/** The label, or the name of the faulty column. */
function readLabel(row: Record<string, string>, isChannel: (code: string) => boolean): Label | string {
  const { transactionId = '', channel = '', label = '', labelledAt = '', scenario = '' } = row;
  const labelledAtMs = labelledAt === '' ? null : parseRfc3339(labelledAt);
  // U+FFFD: bytes that are not UTF-8, an id that would meet no transaction
  if (transactionId.trim() === '' || transactionId.includes('\uFFFD')) return 'transactionId';
  if (!isChannel(channel)) return 'channel';
  if (label !== 'FRAUD' && label !== 'GENUINE') return 'label';
  if (labelledAtMs === undefined) return 'labelledAt';
  return {
    transactionId: transactionId.normalize('NFC'),
    channel,
    label,
    labelledAtMs,
    ...(scenario === '' ? {} : { scenario }),
  };
}
