/**
 * The HTTP server: health and metrics, decisions for channels that cannot wait on Kafka, the alert queue, the console.
 *
 * The way of a request: headers that every answer carries → who is calling (access.ts; default deny) → parameters (query.ts) →
 * the handler, which gets the body as bytes → the answer, or a problem (problem.ts). Bodies are never parsed by the framework:
 * a JSON parser takes the last of two equal keys without a word.
 */
import { randomBytes } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { VigilError } from '../domain/errors.ts';
import { ANYONE, guardAccess } from './access.ts';
import type { HttpEvents, HttpServerOptions } from './http-options.ts';
import { openApiOptions } from './openapi.ts';
import { prepareEnd } from './prepare-end.ts';
import { bodyOf, HttpProblem, problemOf } from './problem.ts';
import { compileParameters } from './query.ts';
import { sendProblem } from './replies.ts';
import { addRoutes } from './route.ts';
import { alertRoutes } from './routes/alert-routes.ts';
import { addConsole } from './routes/console-routes.ts';
import { decisionRoutes } from './routes/decision-routes.ts';
import { historyRoutes } from './routes/history-routes.ts';
import { liveRoutes } from './routes/live-routes.ts';
import { referenceRoutes } from './routes/reference-routes.ts';
import { systemRoutes } from './routes/system-routes.ts';
import { COMPONENTS } from './schemas.ts';
import { addSecurityHeaders, SECURITY_HEADERS } from './security-headers.ts';

export interface HttpServer {
  /** Port 0 takes a free one. Throws PORT_IN_USE or USAGE with one sentence. */
  listen(address: {
    readonly host: string;
    readonly port: number;
  }): Promise<{ readonly url: string; readonly port: number }>;
  /** Takes no new requests, finishes those in hand, ends the streams. */
  close(): Promise<void>;
  /** for tests: requests without a socket */
  readonly app: FastifyInstance;
}

const MAX_BODY_BYTES = 65_536;
/** the longest id of a transaction, each of its characters percent-encoded */
const LONGEST_PARAMETER = 12_288;

export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const events: HttpEvents = options.events ?? {
    httpRequestFinished: () => undefined,
    httpAuthFailed: () => undefined,
  };
  const requestTimeoutMs = options.requestTimeoutMs ?? 10_000;
  const app = Fastify({
    bodyLimit: options.maxBodyBytes ?? MAX_BODY_BYTES,
    requestTimeout: requestTimeoutMs,
    // behind a load balancer it must be the other side that closes an idle connection first (theirs are 60 s)
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    http: {
      requestTimeout: requestTimeoutMs,
      // Node swaps the two when this is the larger, and the body then has the time of the head
      headersTimeout: requestTimeoutMs,
      // it looks for late requests only every 30 s by itself
      connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
    },
    // prepareEnd answers with a problem instead
    return503OnClosing: false,
    genReqId: () => randomBytes(9).toString('base64url'),
    requestIdHeader: false,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    // an address that cannot be decoded meets no hook
    frameworkErrors: (_error, request, reply) => {
      void sendProblem(
        request,
        reply.headers(SECURITY_HEADERS),
        bodyOf('BAD_REQUEST', 'The address cannot be decoded.'),
      );
    },
    clientErrorHandler: answerBrokenRequest,
  });
  app.setValidatorCompiler(compileParameters);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  watchRequests(app, options, events);
  addSecurityHeaders(app);
  const close = prepareEnd(app);
  guardAccess(app, options.tokens, events);
  answerFailures(app, events);
  await app.register(swagger, openApiOptions(options.version));
  for (const [name, schema] of Object.entries(COMPONENTS)) app.addSchema({ ...schema, $id: name });
  addRoutes(app, [
    ...systemRoutes(options),
    ...decisionRoutes(options),
    ...alertRoutes(options),
    ...historyRoutes(options),
    ...liveRoutes(app, options),
    ...referenceRoutes(options, () => app.swagger()),
  ]);
  refuseUnknown(app);
  await addConsole(app, options.consoleDir);
  await app.ready();
  return { app, listen: (address) => listen(app, address), close };
}

/** Under /v1 nothing is public, not even that an address does not exist. */
function refuseUnknown(app: FastifyInstance): void {
  for (const url of ['/v1', '/v1/*']) {
    app.all(url, { config: { access: ANYONE }, schema: { hide: true } }, () => {
      throw new HttpProblem('NOT_FOUND', 'There is nothing at this address.');
    });
  }
}

function watchRequests(app: FastifyInstance, options: HttpServerOptions, events: HttpEvents): void {
  app.decorateRequest('receivedAtMs', 0);
  app.addHook('onRequest', async (request) => {
    request.receivedAtMs = options.clock.now();
    const encoding = request.headers['content-encoding'];
    // a compressed body would have to be inflated without knowing to what size
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      throw new HttpProblem('UNSUPPORTED_MEDIA_TYPE', 'Send the body without compression.');
    }
  });
  app.addHook('onResponse', async (request, reply) => {
    events.httpRequestFinished({
      route: routeOf(request),
      method: request.method,
      status: reply.statusCode,
      durationMs: reply.elapsedTime,
    });
  });
}

function answerFailures(app: FastifyInstance, events: HttpEvents): void {
  const answer = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { body, headers, isOurs } = problemOf(error);
    if (isOurs) {
      events.httpRequestFailed?.({ route: routeOf(request), method: request.method, requestId: request.id, error });
    }
    return sendProblem(request, reply.headers(headers), body);
  };
  app.setErrorHandler(answer);
  app.setNotFoundHandler((request, reply) =>
    answer(new HttpProblem('NOT_FOUND', 'There is nothing at this address.'), request, reply),
  );
}

const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? 'unknown';

/** What is no HTTP at all reaches no route; the parser of Node says what was wrong. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, status] = BROKEN[error.code ?? ''] ?? (['BAD_REQUEST', '400 Bad Request'] as const);
  const body = JSON.stringify({ ...bodyOf(code, 'The request cannot be read.'), requestId: 'none' });
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/problem+json; charset=utf-8',
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const BROKEN: Readonly<Record<string, readonly ['BAD_REQUEST' | 'REQUEST_TIMEOUT', string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', '408 Request Timeout'],
  HPE_HEADER_OVERFLOW: ['BAD_REQUEST', '431 Request Header Fields Too Large'],
};

async function listen(
  app: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly url: string; readonly port: number }> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw asListenError(error, host, port);
  }
  const bound = (app.server.address() as AddressInfo).port;
  // what a person types into a browser: "all interfaces" is no address
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${bound}`, port: bound };
}

function asListenError(cause: unknown, host: string, port: number): unknown {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') {
    return new VigilError(
      'PORT_IN_USE',
      `Port ${port} of ${host} is taken: end the program that holds it, or choose another port.`,
      { cause },
    );
  }
  if (code === 'EACCES') {
    return new VigilError('USAGE', `Port ${port} needs rights that this user does not have: choose one above 1023.`, {
      cause,
    });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new VigilError('USAGE', `${host} is no address of this machine: choose 127.0.0.1 or one of its own.`, {
      cause,
    });
  }
  return cause;
}
