/** Counts whole messages of the Redis protocol, 2 and 3 (commands or replies), in a stream that comes in pieces of any size. */
export interface RespCounter {
  take(data: Buffer): void;
  whole(): number;
  /** no message has begun and not ended */
  isBetween(): boolean;
}

const NEW_LINE = '\n'.charCodeAt(0);
const BULK = ['$', '='];
/** items per element: a map has two */
const AGGREGATES: Readonly<Record<string, number>> = { '*': 1, '~': 1, '%': 2 };

export function createRespCounter(): RespCounter {
  let whole = 0;
  let line = '';
  /** bytes of a bulk string, with its line end, that are still to come */
  let bulk = 0;
  /** items still to come of the arrays around the current place, the outermost first */
  const open: number[] = [];

  const ended = (): void => {
    while (open.length > 0) {
      const left = (open.pop() as number) - 1;
      if (left > 0) {
        open.push(left);
        return;
      }
    }
    whole++;
  };

  const takeLine = (text: string): void => {
    const kind = text.charAt(0);
    const size = Number(text.slice(1));
    const width = AGGREGATES[kind] ?? 0;
    if (BULK.includes(kind) && size >= 0) bulk = size + 2;
    else if (width > 0 && size > 0) open.push(size * width);
    else ended();
  };

  return {
    take(data) {
      let at = 0;
      while (at < data.length) {
        if (bulk > 0) {
          const taken = Math.min(bulk, data.length - at);
          bulk -= taken;
          at += taken;
          if (bulk === 0) ended();
          continue;
        }
        const end = data.indexOf(NEW_LINE, at);
        line += data.toString('latin1', at, end < 0 ? data.length : end);
        at = end < 0 ? data.length : end + 1;
        if (end >= 0) {
          takeLine(line.trimEnd());
          line = '';
        }
      }
    },
    whole: () => whole,
    isBetween: () => bulk === 0 && line === '' && open.length === 0,
  };
}
