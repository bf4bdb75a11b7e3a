/**
 * An expression from its text to its compiled form: size, syntax, names, types, cost; every fault with its place. What
 * comes out is bounded, free of side effects and cannot reach anything but the terms of its vocabulary.
 */
import { ParseError } from '@marcbachmann/cel-js';
import type { ConfigFault } from '../../domain/config-fault.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { compileNode, condition } from './compile.ts';
import { type CompileContext, Unsupported } from './compile-context.ts';
import { ASSUMED_LENGTH } from './compile-loops.ts';
import { checkConstants } from './constants.ts';
import { type FactLayout, type Frame, MAX_STEPS, type Run } from './frame.ts';
import { checkNames } from './names.ts';
import { type ExpressionPlace, expressionFault, type FaultDetails } from './place.ts';
import { type ASTNode, childrenOf, depthOf, loopOf, SIZE_LIMITS } from './syntax.ts';
import { typeEnvironment } from './type-environment.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface CompiledExpression {
  readonly text: string;
  readonly ast: ASTNode;
  /** the terms that it reads, by name, in alphabetical order */
  readonly reads: readonly string[];
  readonly lists: readonly string[];
  /** undefined = it could not be evaluated; `frame.fault` says why */
  readonly evaluate: (frame: Frame) => boolean | undefined;
}

type Parsed = ReturnType<ReturnType<typeof typeEnvironment>['parse']>;

const SIZE_MESSAGES: Readonly<Record<string, string>> = {
  maxAstNodes: `too large: more than ${SIZE_LIMITS.maxNodes} parts`,
  maxDepth: `nested too deeply: more than ${SIZE_LIMITS.maxDepth} levels`,
  maxListElements: `a list of more than ${SIZE_LIMITS.maxListElements} items belongs into lists/`,
};

function syntaxMessage(error: ParseError): string {
  if (error.code !== 'limit_exceeded') return `syntax: ${error.summary}`;
  const limit = Object.keys(SIZE_MESSAGES).find((key) => error.summary.includes(key));
  return SIZE_MESSAGES[limit ?? ''] ?? error.summary;
}

/** The costliest evaluation: turns of nested loops multiply. */
function worstCost(node: ASTNode): number {
  const loop = loopOf(node);
  if (loop === undefined) return 1 + childrenOf(node).reduce((sum, child) => sum + worstCost(child), 0);
  const turns = loop.range.op === 'list' ? loop.range.args.length : ASSUMED_LENGTH;
  const body = loop.body.reduce((sum, part) => sum + worstCost(part), 0);
  return worstCost(loop.range) + turns * (1 + body);
}

interface Step {
  readonly offset: number;
  readonly details: FaultDetails;
}

function parse(text: string, vocabulary: Vocabulary): Result<Parsed, Step> {
  if (text.trim() === '') return err({ offset: 0, details: { message: 'the expression is empty' } });
  if (text.length > SIZE_LIMITS.maxCharacters)
    return err({ offset: 0, details: { message: `too long: more than ${SIZE_LIMITS.maxCharacters} characters` } });
  try {
    return ok(typeEnvironment(vocabulary).parse(text));
  } catch (error) {
    if (error instanceof ParseError)
      return err({ offset: error.range?.start ?? 0, details: { message: syntaxMessage(error) } });
    // the parser descends by recursion: a run of thousands of "!" or "-" ends its stack
    if (error instanceof RangeError) return err({ offset: 0, details: { message: 'nested too deeply' } });
    throw error;
  }
}

function checkShape(ast: ASTNode): Step | undefined {
  if (depthOf(ast) > SIZE_LIMITS.maxDepth) return { offset: 0, details: { message: SIZE_MESSAGES.maxDepth ?? '' } };
  if (worstCost(ast) > MAX_STEPS)
    return { offset: 0, details: { message: `too costly: its loops can take more than ${MAX_STEPS} steps` } };
  return undefined;
}

const INT_DOUBLE = /int [-+*/%] double|double [-+*/%] int/;

function checkTypes(parsed: Parsed): Step | undefined {
  const result = parsed.check();
  if (result.valid) {
    if (result.type === 'bool' || result.type === 'dyn') return undefined;
    return {
      offset: 0,
      details: { message: `a condition is true or false, this is ${result.type ?? 'something else'}` },
    };
  }
  const message = result.error?.summary ?? 'the types do not fit';
  const suggestion = INT_DOUBLE.test(message) ? 'convert one side with double(…) or int(…)' : undefined;
  return { offset: result.error?.range?.start ?? 0, details: { message, suggestion } };
}

/** Only loops, patterns and lengths take more than one step; the others are spared the bookkeeping. */
function usesBudget(node: ASTNode): boolean {
  if (node.op === 'rcall' && (loopOf(node) !== undefined || node.args[0] === 'matches' || node.args[0] === 'size'))
    return true;
  return (node.op === 'call' && node.args[0] === 'size') || childrenOf(node).some(usesBudget);
}

const withBudget =
  (run: Run): Run =>
  (frame) => {
    frame.steps = MAX_STEPS;
    return run(frame);
  };

function compileChecked(
  parsed: Parsed,
  text: string,
  vocabulary: Vocabulary,
  layout: FactLayout,
): Result<CompiledExpression, Step> {
  const context: CompileContext = {
    vocabulary,
    layout,
    variables: new Map(),
    reads: new Set(),
    lists: new Set(),
    compile: compileNode,
  };
  try {
    const run = condition(compileNode(parsed.ast, context), parsed.ast);
    return ok({
      text,
      ast: parsed.ast,
      reads: [...context.reads].sort(),
      lists: [...context.lists].sort(),
      evaluate: (usesBudget(parsed.ast) ? withBudget(run) : run) as CompiledExpression['evaluate'],
    });
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    return err({ offset: error.offset, details: { message: error.message, suggestion: error.suggestion } });
  }
}

export function compileExpression(
  text: string,
  options: { readonly vocabulary: Vocabulary; readonly layout: FactLayout; readonly place: ExpressionPlace },
): Result<CompiledExpression, readonly ConfigFault[]> {
  const { vocabulary, layout, place } = options;
  const refuse = (...steps: readonly Step[]) =>
    err(steps.map((step) => expressionFault(place, text, step.offset, step.details)));
  const parsed = parse(text, vocabulary);
  if (!parsed.ok) return refuse(parsed.error);
  const { ast } = parsed.value;
  const shape = checkShape(ast);
  if (shape !== undefined) return refuse(shape);
  const names = [...checkNames(ast, vocabulary), ...checkConstants(ast, vocabulary)];
  if (names.length > 0) return refuse(...names.map(({ offset, ...details }) => ({ offset, details })));
  const types = checkTypes(parsed.value);
  if (types !== undefined) return refuse(types);
  const compiled = compileChecked(parsed.value, text, vocabulary, layout);
  return compiled.ok ? compiled : refuse(compiled.error);
}
