/** What the thread that decides and the thread that runs ahead of it say to each other. */
import type { Environment } from '../../config/load-settings.ts';
import type { ConfigSources } from '../../config/read-sources.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import type { Label } from '../../domain/label.ts';
import type { AheadChunk } from './ahead-chunk.ts';

/** Chunks that may wait: enough that neither thread waits for the other's pauses, little enough for any history. */
export const MOST_AHEAD = 4;

/** The thread's data. The texts of the configurations, so that both threads have the very same. */
export interface AheadOrder {
  readonly configurations: readonly ConfigSources[];
  readonly environment: Environment;
  readonly file: string;
  readonly mapFile: string | undefined;
  readonly labels: readonly Label[] | null;
  readonly chunkSize: number;
  readonly maxSlots: number;
}

export type ToAhead =
  /** the receiving clock */
  | { readonly kind: 'start'; readonly nowMs: number }
  /** one chunk */
  | { readonly kind: 'taken' };

export type FromAhead =
  | { readonly kind: 'ready'; readonly modelVersions: readonly (string | null)[] }
  | { readonly kind: 'chunk'; readonly chunk: AheadChunk }
  | { readonly kind: 'end'; readonly unclaimedLabels: number }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };
