/** How the routes of this server are declared: who may call, what it answers, and 405 for every other method. */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods, RouteHandlerMethod } from 'fastify';
import type { TSchema } from 'typebox';
import type { Access } from './access.ts';
import type { ProblemCode } from './api-types.ts';
import { PROBLEM_CODES } from './api-types.ts';
import { answer } from './schemas.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** OpenAPI's operationId */
  readonly name: string;
  readonly access: Access;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** name of a component, or the media type of an answer that is not JSON */
  readonly answers: { readonly component: string } | { readonly mediaType: string };
  /** further statuses that carry the same answer, each with what it says */
  readonly answersAlso?: Readonly<Record<number, string>>;
  /** refusals beyond those that every route has */
  readonly refuses?: readonly ProblemCode[];
  readonly query?: TSchema;
  readonly params?: TSchema;
  /** name of a component that the body is of; the body is read by the handler, never by the framework */
  readonly body?: string;
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export function addRoutes(app: FastifyInstance, routes: readonly Route[]): void {
  for (const route of routes) {
    app.route({
      method: route.method,
      url: route.url,
      config: { access: route.access },
      schema: schemaOf(route),
      handler: route.handler as RouteHandlerMethod,
    });
    refuseOtherMethods(app, route, routes);
  }
}

/** An address that exists answers 405 with the methods that it takes, behind the same door. */
function refuseOtherMethods(app: FastifyInstance, route: Route, routes: readonly Route[]): void {
  const same = routes.filter(({ url }) => url === route.url);
  if (same[0] !== route) return;
  const taken = same.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  app.route({
    method: METHODS.filter((method) => !taken.includes(String(method))) as HTTPMethods[],
    url: route.url,
    config: { access: route.access, allow: taken.join(', ') },
    schema: { hide: true },
    handler: () => undefined,
  });
}

function schemaOf(route: Route): Record<string, unknown> {
  const mediaType = 'mediaType' in route.answers ? route.answers.mediaType : 'application/json';
  const schema = 'component' in route.answers ? answer(route.answers.component) : { type: 'string' };
  return {
    operationId: route.name,
    summary: route.summary,
    tags: [route.tag],
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.access === 'public' ? {} : { security: [{ bearer: [] }], 'x-roles': route.access }),
    ...(route.query === undefined ? {} : { querystring: route.query }),
    ...(route.params === undefined ? {} : { params: route.params }),
    ...(route.body === undefined ? {} : { body: answer(route.body) }),
    response: {
      200: { description: route.summary, content: { [mediaType]: { schema } } },
      ...refusalsOf(route),
      ...Object.fromEntries(
        Object.entries(route.answersAlso ?? {}).map(([status, description]) => [
          status,
          { description, content: { [mediaType]: { schema } } },
        ]),
      ),
    },
  };
}

const OF_EVERY_ROUTE: readonly ProblemCode[] = ['BAD_REQUEST', 'INTERNAL'];
const BEHIND_THE_DOOR: readonly ProblemCode[] = ['UNAUTHENTICATED', 'FORBIDDEN', 'UNAVAILABLE'];

/** One line for a status, with the codes that it stands for. */
function refusalsOf(route: Route): Record<number, unknown> {
  const codes = [
    ...OF_EVERY_ROUTE,
    ...(route.access === 'public' ? [] : BEHIND_THE_DOOR),
    ...(route.query === undefined ? [] : (['INVALID_QUERY'] as const)),
    ...(route.refuses ?? []),
  ];
  const statuses = [...new Set(codes.map((code) => PROBLEM_CODES[code].status))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const ofStatus = [...new Set(codes)].filter((code) => PROBLEM_CODES[code].status === status);
      const description = ofStatus.map((code) => `${code}: ${PROBLEM_CODES[code].title}`).join('. ');
      return [status, { description, content: { 'application/problem+json': { schema: answer('Problem') } } }];
    }),
  );
}
