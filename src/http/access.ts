/**
 * Default deny. Every route says who may call it; one that does not is refused when it is registered, so that a forgotten
 * line can never open a door. `public` needs no token; a list of roles needs a token with one of them.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { VigilError } from '../domain/errors.ts';
import { ROLES, type Role } from './api-types.ts';
import { HttpProblem } from './problem.ts';
import { bearerToken, type Principal, type TokenVerifier } from './tokens.ts';

export type Access = 'public' | readonly Role[];

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** set on the answers to methods that a known address does not take */
    allow?: string;
  }
  interface FastifyRequest {
    /** of the token; null on public routes */
    principal: Principal | null;
    receivedAtMs: number;
  }
}

/** People who may look at alerts, customers and decisions. A channel's token answers for transactions and nothing else. */
export const READERS: readonly Role[] = ROLES.filter((role) => role !== 'channel');
export const ANYONE: readonly Role[] = ROLES;

export interface AccessEvents {
  httpAuthFailed(event: { status: 401 | 403; route: string }): void;
}

export function guardAccess(app: FastifyInstance, tokens: TokenVerifier, events: AccessEvents): void {
  app.decorateRequest('principal', null);
  app.addHook('onRoute', (route) => {
    const access = route.config?.access;
    if (access === undefined) {
      throw new VigilError('BUG', `The route ${String(route.method)} ${route.url} does not say who may call it`);
    }
    if (access === 'public' && /^\/v1(\/|$)/.test(route.url)) {
      throw new VigilError('BUG', `The route ${String(route.method)} ${route.url} is under /v1 and needs roles`);
    }
  });
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    if (request.is404) throw new HttpProblem('NOT_FOUND', 'There is nothing at this address.');
    const { access, allow } = request.routeOptions.config;
    if (access === undefined) throw new VigilError('BUG', 'A request reached a route without access rules');
    if (access !== 'public') request.principal = await admit(request, access, tokens, events);
    if (allow === undefined) return;
    reply.header('allow', allow);
    throw new HttpProblem('METHOD_NOT_ALLOWED', `This address takes ${allow}.`);
  });
}

async function admit(
  request: FastifyRequest,
  roles: readonly Role[],
  tokens: TokenVerifier,
  events: AccessEvents,
): Promise<Principal> {
  const route = request.routeOptions.url ?? 'unknown';
  const token = bearerToken(request.headers.authorization);
  const principal = token === undefined ? undefined : await tokens.verify(token);
  if (principal === undefined) {
    events.httpAuthFailed({ status: 401, route });
    // RFC 6750: the error is named only when there was a token
    const challenge = `Bearer realm="vigil"${token === undefined ? '' : ', error="invalid_token"'}`;
    throw new HttpProblem('UNAUTHENTICATED', 'Send a valid token in the header "Authorization: Bearer …".', {
      headers: { 'www-authenticate': challenge },
    });
  }
  if (principal.roles.some((role) => roles.includes(role))) return principal;
  events.httpAuthFailed({ status: 403, route });
  throw new HttpProblem('FORBIDDEN', `This needs one of the roles ${roles.join(', ')}.`);
}

/** For handlers behind a list of roles. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new VigilError('BUG', 'A handler that needs a principal is on a public route');
  return request.principal;
}
