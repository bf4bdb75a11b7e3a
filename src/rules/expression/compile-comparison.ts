/**
 * Equality, order and membership. Int and double compare by their mathematical value; values of different kinds are
 * unequal and have no order. An absent side is an error, never "unequal".
 */
import { type CompileContext, type Compiled, Unsupported } from './compile-context.ts';
import { rangeTest, textTest } from './compile-fused.ts';
import { type Frame, fail, type Run } from './frame.ts';
import { type ASTNode, pathOf } from './syntax.ts';
import type { Value, ValueType } from './vocabulary.ts';

export function equalValues(a: Value, b: Value): boolean {
  if (a === b) return true;
  // one is an int beyond 2^53 (a bigint), the other a number: the loose comparison is exact
  if (typeof a === 'bigint' || typeof b === 'bigint')
    // biome-ignore lint/suspicious/noDoubleEquals: mathematical equality of a bigint and a number
    return typeof a !== typeof b && (typeof a === 'number' || typeof b === 'number') && a == b;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => equalValues(item, b[index]));
  return false;
}

const DIRECT: ReadonlySet<ValueType> = new Set(['string', 'bool', 'double', 'timestamp', 'duration']);

function isPrimitive(value: Value): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number';
}

/**
 * A term against a constant that is compared by ===: the commonest condition, one call. One function per kind of value:
 * the engine then compares text with text and numbers with numbers; shared, it falls back to its general comparison.
 */
function slotEqualsText(slot: number, name: string, wanted: string, equal: boolean): Run {
  const absent = `${name} is absent`;
  if (!equal)
    return (frame) => {
      const value = frame.slots[slot];
      return value === undefined ? fail(frame, absent) : (value as string) !== wanted;
    };
  return (frame) => {
    const value = frame.slots[slot];
    return value === undefined ? fail(frame, absent) : (value as string) === wanted;
  };
}

function slotEqualsNumber(slot: number, name: string, wanted: number, equal: boolean): Run {
  const absent = `${name} is absent`;
  return (frame) => {
    const value = frame.slots[slot];
    return value === undefined ? fail(frame, absent) : ((value as number) === wanted) === equal;
  };
}

function slotEqualsTruth(slot: number, name: string, wanted: boolean): Run {
  const absent = `${name} is absent`;
  return (frame) => {
    const value = frame.slots[slot];
    return value === undefined ? fail(frame, absent) : (value as boolean) === wanted;
  };
}

function equality(left: Compiled, right: Compiled): Run {
  const a = left.run;
  const b = right.run;
  if (left.type === right.type && DIRECT.has(left.type)) {
    return (frame) => {
      const x = a(frame);
      if (x === undefined) return undefined;
      const y = b(frame);
      return y === undefined ? undefined : x === y;
    };
  }
  return (frame) => {
    const x = a(frame);
    if (x === undefined) return undefined;
    const y = b(frame);
    return y === undefined ? undefined : equalValues(x, y);
  };
}

function fastEquality(op: '==' | '!=', left: Compiled, right: Compiled): Compiled | undefined {
  const { slot, name, type } = left;
  const wanted = right.constant?.value;
  if (slot === undefined || name === undefined || !isPrimitive(wanted)) return undefined;
  const bothNumbers = isNumber(left) && isNumber(right) && Number.isSafeInteger(wanted);
  if (!bothNumbers && !(type === right.type && DIRECT.has(type))) return undefined;
  const equal = op === '==';
  if (typeof wanted === 'string')
    return {
      type: 'bool',
      run: slotEqualsText(slot, name, wanted, equal),
      test: equal ? textTest(slot, [wanted]) : undefined,
    };
  if (typeof wanted === 'number')
    return {
      type: 'bool',
      run: slotEqualsNumber(slot, name, wanted, equal),
      test: equal ? rangeTest(slot, '==', wanted) : undefined,
    };
  return { type: 'bool', run: slotEqualsTruth(slot, name, wanted === equal) };
}

const isNumber = (side: Compiled): boolean => side.type === 'int' || side.type === 'double';

const negated =
  (run: Run): Run =>
  (frame) => {
    const value = run(frame);
    return value === undefined ? undefined : !value;
  };

export function compileEquality(op: '==' | '!=', left: Compiled, right: Compiled): Compiled {
  const fast = fastEquality(op, left, right) ?? fastEquality(op, right, left);
  if (fast !== undefined) return fast;
  const equal = equality(left, right);
  return { type: 'bool', run: op === '==' ? equal : negated(equal) };
}

/** `x == null` asks whether a term is absent: the one question about it that cannot fail. */
export function compileNullTest(operand: Compiled, present: boolean): Compiled {
  const { run, slot } = operand;
  if (slot === undefined) return { type: 'bool', run: (frame) => (run(frame) !== undefined) === present };
  if (present) return { type: 'bool', run: (frame) => frame.slots[slot] !== undefined };
  return { type: 'bool', run: (frame) => frame.slots[slot] === undefined };
}

type Order = '<' | '<=' | '>' | '>=';
type Ordered = string | number | bigint | boolean;

const COMPARE: Readonly<Record<Order, (a: Ordered, b: Ordered) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

const MIRRORED: Readonly<Record<Order, Order>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** One closure per operator: sharing one through a table costs a call more on each of the commonest conditions. */
function slotOrder(op: Order, slot: number, name: string, bound: number): Run {
  const absent = `${name} is absent`;
  switch (op) {
    case '<':
      return (frame) => {
        const value = frame.slots[slot];
        return value === undefined ? fail(frame, absent) : (value as number) < bound;
      };
    case '<=':
      return (frame) => {
        const value = frame.slots[slot];
        return value === undefined ? fail(frame, absent) : (value as number) <= bound;
      };
    case '>':
      return (frame) => {
        const value = frame.slots[slot];
        return value === undefined ? fail(frame, absent) : (value as number) > bound;
      };
    case '>=':
      return (frame) => {
        const value = frame.slots[slot];
        return value === undefined ? fail(frame, absent) : (value as number) >= bound;
      };
  }
}

function fastOrder(op: Order, left: Compiled, right: Compiled): Compiled | undefined {
  const bound = right.constant?.value;
  if (left.slot === undefined || left.name === undefined || typeof bound !== 'number') return undefined;
  const sameKind = isNumber(left) ? isNumber(right) : left.type === right.type && left.type !== 'dyn';
  if (!sameKind) return undefined;
  return { type: 'bool', run: slotOrder(op, left.slot, left.name, bound), test: rangeTest(left.slot, op, bound) };
}

const kindOf = (value: Ordered): string => (typeof value === 'bigint' ? 'number' : typeof value);

function dynamicOrder(op: Order, a: Run, b: Run): Run {
  const compare = COMPARE[op];
  return (frame) => {
    const x = a(frame);
    if (x === undefined) return undefined;
    const y = b(frame);
    if (y === undefined) return undefined;
    if (typeof x === 'object' || typeof y === 'object' || kindOf(x) !== kindOf(y))
      return fail(frame, `values of different kinds have no order (${op})`);
    return compare(x, y);
  };
}

function typedOrder(op: Order, a: Run, b: Run): Run {
  const compare = COMPARE[op];
  return (frame: Frame) => {
    const x = a(frame);
    if (x === undefined) return undefined;
    const y = b(frame);
    return y === undefined ? undefined : compare(x as Ordered, y as Ordered);
  };
}

export function compileOrder(node: ASTNode, op: Order, left: Compiled, right: Compiled): Compiled {
  const isTime = (type: ValueType) => type === 'timestamp' || type === 'duration';
  if (left.type !== right.type && (isTime(left.type) || isTime(right.type)))
    throw new Unsupported(node, `${left.type} ${op} ${right.type}: a time is compared with a time only`);
  const fast = fastOrder(op, left, right) ?? fastOrder(MIRRORED[op], right, left);
  if (fast !== undefined) return fast;
  const dynamic = left.type === 'dyn' || right.type === 'dyn';
  return { type: 'bool', run: (dynamic ? dynamicOrder : typedOrder)(op, left.run, right.run) };
}

/** A text term in a list of texts: up to four comparisons cost less than one hash look-up. */
function slotAmong(slot: number, name: string, values: readonly string[]): Run {
  const absent = `${name} is absent`;
  if (values.length > 4) {
    const set = new Set<Value>(values);
    return (frame) => {
      const value = frame.slots[slot];
      return value === undefined ? fail(frame, absent) : set.has(value);
    };
  }
  const [a, b = a, c = b, d = c] = values;
  return (frame) => {
    const value = frame.slots[slot] as string | undefined;
    if (value === undefined) return fail(frame, absent);
    return value === a || value === b || value === c || value === d;
  };
}

const isTextList = (values: readonly Value[]): values is readonly string[] =>
  values.every((value) => typeof value === 'string');

function constantMembership(item: Compiled, values: readonly Value[]): Compiled {
  const { run, slot, name } = item;
  if (item.type === 'string' && slot !== undefined && name !== undefined && isTextList(values))
    return { type: 'bool', run: slotAmong(slot, name, values), test: textTest(slot, values) };
  return {
    type: 'bool',
    run(frame) {
      const value = run(frame);
      if (value === undefined) return undefined;
      for (const wanted of values) if (value === wanted || equalValues(value, wanted)) return true;
      return false;
    },
  };
}

function compileListMembership(item: Compiled, list: string, context: CompileContext): Compiled {
  context.lists.add(list);
  const { run } = item;
  return {
    type: 'bool',
    run(frame) {
      const id = run(frame);
      if (id === undefined) return undefined;
      if (typeof id !== 'string') return fail(frame, `lists.${list} holds strings`);
      return frame.lists.contains(list, id, frame.atMs);
    },
  };
}

export function compileMembership(node: ASTNode, context: CompileContext): Compiled {
  if (node.op !== 'in') throw new Unsupported(node, 'not a membership');
  const [itemNode, rangeNode] = node.args;
  const item = context.compile(itemNode, context);
  const path = pathOf(rangeNode, new Set(context.variables.keys()));
  if (path?.startsWith('lists.')) return compileListMembership(item, path.slice('lists.'.length), context);
  const range = context.compile(rangeNode, context);
  const values = range.constant?.value;
  if (Array.isArray(values)) return constantMembership(item, values);
  const a = item.run;
  const b = range.run;
  return {
    type: 'bool',
    run(frame) {
      const value = a(frame);
      if (value === undefined) return undefined;
      const holder = b(frame);
      if (holder === undefined) return undefined;
      if (Array.isArray(holder)) return holder.some((entry) => equalValues(value, entry));
      if (typeof holder === 'object') return typeof value === 'string' && Object.hasOwn(holder, value);
      return fail(frame, '"in" asks a list or a map');
    },
  };
}
