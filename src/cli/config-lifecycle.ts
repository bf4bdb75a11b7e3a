/**
 * `vigil config propose|approve|activate|cancel|rollback|history`: the life of a configuration in the store that all workers follow
 * (settings: reload.from store). A change needs somebody else's approval of exactly this content; a roll-back and a cancellation need nobody.
 * Who says who they are here is whoever may write into the store: give its account to those people alone.
 */
import { checkCandidate, nextTurn } from '../composition/check-candidate.ts';
import { contentOf } from '../composition/config-content.ts';
import { approvalFault, STEPS_READ } from '../composition/config-watch.ts';
import { openConfigStore } from '../composition/start-configuration.ts';
import { systemClock } from '../composition/system-clock.ts';
import { readEnvironment } from '../config/environment.ts';
import { type ConfigStep, type ConfigStore, replaySteps } from '../domain/config-store.ts';
import { VigilError } from '../domain/errors.ts';
import { formatRfc3339, parseRfc3339 } from '../domain/time.ts';
import { REFUSALS, refuseActivation } from '../rules/approval.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { loadOrRefuse, settingsOf } from './load-or-refuse.ts';

interface WithConfig {
  readonly config?: string | undefined;
}
interface ByPerson extends WithConfig {
  readonly by: string;
}

const DAY_MS = 86_400_000;
const usage = (message: string): VigilError => new VigilError('USAGE', message);

/** The store of the real stack, or of the folder that the settings name. */
export async function withStore<T>(options: WithConfig, work: (store: ConfigStore) => Promise<T>): Promise<T> {
  const store = await openConfigStore(await settingsOf(options.config), 'real');
  if (store === undefined) throw new VigilError('BUG', 'the real stack has a store');
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

function person(name: string): string {
  const trimmed = name.trim();
  if (trimmed === '') throw usage('--by must name a person.');
  return trimmed;
}

/** Checks the folder whole, runs its tests, and puts its content into the store under its hash. */
export async function runConfigPropose(options: ByPerson, io: CommandIo): Promise<ExitCode> {
  const { sources } = await loadOrRefuse(options.config);
  const author = person(options.by);
  const faults = await checkCandidate(sources, readEnvironment());
  for (const fault of faults) io.note(fault);
  if (faults.length > 0) {
    io.note(`Not proposed: ${REFUSALS.TESTS_FAILED}.`);
    return EXIT.failed;
  }
  const content = await contentOf(sources, nextTurn);
  return withStore(options, async (store) => {
    await store.propose({ ...content, author, proposedAtMs: systemClock.now(), fromFolder: false });
    const kept = await store.version(content.hash);
    if (kept !== undefined && kept.author !== author) io.note(`${kept.author} has proposed this content before.`);
    io.out(content.hash);
    return EXIT.done;
  });
}

export async function runConfigApprove(
  options: ByPerson & { readonly hash: string; readonly days: number },
  io: CommandIo,
): Promise<ExitCode> {
  return withStore(options, async (store) => {
    const { hash, author } = await versionOf(store, options.hash);
    const approvedAtMs = systemClock.now();
    const approval = {
      hash,
      approver: person(options.by),
      approvedAtMs,
      expiresAtMs: approvedAtMs + options.days * DAY_MS,
    };
    const refusal = refuseActivation({ hash, author, testsPassed: true }, approval, approvedAtMs);
    if (refusal !== undefined) {
      io.note(`Not approved: ${refusal.message}.`);
      return EXIT.failed;
    }
    await store.approve(approval);
    io.out(`${hash} of ${author} is approved by ${approval.approver} until ${formatRfc3339(approval.expiresAtMs)}.`);
    return EXIT.done;
  });
}

export async function runConfigActivate(
  options: ByPerson & { readonly hash: string; readonly at?: string | undefined },
  io: CommandIo,
): Promise<ExitCode> {
  return withStore(options, async (store) => {
    const { hash, author } = await versionOf(store, options.hash);
    const atMs = systemClock.now();
    const dueMs = options.at === undefined ? atMs : timeOf(options.at, atMs);
    const { history } = replaySteps(await store.steps(STEPS_READ), atMs);
    const step: ConfigStep = { kind: 'activate', hash, by: person(options.by), atMs, dueMs };
    const fault =
      history[0] === hash ? REFUSALS.ALREADY_ACTIVE : await approvalFault(store, { history, by: step }, author);
    if (fault !== undefined) {
      io.note(`Not activated: ${fault}.`);
      return EXIT.failed;
    }
    await store.addStep(step);
    io.out(dueMs > atMs ? `${hash} comes into force at ${formatRfc3339(dueMs)}.` : `${hash} is in force.`);
    return EXIT.done;
  });
}

export async function runConfigRollback(options: ByPerson, io: CommandIo): Promise<ExitCode> {
  return withStore(options, async (store) => {
    const atMs = systemClock.now();
    const { history, scheduled } = replaySteps(await store.steps(STEPS_READ), atMs);
    const [, before] = history;
    if (before === undefined) {
      const hint = scheduled === undefined ? '' : ` (what is scheduled is dropped by vigil config cancel)`;
      io.note(`Not rolled back: ${REFUSALS.NOTHING_BEFORE}${hint}.`);
      return EXIT.failed;
    }
    await versionOf(store, before);
    await store.addStep({ kind: 'roll-back', hash: before, by: person(options.by), atMs, dueMs: atMs });
    io.out(`${before} is in force again.`);
    return EXIT.done;
  });
}

/** What is scheduled does not come; what is in force stays. */
export async function runConfigCancel(options: ByPerson, io: CommandIo): Promise<ExitCode> {
  return withStore(options, async (store) => {
    const atMs = systemClock.now();
    const { scheduled, history } = replaySteps(await store.steps(STEPS_READ), atMs);
    if (scheduled === undefined) {
      io.note(`Not cancelled: ${REFUSALS.NOTHING_SCHEDULED}.`);
      return EXIT.failed;
    }
    const { hash, dueMs } = scheduled;
    await store.addStep({ kind: 'cancel', hash, by: person(options.by), atMs, dueMs: atMs });
    io.out(`${hash} does not come into force at ${formatRfc3339(dueMs)}. ${inForceText(history)}`);
    return EXIT.done;
  });
}

const inForceText = ([current]: readonly string[]): string =>
  current === undefined ? 'Nothing was activated yet.' : `${current} stays in force.`;

export async function runConfigHistory(
  options: WithConfig & { readonly limit: number },
  io: CommandIo,
): Promise<ExitCode> {
  return withStore(options, async (store) => {
    const steps = await store.steps(STEPS_READ);
    const { by, scheduled, dropped = [] } = replaySteps(steps, systemClock.now());
    const markOf = (step: ConfigStep): string => {
      if (step === by) return '  ← in force';
      if (step === scheduled) return '  ← scheduled';
      return dropped.includes(step) ? '  (never came)' : '';
    };
    for (const step of steps.slice(-options.limit)) {
      const { kind, hash, by: who, atMs, dueMs } = step;
      const due = dueMs > atMs ? ` for ${formatRfc3339(dueMs)}` : '';
      io.out(`${formatRfc3339(atMs)}  ${kind.padEnd(9)}  ${hash}${due}  ${who}${markOf(step)}`);
    }
    if (steps.length === 0) io.out('nothing was ever activated');
    return EXIT.done;
  });
}

async function versionOf(store: ConfigStore, hash: string) {
  const version = await store.version(hash);
  if (version === undefined) throw usage(`There is no configuration ${hash} in the store: propose it first.`);
  return version;
}

function timeOf(text: string, nowMs: number): number {
  const atMs = parseRfc3339(text);
  if (atMs === undefined) throw usage('--at must be a time with a zone, such as 2026-11-23T10:15:00+08:00.');
  return Math.max(atMs, nowMs);
}
