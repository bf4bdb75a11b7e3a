/**
 * Compiles a checked expression to closures over the fact vector. Measured against the library's own evaluation of the
 * same expressions by test/bench/rules.ts; proven equal to it by test/property/rules-expression.test.ts.
 *
 * Errors are values (`undefined`), not exceptions: an absent field is an everyday event, a throw costs microseconds.
 */
import { type Arithmetic, compileArithmetic, compileNegation } from './compile-arithmetic.ts';
import { compileEquality, compileMembership, compileNullTest, compileOrder } from './compile-comparison.ts';
import { type CompileContext, type Compiled, constant, elementType, Unsupported } from './compile-context.ts';
import { compileCall, compileMethod } from './compile-functions.ts';
import { fusePair, type SlotTest } from './compile-fused.ts';
import { compileLoop } from './compile-loops.ts';
import { type Frame, fail, type Run } from './frame.ts';
import { type ASTNode, chainOf, hasOperand, loopOf, nullTest, pathOf } from './syntax.ts';
import type { ListType, Value } from './vocabulary.ts';

// ── logic ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A condition answers true, false or an error; anything else from a dynamic value is an error. */
export function condition(compiled: Compiled, node: ASTNode): Run {
  const { run, type } = compiled;
  if (type === 'bool') return run;
  if (type !== 'dyn') throw new Unsupported(node, `a condition is true or false, this is ${type}`);
  return (frame) => {
    const value = run(frame);
    if (value === undefined || typeof value === 'boolean') return value;
    return fail(frame, 'a condition is true or false');
  };
}

/** && (decisive = false) and || (decisive = true): a decisive operand wins over an error on either side. */
function chainSlowly(operands: readonly Run[], decisive: boolean, frame: Frame): Value {
  let fault: string | undefined;
  for (const operand of operands) {
    const value = operand(frame);
    if (value === decisive) return decisive;
    if (value === undefined) fault ??= frame.fault;
  }
  return fault === undefined ? !decisive : fail(frame, fault);
}

/**
 * One closure for up to five operands: a loop over an array of closures measured 1.6 times slower. Whatever is neither
 * decisive nor its opposite is an error, and leaves the fast way.
 */
function chain(operands: readonly Run[], decisive: boolean): Run {
  const [a, b, c, d, e] = operands;
  const passing = !decisive;
  const slowly: Run = (frame) => chainSlowly(operands, decisive, frame);
  if (a === undefined) return () => passing;
  if (b === undefined) return a;
  if (c === undefined)
    return (frame) => {
      const x = a(frame);
      if (x !== passing) return x === decisive ? x : slowly(frame);
      return b(frame);
    };
  if (d === undefined)
    return (frame) => {
      let x = a(frame);
      if (x !== passing) return x === decisive ? x : slowly(frame);
      x = b(frame);
      if (x !== passing) return x === decisive ? x : slowly(frame);
      return c(frame);
    };
  if (e === undefined)
    return (frame) => {
      let x = a(frame);
      if (x !== passing) return x === decisive ? x : slowly(frame);
      x = b(frame);
      if (x !== passing) return x === decisive ? x : slowly(frame);
      x = c(frame);
      if (x !== passing) return x === decisive ? x : slowly(frame);
      return d(frame);
    };
  const rest = operands.length === 5 ? e : chain(operands.slice(4), decisive);
  return (frame) => {
    let x = a(frame);
    if (x !== passing) return x === decisive ? x : slowly(frame);
    x = b(frame);
    if (x !== passing) return x === decisive ? x : slowly(frame);
    x = c(frame);
    if (x !== passing) return x === decisive ? x : slowly(frame);
    x = d(frame);
    if (x !== passing) return x === decisive ? x : slowly(frame);
    return rest(frame);
  };
}

function compileLogic(node: ASTNode, op: '&&' | '||', context: CompileContext): Compiled {
  const operands = chainOf(node, op).map((operand) => {
    const compiled = context.compile(operand, context);
    return { run: condition(compiled, operand), test: compiled.test };
  });
  return { type: 'bool', run: op === '||' ? chain(operands.map(runOf), true) : conjunction(operands) };
}

interface Operand {
  readonly run: Run;
  readonly test: SlotTest | undefined;
}

const runOf = ({ run }: Operand): Run => run;

/** Comparisons of terms with constants in pairs, each pair one closure; the others as any chain. */
function conjunction(operands: readonly Operand[]): Run {
  const [first, second, ...rest] = operands;
  if (first?.test !== undefined && second?.test !== undefined) {
    const runs = operands.map(runOf);
    const slowly: Run = (frame) => chainSlowly(runs, false, frame);
    return fusePair(first.test, second.test, conjunction(rest), slowly);
  }
  const pairAt = operands.findIndex(
    (operand, at) => at > 0 && operand.test !== undefined && operands[at + 1]?.test !== undefined,
  );
  if (pairAt < 0) return chain(operands.map(runOf), false);
  return chain([...operands.slice(0, pairAt).map(runOf), conjunction(operands.slice(pairAt))], false);
}

function compileNot(node: ASTNode, operand: Compiled): Compiled {
  const run = condition(operand, node);
  return {
    type: 'bool',
    run(frame) {
      const value = run(frame);
      return value === undefined ? undefined : !value;
    },
  };
}

function compileChoice(node: ASTNode, context: CompileContext): Compiled {
  if (node.op !== '?:') throw new Unsupported(node, 'not a choice');
  const [test, yes, no] = node.args;
  const decide = condition(context.compile(test, context), test);
  const left = context.compile(yes, context);
  const right = context.compile(no, context);
  const a = left.run;
  const b = right.run;
  return {
    type: left.type === right.type ? left.type : 'dyn',
    run(frame) {
      const chosen = decide(frame);
      if (chosen === undefined) return undefined;
      return chosen === true ? a(frame) : b(frame);
    },
  };
}

// ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function compileLiteral(node: ASTNode): Compiled {
  const value = node.op === 'value' ? node.args : undefined;
  if (typeof value === 'string') return constant('string', value);
  if (typeof value === 'boolean') return constant('bool', value);
  if (typeof value === 'number') return constant('double', value);
  if (typeof value === 'bigint') {
    const small = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
    if (!small && (value >= 2n ** 63n || value < -(2n ** 63n))) throw new Unsupported(node, 'integer overflow');
    return constant('int', small ? Number(value) : value);
  }
  if (value === null) throw new Unsupported(node, 'null is only compared: write has(…), or … != null');
  throw new Unsupported(node, 'conditions have no bytes and no unsigned numbers');
}

const slotRun =
  (slot: number, name: string): Run =>
  (frame) => {
    const value = frame.slots[slot];
    return value === undefined ? fail(frame, `${name} is absent`) : value;
  };

function compilePath(node: ASTNode, path: string, context: CompileContext): Compiled {
  const term = context.vocabulary.term(path);
  if (term === undefined) throw new Unsupported(node, `unknown name ${path}`);
  context.reads.add(path);
  const slot = context.layout.slotOf(term);
  return { type: term.type, run: slotRun(slot, path), slot, name: path };
}

function compileIndex(node: ASTNode, context: CompileContext): Compiled {
  if (node.op !== '[]') throw new Unsupported(node, 'this value has no fields');
  const list = context.compile(node.args[0], context);
  const index = context.compile(node.args[1], context);
  if (!list.type.startsWith('list<') || index.type !== 'int')
    throw new Unsupported(node, 'only a list is indexed, by an int');
  const a = list.run;
  const b = index.run;
  return {
    type: elementType(list.type),
    run(frame) {
      const items = a(frame) as readonly Value[] | undefined;
      if (items === undefined) return undefined;
      const at = b(frame);
      if (at === undefined) return undefined;
      return items[Number(at)] ?? fail(frame, 'the list has no such place');
    },
  };
}

function compileVariable(node: ASTNode, context: CompileContext): Compiled | undefined {
  if (node.op !== 'id') return undefined;
  const variable = context.variables.get(node.args);
  if (variable === undefined) return undefined;
  const { slot, type } = variable;
  return { type, run: (frame) => frame.slots[slot], slot, name: node.args };
}

function compileList(node: ASTNode, context: CompileContext): Compiled {
  if (node.op !== 'list') throw new Unsupported(node, 'not a list');
  const items = node.args.map((item) => context.compile(item, context));
  const [first] = items;
  const type = `list<${first?.type ?? 'dyn'}>` as ListType;
  const values = items.map((item) => item.constant?.value);
  if (values.every((value) => value !== undefined)) return constant(type, values);
  return {
    type,
    run(frame) {
      const results: Value[] = [];
      for (const item of items) {
        const value = item.run(frame);
        if (value === undefined) return undefined;
        results.push(value);
      }
      return results;
    },
  };
}

/** Objects are no values, but has(tx.merchant) is a fair question. */
function compilePresence(node: ASTNode, operand: ASTNode, context: CompileContext): Compiled {
  const path = pathOf(operand, new Set(context.variables.keys()));
  if (path === undefined || !path.includes('.')) throw new Unsupported(operand, 'has() takes the path of a field');
  if (context.vocabulary.term(path) !== undefined)
    return compileNullTest({ ...compilePath(operand, path, context) }, true);
  const name = path.slice('tx.'.length) as 'merchant' | 'counterparty' | 'device' | 'location' | 'original';
  const slot = context.layout.slotOf({
    name: `has(${path})`,
    source: 'tx',
    type: 'bool',
    nullable: false,
    read: (facts) => facts.transaction[name] !== undefined,
  });
  if (context.vocabulary.objects.get(path) === undefined) throw new Unsupported(node, `unknown name ${path}`);
  context.reads.add(`has(${path})`);
  return { type: 'bool', run: (frame) => frame.slots[slot] };
}

// ── dispatch ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const ARITHMETIC: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%']);

function compileBinary(node: ASTNode, context: CompileContext): Compiled {
  const test = nullTest(node);
  if (test !== undefined) {
    const operand = context.compile(test.operand, context);
    if (operand.slot === undefined) throw new Unsupported(node, 'only a field is compared with null');
    return compileNullTest(operand, test.present);
  }
  const [left, right] = node.args as [ASTNode, ASTNode];
  const a = context.compile(left, context);
  const b = context.compile(right, context);
  if (node.op === '==' || node.op === '!=') return compileEquality(node.op, a, b);
  if (ARITHMETIC.has(node.op)) return compileArithmetic(node, node.op as Arithmetic, a, b);
  return compileOrder(node, node.op as '<' | '<=' | '>' | '>=', a, b);
}

function compileCallNode(node: ASTNode, context: CompileContext): Compiled {
  const operand = hasOperand(node);
  if (operand !== undefined) return compilePresence(node, operand, context);
  const loop = loopOf(node);
  if (loop !== undefined) return compileLoop(node, loop, context, condition);
  if (node.op === 'call') return compileCall(node, node.args[0], node.args[1], context);
  if (node.op !== 'rcall') throw new Unsupported(node, 'this is no part of a condition');
  const [name, receiver, args] = node.args;
  return compileMethod(node, name, context.compile(receiver, context), args, context);
}

export function compileNode(node: ASTNode, context: CompileContext): Compiled {
  const path = pathOf(node, new Set(context.variables.keys()));
  if (path !== undefined) return compilePath(node, path, context);
  switch (node.op) {
    case 'value':
      return compileLiteral(node);
    case 'id':
    case '.':
    case '[]':
      return compileVariable(node, context) ?? compileIndex(node, context);
    case '&&':
    case '||':
      return compileLogic(node, node.op, context);
    case '!_':
      return compileNot(node, context.compile(node.args, context));
    case '-_':
      return compileNegation(node, context.compile(node.args, context));
    case '?:':
      return compileChoice(node, context);
    case 'list':
      return compileList(node, context);
    case 'in':
      return compileMembership(node, context);
    case 'call':
    case 'rcall':
      return compileCallNode(node, context);
    case 'map':
    case '.?':
    case '[?]':
      throw new Unsupported(node, 'conditions have no map literals and no optional access');
    default:
      return compileBinary(node, context);
  }
}
