/** A mapping file, read and checked: how the records of a history become transactions in the wire format of the contract. */
import type { AmountFormat } from './amount-format.ts';
import type { TimeFormat } from './time-format.ts';

/** What a record gives for a name: a column of CSV, or a path inside an XML record ("PmtId/TxId", "Amt/@Ccy"). */
export type RecordCells = (name: string) => string | undefined;

export interface CsvLayout {
  readonly kind: 'csv';
  readonly encoding: string;
  readonly separator: string;
  /** null = no quoting at all */
  readonly quote: string | null;
  /** null = the first line names the columns */
  readonly columns: readonly string[] | null;
}

export interface XmlLayout {
  readonly kind: 'xml';
  /** path of the element that is one transaction, by local names: Document/FIToFICstmrCdtTrf/CdtTrfTxInf */
  readonly record: string;
}

export type FieldSource =
  | { readonly kind: 'constant'; readonly value: string | number | boolean | readonly string[] }
  /** all of them, joined; absent when all are absent */
  | { readonly kind: 'columns'; readonly names: readonly string[]; readonly join: string }
  /** the first one that is not absent */
  | { readonly kind: 'firstOf'; readonly names: readonly string[] };

export type FieldType = 'text' | 'list' | 'integer' | 'decimal' | 'boolean' | 'amount' | 'instant';

export interface FieldMapping {
  /** path in the wire format: counterparty.accountId */
  readonly path: string;
  readonly type: FieldType;
  readonly source: FieldSource;
  /** texts that mean "not there", beside the empty one */
  readonly absent: ReadonlySet<string>;
  /** from and to, in characters, before anything else */
  readonly slice: readonly [number, number] | null;
  /** a closed table: a text that is not in it becomes `otherwise`, or is an error of its line when that is not stated */
  readonly values: ReadonlyMap<string, string> | null;
  readonly otherwise: string | null;
  readonly prefix: string;
  /** for a list: what separates its members */
  readonly separator: string | null;
  /** the field is there only in records whose column has one of these texts (or none of them) */
  readonly when: { readonly column: string; readonly texts: ReadonlySet<string>; readonly isIn: boolean } | null;
  readonly amount: AmountFormat | null;
  readonly time: TimeFormat | null;
}

export interface Mapping {
  readonly layout: CsvLayout | XmlLayout;
  /** the currency comes before the amounts that are read by it */
  readonly fields: readonly FieldMapping[];
  /** every column that a field needs, for the check against the header */
  readonly columns: readonly string[];
}
