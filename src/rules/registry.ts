/**
 * The generation in force: one immutable object that is swapped as a whole. Who scores a chunk takes `current()` once and
 * keeps it to the end of the chunk, so no decision mixes two generations.
 *
 * A change needs the tests to have passed and an approval by somebody else than its author, bound to the hash of exactly
 * this content and not expired. What is refused leaves the last valid generation in force. A roll-back needs nobody: it
 * goes to what was in force before, and is written down like everything else.
 */
import type { Clock } from '../domain/clock.ts';
import { err, ok, type Result } from '../domain/result.ts';

/** Made of checked content; `hash` names that content. */
export interface Version<G> {
  readonly hash: string;
  readonly generation: G;
}

export interface Proposal<G> extends Version<G> {
  readonly author: string;
  /** the tests beside this content were run and passed */
  readonly testsPassed: boolean;
}

export interface Approval {
  readonly hash: string;
  readonly approver: string;
  readonly approvedAtMs: number;
  readonly expiresAtMs: number;
}

export const REFUSALS = {
  TESTS_FAILED: 'the tests beside it have not passed',
  OTHER_CONTENT: 'the approval is for other content',
  SELF_APPROVED: 'author and approver are the same person',
  EXPIRED: 'the approval has expired',
  NOT_YET_APPROVED: 'the approval lies in the future',
  ALREADY_ACTIVE: 'it is in force already',
  NOTHING_BEFORE: 'there is no earlier generation to go back to',
} as const;
export type RefusalCode = keyof typeof REFUSALS;

export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

export type RegistryEvent =
  | { readonly kind: 'activated'; readonly hash: string; readonly by: string; readonly atMs: number }
  | {
      readonly kind: 'scheduled';
      readonly hash: string;
      readonly by: string;
      readonly atMs: number;
      readonly dueMs: number;
    }
  | { readonly kind: 'unscheduled'; readonly hash: string; readonly by: string; readonly atMs: number }
  | {
      readonly kind: 'rolled-back';
      readonly hash: string;
      readonly from: string;
      readonly by: string;
      readonly atMs: number;
    }
  | { readonly kind: 'refused'; readonly hash: string; readonly code: RefusalCode; readonly atMs: number };

export interface GenerationRegistry<G> {
  /** what is in force now; a scheduled generation comes into force with the first call after its time */
  current(): Version<G>;
  activate(proposal: Proposal<G>, approval: Approval): Result<void, Refusal>;
  /** replaces what was scheduled before; checked again when it is due */
  schedule(proposal: Proposal<G>, approval: Approval, dueMs: number): Result<void, Refusal>;
  scheduled(): { readonly hash: string; readonly dueMs: number } | undefined;
  unschedule(by: string): void;
  /** back to what was in force before, at once; what was scheduled is dropped */
  rollBack(by: string): Result<Version<G>, Refusal>;
  /** hashes that were in force, the newest first; what `rollBack` goes through */
  history(): readonly string[];
}

export interface RegistryOptions<G> {
  readonly initial: Version<G>;
  readonly clock: Clock;
  /** earlier generations kept for a roll-back */
  readonly keep?: number;
  readonly onEvent?: (event: RegistryEvent) => void;
}

const refusal = (code: RefusalCode): Refusal => ({ code, message: REFUSALS[code] });

/** undefined = it may be activated. Hashes are compared whole, people after NFC and without regard to case. */
export function refuseActivation(proposal: Proposal<unknown>, approval: Approval, nowMs: number): Refusal | undefined {
  const person = (name: string): string => name.normalize('NFC').trim().toLowerCase();
  if (!proposal.testsPassed) return refusal('TESTS_FAILED');
  if (approval.hash !== proposal.hash) return refusal('OTHER_CONTENT');
  if (person(approval.approver) === person(proposal.author)) return refusal('SELF_APPROVED');
  if (approval.approvedAtMs > nowMs) return refusal('NOT_YET_APPROVED');
  return nowMs >= approval.expiresAtMs ? refusal('EXPIRED') : undefined;
}

interface Scheduled<G> {
  readonly proposal: Proposal<G>;
  readonly approval: Approval;
  readonly dueMs: number;
}

const DEFAULT_KEEP = 5;

export function createGenerationRegistry<G>(options: RegistryOptions<G>): GenerationRegistry<G> {
  const { clock, keep = DEFAULT_KEEP, onEvent = () => {} } = options;
  let active = options.initial;
  let earlier: readonly Version<G>[] = [];
  let scheduled: Scheduled<G> | undefined;

  const refuse = (hash: string, reason: Refusal): Result<never, Refusal> => {
    onEvent({ kind: 'refused', hash, code: reason.code, atMs: clock.now() });
    return err(reason);
  };

  const putInForce = (proposal: Proposal<G>, approval: Approval): Result<void, Refusal> => {
    const nowMs = clock.now();
    const reason =
      proposal.hash === active.hash ? refusal('ALREADY_ACTIVE') : refuseActivation(proposal, approval, nowMs);
    if (reason !== undefined) return refuse(proposal.hash, reason);
    earlier = [active, ...earlier].slice(0, keep);
    active = { hash: proposal.hash, generation: proposal.generation };
    onEvent({ kind: 'activated', hash: active.hash, by: approval.approver, atMs: nowMs });
    return ok(undefined);
  };

  const putDueInForce = (): void => {
    if (scheduled === undefined || clock.now() < scheduled.dueMs) return;
    const { proposal, approval } = scheduled;
    scheduled = undefined;
    putInForce(proposal, approval);
  };

  const drop = (by: string): void => {
    if (scheduled === undefined) return;
    const { hash } = scheduled.proposal;
    scheduled = undefined;
    onEvent({ kind: 'unscheduled', hash, by, atMs: clock.now() });
  };

  return {
    current() {
      putDueInForce();
      return active;
    },
    activate(proposal, approval) {
      putDueInForce();
      return putInForce(proposal, approval);
    },
    schedule(proposal, approval, dueMs) {
      const nowMs = clock.now();
      if (dueMs <= nowMs) return putInForce(proposal, approval);
      // an approval that will have expired when it is due is refused now, while somebody is looking
      const reason = refuseActivation(proposal, approval, nowMs) ?? refuseActivation(proposal, approval, dueMs);
      if (reason !== undefined) return refuse(proposal.hash, reason);
      drop(approval.approver);
      scheduled = { proposal, approval, dueMs };
      onEvent({ kind: 'scheduled', hash: proposal.hash, by: approval.approver, atMs: nowMs, dueMs });
      return ok(undefined);
    },
    scheduled: () => (scheduled === undefined ? undefined : { hash: scheduled.proposal.hash, dueMs: scheduled.dueMs }),
    unschedule: drop,
    rollBack(by) {
      putDueInForce();
      const [before, ...rest] = earlier;
      if (before === undefined) return refuse(active.hash, refusal('NOTHING_BEFORE'));
      drop(by);
      onEvent({ kind: 'rolled-back', hash: before.hash, from: active.hash, by, atMs: clock.now() });
      active = before;
      earlier = rest;
      return ok(active);
    },
    history: () => [active.hash, ...earlier.map((version) => version.hash)],
  };
}
