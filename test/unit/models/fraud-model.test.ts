/** The inputs of the model: their meaning by hand, absent values, and the reasons against the customer's own baseline. */
import { describe, expect, it } from 'vitest';
import type { ModelInput } from '../../../src/domain/ports.ts';
import { createInputEncoder, createScorer } from '../../../src/models/fraud-model.ts';
import { createLocalHour } from '../../../src/models/local-hour.ts';
import { MODEL_INPUT_NAMES, MODEL_INPUTS } from '../../../src/models/model-inputs.ts';
import { aManifest, aModelInput, aNetwork, ZONE } from './model-builders.ts';

const encoder = createInputEncoder(ZONE);
const named = (input: ModelInput): Record<string, number | undefined> => {
  const values = encoder.encode(input);
  return Object.fromEntries(MODEL_INPUT_NAMES.map((name, i) => [name, values[i]]));
};

describe('the inputs of the model', () => {
  it('have distinct names', () => {
    expect(new Set(MODEL_INPUT_NAMES).size).toBe(MODEL_INPUT_NAMES.length);
  });

  it('take logarithms, ratios and decays as worked out by hand', () => {
    const values = named(
      aModelInput({
        message: { amountMinor: 99_999, occurredAt: '2026-11-20T02:15:00+08:00' },
        features: { customer_count_1h: 3, customer_since_last_seconds: 600, customer_deposit_sum_24h: 0 },
        profile: { amountRatio: Math.E, secondsSincePasswordChange: 86_400, maxAmountMinor: 999 },
      }),
    );
    expect(values.lg_amount).toBeCloseTo(Math.log(100_000), 12);
    expect(values.lg_amount_ratio).toBeCloseTo(1, 12);
    expect(values.lg_amount_over_max).toBeCloseTo(Math.log(100), 12);
    expect(values.lg_customer_count_1h).toBeCloseTo(Math.log(4), 12);
    expect(values.decay_customer_since_last_seconds).toBeCloseTo(1 / Math.E, 12);
    expect(values.decay_password_change).toBeCloseTo(1 / Math.E, 12);
    expect(values.lg_out_over_deposit_24h).toBe(0);
    expect(values.is_night).toBe(1);
    expect(values.hour_sin).toBeCloseTo(Math.sin((2.25 / 24) * 2 * Math.PI), 12);
    expect([values.channel_MOBILE_BANKING, values.channel_ATM, values.type_TRANSFER, values.segment_RETAIL]).toEqual([
      1, 0, 1, 1,
    ]);
  });

  it('stay finite when everything that can be absent is absent', () => {
    const input = aModelInput({
      message: {
        type: 'LOGIN',
        amountMinor: null,
        currency: null,
        counterparty: null,
        device: null,
        location: null,
        customerSegment: null,
      },
    });
    const absent = { ...input.profile };
    for (const key of Object.keys(absent)) if (!/Count|known/.test(key)) Object.assign(absent, { [key]: null });
    const empty: ModelInput = { ...input, values: input.values.map(() => null), profile: absent };
    for (const [i, value] of encoder.encode(empty).entries())
      expect(Number.isFinite(value), MODEL_INPUT_NAMES[i]).toBe(true);
    const values = named(empty);
    expect([values.has_device, values.has_counterparty, values.has_amount_history]).toEqual([0, 0, 0]);
    expect([values.lg_amount_over_max, values.amount_z, values.lg_customer_count_1h]).toEqual([0, 0, 0]);
  });

  it('stay finite for the largest amount and for nonsense durations', () => {
    const extreme = aModelInput({
      message: { amountMinor: Number.MAX_SAFE_INTEGER },
      features: { customer_out_sum_24h: Number.MAX_SAFE_INTEGER, customer_since_last_seconds: -5 },
      profile: { amountRatio: 0, amountZ: 1e300, distanceKm: 1e9, speedKmh: Number.MAX_VALUE, secondsSinceLogin: -1 },
    });
    for (const [i, value] of encoder.encode(extreme).entries())
      expect(Number.isFinite(value), MODEL_INPUT_NAMES[i]).toBe(true);
  });

  it('follow the names of the chunk, whatever their order', () => {
    const input = aModelInput({ features: { customer_count_1h: 7, ip_count_10m: 2 } });
    const turned: ModelInput = { ...input, names: [...input.names].reverse(), values: [...input.values].reverse() };
    expect([...encoder.encode(turned)]).toEqual([...encoder.encode(input)]);
    expect([...encoder.encode(input)]).toEqual([...encoder.encode(turned)]);
  });
});

describe('local hours', () => {
  it('follow the zone, also over a change to summer time', () => {
    expect(createLocalHour('Asia/Shanghai')(Date.parse('2026-11-20T16:30:00Z'))).toBe(0.5);
    const berlin = createLocalHour('Europe/Berlin');
    expect(berlin(Date.parse('2026-03-29T00:59:00Z'))).toBeCloseTo(1 + 59 / 60, 12);
    expect(berlin(Date.parse('2026-03-29T01:00:00Z'))).toBe(3);
    expect(createLocalHour('America/New_York')(Date.parse('2026-01-01T02:00:00Z'))).toBe(21);
  });
});

describe('reasons', () => {
  const network = aNetwork(3);
  const manifest = {
    ...aManifest(network, { explainFrom: 0 }),
    topology: { file: 'x', sha256: '' },
    weights: { file: 'x', sha256: '', bytes: 0 },
  };
  const scorer = createScorer(manifest, network, ZONE);

  it('give nothing to what is as usual for this customer', () => {
    const usual = aModelInput({ message: { amountMinor: 20_000 }, profile: { amountRatio: 1, amountZ: 0 } });
    const { contributions } = scorer.explain(usual);
    for (const [i, { name }] of MODEL_INPUTS.entries()) {
      if (['lg_amount', 'lg_amount_ratio', 'amount_z', 'channel_MOBILE_BANKING', 'is_new_device'].includes(name)) {
        expect(contributions[i], name).toBeCloseTo(0, 6);
      }
    }
  });

  it('add up to the difference of the logits within one percent', () => {
    for (let i = 0; i < 30; i++) {
      const odd = aModelInput({
        message: {
          amountMinor: 5_000 * 2 ** (i % 14),
          occurredAt: `2026-11-20T${String(i % 24).padStart(2, '0')}:15:00Z`,
        },
        features: { customer_count_10m: i, device_customers_24h: i % 9 },
        profile: { deviceKnown: i % 2 === 0, payeeKnown: i % 3 === 0, amountZ: i / 4, amountRatio: 1 + i },
      });
      const { contributions, logit, baselineLogit } = scorer.explain(odd);
      const sum = contributions.reduce((total, value) => total + value, 0);
      expect(Math.abs(sum - (logit - baselineLogit))).toBeLessThanOrEqual(
        0.01 * Math.abs(logit - baselineLogit) + 1e-9,
      );
    }
  });

  it('refuse a logit that is not a number instead of letting it pass as harmless', () => {
    const input = aModelInput();
    const prepared = scorer.prepare([input]);
    for (const logits of [Float32Array.of(Number.NaN), new Float32Array(0)]) {
      expect(() => scorer.finish([input], prepared, logits)).toThrow(/not a probability/);
    }
  });
});
