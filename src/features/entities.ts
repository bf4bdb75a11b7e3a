/** Which entities a transaction names, and what their keys look like. Pure. */
import { createHash } from 'node:crypto';
import type { EntityKind } from '../domain/feature.ts';
import type { Transaction } from '../domain/transaction.ts';

export function entityId(transaction: Transaction, kind: EntityKind): string | undefined {
  switch (kind) {
    case 'customer':
      return transaction.customerId;
    case 'account':
      return transaction.accountId;
    case 'card':
      return transaction.cardToken;
    case 'device':
      return transaction.device?.id;
    case 'ip':
      return transaction.device?.ip;
    case 'counterparty':
      return transaction.counterparty?.accountId;
    case 'merchant':
      return transaction.merchant?.id;
    case 'terminal':
      return transaction.terminalId;
  }
}

/**
 * One string for the ids of a combination, undefined when one is absent. A plain id stands as it is, so that keys can be
 * read; any other (a colon, a brace, a line break, look-alike letters, great length) as the SHA-256 of its UTF-8 bytes.
 * "=" and "#" tell the two apart and neither form contains "&": no two combinations of ids share a string.
 */
export function entityKey(transaction: Transaction, kinds: readonly EntityKind[]): string | undefined {
  let key = '';
  for (const kind of kinds) {
    const id = entityId(transaction, kind);
    if (id === undefined) return undefined;
    key = key === '' ? escapeId(id) : `${key}&${escapeId(id)}`;
  }
  return key;
}

export const escapeId = (id: string): string =>
  /^[A-Za-z0-9_.@-]{1,64}$/.test(id) ? `=${id}` : `#${createHash('sha256').update(id, 'utf8').digest('base64url')}`;
