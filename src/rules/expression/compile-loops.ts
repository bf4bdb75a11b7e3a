/** exists, all, exists_one, filter and map over a list, or over the names in a map; every turn costs a step. */
import { type CompileContext, type Compiled, elementType, Unsupported } from './compile-context.ts';
import { BUDGET_SPENT, type Frame, fail, type Run, spend } from './frame.ts';
import type { ASTNode, Loop } from './syntax.ts';
import type { ListType, Value } from './vocabulary.ts';

function itemsOf(frame: Frame, range: Value): readonly Value[] | undefined {
  if (Array.isArray(range)) return range;
  return typeof range === 'object' ? Object.keys(range) : fail(frame, 'only a list or a map can be gone through');
}

/** exists stops at the first true, all at the first false; an error counts only when none is found. */
function quantifier(range: Run, slot: number, body: Run, decisive: boolean): Run {
  return (frame) => {
    const items = itemsOf(frame, range(frame));
    if (items === undefined) return undefined;
    let fault: string | undefined;
    for (const item of items) {
      if (!spend(frame, 1)) return fail(frame, BUDGET_SPENT);
      frame.slots[slot] = item;
      const result = body(frame);
      if (result === decisive) return decisive;
      if (result === undefined) fault ??= frame.fault;
    }
    return fault === undefined ? !decisive : fail(frame, fault);
  };
}

/** Goes through all items; the first error ends it. */
function eachItem(
  range: Run,
  slot: number,
  body: Run,
  turn: (result: Value, item: Value) => void,
): (frame: Frame) => boolean {
  return (frame) => {
    const items = itemsOf(frame, range(frame));
    if (items === undefined) return false;
    for (const item of items) {
      if (!spend(frame, 1)) {
        fail(frame, BUDGET_SPENT);
        return false;
      }
      frame.slots[slot] = item;
      const result = body(frame);
      if (result === undefined) return false;
      turn(result, item);
    }
    return true;
  };
}

function existsOne(range: Run, slot: number, body: Run): Run {
  return (frame) => {
    let count = 0;
    const done = eachItem(range, slot, body, (result) => {
      if (result === true) count++;
    });
    return done(frame) ? count === 1 : undefined;
  };
}

function filter(range: Run, slot: number, body: Run): Run {
  return (frame) => {
    const kept: Value[] = [];
    const done = eachItem(range, slot, body, (result, item) => {
      if (result === true) kept.push(item);
    });
    return done(frame) ? kept : undefined;
  };
}

function mapped(range: Run, slot: number, body: Run): Run {
  return (frame) => {
    const results: Value[] = [];
    const done = eachItem(range, slot, body, (result) => {
      results.push(result);
    });
    return done(frame) ? results : undefined;
  };
}

export type Condition = (compiled: Compiled, node: ASTNode) => Run;

export function compileLoop(node: ASTNode, loop: Loop, context: CompileContext, condition: Condition): Compiled {
  const range = context.compile(loop.range, context);
  const [bodyNode] = loop.body;
  if (bodyNode === undefined || loop.body.length !== 1)
    throw new Unsupported(node, `${loop.method} takes a variable and one expression`);
  const slot = context.layout.scratch();
  const item = elementType(range.type);
  const variables = new Map(context.variables).set(loop.variable, { slot, type: item });
  const body = context.compile(bodyNode, { ...context, variables });
  if (loop.method === 'map') return { type: `list<${body.type}>` as ListType, run: mapped(range.run, slot, body.run) };
  const test = condition(body, bodyNode);
  switch (loop.method) {
    case 'exists':
      return { type: 'bool', run: quantifier(range.run, slot, test, true) };
    case 'all':
      return { type: 'bool', run: quantifier(range.run, slot, test, false) };
    case 'exists_one':
      return { type: 'bool', run: existsOne(range.run, slot, test) };
    default:
      return { type: range.type === 'map' ? 'list<string>' : range.type, run: filter(range.run, slot, test) };
  }
}

/** An upper bound of the steps of one evaluation, taking 64 entries for a list whose length is not written out. */
export const ASSUMED_LENGTH = 64;
