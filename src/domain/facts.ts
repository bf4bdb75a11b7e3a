/** What rules, limits and the decision see of one transaction. Everything is already read: evaluation does no I/O. */
import type { FeatureVector, Profile } from './feature.ts';
import type { Transaction } from './transaction.ts';

/** One immutable generation of all lists. */
export interface ListSnapshot {
  readonly version: string;
  readonly names: readonly string[];
  /** is the id on the list, with an entry that is in force at this time? */
  contains(list: string, id: string, atMs: number): boolean;
}

/** What was used of each limit's period before this transaction, by counter key; absent = could not be read. */
export type LimitUsage = ReadonlyMap<string, { readonly amountMinor: number; readonly count: number }>;

export interface Facts {
  readonly transaction: Transaction;
  /** values in the order of the feature catalogue that the ruleset was compiled against; null at level L2 and beyond */
  readonly values: FeatureVector | null;
  /** null at level L2 and beyond */
  readonly profile: Profile | null;
  readonly lists: ListSnapshot;
  /** per limit id: head-room before this transaction in minor units; absent where the limit does not apply */
  readonly limitHeadroom: ReadonlyMap<string, number>;
}
