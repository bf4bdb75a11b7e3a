/** What is kept of the server's answers, and how often it is asked again. */
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import type {
  AlertDetail,
  ChannelList,
  CustomerTransactions,
  Explanation,
  LiveSnapshot,
  Me,
} from '../../../http/api-types.ts';
import {
  fetchAlert,
  fetchChannels,
  fetchCustomerTransactions,
  fetchExplanation,
  fetchLive,
  fetchMe,
} from './endpoints.ts';

export const LIVE_INTERVAL_MS = 2_000;
export const ALERT_INTERVAL_MS = 5_000;
/** transactions on the time-line: more than this cannot be told apart */
export const TIMELINE_LIMIT = 100;

export const alertKey = (alertId: string) => ['alert', alertId] as const;

/** Asked until it is answered: times stand in the bank's zone only from then on. */
export const useMe = (): UseQueryResult<Me> =>
  useQuery({
    queryKey: ['me'],
    queryFn: ({ signal }) => fetchMe(signal),
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (state.data === undefined ? ALERT_INTERVAL_MS : false),
  });

export const useChannels = (): UseQueryResult<ChannelList> =>
  useQuery({ queryKey: ['channels'], queryFn: ({ signal }) => fetchChannels(signal), staleTime: 600_000 });

export const useLive = (): UseQueryResult<LiveSnapshot> =>
  useQuery({
    queryKey: ['live'],
    queryFn: ({ signal }) => fetchLive(signal),
    refetchInterval: LIVE_INTERVAL_MS,
    retry: false,
  });

export const useAlert = (alertId: string): UseQueryResult<AlertDetail> =>
  useQuery({
    queryKey: alertKey(alertId),
    queryFn: ({ signal }) => fetchAlert(alertId, signal),
    refetchInterval: ALERT_INTERVAL_MS,
  });

export const useCustomerTransactions = (customerId: string): UseQueryResult<CustomerTransactions> =>
  useQuery({
    queryKey: ['customer-transactions', customerId],
    queryFn: ({ signal }) => fetchCustomerTransactions(customerId, TIMELINE_LIMIT, signal),
    refetchInterval: 15_000,
  });

/** Decisions do not change; what is in force beside them does, seldom. */
export const useExplanation = (channel: string, transactionId: string): UseQueryResult<Explanation> =>
  useQuery({
    queryKey: ['explanation', channel, transactionId],
    queryFn: ({ signal }) => fetchExplanation(channel, transactionId, signal),
    staleTime: 60_000,
  });
