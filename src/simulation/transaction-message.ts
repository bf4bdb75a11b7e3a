/** The transaction in its wire format (contracts: topic vigil.transactions, version 1), ready for JSON.stringify. */
import type { LabelValue } from '../domain/label.ts';
import type { TransactionType } from '../domain/transaction.ts';

export interface TransactionMessage {
  readonly schemaVersion: 1;
  transactionId: string;
  /** RFC 3339 */
  occurredAt: string;
  readonly channel: string;
  readonly type: TransactionType;
  readonly customerId: string;
  accountId?: string;
  cardToken?: string;
  amountMinor?: number;
  currency?: string;
  counterparty?: { readonly accountId: string; readonly bankCode: string; readonly country: string };
  merchant?: { readonly id: string; readonly mcc: string; readonly country: string };
  terminalId?: string;
  device?: { readonly id: string; readonly ip: string; readonly trusted: boolean };
  location?: { readonly lat: number; readonly lon: number; readonly country: string };
  branchId?: string;
  productCode?: string;
  customerSegment?: string;
  authentication: readonly string[];
  accessibility?: readonly string[];
  original?: { readonly transactionId: string; readonly channel: string };
  attributes?: Readonly<Record<string, string | number | boolean>>;
}

export const SCENARIOS = [
  'account-takeover',
  'telecom-scam',
  'mule-account',
  'card-testing',
  'counterfeit-card',
  'threshold-splitting',
  'dormant-woken',
  'sim-swap',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** Honest behaviour that looks like fraud: what a detector must not be too proud of catching. */
export const OCCASIONS = [
  'domestic-trip',
  'foreign-holiday',
  'shared-card',
  'vpn-login',
  'rent-new-payee',
  'new-phone',
  'new-number',
  'forgotten-password',
  'large-counter-withdrawal',
  'helped-by-child',
  'house-deposit',
  'family-emergency',
  'group-collection',
  'micro-payments',
  'payroll',
  'invoice-day',
  'shopping-festival',
  'dormant-returns',
] as const;
export type Occasion = (typeof OCCASIONS)[number];

/** What happened, before it has an id: ids are given in order of arrival. */
export interface Draft {
  readonly occurredAtMs: number;
  /** when the bank's bus sees it: never before occurredAtMs */
  arrivesAtMs: number;
  readonly message: TransactionMessage;
  scenario: Scenario | null;
  occasion: Occasion | null;
  /** the purchase that a REFUND or REVERSAL takes back */
  readonly original: Draft | null;
  label: LabelValue | null;
  labelledAtMs: number;
  /** order of creation, to make the order of arrival total */
  sequence: number;
}
