/**
 * Access tokens of the bank's identity provider: signed JWTs (RFC 9068, OpenID Connect), checked against its published keys.
 * Only asymmetric algorithms: with one of the HMAC kind whoever knows the public key could sign. Roles of Vigil are read
 * from a claim; other values of that claim are ignored.
 */
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../domain/clock.ts';
import { ROLES, type Role } from './api-types.ts';
import { HttpProblem } from './problem.ts';
import type { Principal, TokenVerifier } from './tokens.ts';

export interface OidcOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  /** a claim, or a path into one: roles, realm_access.roles */
  readonly roleClaim: string;
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const CLOCK_TOLERANCE_SECONDS = 5;

export function createOidcTokens(options: OidcOptions): TokenVerifier {
  const keys = createRemoteJWKSet(new URL(options.jwksUrl), {
    timeoutDuration: options.timeoutMs ?? 3_000,
    // an unknown key id asks the provider again, at most every 30 s: a flood of forged tokens is no flood of requests
    cooldownDuration: 30_000,
    cacheMaxAge: 600_000,
  });
  return {
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer: options.issuer,
          audience: options.audience,
          algorithms: ALGORITHMS,
          requiredClaims: ['sub', 'exp'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: new Date(options.clock.now()),
        });
        return principalOf(payload, options.roleClaim);
      } catch (error) {
        if (isFaultOfToken(error)) return undefined;
        throw new HttpProblem('UNAVAILABLE', 'The identity provider cannot be reached now: try again in a moment.', {
          cause: error,
          headers: { 'retry-after': '1' },
        });
      }
    },
  };
}

/** Everything else (no answer, a time-out, keys that are none) says nothing about the token. */
const isFaultOfToken = (error: unknown): boolean =>
  error instanceof errors.JWTInvalid ||
  error instanceof errors.JWTExpired ||
  error instanceof errors.JWTClaimValidationFailed ||
  error instanceof errors.JWSInvalid ||
  error instanceof errors.JWSSignatureVerificationFailed ||
  error instanceof errors.JOSEAlgNotAllowed ||
  error instanceof errors.JOSENotSupported ||
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys;

function principalOf(payload: JWTPayload, roleClaim: string): Principal | undefined {
  if (typeof payload.sub !== 'string' || payload.sub === '' || typeof payload.exp !== 'number') return undefined;
  const name = [payload.name, payload.preferred_username, payload.sub].find((value) => typeof value === 'string');
  return {
    subject: payload.sub,
    name: typeof name === 'string' ? name : payload.sub,
    roles: rolesIn(payload, roleClaim),
    expiresAtMs: (payload.exp + CLOCK_TOLERANCE_SECONDS) * 1000,
  };
}

/** An array, or one text with the roles between blanks (as `scope` has them). */
function rolesIn(payload: JWTPayload, roleClaim: string): readonly Role[] {
  const claim = roleClaim.split('.').reduce<unknown>(memberOf, payload);
  const values = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  return ROLES.filter((role) => values.includes(role));
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
