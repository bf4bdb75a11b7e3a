/**
 * Parameters of an address: checked against their schema, with one sentence about the first that is wrong. Numbers come as text
 * and only plain digits are taken: no blanks, signs, exponents or hexadecimals.
 */
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import Value from 'typebox/value';
import { HttpProblem } from './problem.ts';

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, { readonly type?: string; readonly enum?: readonly string[] }>>;
}

/** For Fastify. The body is the handler's: it is read as bytes, because a JSON parser would hide a key that stands twice. */
export const compileParameters: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  if (httpPart === 'body') return () => true;
  return (data: unknown) => {
    const value = withNumbers(schema as ObjectSchema, data as Readonly<Record<string, unknown>>);
    return Value.Check(schema, value) ? { value } : { error: problemIn(schema, value) };
  };
};

function withNumbers(schema: ObjectSchema, data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(data).map(([name, value]) => {
    const isNumber = schema.properties?.[name]?.type === 'integer';
    return [name, isNumber && typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value];
  });
  return Object.fromEntries(entries);
}

function problemIn(schema: TSchema, value: Readonly<Record<string, unknown>>): HttpProblem {
  const { properties = {} } = schema as ObjectSchema;
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(properties, name));
  if (unknown !== undefined) {
    const known = Object.keys(properties).join(', ');
    return new HttpProblem('INVALID_QUERY', `"${printable(unknown)}" is no parameter here; there are: ${known}.`, {
      path: printable(unknown),
    });
  }
  const fault = Value.Errors(schema, value)[0];
  const name = fault?.instancePath.split('/')[1] ?? '';
  const choices = properties[name]?.enum;
  const what = Array.isArray(value[name])
    ? 'stands there more than once'
    : choices === undefined
      ? (fault?.message ?? 'is not valid')
      : `must be one of ${choices.join(', ')}`;
  return new HttpProblem('INVALID_QUERY', `"${name}" ${what}.`, { path: name });
}

/** What came in is shown short and without control characters. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 64);
