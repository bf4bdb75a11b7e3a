/**
 * Arithmetic. Ints are exact over 64 bits: a plain number inside ±2^53, a bigint beyond, an error beyond ±2^63. Int and
 * double do not mix without a conversion; values of `attributes` are doubles.
 */
import { type Compiled, Unsupported } from './compile-context.ts';
import { type Frame, fail, type Run } from './frame.ts';
import type { ASTNode } from './syntax.ts';
import type { Value, ValueType } from './vocabulary.ts';

export type Arithmetic = '+' | '-' | '*' | '/' | '%';
type Int = number | bigint;

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);

/** The one form of an int: a number when that is exact. */
export function asInt(frame: Frame, value: bigint): Value {
  if (value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  return value > MAX_INT || value < MIN_INT ? fail(frame, 'integer overflow') : value;
}

function bigArithmetic(frame: Frame, op: Arithmetic, a: bigint, b: bigint): Value {
  switch (op) {
    case '+':
      return asInt(frame, a + b);
    case '-':
      return asInt(frame, a - b);
    case '*':
      return asInt(frame, a * b);
    case '/':
      return asInt(frame, a / b);
    case '%':
      return asInt(frame, a % b);
  }
}

const plain: Readonly<Record<Arithmetic, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  // the remainder is exact, so this quotient is too: truncating a/b would round up for quotients near 2^53
  '/': (a, b) => (a - (a % b)) / b,
  '%': (a, b) => a % b,
};

function intArithmetic(op: Arithmetic, a: Run, b: Run): Run {
  const calculate = plain[op];
  const divides = op === '/' || op === '%';
  return (frame) => {
    const x = a(frame) as Int | undefined;
    if (x === undefined) return undefined;
    const y = b(frame) as Int | undefined;
    if (y === undefined) return undefined;
    // biome-ignore lint/suspicious/noDoubleEquals: 0 and 0n alike
    if (divides && y == 0) return fail(frame, op === '/' ? 'division by zero' : 'modulo by zero');
    if (Number.isSafeInteger(x) && Number.isSafeInteger(y)) {
      const result = calculate(x as number, y as number);
      // adding 0 turns −0 into 0: ints have no negative zero
      if (Number.isSafeInteger(result)) return result + 0;
    }
    return bigArithmetic(frame, op, BigInt(x), BigInt(y));
  };
}

const doubles: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

function binary(a: Run, b: Run, calculate: (frame: Frame, x: never, y: never) => Value): Run {
  return (frame) => {
    const x = a(frame);
    if (x === undefined) return undefined;
    const y = b(frame);
    return y === undefined ? undefined : calculate(frame, x as never, y as never);
  };
}

function dynamicArithmetic(op: Arithmetic, left: Compiled, right: Compiled): Run {
  const calculate = doubles[op];
  const takesNumbers = left.type !== 'int' && right.type !== 'int' && calculate !== undefined;
  return binary(left.run, right.run, (frame, x: Value, y: Value) => {
    if (takesNumbers && typeof x === 'number' && typeof y === 'number') return calculate(x, y);
    if (op === '+' && typeof x === 'string' && typeof y === 'string') return x + y;
    return fail(frame, `values of these kinds do not go with ${op}: convert them with int(), double() or string()`);
  });
}

function timeResult(op: Arithmetic, left: ValueType, right: ValueType): ValueType | undefined {
  if (left === 'duration' && right === 'duration') return op === '+' || op === '-' ? 'duration' : undefined;
  if (left === 'timestamp' && right === 'timestamp') return op === '-' ? 'duration' : undefined;
  if (left === 'timestamp' && right === 'duration') return op === '+' || op === '-' ? 'timestamp' : undefined;
  return left === 'duration' && right === 'timestamp' && op === '+' ? 'timestamp' : undefined;
}

export function compileArithmetic(node: ASTNode, op: Arithmetic, left: Compiled, right: Compiled): Compiled {
  if (left.type === 'int' && right.type === 'int') return { type: 'int', run: intArithmetic(op, left.run, right.run) };
  const calculate = doubles[op];
  if (left.type === 'double' && right.type === 'double' && calculate !== undefined)
    return { type: 'double', run: binary(left.run, right.run, (_frame, x: number, y: number) => calculate(x, y)) };
  if (op === '+' && left.type === 'string' && right.type === 'string')
    return { type: 'string', run: binary(left.run, right.run, (_frame, x: string, y: string) => x + y) };
  if (op === '+' && left.type.startsWith('list<') && right.type.startsWith('list<'))
    return { type: left.type, run: binary(left.run, right.run, (_frame, x: Value[], y: Value[]) => [...x, ...y]) };
  const time = timeResult(op, left.type, right.type);
  if (time !== undefined && calculate !== undefined)
    return { type: time, run: binary(left.run, right.run, (_frame, x: number, y: number) => calculate(x, y)) };
  if (left.type === 'dyn' || right.type === 'dyn') return { type: 'dyn', run: dynamicArithmetic(op, left, right) };
  throw new Unsupported(node, `no such operation: ${left.type} ${op} ${right.type}`);
}

export function compileNegation(node: ASTNode, operand: Compiled): Compiled {
  const { run, type } = operand;
  if (operand.constant !== undefined && typeof operand.constant.value === 'number') {
    const value = 0 - operand.constant.value;
    return { type, run: () => value, constant: { value } };
  }
  if (type === 'int') return { type, run: intArithmetic('-', () => 0, run) };
  if (type === 'double' || type === 'duration') return { type, run: (frame) => mapNumber(run(frame)) };
  if (type !== 'dyn') throw new Unsupported(node, `no such operation: -${type}`);
  return {
    type: 'double',
    run(frame) {
      const value = run(frame);
      if (value === undefined) return undefined;
      return typeof value === 'number' ? -value : fail(frame, 'only a number can be negated');
    },
  };
}

const mapNumber = (value: Value): Value => (value === undefined ? undefined : -(value as number));
