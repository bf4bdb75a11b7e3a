/** The calls that this console makes, one function each. */
import type {
  Alert,
  AlertActionRequest,
  AlertDetail,
  AlertPage,
  ChannelList,
  CustomerTransactions,
  Explanation,
  LiveSnapshot,
  Me,
  TransactionsById,
} from '../../../http/api-types.ts';
import { request } from './client.ts';

const part = encodeURIComponent;

export interface AlertListQuery {
  readonly status?: string | undefined;
  readonly channel?: string | undefined;
  readonly customerId?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

function queryString(values: Readonly<Record<string, string | number | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? '' : `?${search}`;
}

export const fetchMe = (signal?: AbortSignal, token?: string): Promise<Me> =>
  request('/v1/me', { signal, ...(token === undefined ? {} : { token }) });

export const fetchChannels = (signal?: AbortSignal): Promise<ChannelList> => request('/v1/channels', { signal });

export const fetchLive = (signal?: AbortSignal): Promise<LiveSnapshot> => request('/v1/live', { signal });

export const fetchAlerts = (query: AlertListQuery, signal?: AbortSignal): Promise<AlertPage> =>
  request(`/v1/alerts${queryString({ ...query })}`, { signal });

export const fetchAlert = (alertId: string, signal?: AbortSignal): Promise<AlertDetail> =>
  request(`/v1/alerts/${part(alertId)}`, { signal });

export const actOnAlert = (alertId: string, body: AlertActionRequest): Promise<Alert> =>
  request(`/v1/alerts/${part(alertId)}/actions`, { method: 'POST', body });

export const fetchCustomerTransactions = (
  customerId: string,
  limit: number,
  signal?: AbortSignal,
): Promise<CustomerTransactions> =>
  request(`/v1/customers/${part(customerId)}/transactions${queryString({ limit })}`, { signal });

export const fetchTransactionsById = (transactionId: string, signal?: AbortSignal): Promise<TransactionsById> =>
  request(`/v1/transactions${queryString({ transactionId })}`, { signal });

export const fetchExplanation = (channel: string, transactionId: string, signal?: AbortSignal): Promise<Explanation> =>
  request(`/v1/transactions/${part(channel)}/${part(transactionId)}/explain`, { signal });
