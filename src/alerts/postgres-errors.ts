/**
 * What a failure of PostgreSQL means for Vigil. An outage is retried; a database that was not prepared is said so; what is
 * left is our own bug.
 */
import pg from 'pg';
import { VigilError } from '../domain/errors.ts';

/** SQLSTATE classes and codes that pass by themselves or by an operator's hand, without a change of Vigil. */
const TEMPORARY_CLASSES = new Set([
  '08', // connection
  '25', // read-only transaction: a standby after a fail-over
  '28', // authentication: a password in change
  '3D', // database does not exist (yet)
  '40', // serialisation, deadlock
  '53', // disk, memory, connections
  '55', // lock not available
  '57', // shutdown, cancelled, cannot connect now
  '58', // system error
  'XX', // internal error, corrupted data
]);
/** undefined table, column, function, schema; no permission on them */
const UNPREPARED = new Set(['42P01', '42703', '42883', '3F000', '42501']);

export function asVigilError(error: unknown): VigilError {
  if (error instanceof VigilError) return error;
  const state = error instanceof pg.DatabaseError ? (error.code ?? '') : '';
  if (UNPREPARED.has(state)) {
    return new VigilError(
      'ALERT_STORE_UNAVAILABLE',
      `The database is not prepared for this Vigil (${messageOf(error)}): run "vigil migrate".`,
      { cause: error, context: { sqlState: state } },
    );
  }
  if (state !== '' && !TEMPORARY_CLASSES.has(state.slice(0, 2))) {
    return new VigilError('BUG', `PostgreSQL refuses a statement of Vigil: ${messageOf(error)}`, {
      cause: error,
      context: { sqlState: state },
    });
  }
  return new VigilError('ALERT_STORE_UNAVAILABLE', `PostgreSQL did not answer: ${messageOf(error)}`, {
    cause: error,
    context: state === '' ? {} : { sqlState: state },
  });
}

/** For a command that cannot begin without the database: one sentence that says what to do. */
export function asMissingServer(error: unknown): VigilError {
  if (error instanceof VigilError) return error;
  const state = error instanceof pg.DatabaseError ? (error.code ?? '') : '';
  const [what, remedy] = explanationOf(state);
  return new VigilError('SERVER_MISSING', `${what} (${messageOf(error)}): ${remedy}.`, { cause: error });
}

function explanationOf(state: string): readonly [string, string] {
  if (state.startsWith('28')) return ['PostgreSQL refuses the user or the password', 'correct postgres.url'];
  if (state === '3D000') return ['The database does not exist', 'create it, or correct postgres.url'];
  if (state === '42501') {
    return ['The user may not change the database', 'run "vigil migrate" as the owner of the database'];
  }
  return ['PostgreSQL cannot be reached', 'start it, or correct postgres.url'];
}

/** Connection errors on several addresses come as an AggregateError with an empty message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
