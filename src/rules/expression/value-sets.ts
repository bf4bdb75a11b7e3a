/**
 * What rows of comparisons with texts leave of a field: `x == "A" && x == "B"` leaves nothing, `x != "A" || x != "B"` rules
 * nothing out (the slip of who means &&), and a list of all types is no condition. Pure.
 */
import { type ASTNode, pathOf } from './syntax.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Only these values, or every value but these. */
interface ValueSet {
  readonly path: string;
  readonly values: ReadonlySet<string>;
  readonly isOnly: boolean;
}

const UNBOUND: ReadonlySet<string> = new Set();

function textsOf(node: ASTNode): readonly string[] | undefined {
  const nodes = node.op === 'list' ? node.args : [node];
  const texts = nodes.flatMap(({ op, args }) => (op === 'value' && typeof args === 'string' ? [args] : []));
  return texts.length === nodes.length ? texts : undefined;
}

function valueSetOf(node: ASTNode): ValueSet | undefined {
  if (node.op === '!_') {
    const inner = valueSetOf(node.args);
    return inner && { ...inner, isOnly: !inner.isOnly };
  }
  if (node.op !== '==' && node.op !== '!=' && node.op !== 'in') return undefined;
  const [left, right] = node.args;
  if (node.op === 'in' && right.op !== 'list') return undefined;
  const isTurned = node.op !== 'in' && pathOf(right, UNBOUND) !== undefined;
  const path = pathOf(isTurned ? right : left, UNBOUND);
  const texts = textsOf(isTurned ? left : right);
  if (path === undefined || texts === undefined) return undefined;
  return { path, values: new Set(texts), isOnly: node.op !== '!=' };
}

/** What satisfies both. */
function meet(a: ValueSet, b: ValueSet): ValueSet {
  if (!a.isOnly && !b.isOnly) return { ...a, values: new Set([...a.values, ...b.values]) };
  const [only, other] = a.isOnly ? [a, b] : [b, a];
  const values = [...only.values].filter((value) => other.values.has(value) === other.isOnly);
  return { ...only, values: new Set(values) };
}

function isEmpty({ path, values, isOnly }: ValueSet, vocabulary: Vocabulary): boolean {
  if (isOnly) return values.size === 0;
  const all = vocabulary.term(path)?.words?.values;
  // where the catalogue of channels is refused, none is known
  return all !== undefined && all.length > 0 && all.every((value) => values.has(value));
}

/** For &&: no value satisfies all of them. For ||, with the operands negated: every value satisfies one of them. */
export function valuesCollide(operands: readonly ASTNode[], negate: boolean, vocabulary: Vocabulary): boolean {
  const byPath = new Map<string, ValueSet>();
  for (const operand of operands) {
    const stated = valueSetOf(operand);
    if (stated === undefined) continue;
    const set = negate ? { ...stated, isOnly: !stated.isOnly } : stated;
    const before = byPath.get(set.path);
    byPath.set(set.path, before === undefined ? set : meet(before, set));
  }
  return [...byPath.values()].some((set) => isEmpty(set, vocabulary));
}
