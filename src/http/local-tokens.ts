/**
 * Tokens of the embedded default, given by the command line or made at the start. Only their sha256 is kept, and every one is
 * compared in constant time, so that neither memory nor timing tells a token.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { ROLES, type Role } from './api-types.ts';
import type { Principal, TokenVerifier } from './tokens.ts';

export interface LocalToken {
  readonly token: string;
  readonly subject: string;
  readonly name?: string;
  readonly roles?: readonly Role[];
}

/** 192 bits, in letters that a URL and a shell take as they are. */
export const randomToken = (): string => randomBytes(24).toString('base64url');

/** A token without roles has them all: the embedded default has one user. */
export function createLocalTokens(tokens: readonly LocalToken[]): TokenVerifier {
  const known = tokens.map(({ token, subject, name, roles }) => ({
    digest: digestOf(token),
    principal: { subject, name: name ?? subject, roles: roles ?? ROLES, expiresAtMs: null } satisfies Principal,
  }));
  return {
    async verify(token) {
      const digest = digestOf(token);
      // all are compared, found or not
      return known.reduce<Principal | undefined>(
        (found, entry) => (timingSafeEqual(entry.digest, digest) ? entry.principal : found),
        undefined,
      );
    },
  };
}

const digestOf = (token: string): Buffer => hash('sha256', token, 'buffer');
