/** What was decided: a customer's recent transactions over all channels, and why one was decided as it was. */
import Type, { type Static } from 'typebox';
import type { Decision } from '../../domain/decision.ts';
import { READERS } from '../access.ts';
import type { CustomerTransaction, CustomerTransactions, Explanation, TransactionsById } from '../api-types.ts';
import type { HttpServerOptions } from '../http-options.ts';
import { HttpProblem } from '../problem.ts';
import type { Route } from '../route.ts';

const CustomerParams = Type.Object({ customerId: Type.String() });
const CustomerQuery = Type.Object(
  { limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: '50 when it is not given' })) },
  { additionalProperties: false },
);
const IdQuery = Type.Object(
  { transactionId: Type.String({ minLength: 1, maxLength: 1_024 }) },
  { additionalProperties: false },
);
const TransactionParams = Type.Object({ channel: Type.String(), transactionId: Type.String() });
const DEFAULT_LIMIT = 50;

export const historyRoutes = ({ alerts, explain, channels }: HttpServerOptions): readonly Route[] => [
  {
    method: 'GET',
    url: '/v1/customers/:customerId/transactions',
    name: 'listCustomerTransactions',
    access: READERS,
    tag: 'decisions',
    summary: 'A customer’s newest transactions over all channels, each with its decision',
    params: CustomerParams,
    query: CustomerQuery,
    answers: { component: 'CustomerTransactions' },
    handler: async (request): Promise<CustomerTransactions> => {
      const { customerId } = request.params as Static<typeof CustomerParams>;
      const { limit = DEFAULT_LIMIT } = request.query as Static<typeof CustomerQuery>;
      const records = await alerts.customerDecisions(customerId, limit);
      return { items: records.map(({ decision }) => customerTransaction(decision)) };
    },
  },
  {
    method: 'GET',
    url: '/v1/transactions',
    name: 'findTransactions',
    access: READERS,
    tag: 'decisions',
    summary: 'The transactions under one id on the channels in force, each with its decision',
    query: IdQuery,
    answers: { component: 'TransactionsById' },
    handler: async (request): Promise<TransactionsById> => {
      const { transactionId } = request.query as Static<typeof IdQuery>;
      // ids are kept in NFC; what is pasted may not be
      const records = await alerts.decisionsById(transactionId.normalize('NFC'), [...channels().channels.keys()]);
      return { items: records.map(({ decision }) => customerTransaction(decision)) };
    },
  },
  {
    method: 'GET',
    url: '/v1/transactions/:channel/:transactionId/explain',
    name: 'explainTransaction',
    access: READERS,
    tag: 'decisions',
    summary: 'Why a transaction was decided as it was',
    params: TransactionParams,
    answers: { component: 'Explanation' },
    refuses: ['NOT_FOUND'],
    handler: async (request): Promise<Explanation> => {
      const { channel, transactionId } = request.params as Static<typeof TransactionParams>;
      const explanation = await explain(channel, transactionId);
      if (explanation === undefined) {
        throw new HttpProblem('NOT_FOUND', 'No decision is kept for this channel and transaction.');
      }
      return explanation;
    },
  },
];

export function customerTransaction(decision: Decision): CustomerTransaction {
  const transaction = decision.evidence?.transaction ?? null;
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return {
    decisionId: decision.decisionId,
    transactionId: decision.transactionId,
    channel: decision.channel,
    customerId: decision.customerId,
    type: text(transaction?.type),
    amountMinor: amountOf(transaction?.amountMinor),
    currency: text(transaction?.currency),
    outcome: decision.outcome,
    riskScore: decision.riskScore,
    level: decision.level,
    alert: decision.alert,
    provisional: decision.provisional === true,
    reasons: decision.reasons,
    occurredAt: decision.occurredAt,
    decidedAt: decision.decidedAt,
    transaction,
  };
}

/** In the wire format an amount is an integer or a text of digits. */
function amountOf(value: unknown): number | null {
  const amount = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof amount === 'number' && Number.isSafeInteger(amount) && amount >= 0 ? amount : null;
}
