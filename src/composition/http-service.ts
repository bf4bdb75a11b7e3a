/** Puts the HTTP server over a running service: readiness, metrics, live figures, explanations, tokens, console. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../config/load-settings.ts';
import type { Settings } from '../config/settings-schema.ts';
import type { Clock } from '../domain/clock.ts';
import type { ConfigStore } from '../domain/config-store.ts';
import type { Decision, DecisionVersions } from '../domain/decision.ts';
import { VigilError } from '../domain/errors.ts';
import type { ParseTransaction } from '../domain/parse-transaction.ts';
import type { AlertStore, DecisionRecord } from '../domain/ports.ts';
import type { Explanation, Readiness, ReadinessCheck } from '../http/api-types.ts';
import { createHttpServer, type HttpServer } from '../http/http-server.ts';
import { createLocalTokens } from '../http/local-tokens.ts';
import { createOidcTokens } from '../http/oidc-tokens.ts';
import { anyOfTokens, type TokenVerifier } from '../http/tokens.ts';
import type { ExplainedRule, Generation } from '../pipeline/generation.ts';
import { keptFacts, type Redecided, redecide } from '../pipeline/redecide.ts';
import { noteUnsure } from '../pipeline/unsure-features.ts';
import type { VerdictExplanation } from '../rules/explain-verdict.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { createDryRun } from './dry-run.ts';
import { createEarlierConfigurations, type EarlierConfigurations } from './earlier-configurations.ts';
import type { LoadedConfiguration } from './load-generation.ts';
import { parserOf } from './parser-of.ts';
import type { ScoringService } from './scoring-service.ts';

export interface HttpServiceOptions {
  readonly configuration: LoadedConfiguration;
  readonly service: ScoringService;
  readonly alerts: AlertStore;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** local token with every role; OIDC of the settings beside it */
  readonly token?: string;
  readonly version: string;
  /** that settings of a candidate and of an earlier configuration are read with */
  readonly environment?: Environment;
  /** of the versions that were in force before */
  readonly configStore?: ConfigStore | undefined;
}

/** dist/console beside dist/composition */
const CONSOLE_DIR = fileURLToPath(new URL('../console', import.meta.url));
/** a partition that was not asked for messages for so long is not served */
const STALE_FETCH_MS = 30_000;
const COUNTS_KEPT_MS = 1_000;

export async function createHttpService(options: HttpServiceOptions): Promise<HttpServer> {
  const { configuration, service, alerts, telemetry, clock, version } = options;
  const { candidateDir } = configuration.settings.reload;
  const startMs = clock.now();
  const counts = createCountsCache(alerts, clock);
  const earlier = createEarlierConfigurations({
    current: service.configuration,
    store: options.configStore,
    environment: options.environment ?? {},
  });
  return createHttpServer({
    score: service.scoreNow,
    alerts,
    explain: async (channel, transactionId) => {
      const record = await alerts.decision(channel, transactionId);
      return record === undefined ? undefined : explainWithEarlier(record, service.configuration(), earlier);
    },
    dryRun: createDryRun({
      inForce: service.inForce,
      ...(candidateDir === '' ? {} : { candidateDir }),
      ...(options.environment === undefined ? {} : { environment: options.environment }),
      alerts,
      clock,
    }),
    health: () => ({ status: 'ok', version, uptimeSeconds: Math.round((clock.now() - startMs) / 1000) }),
    readiness: () => readiness(options),
    metrics: async () => {
      const current = await counts();
      if (current !== null) telemetry.service.alertCounts(current);
      return { contentType: telemetry.metrics.contentType, body: await telemetry.metrics.scrape() };
    },
    live: async () => service.figures.snapshot({ lag: service.lag(), alerts: await counts() }),
    tokens: tokensOf(configuration.settings, options.token, clock),
    ...(existsSync(CONSOLE_DIR) ? { consoleDir: CONSOLE_DIR } : {}),
    channels: () => service.configuration().channels,
    bank: () => service.configuration().settings.bank,
    clock,
    version,
    events: {
      ...telemetry.service,
      httpRequestFailed: ({ error, ...event }) => telemetry.logger.error('a request failed', { ...event, err: error }),
    },
  });
}

function tokensOf({ http }: Settings, token: string | undefined, clock: Clock): TokenVerifier {
  const local = token ?? (http.token === '' ? undefined : http.token);
  const verifiers: TokenVerifier[] = [];
  if (local !== undefined) verifiers.push(createLocalTokens([{ token: local, subject: 'local', name: 'Local user' }]));
  if (http.oidcIssuer !== '') {
    verifiers.push(
      createOidcTokens({
        issuer: http.oidcIssuer,
        audience: http.oidcAudience,
        jwksUrl: http.oidcJwksUrl,
        roleClaim: http.oidcRoleClaim,
        clock,
      }),
    );
  }
  return anyOfTokens(verifiers);
}

/** With the configuration that made the decision, where it is still kept. */
export async function explainWithEarlier(
  record: DecisionRecord,
  inForce: LoadedConfiguration,
  earlier: EarlierConfigurations,
): Promise<Explanation> {
  const again = computeAgainOnce(record);
  const then = (await earlier.find(record.decision.versions, (one) => again(one).status === 'same')) ?? inForce;
  return { ...explainRecord(record, then, again(then)), rulesetInForce: inForce.generation.versions.ruleset };
}

export async function redecideWithEarlier(
  record: DecisionRecord,
  inForce: LoadedConfiguration,
  earlier: EarlierConfigurations,
): Promise<Redecided> {
  const again = computeAgainOnce(record);
  const then = await earlier.find(record.decision.versions, (one) => again(one).status === 'same');
  return again(then ?? inForce);
}

/** A search asks of each configuration whether it made the decision; what is told of the one that was found is the same. */
function computeAgainOnce({ bytes }: DecisionRecord): (configuration: LoadedConfiguration) => Redecided {
  let last: { readonly by: LoadedConfiguration; readonly result: Redecided } | undefined;
  return (configuration) => {
    if (last?.by !== configuration)
      last = { by: configuration, result: redecide(bytes, configuration.generation, parserOf(configuration)) };
    return last.result;
  };
}

/**
 * Every rule with what it saw, what came of it all, and whether the decision can be computed again to the byte. Rules that
 * did not make the decision explain nothing: `rules` is empty when the ruleset or the features are others, and leaves out
 * those that ask lists or limits when these are; `verdict` is null when policy or lists are others.
 */
export function explainRecord(
  { decision, bytes }: DecisionRecord,
  configuration: LoadedConfiguration,
  redecided?: Redecided,
): Explanation {
  const { generation } = configuration;
  const parse = parserOf(configuration);
  return {
    decision,
    rules: rulesOf(decision, generation, parse),
    verdict: verdictOf(decision, generation, parse),
    rulesetInForce: generation.versions.ruleset,
    limits: decision.limits,
    redecided: redecided ?? redecide(bytes, generation, parse),
  };
}

function verdictOf(decision: Decision, generation: Generation, parse: ParseTransaction): VerdictExplanation | null {
  const isOther = (part: keyof DecisionVersions): boolean => decision.versions[part] !== generation.versions[part];
  if (isOther('policy') || isOther('lists')) return null;
  const facts = keptFacts(decision, generation, parse);
  return facts === null ? null : generation.explainVerdict(facts.parsed.transaction, decision);
}

function rulesOf(decision: Decision, generation: Generation, parse: ParseTransaction): readonly ExplainedRule[] {
  const isOther = (part: keyof DecisionVersions): boolean => decision.versions[part] !== generation.versions[part];
  if (isOther('ruleset') || isOther('features')) return [];
  const facts = keptFacts(decision, generation, parse);
  if (facts === null) return [];
  const others = (['lists', 'limits'] as const).filter(isOther);
  const rules = generation.explainRules(facts.parsed.transaction, facts.reading, facts.usage);
  return noteUnsure(rules, facts.reading).filter(
    ({ when }) => !others.some((part) => new RegExp(`\\b${part}\\b`).test(when)),
  );
}

export async function readiness({
  service,
  alerts,
}: Pick<HttpServiceOptions, 'service' | 'alerts'>): Promise<Readiness> {
  const { transactions } = service.subscriptions;
  // a member that restarts for ever holds no partition whose age could tell of it
  const oldest = Math.max(transactions.silentForMs(), ...transactions.lastFetchAgeMs().values());
  const consumer: ReadinessCheck =
    oldest > STALE_FETCH_MS
      ? {
          name: 'consumer',
          ok: false,
          detail: `no messages were asked for since ${Math.round(oldest / 1000)} s`,
        }
      : { name: 'consumer', ok: true };
  const store: ReadinessCheck = service.stack.guarded.isDown
    ? { name: 'feature-store', ok: true, detail: 'down: decisions are made at level L2' }
    : { name: 'feature-store', ok: true };
  const alertStore = await alerts.counts().then(
    (): ReadinessCheck => ({ name: 'alert-store', ok: true }),
    // decisions do not need it: alerts come later
    (): ReadinessCheck => ({ name: 'alert-store', ok: true, detail: 'down: alerts are delayed' }),
  );
  const checks = [consumer, store, alertStore];
  return { ok: checks.every((check) => check.ok), checks };
}

/** Counting is a query: the console of many people and the scrapes share one a second. null while the store is away. */
function createCountsCache(alerts: AlertStore, clock: Clock) {
  type Counts = Awaited<ReturnType<AlertStore['counts']>>;
  let takenMs = Number.NEGATIVE_INFINITY;
  let current: Promise<Counts | null> = Promise.resolve(null);
  return (): Promise<Counts | null> => {
    if (clock.now() - takenMs >= COUNTS_KEPT_MS) {
      takenMs = clock.now();
      current = alerts.counts().catch((error: unknown) => {
        if (error instanceof VigilError && error.code === 'ALERT_STORE_UNAVAILABLE') return null;
        throw error;
      });
    }
    return current;
  };
}
