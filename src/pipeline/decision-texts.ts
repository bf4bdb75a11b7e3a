/** What becomes of a decision's text: the JSON itself goes into slots and results, unless somebody keeps it elsewhere. */
import type { Decision } from '../domain/decision.ts';
import type { EvidenceParts } from './evidence.ts';

export interface DecisionTexts {
  /**
   * Answers what stands for the text, which no other decision shares. `parts` is null for a decision without evidence;
   * where they are given, the decision's own evidence is made only when somebody asks for it.
   */
  keep(decision: Decision, parts: EvidenceParts | null): string;
}

export const PLAIN_TEXTS: DecisionTexts = { keep: (decision) => JSON.stringify(decision) };
