/** Where an offset of a text lies, and its line under a caret: the place of a fault as a person looks for it. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

export interface TextPlace extends TextPosition {
  /** the line with a caret under the column */
  readonly excerpt: string;
}

/** 1-based line and column of an offset. */
export function positionOf(text: string, offset: number): TextPosition {
  const before = text.slice(0, Math.max(0, offset));
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: before.length - lineStart + 1 };
}

const SHOWN = 140;
const BEFORE_CARET = 80;

/** What takes two columns on a screen; so does U+3000, which stands for it before the caret. */
const WIDE = /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]/g;

/** A long line is cut around the caret: one of a megabyte would hide every other fault. */
function underCaret(line: string, column: number): string {
  const from = Math.max(0, column - 1 - BEFORE_CARET);
  const shown = line
    .replace(/\r$/, '')
    .replaceAll('\t', ' ')
    .slice(from, from + SHOWN);
  const before = shown
    .slice(0, column - 1 - from)
    .replace(WIDE, '\u3000')
    .replace(/[^\u3000]/g, ' ');
  return `  ${shown}\n  ${before.padEnd(column - 1 - from)}^`;
}

export const excerptAt = (text: string, { line, column }: TextPosition): string =>
  underCaret(text.split('\n', line)[line - 1] ?? '', column);

/** For many places in one text: its lines are counted once, when the first is asked for. */
export function createPlaces(text: string): (offset: number) => TextPlace {
  let starts: readonly number[] | undefined;
  return (offset) => {
    starts ??= [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
    let line = 0;
    for (let beyond = starts.length; beyond - line > 1; ) {
      const middle = (line + beyond) >> 1;
      if ((starts[middle] ?? 0) <= offset) line = middle;
      else beyond = middle;
    }
    const start = starts[line] ?? 0;
    const column = offset - start + 1;
    return {
      line: line + 1,
      column,
      excerpt: underCaret(text.slice(start, (starts[line + 1] ?? text.length + 1) - 1), column),
    };
  };
}
