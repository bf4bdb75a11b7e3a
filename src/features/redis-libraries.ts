/**
 * Functions where the server takes them. A server that does not know one (new, its functions flushed, loaded by another version)
 * is given its library, on a cluster every primary is; meanwhile the calls go as scripts. Where functions are refused (a
 * server before version 7, a user who may not load or call them) everything goes on as scripts: a third slower for a single
 * transaction, otherwise the same.
 *
 * Libraries outlive a restart, a fail-over and FLUSHALL. One of an older version stands beside its successor until an operator
 * deletes it (FUNCTION DELETE); whoever still wants it loads it again.
 */
import type { Redis } from 'ioredis';
import { primariesOf, type RedisClient } from './redis-client.ts';
import { isFunctionRefused, type RedisLibrary, type RedisScript } from './redis-script.ts';

const refusing = new WeakSet<RedisClient>();
const loading = new WeakSet<RedisClient>();

export const takesFunctions = (client: RedisClient): boolean => !refusing.has(client);

/** Scripts that the server did not know, and what it said. Nobody waits: the calls go as scripts, and a server that is gone holds up none. */
export function offerLibraries(
  client: RedisClient,
  scripts: readonly RedisScript[],
  replies: readonly unknown[],
): void {
  if (replies.some(isRefusal)) refusing.add(client);
  const libraries = new Set(scripts.flatMap(({ library }) => library ?? []));
  if (libraries.size === 0 || refusing.has(client) || loading.has(client)) return;
  loading.add(client);
  const servers = primariesOf(client);
  void Promise.all([...libraries].flatMap((library) => servers.map((server) => load(client, server, library)))).finally(
    () => loading.delete(client),
  );
}

/** An outage is no refusal: the next call that misses the function offers it again. Nor is a library that somebody loaded first. */
async function load(client: RedisClient, server: Redis, { code }: RedisLibrary): Promise<void> {
  try {
    await server.call('function', 'load', code);
  } catch (error) {
    if (isRefusal(error)) refusing.add(client);
  }
}

const isRefusal = (reply: unknown): boolean => reply instanceof Error && isFunctionRefused(reply.message);
