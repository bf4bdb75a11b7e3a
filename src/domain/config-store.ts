/**
 * Versions of the configuration, who approved them, and what came into force when: one truth for all workers. Everything is
 * only ever added.
 */
import type { SourceFile } from './config-fault.ts';

export interface ConfigVersion {
  /** of exactly these files */
  readonly hash: string;
  readonly files: readonly SourceFile[];
  readonly author: string;
  readonly proposedAtMs: number;
  /** taken from a worker's own folder: its files are kept while it is among the newest of those */
  readonly fromFolder: boolean;
}

export const FOLDER_VERSIONS_KEPT = 20;

export interface ConfigApproval {
  readonly hash: string;
  readonly approver: string;
  readonly approvedAtMs: number;
  readonly expiresAtMs: number;
}

export interface ConfigStep {
  /**
   * `folder`: a worker took it from its configuration folder, which nobody has to approve;
   * `cancel`: what is scheduled does not come, and what is in force stays
   */
  readonly kind: 'activate' | 'roll-back' | 'folder' | 'cancel';
  /** what it brings into force, or cancels */
  readonly hash: string;
  readonly by: string;
  readonly atMs: number;
  /** when it comes into force; `atMs` or later */
  readonly dueMs: number;
}

/** Throws ALERT_STORE_UNAVAILABLE where it lies in a database that is away. */
export interface ConfigStore {
  /** the first author of a content stays its author */
  propose(version: ConfigVersion): Promise<void>;
  /** undefined when it is not there, or its files are not any more */
  version(hash: string): Promise<ConfigVersion | undefined>;
  approve(approval: ConfigApproval): Promise<void>;
  approvals(hash: string): Promise<readonly ConfigApproval[]>;
  addStep(step: ConfigStep): Promise<void>;
  /** the newest `limit`, oldest first */
  steps(limit: number): Promise<readonly ConfigStep[]>;
  close(): Promise<void>;
}

export interface ConfigInForce {
  /** hashes, the one in force first, then what a roll-back would go through */
  readonly history: readonly string[];
  readonly scheduled?: ConfigStep;
  /** scheduled once and never to come: cancelled, rolled back, or replaced by a later schedule */
  readonly dropped?: readonly ConfigStep[];
  /** the step that brought it about; absent = nothing was ever in force */
  readonly by?: ConfigStep;
  /** what the newest step, a roll-back, took out of force */
  readonly rolledBack?: string;
}

/**
 * What is in force at a time. A roll-back goes one back, drops what was scheduled, and counts only from the place that the
 * person saw: of two people who roll back at once, one does. So does a cancellation: what it names may have come by then.
 */
export function replaySteps(steps: readonly ConfigStep[], nowMs: number): ConfigInForce {
  let state: ConfigInForce = { history: [] };
  const arrive = (step: ConfigStep): void => {
    const { history, scheduled, dropped } = state;
    const kept = scheduled === undefined || scheduled === step ? {} : { scheduled };
    state = {
      history: history[0] === step.hash ? history : [step.hash, ...history],
      by: step,
      ...kept,
      ...(dropped === undefined ? {} : { dropped }),
    };
  };
  const comeDue = (atMs: number): void => {
    if (state.scheduled !== undefined && state.scheduled.dueMs <= atMs) arrive(state.scheduled);
  };
  const drop = (): void => {
    const { scheduled, dropped = [], ...rest } = state;
    if (scheduled !== undefined) state = { ...rest, dropped: [...dropped, scheduled] };
  };
  for (const step of steps) {
    comeDue(step.atMs);
    const [current, before] = state.history;
    if (step.kind === 'roll-back') {
      if (current === undefined || before !== step.hash) continue;
      drop();
      const { dropped } = state;
      const history = state.history.slice(1);
      state = { history, by: step, rolledBack: current, ...(dropped === undefined ? {} : { dropped }) };
    } else if (step.kind === 'cancel') {
      if (state.scheduled?.hash === step.hash) drop();
    } else if (step.dueMs > step.atMs) {
      drop();
      state = { ...state, scheduled: step };
    } else arrive(step);
  }
  comeDue(nowMs);
  return state;
}
