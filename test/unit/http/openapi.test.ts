import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { TRANSACTION_FIELDS } from '../../../src/domain/transaction-fields.ts';
import { PROBLEM_CODES } from '../../../src/http/api-types.ts';
import { Transaction } from '../../../src/http/transaction-schema.ts';
import { aMessage } from '../../helpers/a-transaction.ts';
import { aServer, bearer } from './a-server.ts';
import { expectToFit } from './schema-check.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');

async function theDocument(): Promise<Record<string, unknown>> {
  const { app } = await aServer();
  const answer = await app.inject({ url: '/v1/openapi.json', headers: bearer('viewer') });
  await app.close();
  return answer.json();
}

const formatted = (document: unknown): string =>
  execFileSync(path.join(ROOT, 'node_modules/.bin/biome'), ['format', '--stdin-file-path=openapi.json'], {
    input: JSON.stringify(document, null, 2),
    encoding: 'utf8',
  });

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => (key === '$ref' ? [String(child)] : referencesIn(child)));
}

describe('the OpenAPI document', () => {
  it('is the one in docs/openapi.json (written anew by vitest with -u)', async () => {
    const { info, ...rest } = (await theDocument()) as { info: Record<string, unknown> };
    const document = { info: { ...info, version: '1' }, ...rest };
    await expect(formatted(document)).toMatchFileSnapshot(path.join(ROOT, 'docs/openapi.json'));
  });

  it('refers only to components that it has', async () => {
    const document = (await theDocument()) as { components: { schemas: Record<string, unknown> } };
    const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    const used = [...new Set(referencesIn(document))];
    expect(used.filter((reference) => !known.includes(reference))).toEqual([]);
    expect(used).toContain('#/components/schemas/Decision');
  });

  it('asks for a token on every address under /v1 and on no other', async () => {
    const { paths } = (await theDocument()) as { paths: Record<string, Record<string, { security?: unknown }>> };
    for (const [url, methods] of Object.entries(paths)) {
      for (const operation of Object.values(methods)) {
        expect([url, operation.security !== undefined]).toEqual([url, url.startsWith('/v1/')]);
      }
    }
  });

  it('says that readiness answers the same body when it is not ready', async () => {
    const { paths } = (await theDocument()) as {
      paths: Record<string, { get: { responses: Record<string, { content: unknown }> } }>;
    };
    const { responses } = paths['/readyz']?.get ?? { responses: {} };
    const readiness = { 'application/json': { schema: { $ref: '#/components/schemas/Readiness' } } };
    expect([responses['200']?.content, responses['503']?.content]).toEqual([readiness, readiness]);
  });

  it('names every operation differently', async () => {
    const { paths } = (await theDocument()) as { paths: Record<string, Record<string, { operationId: string }>> };
    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map((o) => o.operationId));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('decide');
  });
});

describe('the transaction’s schema', () => {
  it('has the fields that the parser knows', () => {
    const schema = Transaction as unknown as { properties: Record<string, { properties?: Record<string, unknown> }> };
    const paths = Object.entries(schema.properties).flatMap(([name, { properties }]) =>
      properties === undefined ? [name] : Object.keys(properties).map((child) => `${name}.${child}`),
    );
    const known = TRANSACTION_FIELDS.map((field) => field.path).filter((name) => name !== 'occurredAtMs');
    expect(paths.sort()).toEqual(['schemaVersion', ...known].sort());
  });

  it('takes a valid message', () => {
    expectToFit('Transaction', aMessage());
  });
});

describe('problem codes', () => {
  it('have a status of an error and a title each', () => {
    for (const { status, title } of Object.values(PROBLEM_CODES)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(title).toMatch(/^[A-Z].+[^.]$/);
    }
  });
});
