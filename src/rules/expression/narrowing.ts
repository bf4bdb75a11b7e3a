/**
 * Which values of one field a condition leaves possible, as far as its text says so: `tx.type == "TRANSFER" && …` can only
 * be true of transfers. A decisive false on one side of && wins over an error on the other, so a rule may be left out for
 * every other value without a change of any result.
 */
import { type ASTNode, chainOf, pathOf } from './syntax.ts';

const NONE: ReadonlySet<string> = new Set();
const textOf = (node: ASTNode): string | undefined =>
  node.op === 'value' && typeof node.args === 'string' ? node.args : undefined;

function textsOf(node: ASTNode): readonly string[] | undefined {
  if (node.op !== 'list') return undefined;
  const texts = node.args.map(textOf);
  return texts.includes(undefined) ? undefined : (texts as string[]);
}

function valuesIn(node: ASTNode, path: string): readonly string[] | undefined {
  if (node.op !== '==' && node.op !== 'in') return undefined;
  const [left, right] = node.args;
  if (node.op === 'in') return pathOf(left, NONE) === path ? textsOf(right) : undefined;
  const text = pathOf(left, NONE) === path ? textOf(right) : pathOf(right, NONE) === path ? textOf(left) : undefined;
  return text === undefined ? undefined : [text];
}

/** undefined = every value. */
export function possibleValues(ast: ASTNode, path: string): ReadonlySet<string> | undefined {
  let possible: ReadonlySet<string> | undefined;
  for (const part of chainOf(ast, '&&')) {
    const values = valuesIn(part, path);
    if (values === undefined) continue;
    const before = possible;
    possible = new Set(before === undefined ? values : values.filter((value) => before.has(value)));
  }
  return possible;
}
