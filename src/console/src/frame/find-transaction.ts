/**
 * Finds a transaction by its id alone. Two channels may use the same id: then both are offered. "CHANNEL/id" asks for one
 * channel; since an id may hold a slash itself, the whole text is tried when that one has none.
 */
import type { CustomerTransaction } from '../../../http/api-types.ts';
import { fetchTransactionsById } from '../api/endpoints.ts';

export type Found = Pick<CustomerTransaction, 'channel' | 'transactionId'>;

export async function findTransaction(text: string, signal: AbortSignal): Promise<readonly Found[]> {
  const slash = text.indexOf('/');
  if (slash > 0 && slash < text.length - 1) {
    const channel = text.slice(0, slash).toUpperCase();
    const { items } = await fetchTransactionsById(text.slice(slash + 1), signal);
    const onChannel = items.filter((one) => one.channel === channel);
    if (onChannel.length > 0) return onChannel;
  }
  return (await fetchTransactionsById(text, signal)).items;
}
