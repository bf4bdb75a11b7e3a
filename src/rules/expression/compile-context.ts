/** What the compiling functions share: where slots come from, and how an expression is refused. */
import type { SlotTest } from './compile-fused.ts';
import type { FactLayout, Run } from './frame.ts';
import type { ASTNode } from './syntax.ts';
import type { Value, ValueType, Vocabulary } from './vocabulary.ts';

export interface Compiled {
  readonly type: ValueType;
  readonly run: Run;
  /** the slot when this is a bare term or loop variable: comparisons then read it without a call */
  readonly slot?: number;
  readonly name?: string;
  /** the value when it is the same for every transaction */
  readonly constant?: { readonly value: Value };
  /** the same question as `run` in a form that a chain asks without a call */
  readonly test?: SlotTest | undefined;
}

export interface LoopVariable {
  readonly slot: number;
  readonly type: ValueType;
}

export interface CompileContext {
  readonly vocabulary: Vocabulary;
  readonly layout: FactLayout;
  readonly variables: ReadonlyMap<string, LoopVariable>;
  /** names of the terms that the expression reads */
  readonly reads: Set<string>;
  /** names of the lists that the expression asks */
  readonly lists: Set<string>;
  compile(node: ASTNode, context: CompileContext): Compiled;
}

/** Thrown inside the compiler only; `compileExpression` turns it into a fault with its place. */
export class Unsupported extends Error {
  readonly offset: number;
  readonly suggestion: string | undefined;

  constructor(node: ASTNode, message: string, suggestion?: string) {
    super(message);
    this.offset = node.pos;
    this.suggestion = suggestion;
  }
}

export const constant = (type: ValueType, value: Value): Compiled => ({
  type,
  run: () => value,
  constant: { value },
});

export const elementType = (type: ValueType): ValueType =>
  type.startsWith('list<') ? (type.slice(5, -1) as ValueType) : type === 'map' ? 'string' : 'dyn';

export const isNumeric = (type: ValueType): boolean => type === 'int' || type === 'double';
