/**
 * The end of the server: what is in hand is finished, what comes now is refused, and no connection holds the end up.
 *
 * - An answer that is under way would leave its connection open for the keep-alive time (72 s): it says "close".
 * - A connection on which nothing was ever asked (browsers open them ahead) is not idle in Node's eyes: it is closed here.
 * - Whoever has not taken an answer after the grace is cut off.
 */
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { HttpProblem } from './problem.ts';

const GRACE_MS = 5_000;

/** Call it before the routes are added; what it answers ends the server. */
export function prepareEnd(app: FastifyInstance): () => Promise<void> {
  let isEnding = false;
  const unused = watchUnused(app);
  app.addHook('onRequest', async () => {
    if (isEnding) throw new HttpProblem('UNAVAILABLE', 'This server is ending: ask another.');
  });
  app.addHook('onSend', async (_request, reply) => {
    if (isEnding) reply.header('connection', 'close');
  });
  return async () => {
    isEnding = true;
    for (const socket of unused) socket.destroy();
    const cutOff = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
    try {
      await app.close();
    } finally {
      clearTimeout(cutOff);
    }
  };
}

/** The connections on which nothing was asked yet. */
function watchUnused(app: FastifyInstance): ReadonlySet<Socket> {
  const unused = new Set<Socket>();
  app.server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  app.server.on('request', (request) => unused.delete(request.socket));
  return unused;
}
