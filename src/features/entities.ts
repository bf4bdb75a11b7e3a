/** Which entities a transaction names, and what their keys look like. Pure. */
import { createHash } from 'node:crypto';
import { entityId } from '../domain/entity-id.ts';
import type { EntityKind } from '../domain/feature.ts';
import type { Transaction } from '../domain/transaction.ts';

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

/** The same for the key of a transaction (channel/id): a readable key, and no SHA-256 for each of them. */
export function escapeTransactionKey(key: string): string {
  const end = key.indexOf('/');
  return `${escapeId(key.slice(0, end))}&${escapeId(key.slice(end + 1))}`;
}

export const escapeId = (id: string): string =>
  /^[A-Za-z0-9_.@-]{1,64}$/.test(id) ? `=${id}` : `#${createHash('sha256').update(id, 'utf8').digest('base64url')}`;
