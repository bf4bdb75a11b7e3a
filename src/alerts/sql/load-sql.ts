/** SQL is a source of its own kind: one file for a statement, read once when its module is loaded. */
import { readFileSync } from 'node:fs';

/** The text without its comments, so that logs of slow statements begin with the statement. */
export function loadSql(name: string): string {
  const text = readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8');
  return text.replaceAll(/^\s*--.*\n/gm, '').trim();
}
