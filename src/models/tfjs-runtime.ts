/**
 * TensorFlow.js has one engine per process: this starts it once on the wanted back end and says which one it got.
 * wasm needs no native code and is the fastest on networks of this size (measured: 0.17 ms for 1 row, 0.53 ms for 256 rows of
 * 52-128-128-1); its results do not depend on the size of the batch, bit for bit. cpu is for machines without WebAssembly.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import util from 'node:util';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { VigilError } from '../domain/errors.ts';

/** auto: wasm, otherwise cpu. node: @tensorflow/tfjs-node where it is installed, otherwise as auto. */
export type BackendChoice = 'auto' | 'wasm' | 'cpu' | 'node';

export interface StartedBackend {
  readonly name: string;
  /** why a wanted back end is not the one that runs; absent when it is */
  readonly fallbackReason?: string;
}

const require = createRequire(import.meta.url);
const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

export async function startBackend(choice: BackendChoice): Promise<StartedBackend> {
  const wanted = { auto: ['wasm', 'cpu'], wasm: ['wasm'], cpu: ['cpu'], node: ['tensorflow', 'wasm', 'cpu'] }[choice];
  // without it the cpu back end greets on the console and every operation is checked twice
  tf.enableProdMode();
  const reasons: string[] = [];
  for (const name of wanted) {
    const reason = await tryBackend(name);
    if (reason === null) return reasons.length === 0 ? { name } : { name, fallbackReason: reasons.join('; ') };
    reasons.push(`${name}: ${reason}`);
  }
  throw new VigilError('MODEL_UNAVAILABLE', `no TensorFlow.js back end starts: ${reasons.join('; ')}`);
}

/** null = it runs and computes; otherwise why not. setBackend alone may answer true and leave another one in place. */
async function tryBackend(name: string): Promise<string | null> {
  try {
    if (name === 'tensorflow') loadNodeBackend();
    if (name === 'wasm') prepareWasm();
    const isSet = await withoutProcessHandlers(() => tf.setBackend(name));
    if (!isSet || tf.getBackend() !== name) return `did not start (${tf.getBackend() || 'none'} runs)`;
    return probe();
  } catch (cause) {
    return messageOf(cause);
  }
}

let isWasmPrepared = false;

function prepareWasm(): void {
  if (isWasmPrepared) return;
  setWasmPaths(`${path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}${path.sep}`);
  // one thread: the worker threads of the threaded build keep the process alive and gain nothing on small networks
  setThreadsCount(1);
  isWasmPrepared = true;
}

/**
 * The WebAssembly loader installs process-wide handlers that throw what they catch, so that an error anywhere in Vigil would end
 * the process with the loader's source on the screen. They are taken away again; those of others stay.
 */
async function withoutProcessHandlers<T>(start: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set(process.listeners(event as 'uncaughtException')));
  const result = await start();
  for (const [i, event] of events.entries()) {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (before[i]?.has(listener) !== true) process.removeListener(event, listener);
    }
  }
  return result;
}

/** tfjs-node 4.22 calls util.isNullOrUndefined and util.isArray, which Node.js 23 removed. */
function loadNodeBackend(): void {
  const legacy = util as unknown as Record<string, unknown>;
  legacy.isNullOrUndefined ??= (value: unknown): boolean => value === null || value === undefined;
  legacy.isArray ??= Array.isArray;
  require('@tensorflow/tfjs-node');
}

/** A native library may load and still fail at its first operation: (1, 2)·(3, 4)ᵀ = 11. */
function probe(): string | null {
  const found = tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync()[0]);
  return found === 11 ? null : `computes ${found} instead of 11`;
}

/** Tensors alive in the process: constant in a healthy one. */
export const countTensors = (): number => tf.memory().numTensors;
