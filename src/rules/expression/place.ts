/**
 * Where an expression stands in its file, so that a fault inside it can be shown with line, column and a caret.
 * Expressions are YAML scalars: plain, quoted or block; an offset inside the value is carried back to the text.
 */
import type { ConfigFault } from '../../domain/config-fault.ts';
import { excerptAt, positionOf } from '../../domain/text-place.ts';

export interface ExpressionPlace {
  /** relative to the configuration folder */
  readonly file: string;
  /** path inside the document: rules[3].when */
  readonly path: string;
  /** the whole file, when it is at hand */
  readonly text?: string;
  /** range of the scalar in `text`, its quotes or block header included */
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  /** line of the scalar, for who has no text at hand; the column is then left out */
  readonly line?: number;
}

/** A block scalar's value keeps its lines and loses their indentation: find the line again, then the column. */
function blockOffset(raw: string, expression: string, offset: number): number | undefined {
  const before = expression.slice(0, offset);
  const lineText = expression.split('\n')[before.split('\n').length - 1];
  if (lineText === undefined) return undefined;
  const column = offset - (before.lastIndexOf('\n') + 1);
  const at = raw.indexOf(lineText);
  return at < 0 ? undefined : at + column;
}

function offsetInFile(place: ExpressionPlace, expression: string, offset: number): number | undefined {
  if (place.text === undefined || place.start === undefined) return undefined;
  const raw = place.text.slice(place.start, place.end ?? place.text.length);
  const whole = raw.indexOf(expression);
  const inside = whole >= 0 ? whole + offset : blockOffset(raw, expression, offset);
  return place.start + (inside ?? 0);
}

export interface FaultDetails {
  readonly message: string;
  readonly suggestion?: string | undefined;
}

/** Without the file's text: the line that is known, and the expression itself under its caret. */
function faultWithoutText(place: ExpressionPlace, expression: string, offset: number): Partial<ConfigFault> {
  const inside = positionOf(expression, offset);
  const excerpt = excerptAt(expression, inside);
  return place.line === undefined ? { ...inside, excerpt } : { line: place.line + inside.line - 1, excerpt };
}

/** A fault at an offset inside an expression, with line, column and a caret. */
export function expressionFault(
  place: ExpressionPlace,
  expression: string,
  offset: number,
  details: FaultDetails,
): ConfigFault {
  const { file, path, text = '' } = place;
  const inFile = offsetInFile(place, expression, offset);
  const position = inFile === undefined ? undefined : positionOf(text, inFile);
  const where =
    position === undefined
      ? faultWithoutText(place, expression, offset)
      : { ...position, excerpt: excerptAt(text, position) };
  return {
    file,
    path,
    ...where,
    message: details.message,
    ...(details.suggestion === undefined ? {} : { suggestion: details.suggestion }),
  };
}
