/** The shipped rules and their tests as files, run as `vigil rules test` and `vigil rules check` run them. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runRulesCheck } from '../../../src/cli/rules-check.ts';
import { runRulesTest } from '../../../src/cli/rules-test.ts';
import { buildConfiguration, type LoadedConfiguration } from '../../../src/composition/load-generation.ts';
import { type ConfigSources, readSources } from '../../../src/config/read-sources.ts';
import { configurationOf } from '../../helpers/configuration-of.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

let sources: ConfigSources;

beforeAll(async () => {
  sources = await readSources(undefined);
});

const load = (changes: Partial<ConfigSources> = {}): LoadedConfiguration => configurationOf({ ...sources, ...changes });

const testFile = (cases: string) => ({
  file: 'rules/tests/mine.test.yaml',
  text: `suite: mine\nclock: "2026-11-23T14:00:00+08:00"\ndefaults: { channel: MOBILE_BANKING, customerId: C1, currency: CNY }\ncases:\n${cases}`,
});

describe('the shipped rules', () => {
  it('are at least 24 and stand in every typology over all groups of channels', () => {
    const { ruleset } = load();
    expect(ruleset.rules.length).toBeGreaterThanOrEqual(24);
    for (const typology of [
      'telecom-scam',
      'account-takeover',
      'sim-swap',
      'mule-account',
      'card-testing',
      'counterfeit-card',
      'threshold-splitting',
      'dormant-woken',
    ])
      expect(ruleset.rules.map((rule) => rule.typology)).toContain(typology);
  });

  it('pass their tests, which see every rule hit and stay silent and every branch of every condition', async () => {
    const io = recordingIo();
    const exitCode = await runRulesTest({ configuration: load(), coverage: true }, io);
    expect(io.lines.filter((line) => /✗|not covered {2}(?!limit )/.test(line))).toEqual([]);
    expect(exitCode).toBe(0);
  });

  it('give no warning', async () => {
    const io = recordingIo();
    const loaded = buildConfiguration(sources, {});
    expect(await runRulesCheck({ loaded, strict: true }, io)).toBe(0);
    expect(io.lines.at(-1)).toMatch(/0 warnings$/);
  });
});

describe('vigil rules test', () => {
  const failing = testFile(
    '  - name: a <first> payment\n' +
      '    transaction: { type: TRANSFER, amountMinor: 100 }\n' +
      '    expect: { hits: [transfer-burst-10m], outcome: BLOCK, alert: true, score: { min: 10 } }\n',
  );

  it('fails with the differences and the place of the case', async () => {
    const io = recordingIo();
    expect(await runRulesTest({ configuration: load({ ruleTests: [failing] }) }, io)).toBe(1);
    expect(io.lines.slice(0, 14)).toEqual([
      'mine',
      '  ✗ a <first> payment  rules/tests/mine.test.yaml:5',
      '      hits',
      '        - expected  transfer-burst-10m',
      '        + actual    (none)',
      '      outcome',
      '        - expected  BLOCK',
      '        + actual    ALLOW',
      '      alert',
      '        - expected  true',
      '        + actual    false',
      '      score',
      '        - expected  10 to 1000',
      '        + actual    0',
    ]);
    expect(io.lines.at(-1)).toBe('0 passed, 1 failed, 1 in all');
  });

  it('writes JUnit XML with everything escaped', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vigil-rules-'));
    try {
      const junit = path.join(folder, 'junit.xml');
      await runRulesTest({ configuration: load({ ruleTests: [failing] }), junit }, recordingIo());
      const xml = await readFile(junit, 'utf8');
      expect(xml).toContain('<testsuite name="mine" tests="1" failures="1">');
      expect(xml).toContain('name="a &lt;first&gt; payment" file="rules/tests/mine.test.yaml:5"');
      expect(xml).toContain('<failure message="hits: expected transfer-burst-10m, got (none)">');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('fails when there is nothing to run', async () => {
    expect(await runRulesTest({ configuration: load({ ruleTests: [] }) }, recordingIo())).toBe(1);
    expect(await runRulesTest({ configuration: load(), only: 'no such thing' }, recordingIo())).toBe(1);
  });

  it('notices an errored rule that no test expects', async () => {
    const rules = {
      file: 'rules/mine.yaml',
      text: `ruleset: mine\nversion: "1"\nrules:\n  - { id: broken, title: { en: x, zh-CN: x }, reason: VEL_COUNT_10M, when: 'tx.merchant.mcc == "5411"', outcome: ALLOW, score: 1, severity: low }\n`,
    };
    const cases = testFile(
      '  - { name: silent, transaction: { type: TRANSFER, amountMinor: 1 }, expect: { outcome: CHALLENGE } }\n' +
        '  - { name: expected, transaction: { type: TRANSFER, amountMinor: 1 }, expect: { errored: [broken], outcome: CHALLENGE } }\n',
    );
    const io = recordingIo();
    expect(await runRulesTest({ configuration: load({ rules: [rules], ruleTests: [cases] }) }, io)).toBe(1);
    expect(io.lines).toContain('        + actual    broken');
    expect(io.lines.at(-1)).toBe('1 passed, 1 failed, 2 in all');
  });

  it('tells a message that the parser refuses by its place and code', async () => {
    const cases = testFile('  - { name: x, transaction: { type: TRANSFER }, expect: { outcome: ALLOW } }\n');
    const io = recordingIo();
    expect(await runRulesTest({ configuration: load({ ruleTests: [cases] }) }, io)).toBe(1);
    expect(io.lines.join('\n')).toContain('MISSING_FIELD');
  });

  it.each([
    ['an unknown rule', '{ hits: [transfer-burst-10] }', 'there is no rule transfer-burst-10'],
    ['no expectation', '{}', 'nothing is expected'],
    ['an unknown outcome', '{ outcome: DENY }', '"DENY" is not one of'],
    ['an unknown limit', '{ limits: [mobile_dya] }', 'there is no limit mobile_dya'],
    ['a reason that no dictionary has', '{ noReasons: [VEL_COUNT_10N] }', 'there is no reason VEL_COUNT_10N'],
    ['a method that no channel knows', '{ methods: [SMS_OPT] }', 'there is no method of challenge SMS_OPT'],
    ['a score that cannot be', '{ score: { min: 800, max: 200 } }', 'min lies above max'],
    ['an unknown key', '{ hit: [transfer-burst-10m], outcome: ALLOW }', 'unknown key "hit"'],
  ])('refuses a test with %s', async (_what, expectation, message) => {
    const cases = testFile(`  - { name: x, transaction: { type: LOGIN }, expect: ${expectation} }\n`);
    await expect(runRulesTest({ configuration: load({ ruleTests: [cases] }) }, recordingIo())).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      faults: [expect.objectContaining({ message: expect.stringContaining(message) })],
    });
  });

  it('refuses two cases of one name in a file: nobody could tell their results apart', async () => {
    const one = '  - { name: x, transaction: { type: LOGIN }, expect: { outcome: ALLOW } }\n';
    const twice = runRulesTest({ configuration: load({ ruleTests: [testFile(one + one)] }) }, recordingIo());
    await expect(twice).rejects.toMatchObject({
      faults: [{ path: 'cases[1].name', line: 6, message: 'another case of this file has the same name' }],
    });
  });

  it('runs nothing when the results would have no place', async () => {
    const io = recordingIo();
    const junit = path.join(tmpdir(), 'vigil-nowhere', 'junit.xml');
    await expect(runRulesTest({ configuration: load({ ruleTests: [failing] }), junit }, io)).rejects.toMatchObject({
      code: 'USAGE',
      message: `--junit ${junit} cannot be written: its folder is not there or not writable.`,
    });
    expect(io.lines).toEqual([]);
  });

  it('holds exceeded limits against what is expected, and counts them', async () => {
    const cases = testFile(
      '  - { name: over, transaction: { type: PAYMENT, amountMinor: 20000001 }, expect: { limits: [mobile_transaction] } }\n' +
        '  - { name: at, transaction: { type: PAYMENT, amountMinor: 20000000 }, expect: { limits: [mobile_transaction] } }\n' +
        '  - { name: not, transaction: { type: PAYMENT, amountMinor: 20000001 }, expect: { noLimits: [mobile_transaction] } }\n',
    );
    const io = recordingIo();
    expect(await runRulesTest({ configuration: load({ ruleTests: [cases] }), coverage: true }, io)).toBe(1);
    expect(io.lines.at(-1)).toBe('1 passed, 2 failed, 3 in all');
    expect(io.lines).toContain('        - expected  mobile_transaction');
    expect(io.lines).toContain('        - expected  not mobile_transaction');
    expect(io.lines.at(-2)).toContain('; 1 of 59 limits seen exceeded');
    expect(io.lines).toContain('  not covered  limit mobile_day: never exceeded');
    expect(io.lines).not.toContain('  not covered  limit mobile_transaction: never exceeded');
  });

  it('refuses history without a time, with a bad span or beyond the clock', async () => {
    const cases = testFile(
      '  - name: x\n    transaction: { type: LOGIN }\n    expect: { outcome: ALLOW }\n    history:\n' +
        '      - { type: LOGIN }\n      - { ago: soon, type: LOGIN }\n      - { ago: 5m, repeat: 9, every: 1m, type: LOGIN }\n',
    );
    await expect(runRulesTest({ configuration: load({ ruleTests: [cases] }) }, recordingIo())).rejects.toMatchObject({
      faults: [
        expect.objectContaining({
          path: 'cases[0].history[0]',
          message: '"ago" is missing: how long before the clock',
        }),
        expect.objectContaining({ path: 'cases[0].history[1].ago' }),
        expect.objectContaining({ path: 'cases[0].history[2]', message: 'the repeats go on after the clock' }),
      ],
    });
  });
});

describe('vigil rules check', () => {
  it('throws all faults at once, for exit code 2', async () => {
    const rules = { file: 'rules/mine.yaml', text: 'ruleset: mine\nversion: "1"\nrules:\n  - { id: X }\n' };
    const loaded = buildConfiguration({ ...sources, rules: [rules] }, {});
    await expect(runRulesCheck({ loaded }, recordingIo())).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('names what is wrong with rules and tests also where limits, lists, channels, reasons or features are refused', async () => {
    const rules = {
      file: 'rules/mine.yaml',
      text: `ruleset: mine
version: "1"
rules:
  - id: mine
    title: { en: x, zh-CN: x }
    reason: VEL_COUNT_10M
    when: >-
      limits.mobile_day.headroom > 5 && tx.channel != "ATM" && tx.accountId in lists.trusted_payees && tx.amout > 1
      && features.customer_transfer_count_10m > 1
    scope: { channels: [MOBILE_BANKING] }
    outcome: ALLOW
    score: 3000
    severity: low
`,
    };
    const ruleTests = [
      testFile(
        '  - { name: x, transaction: { type: LOGIN }, lists: { trusted_payees: [P] }, expect: { hits: [mine], limits: [mobile_day], reasons: [VEL_COUNT_10M], methods: [SMS_OTP] } }\n' +
          '  - { name: y, transaction: { type: LOGIN }, expect: {} }\n',
      ),
    ];
    const broken = (file: string) => [{ file, text: 'broken: true\n' }];
    const one = (file: string) => ({ file, text: 'broken: true\n' });
    const refusals: readonly [string, Partial<ConfigSources>][] = [
      ['limits', { limits: broken('limits/a.yaml') }],
      ['lists', { lists: broken('lists/lists.yaml') }],
      ['channels', { channels: one('channels.yaml') }],
      ['reasons', { reasons: { ...sources.reasons, en: one('reasons.en.yaml') } }],
      ['features', { features: one('features.yaml') }],
    ];
    for (const [part, changes] of refusals) {
      const loaded = buildConfiguration({ ...sources, rules: [rules], ruleTests, ...changes }, {});
      const faults = loaded.ok ? [] : loaded.error.map(({ file, message }) => `${file}: ${message}`);
      const others = part === 'limits' ? 'none' : 'limits/';
      expect(
        faults.filter((fault) => fault.startsWith(others)),
        part,
      ).toEqual([]);
      const ofRules = faults.filter((fault) => fault.startsWith('rules/'));
      expect(ofRules, part).toEqual([
        'rules/mine.yaml: unknown name tx.amout',
        'rules/mine.yaml: must be a whole number from 0 to 1000',
        'rules/tests/mine.test.yaml: nothing is expected: such a test cannot fail',
      ]);
      expect(faults.length, part).toBeGreaterThan(3);
    }
  });

  it('warns of untested rules and of reasons that nothing gives', async () => {
    const rules = {
      file: 'rules/mine.yaml',
      text: `ruleset: mine\nversion: "1"\nrules:\n  - { id: lonely, title: { en: x, zh-CN: x }, reason: VEL_COUNT_10M, when: 'profile.amountZ > 3.0', outcome: ALLOW, score: 1, severity: low }\n`,
    };
    const io = recordingIo();
    const loaded = buildConfiguration({ ...sources, rules: [rules], ruleTests: [] }, {});
    expect(await runRulesCheck({ loaded }, io)).toBe(0);
    expect(io.lines[0]).toContain(
      'lonely: profile.amountZ can be absent, and the rule is then errored (has(profile.amountZ) && profile.amountZ > 3.0)',
    );
    expect(io.lines).toContain('warning: reasons.en.yaml CARD_TESTING_CARD: nothing gives this reason');
    expect(io.lines).toContain('warning: lonely: no test expects this rule to hit');
    expect(await runRulesCheck({ loaded, strict: true }, recordingIo())).toBe(1);
    const beside = buildConfiguration({ ...sources, rules: [rules], ruleTests: [], ownDir: '/bank' }, {});
    const lines = recordingIo();
    await runRulesCheck({ loaded: beside }, lines);
    expect(lines.lines.filter((line) => line.includes('nothing gives this reason'))).toEqual([]);
  });
});
