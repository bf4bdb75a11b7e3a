/** The id under which an entity of a transaction is counted and listed. A counterparty is its account. */
import type { EntityKind } from './feature.ts';
import type { Transaction } from './transaction.ts';

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
