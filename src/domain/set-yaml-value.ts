/** One value of a YAML file changed, everything else left as its owner wrote it: comments, order, quotes. */
import { parseDocument, stringify } from 'yaml';

/** `text` is valid YAML or empty; the path's parents are made where they are missing. */
export function withYamlValue(text: string, path: readonly string[], value: string): string {
  const document = parseDocument(text);
  if (document.contents === null) {
    const nested = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
    return `${text}${stringify(nested)}`;
  }
  document.setIn(path, value);
  return document.toString({ lineWidth: 0 });
}
