/** What the limits' scopes ask about a transaction, worked out once for all limits. */
import type { Transaction } from '../../domain/transaction.ts';
import { addMonths, compareDates, parseDate } from './calendar.ts';
import { type LimitParties, partiesOf } from './limit-parameters.ts';
import type { CounterpartyKind, LimitScope, LimitSet, ScopeValues } from './limit-set.ts';
import { type LimitSettings, NO_AUTHENTICATION, toLimitCurrency } from './limit-settings.ts';

export interface LimitSubject {
  readonly transaction: Transaction;
  readonly parties: LimitParties;
  readonly authentication: string;
  readonly counterparty: CounterpartyKind;
  /** in the limits' currency; undefined when there is no rate for the transaction's currency */
  readonly amountMinor: number | undefined;
}

export function limitSubject(set: LimitSet, transaction: Transaction): LimitSubject {
  const { settings } = set;
  const { amountMinor = 0, currency = settings.currency } = transaction;
  return {
    transaction,
    parties: partiesOf(transaction),
    authentication: authenticationClass(settings, transaction.authentication),
    counterparty: counterpartyKind(settings, transaction),
    amountMinor: toLimitCurrency(settings, amountMinor, currency),
  };
}

/** The first declared class of whose methods enough different ones were used. */
export function authenticationClass(settings: LimitSettings, methods: readonly string[]): string {
  const used = new Set(methods);
  const fits = settings.authenticationClasses.find((entry) => {
    let matches = 0;
    for (const method of used) if (entry.methods.has(method)) matches += 1;
    return matches >= entry.atLeast;
  });
  return fits?.name ?? NO_AUTHENTICATION;
}

export function counterpartyKind(settings: LimitSettings, transaction: Transaction): CounterpartyKind {
  const { counterparty, merchant } = transaction;
  if (counterparty?.accountId === undefined && counterparty?.bankCode === undefined) {
    return merchant === undefined ? 'none' : 'merchant';
  }
  const isHome = counterparty.bankCode !== undefined && settings.homeBanks.has(counterparty.bankCode);
  const isSameAccount = counterparty.accountId !== undefined && counterparty.accountId === transaction.accountId;
  if (isSameAccount && (isHome || counterparty.bankCode === undefined)) return 'own_same_bank';
  if (transaction.attributes.ownAccount === true) return isHome ? 'own_same_bank' : 'own_other_bank';
  if (counterparty.country !== undefined && counterparty.country !== settings.homeCountry) return 'foreign';
  if (isHome) return 'same_bank';
  return counterparty.bankCode === undefined ? 'unknown' : 'other_bank';
}

export function isInScope(set: LimitSet, scope: LimitScope, subject: LimitSubject): boolean {
  const { transaction } = subject;
  return (
    (scope.channels === null || scope.channels.has(transaction.channel)) &&
    (scope.authentication === null || scope.authentication.has(subject.authentication)) &&
    (scope.counterparty === null || scope.counterparty.has(subject.counterparty)) &&
    (scope.segments === null || hasValue(scope.segments, transaction.customerSegment)) &&
    (scope.products === null || hasValue(scope.products, transaction.productCode)) &&
    (scope.unusedMonths === null || isUnusedSince(set, transaction, scope.unusedMonths))
  );
}

const hasValue = (scope: ScopeValues, value: string | undefined): boolean =>
  value === undefined ? scope.absent : scope.values.has(value);

/**
 * Has the account been open for so many months without a transaction? The account system says it with the transaction:
 * accountOpenedOn (YYYY-MM-DD) and accountUsed (false until the first one). Without both the limit does not apply.
 */
function isUnusedSince(set: LimitSet, transaction: Transaction, months: number): boolean {
  const { accountOpenedOn, accountUsed } = transaction.attributes;
  if (typeof accountOpenedOn !== 'string' || accountUsed !== false) return false;
  const openedOn = parseDate(accountOpenedOn);
  if (openedOn === undefined) return false;
  return compareDates(set.calendar.dateAt(transaction.occurredAtMs), addMonths(openedOn, months)) >= 0;
}
