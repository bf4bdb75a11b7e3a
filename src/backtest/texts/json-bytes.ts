/**
 * JSON as UTF-8 straight into a buffer: the very bytes of `JSON.stringify`, without the string in between. Each function
 * writes from `at` on and answers where it ended. What does not fit is left out and counted all the same, so that an end
 * behind the buffer's tells how much room is needed.
 *
 * Plain data only: no `toJSON`, no boxed primitives, nothing inherited.
 */
const [QUOTE, COMMA, MINUS, POINT, ZERO, BACKSLASH] = [0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

export const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const NULL = bytesOf('null');
const TRUE = bytesOf('true');
const FALSE = bytesOf('false');

/** A call into the engine costs more than a loop over the few bytes that most pieces have. */
const LONG = 24;

export function writeBytes(target: Buffer, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  if (length >= LONG) {
    if (at + length <= target.length) target.set(bytes, at);
    return at + length;
  }
  for (let index = 0; index < length; index++) target[at + index] = bytes[index] as number;
  return at + length;
}

function writeAscii(target: Buffer, at: number, text: string): number {
  const { length } = text;
  for (let index = 0; index < length; index++) target[at + index] = text.charCodeAt(index);
  return at + length;
}

export function writeString(target: Buffer, at: number, text: string): number {
  const { length } = text;
  const from = at + 1;
  target[at] = QUOTE;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH)
      return writeText(target, at, JSON.stringify(text));
    target[from + index] = code;
  }
  target[from + length] = QUOTE;
  return from + length + 1;
}

/** Of any characters, as it is. */
export function writeText(target: Buffer, at: number, text: string): number {
  const length = Buffer.byteLength(text);
  if (at + length <= target.length) target.write(text, at, 'utf8');
  return at + length;
}

export const writeBoolean = (target: Buffer, at: number, value: boolean): number =>
  writeBytes(target, at, value ? TRUE : FALSE);

export const writeNull = (target: Buffer, at: number): number => writeBytes(target, at, NULL);

export function writeNumber(target: Buffer, at: number, value: number): number {
  const whole = value | 0;
  return whole === value ? writeInteger(target, at, whole) : writeOther(target, at, value);
}

function writeInteger(target: Buffer, at: number, value: number): number {
  if (value >= 0 && value < 10) {
    target[at] = ZERO + value;
    return at + 1;
  }
  if (value < 0) {
    target[at] = MINUS;
    // −2^31 has no counterpart among 32 bits
    return value === -0x80000000 ? writeAscii(target, at + 1, '2147483648') : writeInteger(target, at + 1, -value);
  }
  const end = at + digitsOf(value);
  let rest = value;
  for (let place = end - 1; rest > 0; place--) {
    const tenth = (rest / 10) | 0;
    target[place] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}

/**
 * Fractions and what 32 bits do not hold. Times are milliseconds as seconds, scores are to a millionth: a decimal of so few
 * digits is the shortest that reads as its number, so it is what the engine would write, in a fraction of its time.
 */
function writeOther(target: Buffer, at: number, value: number): number {
  if (!Number.isFinite(value)) return writeNull(target, at);
  const size = Math.abs(value);
  for (let scale = 1e3; scale <= 1e6; scale *= 1e3) {
    const scaled = Math.round(size * scale);
    if (scaled > 0 && scaled <= 0x7fffffff && scaled / scale === size)
      return writeDecimal(target, at, value < 0, scaled, scale);
  }
  return writeAscii(target, at, String(value));
}

function writeDecimal(target: Buffer, at: number, isNegative: boolean, scaled: number, scale: number): number {
  let end = at;
  if (isNegative) target[end++] = MINUS;
  const whole = (scaled / scale) | 0;
  end = writeInteger(target, end, whole);
  target[end++] = POINT;
  let rest = scaled - whole * scale;
  for (let step = scale / 10; rest > 0; step /= 10) {
    const digit = (rest / step) | 0;
    target[end++] = ZERO + digit;
    rest -= digit * step;
  }
  return end;
}

/** undefined has no JSON: a property is left out, an element is null */
export function writeValue(target: Buffer, at: number, value: unknown): number {
  if (typeof value === 'string') return writeString(target, at, value);
  if (typeof value === 'number') return writeNumber(target, at, value);
  if (typeof value === 'boolean') return writeBoolean(target, at, value);
  if (typeof value !== 'object' || value === null) return writeNull(target, at);
  return Array.isArray(value) ? writeArray(target, at, value) : writeObject(target, at, value);
}

export function writeArray(target: Buffer, at: number, values: readonly unknown[]): number {
  let end = at;
  target[end++] = OPEN_ARRAY;
  for (let index = 0; index < values.length; index++) {
    if (index > 0) target[end++] = COMMA;
    end = writeValue(target, end, values[index]);
  }
  target[end++] = CLOSE_ARRAY;
  return end;
}

/** Of names that are not known before. */
export function writeObject(target: Buffer, at: number, value: object): number {
  const record = value as Readonly<Record<string, unknown>>;
  let isFirst = true;
  let end = at;
  target[end++] = OPEN_OBJECT;
  for (const name in record) {
    const own = record[name];
    if (own === undefined) continue;
    if (!isFirst) target[end++] = COMMA;
    isFirst = false;
    end = writeBytes(target, writeString(target, end, name), COLON);
    end = writeValue(target, end, own);
  }
  target[end++] = CLOSE_OBJECT;
  return end;
}

const COLON = bytesOf(':');
