/** A Lua script by its hash: sent in full only to a server that does not know it (new, restarted, flushed). */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface RedisScript {
  readonly source: string;
  readonly sha: string;
}

/** Lua files stand beside this file, in the sources and in the build; a line `--include FILE` stands for that file. */
export function loadScript(name: string): RedisScript {
  const source = readLua(`${name}.lua`).replaceAll(/^--include (\S+)$/gm, (_line, part: string) => readLua(part));
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

const readLua = (file: string): string => readFileSync(new URL(`./lua/${file}`, import.meta.url), 'utf8');

export const isUnknownScript = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('NOSCRIPT');
