/** Lines to a file (.gz by its name), with back-pressure. What cannot be written ends the command in one sentence. */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { VigilError } from '../domain/errors.ts';

export interface LineWriter {
  /** resolves when more may be written */
  write(line: string): Promise<void>;
  /** resolves when everything is on the disk */
  end(): Promise<void>;
}

const BLOCK_LENGTH = 1 << 16;

export function createLineWriter(file: string): LineWriter {
  const sink = createWriteStream(file);
  const stream = file.endsWith('.gz') ? createGzip({ level: 6 }) : sink;
  if (stream !== sink) stream.pipe(sink);
  let failure: Error | undefined;
  const done = Promise.all([finished(stream), finished(sink)]).catch((error: Error) => {
    failure ??= error;
  });
  let block = '';
  const failIfBroken = (): void => {
    if (failure !== undefined)
      throw new VigilError('USAGE', `${file} cannot be written: ${failure.message}.`, { cause: failure });
  };
  const flush = async (): Promise<void> => {
    failIfBroken();
    const text = block;
    block = '';
    if (text !== '' && !stream.write(text)) {
      await Promise.race([new Promise<void>((resolve) => stream.once('drain', resolve)), done]);
      failIfBroken();
    }
  };
  return {
    async write(line) {
      block += `${line}\n`;
      if (block.length >= BLOCK_LENGTH) await flush();
    },
    async end() {
      await flush();
      stream.end();
      await done;
      failIfBroken();
    },
  };
}
