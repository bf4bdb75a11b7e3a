/**
 * Ids as the store compares and indexes them: 32 bytes, however long the id is. A B-tree entry of PostgreSQL holds about
 * 2,700 bytes, and one longer id would otherwise stop the consumer of its partition for good.
 */
import { hash } from 'node:crypto';
import type { Decision } from '../domain/decision.ts';
import { transactionKey } from '../domain/transaction.ts';

/** 64 hexadecimal digits; their order is that of the bytes */
export type IdentityKey = string;

export const identityKey = (id: string): IdentityKey => hash('sha256', id, 'hex');

/** Of the real decision: one for a transaction. NUL cannot stand in a channel, so no pair of key kinds can meet. */
export const transactionIdentity = (channel: string, transactionId: string): IdentityKey =>
  identityKey(transactionKey(channel, transactionId));

/**
 * What a decision is kept under. A real one occupies its transaction's id, so that the first stands. A provisional one (a
 * fallback for a refused message) occupies no id: it is kept under its own, and the mended message is decided as new.
 */
export const recordIdentity = (decision: Decision): IdentityKey =>
  decision.provisional === true
    ? identityKey(`provisional\0${decision.decisionId}`)
    : transactionIdentity(decision.channel, decision.transactionId);
