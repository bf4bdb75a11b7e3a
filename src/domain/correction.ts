/** What a transaction says about an earlier one: money that comes back, or another version of it. Pure. */
import { MONETARY_TYPES, type OriginalReference, type Transaction } from './transaction.ts';

/** 'correction': any other monetary transaction that names an original replaces it. */
export type CorrectionKind = 'reversal' | 'refund' | 'correction';

export interface Correction {
  readonly kind: CorrectionKind;
  readonly original: OriginalReference;
}

/** Undefined for a transaction that names no original, and for one that moves no money. */
export function correctionOf({ original, type }: Transaction): Correction | undefined {
  if (original === undefined || !MONETARY_TYPES.has(type)) return undefined;
  return { kind: type === 'REVERSAL' ? 'reversal' : type === 'REFUND' ? 'refund' : 'correction', original };
}
