/**
 * Sends the commands of one chunk so that they cost one round trip; on a cluster each finds its node (MOVED and ASK are
 * followed by the client). Errors become the store's.
 */
import type { Redis } from 'ioredis';
import { VigilError } from '../domain/errors.ts';
import { isCluster, type RedisClient } from './redis-client.ts';
import { offerLibraries, takesFunctions } from './redis-libraries.ts';
import { isUnknownScript, type RedisScript } from './redis-script.ts';

export interface ScriptCall {
  readonly script: RedisScript;
  readonly keys: readonly string[];
  readonly args: readonly Buffer[];
  /** of its keys, where it fails as a whole when one has another type; strings where it is not said */
  readonly types?: 'hash' | 'string';
}

/** A command's words, or a script's call. Replies are Buffers. */
export type Call = ScriptCall | readonly [string, ...(string | number | Buffer)[]];

const isScript = (call: Call): call is ScriptCall => 'script' in call;

/**
 * Replies in the order of the calls. A script that the server does not know is sent in full, once more, and where it can be a
 * function it is one from then on. `mend` is asked to
 * move keys of another type out of the way: then what met them is sent once more, too.
 */
export async function sendTogether(
  client: RedisClient,
  calls: readonly Call[],
  mend?: (calls: readonly Call[]) => Promise<boolean>,
): Promise<readonly unknown[]> {
  try {
    const replies = await sendAll(client, calls, false);
    const unknown = replies.flatMap((reply, index) => (isUnknownScript(reply) ? [index] : []));
    if (unknown.length > 0) {
      // in full, in order: what was counted by a call that did run is not counted again
      const again = unknown.map((index) => calls[index]).filter((call) => call !== undefined);
      const scripts = again.filter(isScript).map(({ script }) => script);
      offerLibraries(client, scripts, replies);
      const full = await sendAll(client, again, true);
      unknown.forEach((index, position) => {
        replies[index] = full[position];
      });
    }
    if (mend !== undefined) await sendMended(client, calls, replies, mend);
    for (const reply of replies) if (reply instanceof Error) throw reply;
    return replies;
  } catch (error) {
    throw error instanceof VigilError ? error : storeError(error);
  }
}

async function sendMended(
  client: RedisClient,
  calls: readonly Call[],
  replies: unknown[],
  mend: (calls: readonly Call[]) => Promise<boolean>,
): Promise<void> {
  const wrong = replies.flatMap((reply, index) => (isWrongType(reply) ? [index] : []));
  if (wrong.length === 0) return;
  const again = wrong.map((index) => calls[index]).filter((call) => call !== undefined);
  if (!(await mend(again))) return;
  for (const index of wrong) replies[index] = await sendOne(client, calls[index] as Call, true);
}

const isWrongType = (reply: unknown): boolean => reply instanceof Error && reply.message.startsWith('WRONGTYPE');

function wordsOf(client: RedisClient, call: Call, inFull: boolean): [string, ...(string | number | Buffer)[]] {
  if (!isScript(call)) return [...call];
  const { script, keys, args } = call;
  if (inFull) return ['eval', script.source, keys.length, ...keys, ...args];
  return script.library !== undefined && takesFunctions(client)
    ? ['fcall', script.library.functionName, keys.length, ...keys, ...args]
    : ['evalsha', script.sha, keys.length, ...keys, ...args];
}

/**
 * Commands are not held back for one another's replies, so that many cost one round trip; what they write leaves together, as each
 * write costs Node and Redis 10 µs. The client's own pipeline would do the same for more: what it leaves behind survives the
 * young generation (a third of Node's time a call was collection).
 */
function sendAll(client: RedisClient, calls: readonly Call[], inFull: boolean): Promise<unknown[]> {
  const release = holdWrites(client);
  try {
    return Promise.all(
      calls.map((call) =>
        sendOne(client, call, inFull).catch((error: unknown) => {
          if (isUnknownScript(error) || isWrongType(error)) return error;
          throw error;
        }),
      ),
    );
  } finally {
    release();
  }
}

/** Until the answer is called. A connection that is not there yet holds its commands by itself. */
function holdWrites(client: RedisClient): () => void {
  const servers: readonly Partial<Pick<Redis, 'stream'>>[] = isCluster(client) ? client.nodes() : [client];
  const streams = servers.flatMap(({ stream }) => stream ?? []);
  for (const stream of streams) stream.cork();
  return () => {
    for (const stream of streams) stream.uncork();
  };
}

/** The client finds a script's keys, and with them its node, from their number. */
function sendOne(client: RedisClient, call: Call, inFull: boolean): Promise<unknown> {
  const [name, ...words] = wordsOf(client, call, inFull);
  return client.callBuffer(name, ...words);
}

/** Script faults are ours or the data's; everything else is an outage. */
function storeError(error: unknown): VigilError {
  const message = error instanceof Error ? error.message : String(error);
  if (
    /^(WRONGTYPE|ERR .*(user_script|user_function|script))/i.test(message) &&
    !/OOM|READONLY|BUSY|CLUSTERDOWN/.test(message)
  )
    return new VigilError('FEATURE_STORE_CORRUPT', `the feature store's state cannot be read: ${message}`, {
      cause: error,
    });
  return new VigilError('FEATURE_STORE_UNAVAILABLE', `Redis did not answer as it should: ${message}`, {
    cause: error,
  });
}
