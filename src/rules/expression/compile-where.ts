/** `where` of a feature: a condition over the transaction alone. One that fails on a transaction does not match it. */
import type { ConfigFault } from '../../domain/config-fault.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { Channel, Transaction } from '../../domain/transaction.ts';
import { compileExpression } from './expression.ts';
import { createFactLayout } from './frame.ts';
import type { ExpressionPlace } from './place.ts';
import { transactionVocabulary } from './vocabulary.ts';

const NOTHING = new Map<string, number>();
const NO_LISTS = { version: 'none', names: [], contains: () => false };

export function compileWhere(
  expression: string,
  at: ExpressionPlace,
  /** codes of the channel catalogue; absent = any */
  channels?: Iterable<Channel>,
): Result<(transaction: Transaction) => boolean, readonly ConfigFault[]> {
  const layout = createFactLayout();
  const compiled = compileExpression(expression, {
    vocabulary: transactionVocabulary(channels === undefined ? {} : { channels }),
    layout,
    place: at,
  });
  if (!compiled.ok) return compiled;
  const frame = layout.newFrame();
  const { slots } = frame;
  const { terms } = layout;
  const { evaluate } = compiled.value;
  return ok((transaction) => {
    const facts = { transaction, values: null, profile: null, lists: NO_LISTS, limitHeadroom: NOTHING };
    for (const term of terms) slots[term.slot] = term.read(facts);
    return evaluate(frame) === true;
  });
}
