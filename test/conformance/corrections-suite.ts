/**
 * Money that comes back, through the whole pipeline: what a reversal, a refund and a corrected version give back to the
 * limits is read from the decisions that follow. Amounts by hand.
 */
import { describe, expect, it } from 'vitest';
import type { LoadedConfiguration } from '../../src/composition/load-generation.ts';
import type { Decision } from '../../src/domain/decision.ts';
import { createTransactionParser } from '../../src/domain/parse-transaction.ts';
import { redecide } from '../../src/pipeline/redecide.ts';
import { aMessage } from '../helpers/a-transaction.ts';

export interface CorrectionsBank {
  readonly configuration: LoadedConfiguration;
  /** scores one message and answers its decision's bytes */
  score(message: Record<string, unknown>): Promise<string>;
}

export function correctionsSuite(open: () => CorrectionsBank): void {
  let customers = 0;

  /** A customer of the case's own, and what stands in the counters of the customer's day before the next transfer. */
  function aCustomer() {
    const customerId = `C-corrections-${++customers}`;
    // nothing shared with the other customers: a device of many customers would be blocked, and use nothing
    const ownParties = {
      customerId,
      accountId: `A-${customerId}`,
      device: { id: `D-${customerId}`, ip: `203.0.113.${customers}`, trusted: true },
      counterparty: { accountId: `P-${customerId}`, bankCode: 'ICBC', country: 'CN' },
    };
    let sent = 0;
    const send = async (more: Record<string, unknown>): Promise<Decision> => {
      sent += 1;
      const occurredAt = new Date(Date.now() + sent).toISOString();
      const message = aMessage({ transactionId: `${customerId}-${sent}`, occurredAt, ...ownParties, ...more });
      const decision = JSON.parse(await open().score(message)) as Decision;
      expect(decision.outcome).not.toBe('BLOCK');
      return decision;
    };
    return {
      send,
      /** [amount, count] of the day; the look itself is a transfer of one fen, which the next look sees */
      async used(): Promise<readonly [number, number]> {
        const { evidence } = await send({ amountMinor: 1 });
        const days = Object.entries(evidence?.limitUsage ?? {}).filter(([key]) => key.includes('/day/'));
        if (days.length === 0) throw new Error('no limit of a day applies: the test has nothing to look at');
        const [first = [0, 0] as const, ...others] = days.map(
          ([, { amountMinor, count }]) => [amountMinor, count] as const,
        );
        for (const other of others) expect(other).toEqual(first);
        return first;
      },
    };
  }
  const flagsOf = ({ flags }: Decision): readonly string[] => flags.filter((flag) => flag === 'ORIGINAL_NOT_FOUND');

  describe('corrections', () => {
    it('a reversal by id gives the head-room back, once, however often it comes', async () => {
      const { send, used } = aCustomer();
      await send({ transactionId: 'rev-o', amountMinor: 30_000 });
      expect(await used()).toEqual([30_000, 1]);
      const reversal = { type: 'REVERSAL', amountMinor: 30_000, original: { transactionId: 'rev-o' } };
      const first = await send({ ...reversal, transactionId: 'rev-1' });
      expect(flagsOf(first)).toEqual([]);
      expect(await used()).toEqual([1, 1]); // the look before
      await send({ ...reversal, transactionId: 'rev-1' }); // a repeat
      await send({ ...reversal, transactionId: 'rev-2' }); // another reversal of what is reversed
      expect(await used()).toEqual([2, 2]);
    });

    it('a refund by STAN and RRN gives its own amount back, the count only when nothing is left, and never more', async () => {
      const { send, used } = aCustomer();
      await send({ amountMinor: 20_000, attributes: { stan: '004711', rrn: '630112345678' } });
      const refund = { type: 'REFUND', original: { stan: '004711', rrn: '630112345678' } };
      const part = await send({ ...refund, amountMinor: 5_000 });
      expect(flagsOf(part)).toEqual([]);
      expect(await used()).toEqual([15_000, 1]);
      await send({ ...refund, amountMinor: 50_000 });
      expect(await used()).toEqual([1, 1]);
    });

    it('a refund by id gives back on the channel that it names', async () => {
      const { send, used } = aCustomer();
      await send({ transactionId: 'ref-o', amountMinor: 8_000 });
      const original = { transactionId: 'ref-o', channel: 'MOBILE_BANKING' };
      await send({ type: 'REFUND', channel: 'COUNTER', amountMinor: 8_000, original });
      expect(await used()).toEqual([0, 0]);
    });

    it('a corrected version replaces and never adds', async () => {
      const { send, used } = aCustomer();
      await send({ transactionId: 'cor-o', amountMinor: 10_000 });
      await send({ transactionId: 'cor-1', amountMinor: 12_000, original: { transactionId: 'cor-o' } });
      expect(await used()).toEqual([12_000, 1]);
    });

    it('a reversal of an unknown original gives nothing back and says so, also when it is computed again', async () => {
      const { configuration, score } = open();
      const { send, used } = aCustomer();
      await send({ amountMinor: 7_000 });
      const unknown = await send({ type: 'REVERSAL', amountMinor: 7_000, original: { transactionId: 'nobody' } });
      expect(flagsOf(unknown)).toEqual(['ORIGINAL_NOT_FOUND']);
      expect(await used()).toEqual([7_000, 1]);
      const bytes = await score(
        aMessage({
          transactionId: 'unknown-again',
          occurredAt: new Date().toISOString(),
          type: 'REFUND',
          original: { stan: '1', rrn: '2' },
        }),
      );
      expect(bytes).toContain('ORIGINAL_NOT_FOUND');
      const parse = createTransactionParser({ isChannel: (code) => configuration.channels.channels.has(code) });
      expect(redecide(bytes, configuration.generation, parse)).toEqual({ status: 'same' });
    });

    it('an original of another customer is none', async () => {
      const [one, other] = [aCustomer(), aCustomer()];
      await one.send({ transactionId: 'theirs', amountMinor: 9_000 });
      const reversal = await other.send({
        type: 'REVERSAL',
        amountMinor: 9_000,
        original: { transactionId: 'theirs' },
      });
      expect(flagsOf(reversal)).toEqual(['ORIGINAL_NOT_FOUND']);
      expect(await one.used()).toEqual([9_000, 1]);
    });
  });
}
