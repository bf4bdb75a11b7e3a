/**
 * Holds the schemas and the types of the API together, for the compiler alone. Where one has a field that the other lacks, or of
 * another type, the assignment below does not compile. A decision may have more fields than its schema (contracts.md), never
 * fewer or others.
 */
import type { Static } from 'typebox';
import type * as Api from './api-types.ts';
import type * as schemas from './schemas.ts';

type DeepReadonly<T> = T extends readonly (infer E)[]
  ? readonly DeepReadonly<E>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

type Fits<Narrow, Wide> = [DeepReadonly<Narrow>] extends [DeepReadonly<Wide>] ? true : never;
type Same<A, B> = Fits<A, B> extends true ? Fits<B, A> : never;
type Schema<K extends keyof typeof schemas> = (typeof schemas)[K] extends infer S
  ? Static<S extends import('typebox').TSchema ? S : never>
  : never;

export type SchemasFit = [
  Same<Schema<'Alert'>, Api.Alert>,
  Same<Schema<'AlertPage'>, Api.AlertPage>,
  Same<Schema<'AlertDetail'>, Api.AlertDetail>,
  Same<Schema<'AlertActionRequest'>, Api.AlertActionRequest>,
  Same<Schema<'ChannelList'>, Api.ChannelList>,
  Same<Schema<'CustomerTransactions'>, Api.CustomerTransactions>,
  Same<Schema<'Health'>, Api.Health>,
  Same<Schema<'LiveSnapshot'>, Api.LiveSnapshot>,
  Same<Schema<'Me'>, Api.Me>,
  Same<Schema<'Problem'>, Api.Problem>,
  Same<Schema<'Readiness'>, Api.Readiness>,
  Same<Schema<'TransactionsById'>, Api.TransactionsById>,
  Fits<Api.Decision, Schema<'Decision'>>,
];

/** `never` anywhere above makes this line an error */
export const SCHEMAS_FIT: SchemasFit = [true, true, true, true, true, true, true, true, true, true, true, true, true];
