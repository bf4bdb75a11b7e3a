/**
 * What is refused goes to the dead-letter topic: its original bytes as the value, and in the headers the code and where
 * it came from, so that it can be mended and sent again. Card numbers are masked (also in UTF-16 and behind JSON escapes),
 * and what may never be kept (CVV, PIN, track data: PCI DSS 3.3.1) is taken out. Everything else stays byte for byte.
 */
import { containsCardNumber, maskCardNumbers } from '../domain/card-number.ts';
import type { BusMessage, Chunk, ReceivedMessage } from '../domain/ports.ts';
import type { RejectionCode } from '../domain/transaction.ts';

export type DeadLetterCode = RejectionCode | 'UNREADABLE_DECISION' | 'REFUSED_BY_STORE';

export type MaskText = (text: string) => string;

export interface DeadLetterOrigin {
  readonly chunk: Pick<Chunk, 'topic' | 'partition'>;
  readonly message: ReceivedMessage;
  readonly code: DeadLetterCode;
  /** JSON pointer of the faulty value */
  readonly path?: string;
}

export function deadLetter(
  { chunk, message, code, path }: DeadLetterOrigin,
  mask: MaskText = maskCardNumbers,
): BusMessage {
  const isWithheld = code === 'SENSITIVE_AUTHENTICATION_DATA';
  return {
    key: message.key === null ? null : mask(message.key),
    value: message.value === null ? null : isWithheld ? Buffer.alloc(0) : maskBytes(message.value, mask),
    headers: {
      code,
      topic: chunk.topic,
      partition: String(chunk.partition),
      offset: String(message.offset),
      timestamp: String(message.timestampMs),
      ...(path === undefined || path === '' ? {} : { path: mask(path) }),
      ...(isWithheld ? { withheld: 'true' } : {}),
    },
  };
}

/** Secrets that a message can hold although it was refused for something else, and before anybody looked inside. */
const SECRET_FIELD =
  /("(?:cvv2?|cvc2?|cid|cav2|pin(?:_?block)?|track[12]?(?:_?data)?|magstripe)"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,}\]]+)/gi;
/** of a printable ASCII character; quotes and backslashes stay escaped */
const ESCAPE = /\\u00([2-7][0-9a-f])/gi;

/** latin1 keeps every byte, so that bytes which are no text come out as they went in. */
export function maskBytes(bytes: Buffer, mask: MaskText = maskCardNumbers): Buffer {
  const wide = maskWide(bytes, mask);
  if (wide !== undefined) return wide;
  const clean = (text: string): string => mask(text.replace(SECRET_FIELD, '$1"***"'));
  const text = bytes.toString('latin1');
  const plain = withoutEscapes(text);
  // the escapes stay as they are unless they hide something
  const masked = clean(plain) === plain ? clean(text) : clean(plain);
  return masked === text ? bytes : Buffer.from(masked, 'latin1');
}

const withoutEscapes = (text: string): string =>
  text.replace(ESCAPE, (written, code: string) => {
    const character = String.fromCharCode(Number.parseInt(code, 16));
    return character === '"' || character === '\\' ? written : character;
  });

/** UTF-16 in either order, when it holds a card number that way. */
function maskWide(bytes: Buffer, mask: MaskText): Buffer | undefined {
  if (!bytes.includes(0)) return undefined;
  for (const shift of [0, 1]) {
    const even = bytes.subarray(shift, shift + ((bytes.length - shift) & ~1));
    const text = even.toString('utf16le');
    if (!containsCardNumber(text)) continue;
    const rest = bytes.subarray(shift + even.length);
    return Buffer.concat([bytes.subarray(0, shift), Buffer.from(mask(text), 'utf16le'), rest]);
  }
  return undefined;
}
