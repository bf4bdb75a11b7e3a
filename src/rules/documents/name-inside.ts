/** The name of a file inside its part of the configuration, so that the same content has the same version wherever it lies. */
export function nameInside(part: 'lists' | 'limits', file: string): string {
  const at = `/${file}`.lastIndexOf(`/${part}/`);
  return at < 0 ? file : file.slice(at + part.length + 1);
}
