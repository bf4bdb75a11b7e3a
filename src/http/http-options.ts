/** What the HTTP server needs of the rest of Vigil. */
import type { ChannelCatalogue } from '../domain/channel-catalogue.ts';
import type { Clock } from '../domain/clock.ts';
import type { AlertStore } from '../domain/ports.ts';
import type { Rejection } from '../domain/transaction.ts';
import type { Bank, DryRunResult, Explanation, Health, LiveSnapshot, Readiness } from './api-types.ts';
import type { TokenVerifier } from './tokens.ts';

export type ScoreAnswer =
  /** `decision`: the bytes that stand for the transaction, the same for a repeat */
  | { readonly status: 'decided'; readonly decision: string }
  | { readonly status: 'rejected'; readonly rejection: Rejection };

export type DryRunAnswer =
  | { readonly status: 'evaluated'; readonly result: DryRunResult }
  | { readonly status: 'rejected'; readonly rejection: Rejection };

/** One call for one thing that happened; telemetry's service events fit. */
export interface HttpEvents {
  /** `route` is the pattern of the address, from a closed set */
  httpRequestFinished(event: { route: string; method: string; status: number; durationMs: number }): void;
  httpAuthFailed(event: { status: 401 | 403; route: string }): void;
  /** an answer of 5xx: somebody must look; `requestId` is what the caller was told */
  httpRequestFailed?(event: { route: string; method: string; requestId: string; error: unknown }): void;
}

export interface HttpServerOptions {
  readonly score: (raw: Buffer, receivedAtMs: number) => Promise<ScoreAnswer>;
  readonly alerts: AlertStore;
  readonly explain: (channel: string, transactionId: string) => Promise<Explanation | undefined>;
  readonly dryRun?: (raw: Buffer) => Promise<DryRunAnswer>;
  readonly health: () => Health;
  readonly readiness: () => Promise<Readiness>;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
  readonly live: () => LiveSnapshot | Promise<LiveSnapshot>;
  readonly tokens: TokenVerifier;
  /** the built console (index.html, assets/); absent: `/` says that there is none */
  readonly consoleDir?: string;
  /** asked at each request, both: the configuration reloads */
  readonly channels: () => ChannelCatalogue;
  readonly bank: () => Bank;
  readonly clock: Clock;
  readonly version: string;
  readonly events?: HttpEvents;
  /** larger bodies get 413; at least what the parser takes */
  readonly maxBodyBytes?: number;
  readonly liveIntervalMs?: number;
  readonly maxStreams?: number;
  /** a request that is not whole after this gets 408 */
  readonly requestTimeoutMs?: number;
}
