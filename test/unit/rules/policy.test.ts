import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { bandOf, loadPolicy, outcomeOfScore } from '../../../src/rules/policy.ts';
import { loadReasons } from '../../../src/rules/reasons.ts';

const SHIPPED = readFileSync(path.resolve(import.meta.dirname, '../../../config/policy.yaml'), 'utf8');
const CHANNELS = ['COUNTER', 'POS', 'CREDIT_CARD', 'ATM', 'MOBILE_BANKING'];
const load = (text: string) => loadPolicy({ file: 'policy.yaml', text }, CHANNELS);
const faultsOf = (text: string): readonly string[] => {
  const loaded = load(text);
  return loaded.ok ? [] : loaded.error.map(({ path: at, message }) => `${at}: ${message}`);
};
const withOutcomes = (outcomes: unknown): string =>
  `${SHIPPED.slice(0, SHIPPED.indexOf('\noutcomes:'))}\noutcomes: ${JSON.stringify(outcomes)}\n`;

describe('the decision policy', () => {
  it('that is shipped is valid', () => {
    expect(faultsOf(SHIPPED)).toEqual([]);
  });

  it('refuses a higher score with a milder outcome', () => {
    const steps = [
      { from: 300, outcome: 'HOLD' },
      { from: 600, outcome: 'CHALLENGE' },
    ];
    expect(faultsOf(withOutcomes({ '*': [{ steps }] }))).toEqual([
      'outcomes.*[0].steps[1]: a higher score may not be milder: CHALLENGE from 600 on, after HOLD from 300 on',
    ]);
  });

  it('refuses steps out of order, bands out of order and bands without end before the last', () => {
    const rising = [{ from: 300, outcome: 'HOLD' }];
    const doubled = [...rising, { from: 300, outcome: 'BLOCK' }];
    expect(faultsOf(withOutcomes({ '*': [{ steps: doubled }] }))[0]).toContain('steps ascend');
    const bands = [{ upTo: { CNY: 500 }, steps: rising }, { upTo: { CNY: 400 }, steps: rising }, { steps: rising }];
    expect(faultsOf(withOutcomes({ '*': bands }))[0]).toContain('bands ascend');
    expect(faultsOf(withOutcomes({ '*': [{ steps: rising }, { steps: rising }] }))[0]).toContain('without upTo');
    expect(faultsOf(withOutcomes({ '*': [{ upTo: { CNY: 5 }, steps: rising }] }))[0]).toContain(
      'every amount needs a band',
    );
  });

  it('refuses bands that no amount of a currency reaches, also where one names it and another has it under "*"', () => {
    const steps = [{ from: 300, outcome: 'HOLD' }];
    const bandsOf = (...ends: readonly unknown[]) => ({ '*': [...ends.map((upTo) => ({ upTo, steps })), { steps }] });
    expect(faultsOf(withOutcomes(bandsOf({ CNY: 500_000, USD: 300 }, { '*': 280_000 })))).toEqual([
      'outcomes.*[1]: bands ascend: CNY 280000 does not lie above 500000 of a band before',
    ]);
    expect(faultsOf(withOutcomes(bandsOf({ '*': 7000 }, { CNY: 5000, '*': 9000 }, { CNY: 7001 })))).toEqual([
      'outcomes.*[1]: bands ascend: CNY 5000 does not lie above 7000 of a band before',
    ]);
    expect(faultsOf(withOutcomes(bandsOf({ CNY: 500 }, { '*': 700 }, { CNY: 701, '*': 900 })))).toEqual([]);
    expect(faultsOf(withOutcomes(bandsOf({})))).toEqual([
      'outcomes.*[0]: upTo names no currency: no amount lies in this band',
    ]);
  });

  it('lifts an errored rule to CHALLENGE unless it says otherwise, and never lets one pass silently', () => {
    const without = SHIPPED.replace(/^errored:[\s\S]*?(?=^limits:)/m, '');
    const loaded = load(without);
    expect(loaded.ok && loaded.value.errored).toEqual({ outcome: 'CHALLENGE', score: 0 });
    const saying = (errored: string) => faultsOf(`${without}\nerrored: ${errored}\n`);
    expect(saying('{ outcome: HOLD }')).toEqual([]);
    expect(saying('{ outcome: ALLOW, score: 50 }')).toEqual([]);
    expect(saying('{ outcome: ALLOW }')).toEqual([
      'errored: a rule that cannot be evaluated would pass silently: give it an outcome or a score',
    ]);
  });

  it('refuses unknown channels, currencies, keys and ranges, all at once', () => {
    const text = withOutcomes({
      POZ: [{ upTo: { YUAN: 1 }, steps: [] }, { steps: [{ from: 1001, outcome: 'MAYBE' }] }],
    })
      .replace('weight: 600', 'weight: -1')
      .replace('hours: 24', 'ours: 24');
    expect(faultsOf(text).map((fault) => fault.replace(/^.*?: /, ''))).toEqual([
      'unknown key "ours"',
      '"hours" is missing',
      'there is no channel POZ',
      'YUAN is not a code of ISO 4217',
      'must be a whole number from 0 to 1000',
      '"MAYBE" is not one of ALLOW, CHALLENGE, HOLD, BLOCK',
      '"*" is missing: the bands of every channel that is not named',
      'must be a whole number from 0 to 1000',
    ]);
  });

  it('puts each amount into one band: its upper end belongs to it', () => {
    const loaded = load(SHIPPED);
    if (!loaded.ok) throw new Error('refused');
    const bands = loaded.value.bandsOf('MOBILE_BANKING');
    expect(bandOf(bands, 50_000, 'CNY')).toBe(bands[0]);
    expect(bandOf(bands, 50_001, 'CNY')).toBe(bands[1]);
    expect(bandOf(bands, 2_000_001, 'CNY')).toBe(bands[2]);
    expect(bandOf(bands, 7_001, 'USD')).toBe(bands[1]);
    expect(bandOf(bands, undefined, undefined)).toBe(bands[0]);
    expect(bandOf(bands, 0, 'CNY')).toBe(bands[0]);
  });

  it('takes a threshold of 0 as a threshold', () => {
    expect(outcomeOfScore({ steps: [{ from: 0, outcome: 'CHALLENGE' }] }, 0)).toBe('CHALLENGE');
    expect(outcomeOfScore({ steps: [] }, 1000)).toBe('ALLOW');
  });
});

describe('the dictionary of reasons', () => {
  const ENGINE = 'MODEL_SCORE RULE_NOT_EVALUATED NO_USABLE_CHALLENGE INPUT_REFUSED STATIC_LIMIT DEGRADED'
    .split(' ')
    .map((code) => `${code}: "x"\n`)
    .join('');
  const reasonsOf = (en: string, zh: string) =>
    loadReasons({ en: { file: 'reasons.en.yaml', text: en }, 'zh-CN': { file: 'reasons.zh-CN.yaml', text: zh } });
  const messages = (en: string, zh: string): readonly string[] => {
    const loaded = reasonsOf(en, zh);
    return loaded.ok ? [] : loaded.error.map(({ file, message }) => `${file}: ${message}`);
  };

  it('holds a text in both languages for each code', () => {
    const loaded = reasonsOf(`${ENGINE}A_B: "eight"\n`, `${ENGINE}A_B: "八"\n`);
    expect(loaded.ok && loaded.value.get('A_B')).toEqual({ en: 'eight', 'zh-CN': '八' });
  });

  it('refuses a code that stands in one language only, in either direction', () => {
    expect(messages(`${ENGINE}A_B: "x"\n`, `${ENGINE}C_D: "x"\n`)).toEqual([
      'reasons.en.yaml: A_B has no Chinese text',
      'reasons.zh-CN.yaml: C_D has no English text',
    ]);
  });

  it('refuses to be without a code that the engine gives', () => {
    const without = ENGINE.replace(/MODEL_SCORE.*\n/, '');
    expect(messages(without, without)).toEqual(['reasons.en.yaml: MODEL_SCORE is missing: the engine gives it']);
  });

  it('refuses empty texts, codes in small letters and the same code twice', () => {
    expect(messages(`${ENGINE}A_B: ""\n`, `${ENGINE}A_B: "x"\n`)[0]).toContain('text is expected');
    expect(messages(`${ENGINE}ab: "x"\n`, `${ENGINE}ab: "x"\n`)[0]).toContain('is no code');
    expect(messages(`${ENGINE}A: "x"\nA: "y"\n`, `${ENGINE}A: "x"\n`)[0]).toContain('unique');
  });
});
