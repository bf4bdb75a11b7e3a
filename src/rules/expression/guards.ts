/**
 * Finds every use of a value that can be absent and that no guard protects: the rule would then be errored and lift the
 * decision. A use is safe where it only counts when the value is known to be there:
 *
 *   has(x) && x > 3      !has(x) || x > 3      has(x) ? x > 3 : false      tx.type == "TRANSFER" && tx.amountMinor > 3
 */
import { MONETARY_TYPES } from '../../domain/transaction.ts';
import { type ASTNode, chainOf, childrenOf, hasOperand, loopOf, nullTest, pathOf } from './syntax.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface UnguardedUse {
  readonly path: string;
  readonly offset: number;
  /** the condition around it, with its guard */
  readonly guard: string;
}

type Paths = ReadonlySet<string>;
const NONE: Paths = new Set();
const union = (sets: Iterable<Paths>): Paths => new Set([...sets].flatMap((set) => [...set]));

/** Monetary types have an amount and a currency: the parser refuses them otherwise. */
const MONEY: Paths = new Set(['tx.amountMinor', 'tx.currency']);

function isMonetaryTypeTest(node: ASTNode): boolean {
  const isMonetary = (item: ASTNode | undefined): boolean =>
    item?.op === 'value' && (MONETARY_TYPES as ReadonlySet<unknown>).has(item.args);
  if (node.op !== '==' && node.op !== 'in') return false;
  const [left, right] = node.args;
  if (node.op === '==')
    return (
      (pathOf(left, NONE) === 'tx.type' && isMonetary(right)) || (pathOf(right, NONE) === 'tx.type' && isMonetary(left))
    );
  return (
    pathOf(left, NONE) === 'tx.type' && right.op === 'list' && right.args.length > 0 && right.args.every(isMonetary)
  );
}

const pathSet = (node: ASTNode): Paths => {
  const path = pathOf(node, NONE);
  return path === undefined ? NONE : new Set([path]);
};

/** What is surely there when the condition came out as `outcome`. */
function presentWhen(node: ASTNode, outcome: boolean): Paths {
  const operand = hasOperand(node);
  if (operand !== undefined) return outcome ? pathSet(operand) : NONE;
  const test = nullTest(node);
  if (test !== undefined) return test.present === outcome ? pathSet(test.operand) : NONE;
  if (node.op === '!_') return presentWhen(node.args, !outcome);
  if (node.op === (outcome ? '&&' : '||'))
    return union(chainOf(node, node.op as '&&' | '||').map((part) => presentWhen(part, outcome)));
  return outcome && isMonetaryTypeTest(node) ? MONEY : NONE;
}

interface Walk {
  readonly vocabulary: Vocabulary;
  readonly bound: ReadonlySet<string>;
  /** the smallest condition around the node */
  readonly around: ASTNode;
  readonly report: (use: UnguardedUse) => void;
}

const CONDITIONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', 'in', 'rcall']);
const textOf = (node: ASTNode): string => node.input.slice(node.start, node.end).replace(/\s+/g, ' ');

function visitChain(node: ASTNode, op: '&&' | '||', guarded: Paths, walk: Walk): void {
  const parts = chainOf(node, op);
  for (const [index, part] of parts.entries()) {
    const others = parts.filter((_, position) => position !== index).map((other) => presentWhen(other, op === '&&'));
    visit(part, union([guarded, ...others]), { ...walk, around: part });
  }
}

function visitChoice(node: ASTNode, guarded: Paths, walk: Walk): void {
  if (node.op !== '?:') return;
  const [test, yes, no] = node.args;
  visit(test, guarded, { ...walk, around: test });
  visit(yes, union([guarded, presentWhen(test, true)]), { ...walk, around: yes });
  visit(no, union([guarded, presentWhen(test, false)]), { ...walk, around: no });
}

function visitPath(path: string, node: ASTNode, guarded: Paths, walk: Walk): void {
  const term = walk.vocabulary.term(path);
  if (term === undefined || !term.nullable || guarded.has(path)) return;
  walk.report({ path, offset: node.start, guard: `has(${path}) && ${textOf(walk.around)}` });
}

function visitChildren(node: ASTNode, guarded: Paths, walk: Walk): void {
  const loop = loopOf(node);
  const bound = loop === undefined ? walk.bound : new Set([...walk.bound, loop.variable]);
  const around = CONDITIONS.has(node.op) && !CONDITIONS.has(walk.around.op) ? node : walk.around;
  const children = loop === undefined ? childrenOf(node) : [loop.range, ...loop.body];
  for (const child of children) visit(child, guarded, { ...walk, bound, around });
}

function visit(node: ASTNode, guarded: Paths, walk: Walk): void {
  const path = pathOf(node, walk.bound);
  if (path !== undefined) visitPath(path, node, guarded, walk);
  else if (node.op === '&&' || node.op === '||') visitChain(node, node.op, guarded, walk);
  else if (node.op === '?:') visitChoice(node, guarded, walk);
  else if (hasOperand(node) === undefined && nullTest(node) === undefined) visitChildren(node, guarded, walk);
}

/** Each path once, at its first unguarded use. */
export function unguardedUses(ast: ASTNode, vocabulary: Vocabulary): readonly UnguardedUse[] {
  const found = new Map<string, UnguardedUse>();
  const report = (use: UnguardedUse): void => {
    if (!found.has(use.path)) found.set(use.path, use);
  };
  visit(ast, NONE, { vocabulary, bound: new Set(), around: ast, report });
  return [...found.values()].sort((a, b) => a.offset - b.offset);
}
