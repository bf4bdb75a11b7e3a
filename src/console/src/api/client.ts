/** The one place that speaks HTTP. Refusals become ApiError with the problem the server named; a lost connection too. */
import type { Problem } from '../../../http/api-types.ts';
import { currentToken } from '../session.ts';

export class ApiError extends Error {
  /** 0 = no answer at all */
  readonly status: number;
  readonly problem: Problem | null;

  constructor(status: number, problem: Problem | null, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
  }
}

const TIMEOUT_MS = 15_000;

async function problemOf(response: Response): Promise<Problem | null> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null && 'detail' in body ? (body as Problem) : null;
  } catch {
    // a proxy in between may answer with a page of its own
    return null;
  }
}

/** Whom to tell when a token is no longer accepted. */
let onUnauthenticated: () => void = () => undefined;
export const whenUnauthenticated = (listener: () => void): void => {
  onUnauthenticated = listener;
};

export interface RequestOptions {
  readonly method?: 'GET' | 'POST';
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** to try a token before it is kept */
  readonly token?: string;
}

async function send(path: string, options: RequestOptions): Promise<Response> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(path, {
      method: options.method ?? 'GET',
      headers: {
        authorization: `Bearer ${options.token ?? currentToken() ?? ''}`,
        accept: 'application/json',
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      signal: options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]),
      credentials: 'omit',
      cache: 'no-store',
    });
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    throw new ApiError(0, null, 'no answer');
  }
}

export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  if (response.ok) return (await response.json()) as T;
  const problem = await problemOf(response);
  if (response.status === 401 && options.token === undefined) onUnauthenticated();
  throw new ApiError(response.status, problem, problem?.detail ?? `HTTP ${response.status}`);
}

export const isStatus = (error: unknown, status: number): boolean =>
  error instanceof ApiError && error.status === status;
