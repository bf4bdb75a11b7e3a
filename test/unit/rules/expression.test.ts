import { describe, expect, it } from 'vitest';
import { formatFault } from '../../../src/domain/config-fault.ts';
import { alwaysTrueFault } from '../../../src/rules/expression/always-true.ts';
import { compileWhere } from '../../../src/rules/expression/compile-where.ts';
import { compileExpression } from '../../../src/rules/expression/expression.ts';
import { createFactLayout } from '../../../src/rules/expression/frame.ts';
import { ruleVocabulary } from '../../../src/rules/expression/vocabulary.ts';
import { aProfile, aTransaction, compile, evaluate, faultsOf, someFacts, vocabulary } from './rule-builders.ts';

describe('names in an expression', () => {
  it.each([
    ['amout > 5', '1: unknown name amout (did you mean tx.amountMinor?)'],
    ['tx.amout > 5', '4: unknown name tx.amout (did you mean amountMinor?)'],
    ['tx.merchant.mmc == "1"', '13: unknown name tx.merchant.mmc (did you mean mcc?)'],
    ['feature.customer_count_1h > 2', '1: unknown name feature (did you mean features?)'],
    ['features.customer_cnt_1h > 2', '10: unknown name features.customer_cnt_1h (did you mean customer_count_1h?)'],
    ['profile.deviceKnow', '9: unknown name profile.deviceKnow (did you mean deviceKnown?)'],
    ['tx.accountId in lists.mule', '23: unknown list mule (did you mean mule_accounts?)'],
    ['limits.atm_dya.headroom > 1', '8: unknown name limits.atm_dya (did you mean atm_day?)'],
    ['tx.currency.code == "CNY"', '13: tx.currency is string and has no field code'],
    ['tx.merchant == tx.merchant', '4: tx.merchant is an object: name one of its fields (id, mcc, country)'],
    ['lists.mule_accounts.size() > 1', '7: a list is asked with "in": … in lists.mule_accounts'],
    ['tx.constructor == "x"', '4: unknown name tx.constructor'],
    ['features["__proto__"] > 1', '10: unknown name features.__proto__'],
    ['globalThis.process', '1: unknown name globalThis'],
  ])('refuses %s with its place and a suggestion', (text, fault) => {
    expect(faultsOf(text)[0]).toBe(fault);
  });

  it('reports every unknown name of one expression at once', () => {
    expect(faultsOf('tx.amout > 1 && tx.curency == "CNY"')).toHaveLength(2);
  });

  it('shows file, line, column and a caret inside a block of YAML', () => {
    const text = 'rules:\n  - id: a\n    when: |\n      tx.type == "TRANSFER"\n      && tx.amout > 5\n';
    const start = text.indexOf('|');
    const expression = 'tx.type == "TRANSFER"\n&& tx.amout > 5\n';
    const place = { file: 'rules/a.yaml', path: 'rules[0].when', text, start, end: text.length };
    const result = compileExpression(expression, { vocabulary: vocabulary(), layout: createFactLayout(), place });
    expect(result.ok ? '' : result.error.map(formatFault).join()).toBe(
      'rules/a.yaml:5:13 rules[0].when: unknown name tx.amout (did you mean amountMinor?)\n' +
        '        && tx.amout > 5\n' +
        '              ^',
    );
  });

  it('does not let a loop variable hide another name', () => {
    expect(faultsOf('tx.authentication.exists(tx, tx == "PIN")')[0]).toBe(
      '26: the loop variable tx hides another name',
    );
  });
});

describe('a text that a field can never be', () => {
  it.each([
    ['tx.type == "TRANFER"', '12: tx.type is never "TRANFER" (did you mean TRANSFER?)'],
    ['tx.type == "TRANS\u200BFER"', '12: tx.type is never "TRANS\u200BFER" (did you mean TRANSFER?)'],
    ['tx.type == "TR\u0410NSFER"', '12: tx.type is never "TR\u0410NSFER" (did you mean TRANSFER?)'],
    ['"transfer" != tx.type', '1: tx.type is never "transfer" (did you mean TRANSFER?)'],
    ['tx.channel == "SMART_WATCH"', '15: tx.channel is never "SMART_WATCH" (it is a channel of channels.yaml)'],
    ['tx.channel in ["ATM", "MOBILE_BANK"]', '23: tx.channel is never "MOBILE_BANK" (did you mean MOBILE_BANKING?)'],
    ['tx.currency == "RMB"', '16: tx.currency is never "RMB"'],
    [
      'tx.counterparty.country == "CHN"',
      '28: tx.counterparty.country is never "CHN" (it is two capital letters (ISO 3166-1))',
    ],
    ['tx.merchant.mcc == "541"', '20: tx.merchant.mcc is never "541" (it is four digits (ISO 18245))'],
    [
      'tx.accountId == ""',
      '17: tx.accountId is never "" (it is text in NFC that is never empty: ask has(…) whether it is there)',
    ],
    ['tx.customerId == "Zoe\u0308"', '18: tx.customerId is never "Zoe\u0308"'],
    ['tx.device.ip == "::ffff:192.0.2.1"', '17: tx.device.ip is never "::ffff:192.0.2.1"'],
    ['"sms otp" in tx.authentication', '1: tx.authentication never holds "sms otp" (it is codes in capital letters)'],
    ['tx.amountMinor > 5 ? true : tx.type == "LOGN"', '40: tx.type is never "LOGN" (did you mean LOGIN?)'],
    ['tx.authentication.exists(m, tx.type == "LOGN")', '40: tx.type is never "LOGN" (did you mean LOGIN?)'],
  ])('is refused with its place: %s', (text, fault) => {
    const words = ruleVocabulary({ channels: ['ATM', 'MOBILE_BANKING'] });
    expect(faultsOf(text, words)[0]).toContain(fault);
  });

  it('is a segment that no group has, where segments are grouped; all of them are still a condition', () => {
    const words = ruleVocabulary({ segments: ['RETAIL', 'SENIOR'] });
    expect(faultsOf('tx.customerSegment != "RETAL"', words)).toEqual([
      '23: tx.customerSegment is never "RETAL" (did you mean RETAIL?)',
    ]);
    const { result } = compile('tx.customerSegment in ["RETAIL", "SENIOR"]', words);
    expect(result.ok && alwaysTrueFault(result.value.ast, words)).toBeUndefined();
    expect(faultsOf('tx.customerSegment == "VIP"')).toEqual([]);
  });

  it('is named each time, beside unknown names', () => {
    expect(faultsOf('tx.type == "A" || tx.type in ["B", "LOGIN", "C"] || tx.amout > 1')).toHaveLength(4);
  });

  it.each([
    'tx.type in ["LOGIN", "TRANSFER"] && tx.currency != "CNY" && tx.merchant.country == "CN"',
    'tx.authentication.exists(type, type == "anything")',
    'tx.attributes.type == "anything" && tx.customerId.startsWith("")',
    'tx.device.ip == "2001:db8::1" || "SMS_OTP" in tx.authentication',
  ])('is not seen in %s', (text) => {
    expect(faultsOf(text)).toEqual([]);
  });
});

describe('types of an expression', () => {
  it.each([
    ['tx.type == "X" &&', 'syntax: Unexpected token: EOF'],
    ['', 'the expression is empty'],
    ['tx.amountMinor', 'a condition is true or false, this is int'],
    ['tx.type == tx.amountMinor', 'no such overload: string == int'],
    ['tx.amountMinor + 1.0 > 2.0', 'no such overload: int + double (convert one side with double(…) or int(…))'],
    ['tx.occurredAt > 5', 'no such overload: google.protobuf.Timestamp > int'],
    ['tx.occurredAt.getHours("Asia/Shanghi") < 6', 'unknown time zone Asia/Shanghi (for example "Asia/Shanghai")'],
    [
      'tx.occurredAt < timestamp("2026-11-01T00:00:00")',
      'a timestamp is RFC 3339 with its zone: 2026-11-01T00:00:00+08:00',
    ],
    ['null', 'a condition is true or false, this is null'],
    ['b"x" == b"x"', 'conditions have no bytes and no unsigned numbers'],
    ['{"a": 1}.size() > 0', 'conditions have no map literals and no optional access'],
    ['type(tx.type) == string', 'unknown name string'],
    ['tx.type.matches("(a")', 'not a regular expression of RE2: error parsing regexp: missing closing ): `(a`'],
    [
      'tx.type.matches("(?=a)")',
      'not a regular expression of RE2: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
    ],
    ['tx.type.matches(tx.channel)', 'a regular expression must be written out as text'],
    [
      'tx.type.matches("(((a{100}){100}){100})")',
      'not a regular expression of RE2: error parsing regexp: invalid repeat count: `{100}`',
    ],
  ])('refuses %s', (text, message) => {
    expect(faultsOf(text)[0]?.replace(/^\d+: /, '')).toBe(message);
  });

  it('compares ints with doubles by their mathematical value', () => {
    expect(evaluate('tx.amountMinor == 500.0 && tx.amountMinor < 500.5 && 500.0 <= tx.amountMinor')).toBe(true);
    expect(evaluate('9007199254740993 == 9007199254740992.0')).toBe(false);
  });

  it.each([
    // each row: the bound, values on its two sides; one pair of comparisons is one closure
    ['tx.amountMinor < 500 && tx.amountMinor > 498', [498, 499, 500], [false, true, false]],
    ['tx.amountMinor > 499.5 && tx.amountMinor <= 500.5', [499, 500, 501], [false, true, false]],
    ['tx.amountMinor >= 0 && tx.amountMinor < 1', [0, 1], [true, false]],
    ['tx.amountMinor > -1 && 1 > tx.amountMinor', [0, 1], [true, false]],
    [
      'tx.amountMinor > 9007199254740990 && tx.amountMinor == 9007199254740991',
      [2 ** 53 - 2, 2 ** 53 - 1],
      [false, true],
    ],
    ['tx.amountMinor < 1e17 && tx.amountMinor > -1e17', [0, 2 ** 53 - 1], [true, true]],
    ['tx.amountMinor == 7 && tx.type in ["TRANSFER", "PAYMENT"]', [6, 7], [false, true]],
    ['tx.type == "TRANSFER" && tx.channel == "MOBILE_BANKING" && tx.amountMinor != 7', [6, 7], [true, false]],
  ])('keeps the ends of a range in %s', (text, amounts, verdicts) => {
    expect(
      amounts.map((amountMinor) => evaluate(text, someFacts({ transaction: aTransaction({ amountMinor }) }))),
    ).toEqual(verdicts);
  });

  it('lets a false comparison decide also before and behind an absent term', () => {
    expect(evaluate('tx.merchant.mcc == "5411" && tx.amountMinor > 500')).toBe(false);
    expect(evaluate('tx.amountMinor > 500 && tx.merchant.mcc == "5411"')).toBe(false);
    expect(evaluate('tx.amountMinor > 1 && tx.merchant.mcc == "5411" && tx.type == "LOGIN"')).toBe(false);
    expect(evaluate('tx.amountMinor > 1 && tx.merchant.mcc == "5411" && tx.type == "TRANSFER"')).toBe(
      'error: tx.merchant.mcc is absent',
    );
  });

  it('calculates ints exactly over 64 bits and reports what lies beyond', () => {
    expect(evaluate('9007199254740993 + 1 == 9007199254740994')).toBe(true);
    expect(evaluate('9223372036854775807 + 1 > 0')).toBe('error: integer overflow');
    expect(evaluate('9007199254740991 / 3 == 3002399751580330')).toBe(true);
    expect(evaluate('tx.amountMinor / 0 > 1')).toBe('error: division by zero');
  });
});

describe('bounds of an expression', () => {
  it.each([
    ['a run of 3,900 negations', `${'!'.repeat(3_900)}true`, 'too large: more than 600 parts'],
    [
      'a depth of 1,000 brackets',
      `${'('.repeat(1_000)}true${')'.repeat(1_000)}`,
      'nested too deeply: more than 32 levels',
    ],
    ['a deep but small expression', `${'!'.repeat(40)}true`, 'nested too deeply: more than 32 levels'],
    ['10,000 characters', `tx.type == "${'x'.repeat(10_000)}"`, 'too long: more than 4000 characters'],
    [
      'a list of 201',
      `tx.type in [${Array(201).fill('"a"').join(',')}]`,
      'a list of more than 200 items belongs into lists/',
    ],
    [
      'loops in loops',
      'tx.authentication.exists(a, tx.authentication.exists(b, tx.authentication.exists(c, a == b && b == c)))',
      'too costly: its loops can take more than 100000 steps',
    ],
  ])('refuses %s when it is loaded', (_what, text, message) => {
    expect(faultsOf(text)[0]?.replace(/^\d+: /, '')).toBe(message);
  });

  it('refuses a list of 10,000 items, however it is written', () => {
    expect(faultsOf(`tx.type in [${Array(10_000).fill('"a"').join(',')}]`)).toHaveLength(1);
  });

  it('keeps a chain of a hundred conditions: a chain is one level', () => {
    expect(evaluate(Array(100).fill('tx.amountMinor > 1').join(' && '))).toBe(true);
  });

  it('stops at its budget of steps while it runs', () => {
    const authentication = Array.from({ length: 400 }, (_, index) => `M${index}`);
    const facts = someFacts({ transaction: aTransaction({ authentication }) });
    const text = 'tx.authentication.all(a, tx.authentication.all(b, a != "x" || b != "x"))';
    expect(evaluate(text, facts)).toBe('error: the expression used more than 100000 steps');
  });

  it('matches a pattern that ruins backtracking engines in a millisecond', () => {
    const facts = someFacts({ transaction: aTransaction({ attributes: { memo: `${'a'.repeat(20_000)}!` } }) });
    const startedAt = performance.now();
    expect(evaluate('tx.attributes.memo.matches("^(a+)+$")', facts)).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('counts and matches by code points', () => {
    const facts = someFacts({ transaction: aTransaction({ attributes: { memo: '还💸款' } }) });
    expect(evaluate('size(tx.attributes.memo) == 3 && tx.attributes.memo.matches("^.{3}$")', facts)).toBe(true);
  });
});

describe('absent values', () => {
  const noCard = someFacts();

  it('turn a comparison into an error that names the field', () => {
    expect(evaluate('features.card_count_1h > 5', noCard)).toBe('error: features.card_count_1h is absent');
    expect(evaluate('tx.merchant.mcc == "5411"', noCard)).toBe('error: tx.merchant.mcc is absent');
    expect(evaluate('profile.speedKmh > 900.0', noCard)).toBe('error: profile.speedKmh is absent');
    expect(evaluate('tx.attributes.onCall == true', noCard)).toBe('error: tx.attributes.onCall is absent');
  });

  it('are absorbed by && and || on either side', () => {
    expect(evaluate('features.card_count_1h > 5 && false')).toBe(false);
    expect(evaluate('false && features.card_count_1h > 5')).toBe(false);
    expect(evaluate('features.card_count_1h > 5 || true')).toBe(true);
    expect(evaluate('features.card_count_1h > 5 || false')).toBe('error: features.card_count_1h is absent');
    expect(evaluate('true && tx.merchant.mcc == "5411" && tx.amountMinor > 0 && true')).toBe(
      'error: tx.merchant.mcc is absent',
    );
  });

  it('read as an object whose fields are all absent', () => {
    expect(evaluate('has(tx.merchant.mcc) || has(tx.merchant)')).toBe(false);
    expect(evaluate('has(tx.counterparty.accountId)')).toBe(false);
  });

  it('can be asked for with has() or with null', () => {
    expect(evaluate('has(features.card_count_1h) && features.card_count_1h > 5')).toBe(false);
    expect(evaluate('features.card_count_1h == null && features.customer_count_1h != null')).toBe(true);
  });

  it('are not 0: a threshold of 0 is a threshold, and a value of 0 is a value', () => {
    const zero = someFacts({ values: [0, 0, 0, 0] });
    expect(evaluate('has(features.card_count_1h) && features.card_count_1h >= 0', zero)).toBe(true);
    expect(evaluate('features.customer_count_1h > 0', zero)).toBe(false);
    expect(evaluate('features.customer_count_1h >= 0', zero)).toBe(true);
  });

  it('include a feature that is NaN: it would make every comparison false', () => {
    expect(evaluate('features.customer_out_avg_1h > 1.0', someFacts({ values: [1, 1, Number.NaN, 1] }))).toBe(
      'error: features.customer_out_avg_1h is absent',
    );
  });
});

describe('what an expression can ask', () => {
  it('asks a list about an id at the time of the transaction', () => {
    const asked: unknown[] = [];
    const lists = {
      version: '1',
      names: ['mule_accounts'],
      contains: (list: string, id: string, atMs: number) => {
        asked.push(list, id, atMs);
        return id === 'M1';
      },
    };
    const transaction = aTransaction({ counterparty: { accountId: 'M1' } });
    expect(evaluate('tx.counterparty.accountId in lists.mule_accounts', someFacts({ lists, transaction }))).toBe(true);
    expect(asked).toEqual(['mule_accounts', 'M1', transaction.occurredAtMs]);
  });

  it('reads the hour in the zone that it names, over a change of clock', () => {
    // 2026-03-08: New York goes from UTC−5 to UTC−4 at 07:00Z
    const at = (iso: string) => someFacts({ transaction: aTransaction({ occurredAtMs: Date.parse(iso) }) });
    const hour = (want: number) => `tx.occurredAt.getHours("America/New_York") == ${want}`;
    expect(evaluate(hour(1), at('2026-03-08T06:59:59Z'))).toBe(true);
    expect(evaluate(hour(3), at('2026-03-08T07:00:00Z'))).toBe(true);
    expect(evaluate('tx.occurredAt.getDate("Asia/Shanghai") == 24', at('2026-11-23T16:00:00Z'))).toBe(true);
    expect(evaluate('tx.occurredAt.getDate() == 23', at('2026-11-23T16:00:00Z'))).toBe(true);
  });

  it('reads head-room, loops and attributes', () => {
    expect(evaluate('limits.atm_day.headroom < 20001')).toBe(true);
    expect(evaluate('tx.authentication.exists_one(a, a.startsWith("SMS"))')).toBe(true);
    const facts = someFacts({
      transaction: aTransaction({ attributes: { tries: 3, note: 'x' } }),
      profile: aProfile(),
    });
    expect(evaluate('tx.attributes.tries >= 3 && "note" in tx.attributes', facts)).toBe(true);
    expect(evaluate('tx.attributes.note > 3', facts)).toBe('error: values of different kinds have no order (>)');
    expect(evaluate('tx.attributes.note == 3', facts)).toBe(false);
  });
});

describe('where of a feature', () => {
  const at = { file: 'features.yaml', path: 'features[0].where' };

  it('answers whether a transaction enters the log', () => {
    const matches = compileWhere('tx.type == "TRANSFER" && tx.amountMinor <= 1000', at);
    if (!matches.ok) throw new Error(matches.error[0]?.message);
    expect(matches.value(aTransaction())).toBe(true);
    expect(matches.value(aTransaction({ amountMinor: 1001 }))).toBe(false);
  });

  it('does not match a transaction on which it fails', () => {
    const matches = compileWhere('tx.merchant.mcc == "5411"', at);
    expect(matches.ok && matches.value(aTransaction())).toBe(false);
  });

  it('is refused at the line that its file names, with the caret under the expression', () => {
    const refused = compileWhere('tx.amout > 5', { ...at, line: 7 });
    expect(refused.ok ? '' : refused.error.map(formatFault).join()).toBe(
      'features.yaml:7 features[0].where: unknown name tx.amout (did you mean amountMinor?)\n  tx.amout > 5\n     ^',
    );
  });

  it('knows the transaction only', () => {
    const refused = compileWhere('features.x > 1', at);
    expect(refused.ok ? '' : refused.error[0]?.message).toBe('unknown name features');
  });
});
