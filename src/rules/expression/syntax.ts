/** What the other parts need to know of a parsed expression: paths, children, loops, depth. Pure. */
import type { ASTNode } from '@marcbachmann/cel-js';

export type { ASTNode };

export const LOOPS: ReadonlySet<string> = new Set(['exists', 'all', 'exists_one', 'filter', 'map']);

/** Deliberately small: what a rule owner can still read, and what is checked in a millisecond. */
export const SIZE_LIMITS = {
  maxCharacters: 4_000,
  maxDepth: 32,
  maxNodes: 600,
  maxListElements: 200,
} as const;

export interface Loop {
  readonly method: string;
  readonly range: ASTNode;
  readonly variable: string;
  readonly variableNode: ASTNode;
  readonly body: readonly ASTNode[];
}

/** `range.method(variable, body…)`, or undefined when the node is no loop. */
export function loopOf(node: ASTNode): Loop | undefined {
  if (node.op !== 'rcall') return undefined;
  const [method, range, [variableNode, ...body]] = node.args;
  if (!LOOPS.has(method) || variableNode === undefined || variableNode.op !== 'id' || body.length === 0)
    return undefined;
  return { method, range, variable: variableNode.args, variableNode, body };
}

/** The operand of has(), or undefined. */
export function hasOperand(node: ASTNode): ASTNode | undefined {
  if (node.op !== 'call' || node.args[0] !== 'has' || node.args[1].length !== 1) return undefined;
  return node.args[1][0];
}

export const isNull = (node: ASTNode): boolean => node.op === 'value' && node.args === null;

/** `x == null` or `null != x`: the side that is no null, and which way round it asks. */
export function nullTest(node: ASTNode): { readonly operand: ASTNode; readonly present: boolean } | undefined {
  if (node.op !== '==' && node.op !== '!=') return undefined;
  const [left, right] = node.args;
  if (isNull(left) === isNull(right)) return undefined;
  return { operand: isNull(left) ? right : left, present: node.op === '!=' };
}

export interface PathStep {
  readonly name: string;
  readonly offset: number;
}

/** `tx.merchant.mcc` or `features["x"]` as its steps; undefined when the node is no path that starts at a name. */
export function pathSteps(node: ASTNode): readonly PathStep[] | undefined {
  if (node.op === 'id') return [{ name: node.args, offset: node.pos }];
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const parent = pathSteps(node.args[0]);
  if (parent === undefined) return undefined;
  if (node.op === '.') return [...parent, { name: node.args[1], offset: node.pos }];
  const key = node.args[1];
  if (key.op !== 'value' || typeof key.args !== 'string') return undefined;
  return [...parent, { name: key.args, offset: key.pos }];
}

/** The path as one string, when it starts at a name that no loop has bound. */
export function pathOf(node: ASTNode, bound: ReadonlySet<string>): string | undefined {
  const steps = pathSteps(node);
  if (steps === undefined || bound.has(steps[0]?.name ?? '')) return undefined;
  return steps.map((step) => step.name).join('.');
}

export function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}

/** Operands of a chain of one associative operator: a && (b && c) && d → a, b, c, d. */
export function chainOf(node: ASTNode, op: '&&' | '||'): readonly ASTNode[] {
  const operands: ASTNode[] = [];
  const pending: ASTNode[] = [node];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.op === op) pending.push(next.args[1], next.args[0]);
    else operands.push(next);
  }
  return operands;
}

/** Nesting, where a chain of && or || is one level however long it is. */
export function depthOf(root: ASTNode): number {
  let deepest = 0;
  const pending: { node: ASTNode; depth: number }[] = [{ node: root, depth: 1 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node, depth } = next;
    deepest = Math.max(deepest, depth);
    const children = node.op === '&&' || node.op === '||' ? chainOf(node, node.op) : childrenOf(node);
    for (const child of children) pending.push({ node: child, depth: depth + 1 });
  }
  return deepest;
}
