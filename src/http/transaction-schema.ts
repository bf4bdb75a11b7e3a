/** The transaction of contract version 1 as JSON Schema, for callers. What is really taken is the parser's word (domain). */
import Type from 'typebox';
import { TRANSACTION_TYPES } from '../domain/transaction.ts';

const id = (description?: string) =>
  Type.String({ minLength: 1, maxLength: 1_024, ...(description === undefined ? {} : { description }) });
const country = () => Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2' });
const some = Type.Optional;

export const Transaction = Type.Object(
  {
    schemaVersion: Type.Literal(1),
    transactionId: id('with the channel, the identity of the transaction'),
    occurredAt: Type.String({ format: 'date-time', description: 'RFC 3339 with a zone; at most 24 hours ahead' }),
    channel: Type.String({ description: 'a code of GET /v1/channels' }),
    type: Type.Unsafe<(typeof TRANSACTION_TYPES)[number]>({ type: 'string', enum: [...TRANSACTION_TYPES] }),
    customerId: id(),
    accountId: some(id()),
    cardToken: some(id('never a card number')),
    amountMinor: some(
      Type.Union(
        [Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }), Type.String({ pattern: '^\\d{1,16}$' })],
        { description: 'in minor units of ISO 4217; there for every monetary type, with its currency' },
      ),
    ),
    currency: some(Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217' })),
    counterparty: some(Type.Object({ accountId: some(id()), bankCode: some(id()), country: some(country()) })),
    merchant: some(
      Type.Object({
        id: some(id()),
        mcc: some(Type.String({ pattern: '^\\d{4}$', description: 'ISO 18245' })),
        country: some(country()),
      }),
    ),
    terminalId: some(id()),
    device: some(
      Type.Object({
        id: some(id()),
        ip: some(Type.String({ description: 'IPv4 or IPv6' })),
        trusted: some(Type.Boolean()),
      }),
    ),
    location: some(
      Type.Object({
        lat: some(Type.Number({ minimum: -90, maximum: 90 })),
        lon: some(Type.Number({ minimum: -180, maximum: 180 })),
        country: some(country()),
      }),
    ),
    branchId: some(id()),
    productCode: some(id()),
    customerSegment: some(id()),
    authentication: some(Type.Array(Type.String())),
    accessibility: some(Type.Array(Type.String())),
    original: some(
      Type.Object(
        { transactionId: some(id()), channel: some(Type.String()), stan: some(id()), rrn: some(id()) },
        { description: 'of a REVERSAL or REFUND' },
      ),
    ),
    attributes: some(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]))),
  },
  { description: 'A transaction (contract version 1). Unknown fields are kept out of the rules and counted.' },
);
