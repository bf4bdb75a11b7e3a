/**
 * Finds what is declared twice, within a file and across files. It looks at the raw name, so that two namesakes are told
 * together with every other fault of either.
 */
import type { DocumentNode, DocumentReader } from './document-reader.ts';

export interface Namesake {
  readonly name: string;
  /** of the first one */
  readonly file: string;
}

/** `key` holds the name. The answer is undefined for the first of a name, and where there is no readable name. */
export function createNamesakes(key: string): (at: DocumentNode, reader: DocumentReader) => Namesake | undefined {
  const first = new Map<string, string>();
  return ({ value }, reader) => {
    const name = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
    if (typeof name !== 'string') return undefined;
    const file = first.get(name);
    if (file === undefined) first.set(name, reader.file);
    return file === undefined ? undefined : { name, file };
  };
}
