/**
 * `vigil alerts verify|retain`: is the audit trail as it was written, and which months of decisions are over their time.
 * Both work on the PostgreSQL of the configuration.
 */
import { type AuditHead, EMPTY_HEAD } from '../alerts/audit-chain.ts';
import { createPostgresAlertStore } from '../alerts/postgres-alert-store.ts';
import { dropOldDecisions } from '../alerts/postgres-retention.ts';
import { systemClock } from '../composition/system-clock.ts';
import type { Settings } from '../config/settings-schema.ts';
import { VigilError } from '../domain/errors.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { settingsOf } from './load-or-refuse.ts';

export interface AlertsVerifyOptions {
  readonly config?: string | undefined;
  /** SEQ:HASH that an earlier run printed and somebody kept elsewhere */
  readonly noted?: string | undefined;
}

export interface AlertsRetainOptions {
  readonly config?: string | undefined;
  readonly keepMonths: number;
  readonly dryRun?: boolean | undefined;
}

/** Exit code 1 when an entry was changed, removed or cut off, or an alert is not as its last entry left it. */
export async function runAlertsVerify(options: AlertsVerifyOptions, io: CommandIo): Promise<ExitCode> {
  const noted = readNoted(options.noted);
  const { postgres } = await settingsOf(options.config);
  const store = createPostgresAlertStore({ connection: postgres.url, clock: systemClock });
  try {
    const verdict = await store.verifyAudit(noted);
    if (verdict.ok) {
      io.out(`the audit trail is as it was written: ${verdict.entries} entries`);
      io.out(`note elsewhere, for --noted of the next check: ${verdict.head.seq}:${verdict.head.hash}`);
      return EXIT.done;
    }
    io.out(`${verdict.fault} at entry ${verdict.seq}: ${verdict.message}`);
    return EXIT.failed;
  } finally {
    await store.close();
  }
}

function readNoted(text: string | undefined): AuditHead {
  if (text === undefined) return EMPTY_HEAD;
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined)
    throw new VigilError('USAGE', '--noted must be SEQ:HASH, as `vigil alerts verify` printed it.');
  return { seq: Number(seq), hash };
}

/** What is dropped is gone for good: the months are named, and --dry-run names them before. */
export async function runAlertsRetain(options: AlertsRetainOptions, io: CommandIo): Promise<ExitCode> {
  const { postgres, kafka } = await settingsOf(options.config);
  refuseShorterThanTopics(options.keepMonths, kafka);
  const { keepMonths, dryRun = false } = options;
  const { dropped, heldBack, keysRemoved } = await dropOldDecisions({
    connection: postgres.url,
    keepMonths,
    nowMs: systemClock.now(),
    dryRun,
  });
  for (const month of dropped) io.out(`${month}  ${dryRun ? 'would be dropped' : 'dropped'}`);
  for (const month of heldBack) io.out(`${month}  stays: an alert of it is not closed`);
  if (dropped.length + heldBack.length === 0) io.out(`no decision is older than ${keepMonths} months`);
  else if (!dryRun) io.out(`${keysRemoved} transactions are no longer known`);
  return EXIT.done;
}

const SHORTEST_MONTH_HOURS = 28 * 24;

/** A decision that a topic still holds would be recorded as a new one by a replay, once its key is gone. */
function refuseShorterThanTopics(keepMonths: number, { retentionHours }: Settings['kafka']): void {
  if (keepMonths * SHORTEST_MONTH_HOURS > retentionHours) return;
  throw new VigilError(
    'USAGE',
    `--keep-months ${keepMonths} is shorter than the topics keep messages (kafka.retentionHours: ${retentionHours}): a replay would record dropped decisions again.`,
  );
}
