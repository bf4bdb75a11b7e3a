/**
 * Whether a condition can come out false (or true) at all: constants, `x >= 0` of a count, `a || !a`, ranges that cover
 * everything. Approximate on the safe side: it says "always" only when that is certain.
 */
import { RE2JS } from 're2js';
import { type ASTNode, chainOf, hasOperand, nullTest, pathOf } from './syntax.ts';
import { valuesCollide } from './value-sets.ts';
import type { Term, Vocabulary } from './vocabulary.ts';

interface Possible {
  readonly true: boolean;
  readonly false: boolean;
}

const EITHER: Possible = { true: true, false: true };
const ALWAYS: Possible = { true: true, false: false };
const NEVER: Possible = { true: false, false: true };
const certain = (value: boolean): Possible => (value ? ALWAYS : NEVER);
const opposite = (possible: Possible): Possible => ({ true: possible.false, false: possible.true });

const UNBOUND: ReadonlySet<string> = new Set();

// ── ranges ───────────────────────────────────────────────────────────────────────────────────────────────────────────

type Order = '<' | '<=' | '>' | '>=';
const NEGATED: Readonly<Record<Order, Order>> = { '<': '>=', '<=': '>', '>': '<=', '>=': '<' };
const MIRRORED: Readonly<Record<Order, Order>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };
const isOrder = (op: string): op is Order => Object.hasOwn(NEGATED, op);

/** A term of the vocabulary, or a length, which is never below 0. */
type Ranged = Pick<Term, 'name' | 'type' | 'min' | 'max'>;

function rangedTerm(node: ASTNode, vocabulary: Vocabulary): Ranged | undefined {
  const isLength = (node.op === 'rcall' || node.op === 'call') && node.args[0] === 'size';
  if (isLength) return { name: textOf(node), type: 'int', min: 0 };
  const path = pathOf(node, UNBOUND);
  return path === undefined ? undefined : vocabulary.term(path);
}

interface Bound {
  readonly term: Ranged;
  readonly op: Order;
  readonly value: number;
}

function numberOf(node: ASTNode): number | undefined {
  if (node.op === '-_') {
    const value = numberOf(node.args);
    return value === undefined ? undefined : -value;
  }
  if (node.op !== 'value') return undefined;
  return typeof node.args === 'bigint' || typeof node.args === 'number' ? Number(node.args) : undefined;
}

function boundOf(node: ASTNode, vocabulary: Vocabulary): Bound | undefined {
  if (!isOrder(node.op)) return undefined;
  const [left, right] = node.args as [ASTNode, ASTNode];
  const leftValue = numberOf(left);
  const rightValue = numberOf(right);
  const value = leftValue ?? rightValue;
  if (value === undefined || (leftValue !== undefined && rightValue !== undefined)) return undefined;
  const term = rangedTerm(leftValue === undefined ? left : right, vocabulary);
  if (term === undefined) return undefined;
  return { term, op: leftValue === undefined ? node.op : MIRRORED[node.op], value };
}

/** Is there any value of the term that satisfies all of these? Ints have nothing between 4 and 5. */
function isSatisfiable(term: Ranged, bounds: readonly Omit<Bound, 'term'>[]): boolean {
  const isInt = term.type === 'int';
  let low = term.min ?? Number.NEGATIVE_INFINITY;
  let high = term.max ?? Number.POSITIVE_INFINITY;
  let lowOpen = false;
  let highOpen = false;
  for (const { op, value } of bounds) {
    const open = (op === '<' || op === '>') && !isInt;
    if (op === '>' || op === '>=') {
      const at = isInt ? (op === '>' ? Math.floor(value) + 1 : Math.ceil(value)) : value;
      if (at > low || (at === low && open)) [low, lowOpen] = [at, open];
    } else {
      const at = isInt ? (op === '<' ? Math.ceil(value) - 1 : Math.floor(value)) : value;
      if (at < high || (at === high && open)) [high, highOpen] = [at, open];
    }
  }
  return low < high || (low === high && !lowOpen && !highOpen);
}

function boundPossible(bound: Bound): Possible {
  return {
    true: isSatisfiable(bound.term, [bound]),
    false: isSatisfiable(bound.term, [{ op: NEGATED[bound.op], value: bound.value }]),
  };
}

// ── chains ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const textOf = (node: ASTNode): string => node.input.slice(node.start, node.end).replace(/\s+/g, '');

/** A condition as its positive form: `!a` is a, negated; `a != b` is a==b, negated. */
function literalOf(node: ASTNode): { readonly key: string; readonly positive: boolean } {
  if (node.op === '!_') {
    const inner = literalOf(node.args);
    return { key: inner.key, positive: !inner.positive };
  }
  if (node.op === '!=') return { key: `${textOf(node.args[0])}==${textOf(node.args[1])}`, positive: false };
  return { key: textOf(node), positive: true };
}

function hasOpposites(operands: readonly ASTNode[]): boolean {
  const literals = operands.map(literalOf);
  const positive = new Set(literals.filter((literal) => literal.positive).map((literal) => literal.key));
  return literals.some((literal) => !literal.positive && positive.has(literal.key));
}

/** For &&: no value satisfies all bounds on one term. For ||, with the bounds negated: every value satisfies one of them. */
function rangesCollide(operands: readonly ASTNode[], negate: boolean, vocabulary: Vocabulary): boolean {
  const byTerm = new Map<string, Bound[]>();
  for (const operand of operands) {
    const bound = boundOf(operand, vocabulary);
    if (bound === undefined) continue;
    const stated = negate ? { ...bound, op: NEGATED[bound.op] } : bound;
    byTerm.set(bound.term.name, [...(byTerm.get(bound.term.name) ?? []), stated]);
  }
  return [...byTerm.values()].some((bounds) => bounds[0] !== undefined && !isSatisfiable(bounds[0].term, bounds));
}

function chainPossible(node: ASTNode, op: '&&' | '||', vocabulary: Vocabulary): Possible {
  const operands = chainOf(node, op);
  const parts = operands.map((operand) => possible(operand, vocabulary));
  const isOr = op === '||';
  const collide =
    hasOpposites(operands) || rangesCollide(operands, isOr, vocabulary) || valuesCollide(operands, isOr, vocabulary);
  if (op === '&&') {
    if (collide) return NEVER;
    return { true: parts.every((part) => part.true), false: parts.some((part) => part.false) };
  }
  if (collide) return ALWAYS;
  return { true: parts.some((part) => part.true), false: parts.every((part) => part.false) };
}

// ── single conditions ────────────────────────────────────────────────────────────────────────────────────────────────

function presencePossible(operand: ASTNode, vocabulary: Vocabulary): Possible {
  const path = pathOf(operand, UNBOUND);
  const term = path === undefined ? undefined : vocabulary.term(path);
  return term !== undefined && !term.nullable ? ALWAYS : EITHER;
}

const constantOf = (node: ASTNode): string | number | boolean | undefined => {
  if (node.op === 'value' && (typeof node.args === 'string' || typeof node.args === 'boolean')) return node.args;
  return numberOf(node);
};

function comparisonPossible(node: ASTNode, vocabulary: Vocabulary): Possible {
  const bound = boundOf(node, vocabulary);
  if (bound !== undefined) return boundPossible(bound);
  const [left, right] = node.args as [ASTNode, ASTNode];
  const a = constantOf(left);
  const b = constantOf(right);
  if (a !== undefined && b !== undefined) {
    const results: Record<string, boolean> = {
      '==': a === b,
      '!=': a !== b,
      '<': a < b,
      '<=': a <= b,
      '>': a > b,
      '>=': a >= b,
    };
    return certain(results[node.op] ?? true);
  }
  if (textOf(left) !== textOf(right)) return EITHER;
  return certain(node.op === '==' || node.op === '<=' || node.op === '>=');
}

const HOLD_NOTHING: ReadonlySet<string> = new Set(['contains', 'startsWith', 'endsWith']);

/** Every text contains "", and matches a pattern that "" matches wherever it stands. */
function textPossible(node: ASTNode & { readonly op: 'rcall' }): Possible {
  const [method, , [argument]] = node.args;
  if (argument?.op !== 'value' || typeof argument.args !== 'string') return EITHER;
  if (HOLD_NOTHING.has(method)) return argument.args === '' ? ALWAYS : EITHER;
  return method === 'matches' && matchesAnything(argument.args) ? ALWAYS : EITHER;
}

/** What asks for a place (^ inside, $, \\b) may not match everywhere: then nothing is said. */
function matchesAnything(pattern: string): boolean {
  const core = pattern.replace(/^\^/, '');
  return !/[\\^$]/.test(core) && RE2JS.compile(core).matcher('').find();
}

function choicePossible(parts: readonly [Possible, Possible, Possible]): Possible {
  const [test, yes, no] = parts;
  return {
    true: (test.true && yes.true) || (test.false && no.true),
    false: (test.true && yes.false) || (test.false && no.false),
  };
}

function possible(node: ASTNode, vocabulary: Vocabulary): Possible {
  const operand = hasOperand(node);
  if (operand !== undefined) return presencePossible(operand, vocabulary);
  const test = nullTest(node);
  if (test !== undefined) {
    const present = presencePossible(test.operand, vocabulary);
    return test.present ? present : opposite(present);
  }
  switch (node.op) {
    case 'value':
      return typeof node.args === 'boolean' ? certain(node.args) : EITHER;
    case '&&':
    case '||':
      return chainPossible(node, node.op, vocabulary);
    case '!_':
      return opposite(possible(node.args, vocabulary));
    case '?:': {
      const [condition, yes, no] = node.args.map((part) => possible(part, vocabulary));
      return condition && yes && no ? choicePossible([condition, yes, no]) : EITHER;
    }
    case 'in':
      if (valuesCollide([node], false, vocabulary)) return NEVER;
      return valuesCollide([node], true, vocabulary) ? ALWAYS : EITHER;
    case 'rcall':
      return textPossible(node);
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparisonPossible(node, vocabulary);
    default:
      return EITHER;
  }
}

export function alwaysTrueFault(ast: ASTNode, vocabulary: Vocabulary): string | undefined {
  return possible(ast, vocabulary).false ? undefined : 'this condition is always true';
}

export function neverTrueWarning(ast: ASTNode, vocabulary: Vocabulary): string | undefined {
  return possible(ast, vocabulary).true ? undefined : 'this condition can never be true';
}
