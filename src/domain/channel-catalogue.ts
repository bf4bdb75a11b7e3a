/** The channels as config/channels.yaml describes them: what they are called, how long they wait, what they do alone. */
import type { BilingualText, Outcome } from './decision.ts';
import type { Channel } from './transaction.ts';

export interface ChallengeMethod {
  readonly code: string;
  readonly name: BilingualText;
  /** accessibility needs for which this method does not work: HEARING, SIGHT, … */
  readonly unusableFor: readonly string[];
}

export interface ChannelDefinition {
  readonly code: Channel;
  readonly name: BilingualText;
  /** from receivedAt to decidedAt; a decision beyond it is marked late */
  readonly deadlineMs: number;
  /** the outcome when nothing can be evaluated (refused message, internal failure) */
  readonly fallbackOutcome: Outcome;
  /** L3: the largest amount per currency that is allowed unseen, in minor units; above it, fallbackOutcome */
  readonly staticLimitMinor: Readonly<Record<string, number>>;
  /** step-up methods that this channel can carry, in order of preference; codes of `challengeMethods` */
  readonly challengeMethods: readonly string[];
  readonly group: 'remote' | 'card' | 'self-service' | 'counter' | 'corporate';
}

export interface ChannelCatalogue {
  readonly version: string;
  readonly channels: ReadonlyMap<Channel, ChannelDefinition>;
  readonly challengeMethods: ReadonlyMap<string, ChallengeMethod>;
}
