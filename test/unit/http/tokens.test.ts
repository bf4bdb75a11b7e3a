import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES } from '../../../src/http/api-types.ts';
import { createLocalTokens, randomToken } from '../../../src/http/local-tokens.ts';
import { createOidcTokens } from '../../../src/http/oidc-tokens.ts';
import { anyOfTokens, bearerToken } from '../../../src/http/tokens.ts';
import { NOW_MS } from './a-server.ts';

const clock = { now: () => NOW_MS };
const NOW_S = NOW_MS / 1000;

describe('local tokens', () => {
  const tokens = createLocalTokens([
    { token: 'alpha', subject: 'li', name: 'Li Na', roles: ['analyst'] },
    { token: 'beta', subject: 'root' },
  ]);

  it('name their holder; one without roles has them all', async () => {
    expect(await tokens.verify('alpha')).toEqual({
      subject: 'li',
      name: 'Li Na',
      roles: ['analyst'],
      expiresAtMs: null,
    });
    expect(await tokens.verify('beta')).toEqual({ subject: 'root', name: 'root', roles: ROLES, expiresAtMs: null });
  });

  it.each(['', 'alph', 'alphaa', 'ALPHA', 'gamma', '\0'])('do not know %j', async (token) => {
    expect(await tokens.verify(token)).toBeUndefined();
  });

  it('made at random are long, different and fit a header', () => {
    const made = Array.from({ length: 100 }, randomToken);
    expect(new Set(made).size).toBe(100);
    for (const token of made) expect(bearerToken(`Bearer ${token}`)).toBe(token);
    expect(made[0]).toHaveLength(32);
  });
});

describe('OIDC tokens', () => {
  let server: Server;
  let jwksUrl: string;
  let sign: (
    claims: JWTPayload,
    change?: { issuer?: string; audience?: string; exp?: number; kid?: string },
  ) => Promise<string>;
  let signWithStranger: () => Promise<string>;
  let published: unknown;

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const stranger = await generateKeyPair('ES256');
    published = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };
    server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(published));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    const jwt = (claims: JWTPayload, change: Parameters<typeof sign>[1] = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: change.kid ?? 'k1' })
        .setIssuer(change.issuer ?? 'https://id.bank')
        .setAudience(change.audience ?? 'vigil')
        .setExpirationTime(change.exp ?? NOW_S + 300);
    sign = (claims, change) => jwt(claims, change).sign(privateKey);
    signWithStranger = () => jwt({ sub: 'li', roles: ['administrator'] }).sign(stranger.privateKey);
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const verifier = (roleClaim = 'roles', url = jwksUrl) =>
    createOidcTokens({ issuer: 'https://id.bank', audience: 'vigil', jwksUrl: url, roleClaim, clock, timeoutMs: 300 });

  it('name the holder, the roles that Vigil knows, and the end', async () => {
    const token = await sign({ sub: 'u-17', name: 'Li Na', roles: ['analyst', 'cook', 'supervisor'] });
    expect(await verifier().verify(token)).toEqual({
      subject: 'u-17',
      name: 'Li Na',
      roles: ['analyst', 'supervisor'],
      expiresAtMs: NOW_MS + 305_000,
    });
  });

  it.each<[string, string, JWTPayload, readonly string[]]>([
    ['inside an object', 'realm_access.roles', { realm_access: { roles: ['auditor'] } }, ['auditor']],
    ['as one text', 'scope', { scope: 'openid viewer channel' }, ['viewer', 'channel']],
    ['nowhere', 'roles', {}, []],
    ['of a wrong type', 'roles', { roles: 7 }, []],
    ['from the prototype', 'constructor.name', {}, []],
  ])('take roles that stand %s', async (_, claim, claims, roles) => {
    const principal = await verifier(claim).verify(await sign({ sub: 'u', ...claims }));
    expect([...(principal?.roles ?? [])].sort()).toEqual([...roles].sort());
  });

  it.each<[string, () => Promise<string>]>([
    ['an expired one', () => sign({ sub: 'u' }, { exp: NOW_S - 6 })],
    ['one for somebody else', () => sign({ sub: 'u' }, { audience: 'payroll' })],
    ['one of another issuer', () => sign({ sub: 'u' }, { issuer: 'https://evil' })],
    ['one without a subject', () => sign({})],
    ['one with an empty subject', () => sign({ sub: '' })],
    ['one that is not valid yet', () => sign({ sub: 'u', nbf: NOW_S + 60 })],
    ['one signed by a stranger', () => signWithStranger()],
    ['one with an unknown key', () => sign({ sub: 'u' }, { kid: 'k2' })],
    ['one without a signature', async () => `${b64({ alg: 'none' })}.${b64({ sub: 'u', exp: NOW_S + 60 })}.`],
    ['one signed with the public key as a secret', async () => hmacWithPublicKey(published)],
    ['no token at all', async () => 'abc.def'],
    ['a local token', async () => randomToken()],
  ])('refuse %s', async (_, make) => {
    expect(await verifier().verify(await make())).toBeUndefined();
  });

  it('refuse a changed payload', async () => {
    const [head, , signature] = (await sign({ sub: 'u', roles: ['viewer'] })).split('.');
    const forged = `${head}.${b64({ iss: 'https://id.bank', aud: 'vigil', sub: 'u', exp: NOW_S + 60, roles: ['administrator'] })}.${signature}`;
    expect(await verifier().verify(forged)).toBeUndefined();
  });

  it('take a token whose end passed within the tolerance of 5 s', async () => {
    expect(await verifier().verify(await sign({ sub: 'u' }, { exp: NOW_S - 4 }))).toMatchObject({ subject: 'u' });
  });

  it('say that they cannot know when the provider does not answer, instead of saying no', async () => {
    const token = await sign({ sub: 'u' });
    await expect(verifier('roles', 'http://127.0.0.1:1/keys').verify(token)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    const deaf = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => deaf.once('listening', resolve));
    const url = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}/`;
    await expect(verifier('roles', url).verify(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    deaf.closeAllConnections();
    deaf.close();
  });

  it('stand beside local ones', async () => {
    const both = anyOfTokens([createLocalTokens([{ token: 'alpha', subject: 'local' }]), verifier()]);
    expect((await both.verify('alpha'))?.subject).toBe('local');
    expect((await both.verify(await sign({ sub: 'remote' })))?.subject).toBe('remote');
    expect(await both.verify('neither')).toBeUndefined();
  });
});

const b64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The classic: the published key used as the secret of an HMAC. */
async function hmacWithPublicKey(published: unknown): Promise<string> {
  const secret = new TextEncoder().encode(JSON.stringify(published));
  return new SignJWT({ sub: 'u', roles: ['administrator'] })
    .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
    .setIssuer('https://id.bank')
    .setAudience('vigil')
    .setExpirationTime(NOW_S + 60)
    .sign(secret);
}
