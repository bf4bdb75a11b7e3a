/**
 * Texts that a field of a transaction is compared with and can never be: "TRANFER", "CHN" for a country, a channel that is in
 * no catalogue, "" for an id. Such a condition would be silently always false, or with != always true.
 */
import { didYouMean } from '../../domain/did-you-mean.ts';
import type { NameFault } from './names.ts';
import { type ASTNode, childrenOf, loopOf, pathOf } from './syntax.ts';
import type { Vocabulary } from './vocabulary.ts';

const isText = (node: ASTNode): node is ASTNode & { readonly args: string } =>
  node.op === 'value' && typeof node.args === 'string';

/** field == text, text != field, field in [texts], text in field */
function comparisonOf(node: ASTNode): { readonly field: ASTNode; readonly texts: readonly ASTNode[] } | undefined {
  if (node.op !== '==' && node.op !== '!=' && node.op !== 'in') return undefined;
  const [left, right] = node.args;
  if (node.op === 'in' && right.op === 'list') return { field: left, texts: right.args };
  if (isText(right)) return { field: left, texts: [right] };
  return isText(left) ? { field: right, texts: [left] } : undefined;
}

function* strangers(node: ASTNode, bound: ReadonlySet<string>, vocabulary: Vocabulary): Generator<NameFault> {
  const comparison = comparisonOf(node);
  const path = comparison && pathOf(comparison.field, bound);
  const term = path === undefined ? undefined : vocabulary.term(path);
  if (comparison === undefined || term?.words === undefined) return;
  const { words, name, type } = term;
  for (const text of comparison.texts) {
    if (!isText(text) || words.fits(text.args)) continue;
    yield {
      offset: text.start,
      message: `${name} ${type === 'string' ? 'is never' : 'never holds'} "${text.args}"`,
      suggestion: didYouMean(text.args, words.values ?? words.known ?? []) ?? `it is ${words.wanted}`,
    };
  }
}

function* visit(node: ASTNode, bound: ReadonlySet<string>, vocabulary: Vocabulary): Generator<NameFault> {
  yield* strangers(node, bound, vocabulary);
  const loop = loopOf(node);
  if (loop === undefined) {
    for (const child of childrenOf(node)) yield* visit(child, bound, vocabulary);
    return;
  }
  yield* visit(loop.range, bound, vocabulary);
  for (const part of loop.body) yield* visit(part, new Set([...bound, loop.variable]), vocabulary);
}

export const checkConstants = (root: ASTNode, vocabulary: Vocabulary): readonly NameFault[] => [
  ...visit(root, new Set(), vocabulary),
];
