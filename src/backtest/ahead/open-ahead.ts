/** Starts the thread that runs ahead, and gives its chunks in order. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { VigilError } from '../../domain/errors.ts';
import type { AheadChunk } from './ahead-chunk.ts';
import type { AheadOrder, FromAhead, ToAhead } from './ahead-messages.ts';

export interface AheadHistory {
  /** of each configuration's model; null: it has none */
  readonly modelVersions: readonly (string | null)[];
  /** from the first line on; once. `nowMs` is the receiving clock */
  chunks(nowMs: number): AsyncIterable<AheadChunk>;
  /** labels whose transaction never came, after the last chunk */
  readonly unclaimedLabels: number;
  close(): Promise<void>;
}

/** The thread's program: it exists as JavaScript in what was built only. */
const ENTRY = new URL('./ahead-worker.js', import.meta.url);

/** Nothing is gained on a single core. */
export const canRunAhead = (entry: URL = ENTRY): boolean =>
  availableParallelism() > 1 && existsSync(fileURLToPath(entry));

/** Resolves when configurations and models are loaded; rejects with what the thread found wrong. */
export async function openAhead(order: AheadOrder, entry: URL = ENTRY): Promise<AheadHistory> {
  const worker = new Worker(entry, { workerData: order });
  const inbox = createInbox(worker);
  const say = (message: ToAhead): void => worker.postMessage(message);
  let unclaimedLabels = 0;

  async function* chunks(nowMs: number): AsyncGenerator<AheadChunk> {
    say({ kind: 'start', nowMs });
    for (;;) {
      const message = await inbox.next();
      if (message.kind === 'end') {
        unclaimedLabels = message.unclaimedLabels;
        return;
      }
      if (message.kind !== 'chunk') throw new VigilError('BUG', `the thread ahead says ${message.kind} while it runs`);
      say({ kind: 'taken' });
      yield message.chunk;
    }
  }

  try {
    const ready = await inbox.next();
    if (ready.kind !== 'ready') throw new VigilError('BUG', `the thread ahead says ${ready.kind} first`);
    return {
      modelVersions: ready.modelVersions,
      chunks,
      get unclaimedLabels() {
        return unclaimedLabels;
      },
      close: async () => void (await worker.terminate()),
    };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

interface Inbox {
  /** rejects with the fault that the thread told or died of */
  next(): Promise<FromAhead>;
}

function createInbox(worker: Worker): Inbox {
  const messages: FromAhead[] = [];
  let fault: unknown;
  let wake: (() => void) | undefined;
  const fail = (error: unknown): void => {
    fault ??= error;
    wake?.();
  };
  worker.on('message', (message: FromAhead) => {
    if (message.kind === 'failed') fail(new VigilError(message.code, message.message));
    else messages.push(message);
    wake?.();
  });
  worker.on('error', fail);
  worker.on('exit', () => fail(new VigilError('BUG', 'the thread that reads history ahead has ended')));
  return {
    async next() {
      for (;;) {
        const message = messages.shift();
        if (message !== undefined) return message;
        if (fault !== undefined) throw fault;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
