import { describe, expect, it } from 'vitest';
import { didYouMean } from '../../../src/domain/did-you-mean.ts';

describe('the name that was probably meant', () => {
  it.each([
    ['prot', ['port', 'host'], 'port'], // two letters changed places
    ['amout', ['amountMinor', 'accountId'], 'amountMinor'], // the beginning of a longer name
    ['custmer', ['customer', 'counterparty'], 'customer'],
    ['TRANSFR', ['transfer'], 'transfer'],
    ['curency', ['currency', 'urgency'], 'currency'],
  ])('of %s among %j is %s', (typed, names, meant) => {
    expect(didYouMean(typed, names)).toBe(`did you mean ${meant}?`);
  });

  it.each([
    ['id', ['mcc', 'country']],
    ['colour', ['name', 'entity', 'window']],
    ['x', []],
  ])('of %s among %j is none', (typed, names) => {
    expect(didYouMean(typed, names)).toBeUndefined();
  });
});
