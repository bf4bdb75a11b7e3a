import { createTransactionParser, type ParseTransaction } from '../domain/parse-transaction.ts';
import type { LoadedConfiguration } from './load-generation.ts';

/** The parser that knows the channels of a configuration. */
export const parserOf = ({ channels }: Pick<LoadedConfiguration, 'channels'>): ParseTransaction =>
  createTransactionParser({ isChannel: (code) => channels.channels.has(code) });
