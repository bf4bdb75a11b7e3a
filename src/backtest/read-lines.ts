/**
 * The lines of a file as bytes, streaming, .gz by its name or its first bytes. A line longer than `maxBytes` is cut just
 * beyond it, so that the parser can refuse it and memory stays bounded. The last line may lack its line feed.
 */
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { VigilError } from '../domain/errors.ts';

export interface Line {
  /** 1-based */
  readonly number: number;
  readonly bytes: Buffer;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

export async function* readLines(file: string, maxBytes: number): AsyncGenerator<Line> {
  let number = 0;
  let rest: Buffer[] = [];
  let restLength = 0;
  const take = (piece: Buffer): Buffer => {
    const bytes = rest.length === 0 ? piece : Buffer.concat([...rest, piece]);
    rest = [];
    restLength = 0;
    return bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
  };
  const keep = (piece: Buffer): void => {
    const room = maxBytes + 1 - restLength;
    if (room > 0 && piece.length > 0) rest.push(Buffer.from(piece.subarray(0, room)));
    restLength = Math.min(maxBytes + 1, restLength + piece.length);
  };
  for await (const block of openStream(file)) {
    let start = 0;
    for (let end = block.indexOf(LINE_FEED); end >= 0; end = block.indexOf(LINE_FEED, start)) {
      const piece = block.subarray(start, Math.min(end, start + maxBytes + 1 - restLength));
      number += 1;
      yield { number, bytes: take(piece) };
      start = end + 1;
    }
    keep(block.subarray(start));
  }
  if (restLength > 0) yield { number: number + 1, bytes: take(Buffer.alloc(0)) };
}

async function* openStream(file: string): AsyncGenerator<Buffer> {
  const source = createReadStream(file, { highWaterMark: 1 << 18 });
  const stream = file.endsWith('.gz') ? source.pipe(createGunzip()) : source;
  if (stream !== source) source.once('error', (error) => stream.destroy(error));
  try {
    for await (const block of stream) yield block as Buffer;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'it is not there' : message;
    throw new VigilError('USAGE', `${file} cannot be read: ${reason}.`, { cause: error });
  } finally {
    source.destroy();
  }
}
