/**
 * What would be decided for one event, by the configuration in force and by a candidate's, from the customer's last
 * transactions as they are kept. Nothing is stored: stores, counters and topics are not touched.
 *
 * It sees what this customer did; what others did with the same device, counterparty or terminal is not in that history, and
 * the answer says how much there was.
 */
import type { Environment } from '../config/load-settings.ts';
import { readSources } from '../config/read-sources.ts';
import type { Clock } from '../domain/clock.ts';
import { formatFault } from '../domain/config-fault.ts';
import type { AlertStore, FraudModel } from '../domain/ports.ts';
import type { DryRunAnswer } from '../http/http-options.ts';
import { nextTurn } from './check-candidate.ts';
import { folderFingerprint } from './config-watch.ts';
import type { InForce } from './live-configuration.ts';
import { buildConfigurationGradually, type LoadedConfiguration } from './load-generation.ts';
import { parserOf } from './parser-of.ts';
import { dryRunEvent } from './try-event.ts';

export interface DryRunOptions {
  readonly inForce: () => InForce;
  /** a folder whose rules are tried beside those in force */
  readonly candidateDir?: string;
  readonly environment?: Environment;
  readonly alerts: Pick<AlertStore, 'customerDecisions'>;
  readonly clock: Clock;
}

/** of the customer; with the shipped features a decision reads back some dozen events a day at most */
const HISTORY = 200;

export function createDryRun(options: DryRunOptions): (raw: Buffer) => Promise<DryRunAnswer> {
  const { inForce, alerts, clock } = options;
  const candidate = options.candidateDir === undefined ? undefined : createCandidate(options.candidateDir, options);
  let lane: Promise<unknown> = Promise.resolve();

  const run = async (raw: Buffer): Promise<DryRunAnswer> => {
    const { configuration, model } = inForce();
    const parse = parserOf(configuration);
    const parsed = parse(raw, clock.now());
    if (!parsed.ok) return { status: 'rejected', rejection: parsed.error };
    const history = await historyBefore(parsed.value.transaction, alerts);
    const of = (one: LoadedConfiguration) => tried(one, model, { raw, history, now: clock.now });
    const live = await of(configuration);
    if (!live.ok) return { status: 'rejected', rejection: live.error };
    const next = await candidate?.();
    const other = next === undefined ? undefined : next.ok ? await of(next.value) : undefined;
    return {
      status: 'evaluated',
      result: {
        live: live.value,
        ...(other === undefined ? {} : { candidate: other.ok ? other.value : { rejection: other.error } }),
        ...(next === undefined || next.ok ? {} : { candidate: { faults: next.error.map(formatFault) } }),
        history: { transactions: history.length, of: 'customer' },
      },
    };
  };
  return (raw) => {
    // one after the other: trying out must not take the processor from deciding
    const answer = lane.then(() => run(raw));
    lane = answer.catch(() => undefined);
    return answer;
  };
}

function tried(
  configuration: LoadedConfiguration,
  model: FraudModel | null,
  { raw, history, now }: { readonly raw: Buffer; readonly history: readonly Uint8Array[]; readonly now: () => number },
): ReturnType<typeof dryRunEvent> {
  // the time budget is for those who wait for a decision
  const modelBudgetMs = (): number => Number.POSITIVE_INFINITY;
  return dryRunEvent({ configuration, event: raw, history, model, modelBudgetMs, now });
}

async function historyBefore(
  { customerId, channel, transactionId }: { customerId: string; channel: string; transactionId: string },
  alerts: DryRunOptions['alerts'],
): Promise<readonly Uint8Array[]> {
  const records = await alerts.customerDecisions(customerId, HISTORY);
  return records
    .filter(({ decision }) => decision.evidence !== null)
    .filter(({ decision }) => decision.channel !== channel || decision.transactionId !== transactionId)
    .map(({ decision }) => Buffer.from(JSON.stringify(decision.evidence?.transaction)))
    .reverse();
}

/** Built when it is asked for and has changed since. */
function createCandidate(dir: string, { inForce, environment = {} }: DryRunOptions) {
  let seen: string | undefined;
  let built: Awaited<ReturnType<typeof buildConfigurationGradually>> | undefined;
  return async () => {
    const now = await folderFingerprint(dir);
    if (built === undefined || now !== seen) {
      const sources = await readSources(dir);
      const { configuration: previous } = inForce();
      built = await buildConfigurationGradually({ sources, environment, previous, breathe: nextTurn });
      seen = now;
    }
    return built;
  };
}
