/** Who is calling: a bearer token becomes a principal, or nothing. */
import type { Role } from './api-types.ts';

export interface Principal {
  /** unique and stable: what the audit trail names */
  readonly subject: string;
  /** for people to read */
  readonly name: string;
  readonly roles: readonly Role[];
  /** a stream ends with its token; null = does not expire */
  readonly expiresAtMs: number | null;
}

export interface TokenVerifier {
  /** undefined: not a valid token. Throws when that cannot be found out now (the key server does not answer). */
  verify(token: string): Promise<Principal | undefined>;
}

/** The first that knows the token; one that cannot answer makes the whole fail, never a silent "no". */
export const anyOfTokens = (verifiers: readonly TokenVerifier[]): TokenVerifier => ({
  async verify(token) {
    for (const verifier of verifiers) {
      const principal = await verifier.verify(token);
      if (principal !== undefined) return principal;
    }
    return undefined;
  },
});

/** RFC 6750: the token's alphabet is closed, so nothing else reaches a verifier. 8 kB are more than any real token. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;
const LONGEST_TOKEN = 8_192;

export function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.length > LONGEST_TOKEN + 16) return undefined;
  return BEARER.exec(authorization)?.[1];
}
