/** A label says, some time later, what a transaction was. The newest labelledAt holds; GENUINE takes a FRAUD back. */
import type { Channel } from './transaction.ts';

export type LabelValue = 'FRAUD' | 'GENUINE';

export interface Label {
  readonly transactionId: string;
  readonly channel: Channel;
  readonly label: LabelValue;
  /** null: known at once */
  readonly labelledAtMs: number | null;
  readonly source?: string;
  /** only in simulated ground truth */
  readonly scenario?: string;
}
