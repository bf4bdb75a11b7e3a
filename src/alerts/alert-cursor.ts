/** The place between two pages of alerts: opaque to the caller, checked when it comes back. */
import { VigilError } from '../domain/errors.ts';
import type { IdentityKey } from './identity-key.ts';

export interface AlertPlace {
  readonly createdAtMs: number;
  readonly alertKey: IdentityKey;
}

const FORMAT = /^1\.(0|[1-9]\d{0,15})\.([0-9a-f]{64})$/;

export const writeCursor = (place: AlertPlace): string =>
  Buffer.from(`1.${place.createdAtMs}.${place.alertKey}`, 'latin1').toString('base64url');

/** Throws CURSOR_INVALID. */
export function readCursor(cursor: string): AlertPlace {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const match = FORMAT.exec(text);
  // base64 decoders skip what they do not know: only the one spelling that was given out is taken
  if (match?.[2] === undefined || Buffer.from(text, 'latin1').toString('base64url') !== cursor) {
    throw new VigilError('CURSOR_INVALID', 'This cursor was not given out by Vigil: start again without one.');
  }
  return { createdAtMs: Number(match[1]), alertKey: match[2] };
}
