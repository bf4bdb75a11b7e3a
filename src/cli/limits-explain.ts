/**
 * `vigil limits explain`: which value of each limit is in force for these parties, and why: every value that the limit has, the
 * most specific first, and what became of it.
 */
import { VigilError } from '../domain/errors.ts';
import { formatMoney } from '../domain/money.ts';
import { formatRfc3339, parseRfc3339 } from '../domain/time.ts';
import { explainLimit, type LimitCandidate, type LimitParties } from '../rules/limits/limit-parameters.ts';
import type { LimitDefinition, LimitScope, LimitSet, ScopeValues } from '../rules/limits/limit-set.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';

export interface LimitsExplainOptions {
  readonly config?: string | undefined;
  /** id of one limit; otherwise all that the channel has */
  readonly limit?: string | undefined;
  readonly channel: string;
  readonly branch?: string | undefined;
  readonly product?: string | undefined;
  readonly customer: string;
  /** RFC 3339: overrides may have expired by then */
  readonly at: string;
  readonly json?: boolean | undefined;
}

export async function runLimitsExplain(options: LimitsExplainOptions, io: CommandIo): Promise<ExitCode> {
  const { limits, channels } = await loadOrRefuse(options.config);
  if (!channels.channels.has(options.channel)) throw usage(`"${options.channel}" is not a channel of channels.yaml.`);
  const atMs = parseRfc3339(options.at);
  if (atMs === undefined) throw usage('--at must be a time with a zone, such as 2026-11-23T10:15:00+08:00.');
  const parties: LimitParties = {
    channel: options.channel,
    customer: options.customer,
    ...(options.branch === undefined ? {} : { branch: options.branch }),
    ...(options.product === undefined ? {} : { product: options.product }),
  };
  const chosen = chooseLimits(limits, options);
  if (options.json === true) {
    io.out(JSON.stringify(chosen.map((limit) => explainLimit(limit, parties, atMs))));
    return EXIT.done;
  }
  for (const limit of chosen) for (const line of describe(limit, limits, parties, atMs)) io.out(line);
  return EXIT.done;
}

const usage = (message: string): VigilError => new VigilError('USAGE', message);

function chooseLimits(set: LimitSet, { limit: id, channel }: LimitsExplainOptions): readonly LimitDefinition[] {
  if (id === undefined) return set.limits.filter(({ scope }) => scope.channels?.has(channel) ?? true);
  const limit = set.limit(id);
  if (limit === undefined) throw usage(`There is no limit "${id}": ${set.limits.map((other) => other.id).join(', ')}.`);
  return [limit];
}

function* describe(limit: LimitDefinition, set: LimitSet, parties: LimitParties, atMs: number): Generator<string> {
  const explained = explainLimit(limit, parties, atMs);
  const show = (max: number): string =>
    limit.measure === 'count' ? `${max}` : formatMoney(max, set.settings.currency);
  const consequence = limit.kind === 'reminder' ? 'a reminder' : limit.outcome;
  yield `${limit.id}: ${limit.title.en} / ${limit.title['zh-CN']}`;
  yield `  ${show(explained.max)} per ${limit.period} and ${limit.per}, then ${consequence}${limit.byLaw ? ', by law' : ''} (${limit.file})`;
  const scope = describeScope(limit.scope);
  if (scope !== '') yield `  held against: ${scope}`;
  for (const candidate of explained.candidates) yield `  ${candidateLine(candidate, show)}`;
}

/** Everything but the channels, which were asked for. */
function describeScope({ types, segments, products, authentication, counterparty, unusedMonths }: LimitScope): string {
  const values = (scope: ScopeValues) => [...scope.values, ...(scope.absent ? ['absent'] : [])].join(' ');
  return [
    [...types].join(' '),
    ...(segments === null ? [] : [`segments ${values(segments)}`]),
    ...(products === null ? [] : [`products ${values(products)}`]),
    ...(authentication === null ? [] : [`authentication ${[...authentication].join(' ')}`]),
    ...(counterparty === null ? [] : [`counterparty ${[...counterparty].join(' ')}`]),
    ...(unusedMonths === null ? [] : [`accounts unused for ${unusedMonths} months after their opening`]),
  ].join('; ');
}

function candidateLine({ verdict, level, max, override }: LimitCandidate, show: (max: number) => string): string {
  const parties =
    override === null
      ? ''
      : [override.customer, override.product, override.branch, override.channel].filter(Boolean).join(' + ');
  const why =
    override?.reason === null || override === null ? '' : `, ${override.reason} (${override.person ?? 'nobody named'})`;
  const until = override?.expiresMs === null || override === null ? '' : `, until ${formatRfc3339(override.expiresMs)}`;
  const mark = verdict === 'chosen' ? '→' : ' ';
  return `${mark} ${verdict.padEnd(13)} ${level}${parties === '' ? '' : ` ${parties}`}: ${show(max)}${why}${until}`;
}
