/** Holds an answer against the schema of its component, references followed. */
import type { TSchema } from 'typebox';
import Value from 'typebox/value';
import { expect } from 'vitest';
import { COMPONENTS } from '../../../src/http/schemas.ts';

export function expectToFit(component: string, answer: unknown): void {
  const schema = inlined(COMPONENTS[component]) as TSchema;
  const faults = Value.Errors(schema, answer).map((fault) => `${fault.instancePath} ${fault.message}`);
  expect(faults).toEqual([]);
}

function inlined(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(inlined);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref, ...rest } = schema as Record<string, unknown>;
  if (typeof $ref === 'string') return inlined(COMPONENTS[$ref.replace('#', '')]);
  return Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, inlined(value)]));
}
