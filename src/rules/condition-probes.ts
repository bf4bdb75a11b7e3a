/** The single conditions inside a rule's `when` (what stands between &&, ||, ! and ?:), each compiled by itself. */
import { type CompiledExpression, compileExpression } from './expression/expression.ts';
import type { FactLayout } from './expression/frame.ts';
import { type ASTNode, chainOf } from './expression/syntax.ts';
import type { Vocabulary } from './expression/vocabulary.ts';
import type { Rule } from './rule.ts';

export interface ConditionProbe {
  /** on one line */
  readonly text: string;
  readonly expression: CompiledExpression;
}

function atomsOf(node: ASTNode): readonly ASTNode[] {
  if (node.op === '&&' || node.op === '||') return chainOf(node, node.op).flatMap(atomsOf);
  if (node.op === '!_') return atomsOf(node.args);
  if (node.op === '?:') return node.args.flatMap(atomsOf);
  return [node];
}

/** In the order of the text, each once. */
export function conditionProbes(rule: Rule, vocabulary: Vocabulary, layout: FactLayout): readonly ConditionProbe[] {
  const texts = atomsOf(rule.expression.ast).map((atom) => atom.input.slice(atom.start, atom.end));
  return [...new Set(texts)].flatMap((text) => {
    const compiled = compileExpression(text, { vocabulary, layout, place: rule.place });
    return compiled.ok ? [{ text: text.replace(/\s+/g, ' '), expression: compiled.value }] : [];
  });
}
