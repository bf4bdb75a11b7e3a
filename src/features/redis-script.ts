/**
 * A Lua script by its hash: sent in full only to a server that does not know it (new, restarted, flushed). One that is called
 * with every chunk is a function of a library as well: what it makes at its start is then made once, when the library is loaded.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface RedisScript {
  readonly source: string;
  readonly sha: string;
  /** the same as a library of one function; its name says what it does, so that two versions stand side by side */
  readonly library?: RedisLibrary;
}

export interface RedisLibrary {
  readonly functionName: string;
  readonly code: string;
}

/** Lua files stand beside this file, in the sources and in the build; a line `--include FILE` stands for that file. */
export function loadScript(name: string): RedisScript {
  return scriptOf(readSource(name));
}

/** Of a file that makes a function of (KEYS, ARGV), which has the file's name with underscores. */
export function loadFunction(name: string): RedisScript {
  const source = readSource(name);
  const made = name.replaceAll('-', '_');
  const functionName = `vigil_${made}_${sha1(libraryOf('', source, made)).slice(0, 16)}`;
  return {
    ...scriptOf(`${source}return ${made}(KEYS, ARGV)\n`),
    library: { functionName, code: libraryOf(functionName, source, made) },
  };
}

/** A library may use nothing but `register_function` while it is loaded: the rest is made by the first call. */
const libraryOf = (name: string, source: string, made: string): string => `#!lua name=${name}
local made
local function make()
-- The collector waits until four times of what is in use is taken, not twice: it went over all the code with every chunk (6 % of
-- the time where other programs share the caches, 1 to 2 % where none does). These are 0.7 MB more.
pcall(function() collectgarbage('setpause', 400) end)
${source}return ${made}
end
redis.register_function('${name}', function(KEYS, ARGV)
  made = made or make()
  return made(KEYS, ARGV)
end)
`;

const readSource = (name: string): string =>
  readLua(`${name}.lua`).replaceAll(/^--include (\S+)$/gm, (_line, part: string) => readLua(part));

const scriptOf = (source: string): RedisScript => ({ source, sha: sha1(source) });

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');

const readLua = (file: string): string => readFileSync(new URL(`./lua/${file}`, import.meta.url), 'utf8');

/** Neither a script's hash nor a function's name tells the server anything, or it is not to use functions. */
export const isUnknownScript = (error: unknown): boolean =>
  error instanceof Error && (error.message.startsWith('NOSCRIPT') || isWithoutFunction(error));

const isWithoutFunction = ({ message }: Error): boolean =>
  message.startsWith('ERR Function not found') || isFunctionRefused(message);

/** No later call can have another answer: an old server, a user whose rights do not reach so far, a library it cannot compile. */
export const isFunctionRefused = (message: string): boolean =>
  /^(NOPERM|ERR unknown (sub)?command)\b.*\b(fcall|function)/i.test(message) || message.startsWith('ERR Error ');
