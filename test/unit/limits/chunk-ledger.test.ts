import { describe, expect, it } from 'vitest';
import type { LimitReading } from '../../../src/domain/ports.ts';
import { createChunkLedger } from '../../../src/rules/limits/chunk-ledger.ts';
import { aCounter, aLimitRecord } from '../../helpers/a-limit.ts';

const { key } = aCounter();
const reading = (amountMinor: number, repeated = false): LimitReading => ({
  usage: new Map([[key, { amountMinor, count: 2 }]]),
  repeated,
  originalFound: null,
});

describe('the ledger of a chunk', () => {
  it('takes what blocked neighbours will give back out of the usage, never below nothing', () => {
    const ledger = createChunkLedger();
    ledger.blocked(aLimitRecord('T1'), reading(0));
    expect(ledger.usage(reading(250)).get(key)).toEqual({ amountMinor: 150, count: 1 });
    expect(ledger.usage(reading(60)).get(key)).toEqual({ amountMinor: 0, count: 1 });
  });

  it('leaves repeats their first values, and never gives back twice what a repeat has reserved long ago', () => {
    const ledger = createChunkLedger();
    ledger.blocked(aLimitRecord('T0'), reading(0, true));
    expect(ledger.usage(reading(250)).get(key)).toEqual({ amountMinor: 250, count: 2 });
    ledger.blocked(aLimitRecord('T1'), reading(0));
    expect(ledger.usage(reading(250, true)).get(key)).toEqual({ amountMinor: 250, count: 2 });
  });
});
