/**
 * The closed list of error codes and the one error class. Every code has a fate (see the README's table, which a test
 * holds equal to this list): `retry` with back-off, `degrade` and mark, `stop` (our own bug), `usage` (exit code 2).
 * Bad data is not here: it is a `Rejection` value and goes to the dead letters.
 */
export const ERROR_CODES = {
  BUS_UNAVAILABLE: { fate: 'retry', meaning: 'the message bus cannot be reached or refused the request' },
  FEATURE_STORE_UNAVAILABLE: { fate: 'degrade', meaning: 'the feature store did not answer in its budget' },
  FEATURE_STORE_CORRUPT: { fate: 'degrade', meaning: 'the feature store answered something that is not its format' },
  ALERT_STORE_UNAVAILABLE: { fate: 'retry', meaning: 'the alert store cannot be reached or refused the request' },
  ALERT_STORE_FENCED: { fate: 'retry', meaning: 'another consumer of the same partition has written further' },
  MODEL_UNAVAILABLE: { fate: 'degrade', meaning: 'the model is missing, failed, or was late' },
  CONFIG_INVALID: { fate: 'usage', meaning: 'a configuration file is refused; every fault is listed with its path' },
  USAGE: { fate: 'usage', meaning: 'the command line is wrong' },
  PORT_IN_USE: { fate: 'usage', meaning: 'the HTTP port is taken' },
  SERVER_MISSING: {
    fate: 'usage',
    meaning: 'a server that the command needs cannot be reached or refused the credentials',
  },
  ALERT_CONFLICT: { fate: 'usage', meaning: 'the alert was changed by somebody else, or cannot take this step' },
  CURSOR_INVALID: { fate: 'usage', meaning: 'the cursor of a page is not one that was given out' },
  NOT_FOUND: { fate: 'usage', meaning: 'the thing asked for is not there' },
  BUG: { fate: 'stop', meaning: 'an invariant of Vigil itself is broken; the process ends with a non-zero code' },
} as const satisfies Record<string, { fate: 'retry' | 'degrade' | 'stop' | 'usage'; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;
export type Fate = (typeof ERROR_CODES)[ErrorCode]['fate'];

export class VigilError extends Error {
  readonly code: ErrorCode;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: { context?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VigilError';
    this.code = code;
    this.context = options.context ?? {};
  }

  get fate(): Fate {
    return ERROR_CODES[this.code].fate;
  }

  get retriable(): boolean {
    return this.fate === 'retry';
  }
}
