/**
 * The live figures, once or as a stream. The stream is server-sent events behind the same bearer token (read it with fetch:
 * EventSource cannot send one). A slow reader misses snapshots instead of filling our memory, and a stream ends with its token.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { principalOf, READERS } from '../access.ts';
import type { HttpServerOptions } from '../http-options.ts';
import { HttpProblem } from '../problem.ts';
import type { Route } from '../route.ts';

const INTERVAL_MS = 1_000;
const MAX_STREAMS = 100;
/** about ten snapshots of 15 channels */
const MOST_UNREAD_BYTES = 65_536;

export function liveRoutes(app: FastifyInstance, options: HttpServerOptions): readonly Route[] {
  const streams = openStreams(options);
  app.addHook('preClose', async () => streams.closeAll());
  return [
    {
      method: 'GET',
      url: '/v1/live',
      name: 'getLive',
      access: READERS,
      tag: 'live',
      summary: 'What is going on now',
      answers: { component: 'LiveSnapshot' },
      handler: () => options.live(),
    },
    {
      method: 'GET',
      url: '/v1/live/stream',
      name: 'streamLive',
      access: READERS,
      tag: 'live',
      summary: 'The same each second, as server-sent events of the type "live"',
      answers: { mediaType: 'text/event-stream' },
      refuses: ['TOO_MANY_STREAMS'],
      handler: (request, reply) => streams.open(request, reply),
    },
  ];
}

function openStreams(options: HttpServerOptions) {
  const stops = new Set<() => void>();
  const intervalMs = options.liveIntervalMs ?? INTERVAL_MS;
  const maxStreams = options.maxStreams ?? MAX_STREAMS;
  return {
    closeAll(): void {
      for (const stop of [...stops]) stop();
    },
    open(request: FastifyRequest, reply: FastifyReply): FastifyReply {
      if (stops.size >= maxStreams) {
        throw new HttpProblem('TOO_MANY_STREAMS', `There are ${maxStreams} live streams already: ask GET /v1/live.`, {
          headers: { 'retry-after': '10' },
        });
      }
      const expiresAtMs = principalOf(request).expiresAtMs ?? Number.POSITIVE_INFINITY;
      const response = beginStream(reply);
      if (request.method === 'HEAD') {
        response.end();
        return reply;
      }
      const tick = async (): Promise<void> => {
        if (options.clock.now() >= expiresAtMs) return stop();
        if (response.writableLength > MOST_UNREAD_BYTES) return;
        const snapshot = await options.live();
        if (!response.writableEnded) response.write(`event: live\ndata: ${JSON.stringify(snapshot)}\n\n`);
      };
      // a snapshot that cannot be had (the alert store is away) is left out; the reader sees from `at` how old the last is
      const attempt = (): void => void tick().catch((error: unknown) => reportFailure(options, request, error));
      const timer = setInterval(attempt, intervalMs);
      const stop = (): void => {
        clearInterval(timer);
        stops.delete(stop);
        response.end();
      };
      stops.add(stop);
      response.once('close', stop);
      attempt();
      return reply;
    },
  };
}

/** Fastify lets go of the response: from here on it is a plain stream with the headers that were set so far. */
function beginStream(reply: FastifyReply): ServerResponse {
  reply.hijack();
  const response = reply.raw;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) response.setHeader(name, value as string | number | string[]);
  }
  // after the last event nothing else may come on this connection, and the server's end must not wait for it
  response.shouldKeepAlive = false;
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
  // a reader that went away breaks the pipe: "close" stops the stream
  response.on('error', () => undefined);
  response.flushHeaders();
  return response;
}

function reportFailure(options: HttpServerOptions, request: FastifyRequest, error: unknown): void {
  options.events?.httpRequestFailed?.({ route: '/v1/live/stream', method: 'GET', requestId: request.id, error });
}
