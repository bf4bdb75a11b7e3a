/**
 * A fault of a configuration file. Files are checked as a whole and all faults are reported at once, each with its place;
 * the process then ends with exit code 2, or keeps the last valid generation when it is already running.
 */
export interface ConfigFault {
  /** path as the operator knows it, relative to the configuration folder */
  readonly file: string;
  /** 1-based, when the place in the text is known */
  readonly line?: number;
  readonly column?: number;
  /** path inside the document: rules[3].when */
  readonly path: string;
  readonly message: string;
  /** "did you mean amountMinor?" */
  readonly suggestion?: string;
  /** the source line with a caret under the place */
  readonly excerpt?: string;
}

export function formatFault(fault: ConfigFault): string {
  const place = fault.line === undefined ? '' : `:${fault.line}${fault.column === undefined ? '' : `:${fault.column}`}`;
  const head = `${fault.file}${place} ${fault.path ? `${fault.path}: ` : ''}${fault.message}`;
  const hint = fault.suggestion === undefined ? '' : ` (${fault.suggestion})`;
  return fault.excerpt === undefined ? head + hint : `${head}${hint}\n${fault.excerpt}`;
}

/** A text file of the configuration, already read: parsers never touch the disk. */
export interface SourceFile {
  /** relative to the configuration folder */
  readonly file: string;
  readonly text: string;
  /** what another thread has read from exactly this text: strict YAML in order */
  readonly parsed?: { readonly value: unknown };
}
