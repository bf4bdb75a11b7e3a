/** Refusals as RFC 9457 problems: one class, one list of codes, one place that turns any failure into a body. */
import type { FastifyError } from 'fastify';
import { type ErrorCode, VigilError } from '../domain/errors.ts';
import type { Rejection } from '../domain/transaction.ts';
import { PROBLEM_CODES, type Problem, type ProblemCode } from './api-types.ts';

export class HttpProblem extends Error {
  readonly code: ProblemCode;
  readonly path: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    options: {
      readonly path?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HttpProblem';
    this.code = code;
    this.path = options.path;
    this.headers = options.headers ?? {};
  }
}

export type ProblemBody = Omit<Problem, 'requestId'>;

export const bodyOf = (code: ProblemCode, detail: string, path?: string): ProblemBody => ({
  type: `urn:vigil:problem:${code}`,
  title: PROBLEM_CODES[code].title,
  status: PROBLEM_CODES[code].status,
  code,
  detail,
  ...(path === undefined ? {} : { path }),
});

/** A refused transaction: 400 with the parser's own code (413 for the size), path and sentence. */
export function bodyOfRejection(rejection: Rejection): ProblemBody {
  const isTooLarge = rejection.code === 'TOO_LARGE';
  return {
    ...bodyOf(isTooLarge ? 'PAYLOAD_TOO_LARGE' : 'TRANSACTION_REJECTED', rejection.message, rejection.path),
    type: `urn:vigil:rejection:${rejection.code}`,
    code: rejection.code,
  };
}

const OF_VIGIL: Partial<Record<ErrorCode, ProblemCode>> = {
  ALERT_CONFLICT: 'ALERT_CONFLICT',
  NOT_FOUND: 'NOT_FOUND',
  CURSOR_INVALID: 'INVALID_CURSOR',
};

const OF_FASTIFY: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['PAYLOAD_TOO_LARGE', 'The body is larger than this server takes.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['UNSUPPORTED_MEDIA_TYPE', 'Send the header "Content-Type: application/json".'],
  FST_ERR_HANDLER_TIMEOUT: ['UNAVAILABLE', 'The answer took too long.'],
};

/** Any failure → what the caller is told. `isOurs` marks what somebody must look at. */
export function problemOf(error: unknown): {
  readonly body: ProblemBody;
  readonly headers: Readonly<Record<string, string>>;
  readonly isOurs: boolean;
} {
  if (error instanceof HttpProblem) {
    const body = bodyOf(error.code, error.message, error.path);
    return { body, headers: error.headers, isOurs: body.status >= 500 };
  }
  if (error instanceof VigilError) return problemOfVigil(error);
  return problemOfFastify(error as Partial<FastifyError>);
}

function problemOfVigil(error: VigilError): ReturnType<typeof problemOf> {
  const code = OF_VIGIL[error.code];
  if (code !== undefined) return { body: bodyOf(code, error.message), headers: {}, isOurs: false };
  if (error.fate === 'retry' || error.fate === 'degrade') {
    const body = bodyOf('UNAVAILABLE', 'A part that is needed cannot be reached now: try again in a moment.');
    return { body, headers: { 'retry-after': '1' }, isOurs: true };
  }
  return { body: internal(), headers: {}, isOurs: true };
}

function problemOfFastify(error: Partial<FastifyError>): ReturnType<typeof problemOf> {
  if (error.validation !== undefined) return { ...problemOfValidation(error.validation), headers: {}, isOurs: false };
  const known = OF_FASTIFY[error.code ?? ''];
  if (known !== undefined) return { body: bodyOf(...known), headers: {}, isOurs: false };
  const isTheirs = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500;
  // a message of the framework about the request line or its headers; never one of our own failures
  if (isTheirs) return { body: bodyOf('BAD_REQUEST', error.message ?? ''), headers: {}, isOurs: false };
  return { body: internal(), headers: {}, isOurs: true };
}

/** Nothing of the cause is told outside: the log has it under the request's id. */
const internal = (): ProblemBody =>
  bodyOf('INTERNAL', 'Vigil failed to answer; its log holds the cause under this request id.');

function problemOfValidation(faults: NonNullable<FastifyError['validation']>): { readonly body: ProblemBody } {
  const fault = faults[0];
  const unknown = fault?.params.additionalProperty;
  const name = typeof unknown === 'string' ? unknown : (fault?.instancePath.slice(1) ?? '');
  const message =
    typeof unknown === 'string' ? 'is not a parameter of this address' : (fault?.message ?? 'is not valid');
  return { body: bodyOf('INVALID_QUERY', `"${name}" ${message}${choicesOf(fault?.params)}.`, name) };
}

const choicesOf = (params: Record<string, unknown> | undefined): string =>
  Array.isArray(params?.allowedValues) ? `: ${params.allowedValues.join(', ')}` : '';
