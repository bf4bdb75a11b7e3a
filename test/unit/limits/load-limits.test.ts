import { describe, expect, it } from 'vitest';
import { loadLimits } from '../../../src/rules/limits/load-limits.ts';
import { aLimit, LIMIT_SETTINGS, limitFaults, limitSet } from '../../helpers/a-limit.ts';
import { TEST_CHANNELS } from '../../helpers/a-transaction.ts';

const messages = (limits: readonly string[], settings?: string) =>
  limitFaults(limits, settings).map((fault) => fault.message);

describe('loading limits', () => {
  it('has a version that changes with the content', () => {
    expect(limitSet([aLimit()]).version).toBe(limitSet([aLimit()]).version);
    expect(limitSet([aLimit()]).version).not.toBe(limitSet([aLimit({ max: '5' })]).version);
  });

  it('loads an empty folder as no limits at all', () => {
    const result = loadLimits({ files: [], channels: TEST_CHANNELS });
    expect(result.ok && result.value.limits).toEqual([]);
  });

  it('names all faults of all files at once, each with its place', () => {
    const faults = limitFaults([
      aLimit({ max: '-1', outcome: 'BLOK' }),
      aLimit({ id: 'x2', period: 'week' }),
      aLimit({ id: 'x3', scope: '{ channels: [ATMS], types: [REFUND] }' }),
    ]);
    expect(
      faults.map(
        (fault) =>
          `${fault.file}:${fault.line} ${fault.path}: ${fault.message}${fault.suggestion ? ` (${fault.suggestion})` : ''}`,
      ),
    ).toEqual([
      'limits/test.yaml:7 limits[0].max: must be a whole number from 0 to 9007199254740991',
      'limits/test.yaml:8 limits[0].outcome: "BLOK" is not one of ALLOW, CHALLENGE, HOLD, BLOCK (did you mean BLOCK?)',
      'limits/test.yaml:12 limits[1].period: "week" is not one of transaction, day, month, year',
      'limits/test.yaml:24 limits[2].scope.types[0]: "REFUND" is not one of TRANSFER, PAYMENT, PURCHASE, WITHDRAWAL, DEPOSIT',
      'limits/test.yaml:24 limits[2].scope.channels[0]: "ATMS" is neither a channel nor a group (did you mean ATM?)',
    ]);
  });

  it('names every stranger of a scope, and what may be meant among channels and groups', () => {
    const [limit] = [aLimit({ scope: '{ channels: [ATMS, ATM, REMOT, MOBIL_BANKING] }' })];
    expect(limitFaults([limit]).map(({ path, suggestion }) => `${path} ${suggestion}`)).toEqual([
      'limits[0].scope.channels[0] did you mean ATM?',
      'limits[0].scope.channels[2] did you mean REMOTE?',
      'limits[0].scope.channels[3] did you mean MOBILE_BANKING?',
    ]);
  });

  it('refuses a segment that is in no group, and lets any pass where segments are not grouped', () => {
    const limit = aLimit({ scope: '{ segments: [PERSNO, RETAIL, PERSON, absent] }' });
    expect(limitFaults([limit]).map(({ path, message, suggestion }) => `${path} ${message} ${suggestion}`)).toEqual([
      'limits[0].scope.segments[0] "PERSNO" is neither a segment nor a group did you mean PERSON?',
    ]);
    const ungrouped = LIMIT_SETTINGS.replace(/segmentGroups: .*/, '');
    expect(limitFaults([limit], ungrouped)).toEqual([]);
  });

  it('names the faults of limits beside those of the settings, and makes no fault out of another', () => {
    const faults = limitFaults(
      [aLimit({ max: '-1', scope: '{ channels: [REMOTE], authentication: [CERTIFICATE], segments: [PERSON] }' })],
      LIMIT_SETTINGS.replace('Asia/Shanghai', 'Asia/Shangai'),
    );
    expect(faults.map(({ file, path }) => `${file} ${path}`)).toEqual([
      'limits/settings.yaml settings.zone',
      'limits/test.yaml limits[0].max',
    ]);
  });

  it('names the faults of overrides also where the limit itself is faulty', () => {
    const limit = aLimit({ max: '-1', byLaw: 'true', overrides: '[{ max: 5 }, { channel: ATMM, max: 6 }]' });
    expect(limitFaults([limit]).map(({ path }) => path)).toEqual([
      'limits[0].max',
      'limits[0].overrides[0]',
      'limits[0].overrides[1].channel',
    ]);
  });

  it('names everything that is wrong with the settings at once', () => {
    const settings = LIMIT_SETTINGS.replace('CNY', 'RMB')
      .replace('atLeast: 2', 'atLeast: 40')
      .replace('class: SINGLE_FACTOR', 'class: CERTIFICATE')
      .replace('channelGroups: {', 'channelGroups: { ATM: [POS], NONE: [], OTHER: [ATMM],')
      .replace('USD: "7.1"', 'USD: 7.1')
      .replace('JPY: "0.0481"', 'JPY: "0", XYZ: "1"');
    expect(limitFaults([], settings).map(({ path, message }) => `${path} ${message}`)).toEqual([
      'settings.currency must be a code of ISO 4217',
      'settings.authenticationClasses[1].atLeast must be a whole number from 1 to 3',
      'settings.authenticationClasses a class stands twice',
      'settings.channelGroups.ATM ATM is a channel: a group of this name would hide it',
      'settings.channelGroups.NONE an empty group: what names it would hold for nobody',
      'settings.channelGroups.OTHER not a channel: ATMM',
      'settings.rates.USD text is expected, and YAML reads this as a number or a truth value: write it in quotes',
      'settings.rates.JPY a rate of 0 would let every amount through',
      'settings.rates.XYZ "XYZ" is not another currency of ISO 4217',
    ]);
  });

  it('names every object of a clause that is not there', () => {
    const clause = [
      'clauses:',
      '  - id: LAW-1',
      '    source: a law',
      '    text: { en: "t", zh-CN: "文" }',
      '    objects: [limit:day_amont, limit:day_amount, limit:faulty, list:some, limit:nothing]',
      '',
    ].join('\n');
    const faults = limitFaults([aLimit(), aLimit({ id: 'faulty', max: '-1' }), clause]);
    expect(faults.map(({ path, message, suggestion }) => `${path} ${message} ${suggestion ?? ''}`.trim())).toEqual([
      'limits[1].max must be a whole number from 0 to 9007199254740991',
      'clauses[0].objects[0] limit:day_amont is not there did you mean day_amount?',
      'clauses[0].objects[4] limit:nothing is not there',
    ]);
  });

  it.each([
    ['a limit that allows', { outcome: 'ALLOW' }, /use kind: reminder/],
    ['a reminder with an outcome', { kind: 'reminder' }, /a reminder has no outcome/],
    ['a limit without an outcome', { outcome: '' }, /"outcome" is missing/],
    ['a hold without HOLD', { holdHours: '24' }, /only a limit with the outcome HOLD/],
    ['an unknown key', { maximum: '5' }, /unknown key "maximum"/],
    ['an id that no expression can name', { id: 'day-amount' }, /lower-case letters/],
    ['an empty list', { scope: '{ segments: [] }' }, /leave the key out/],
    [
      'a class that is not declared',
      { scope: '{ authentication: [STRONG] }' },
      /not one of CERTIFICATE, TWO_FACTOR, SINGLE_FACTOR, NONE/,
    ],
    ['counting across what is not there', { countsAcross: '[authentication]' }, /no "authentication" to count across/],
    ['a fraction', { max: '10.5' }, /whole number/],
    ['an override for nobody', { overrides: '[{ max: 5 }]' }, /at least one of channel, branch, product, customer/],
    ['an override for an unknown channel', { overrides: '[{ channel: ATMM, max: 5 }]' }, /"ATMM" is not a channel/],
    [
      'an override for a channel of which the limit says nothing',
      { scope: '{ channels: [REMOTE] }', overrides: '[{ channel: ATM, max: 5 }]' },
      /the limit does not hold on ATM: nobody would have this value/,
    ],
    [
      'an override for a product of which the limit says nothing',
      { scope: '{ products: [P1] }', overrides: '[{ product: P2, max: 5 }]' },
      /the limit does not hold for P2/,
    ],
    [
      'two overrides for the same parties',
      { overrides: '[{ channel: ATM, max: 5 }, { channel: ATM, max: 6 }]' },
      /stands already/,
    ],
    [
      'a customer’s number as id',
      { overrides: '[{ customer: 123, max: 5, reason: r, person: p }]' },
      /write it in quotes/,
    ],
    ['a customer’s limit that nobody set', { overrides: '[{ customer: C1, max: 5 }]' }, /"reason" and the "person"/],
    [
      'an override that is looser than the law',
      { byLaw: 'true', overrides: '[{ channel: ATM, max: 100001 }]' },
      /the law sets 100000/,
    ],
    [
      'an expiry without a zone',
      { overrides: '[{ channel: ATM, max: 5, expires: "2026-01-01T00:00:00" }]' },
      /time with a zone/,
    ],
  ])('refuses %s', (_name, more, pattern) => {
    expect(messages([aLimit(more)]).join('\n')).toMatch(pattern);
  });

  it('refuses two limits of one id, settings in two files, and limits without settings', () => {
    expect(messages([aLimit(), aLimit()])).toEqual([
      'the limit "day_amount" is declared twice (first in limits/test.yaml)',
    ]);
    expect(messages([aLimit({ max: '-1' }), aLimit()])).toEqual([
      'must be a whole number from 0 to 9007199254740991',
      'the limit "day_amount" is declared twice (first in limits/test.yaml)',
    ]);
    const twice = loadLimits({
      files: [
        { file: 'a.yaml', text: `version: 1\n${LIMIT_SETTINGS}` },
        { file: 'b.yaml', text: `version: 1\n${LIMIT_SETTINGS}` },
      ],
      channels: TEST_CHANNELS,
    });
    expect(!twice.ok && twice.error.map((fault) => fault.message)).toEqual(['the settings stand already in a.yaml']);
    const none = loadLimits({
      files: [{ file: 'a.yaml', text: `version: 1\nlimits:\n${aLimit()}` }],
      channels: TEST_CHANNELS,
    });
    expect(!none.ok && none.error.map((fault) => fault.message)).toEqual(['no file of the limits holds "settings"']);
  });

  it.each([
    ['an abbreviation as zone', 'Asia/Shanghai', 'CST', /IANA time zone/],
    ['an unknown currency', 'currency: CNY', 'currency: RMB', /ISO 4217/],
    ['a rate of nothing', '"7.1"', '"0.0"', /let every amount through/],
    ['a rate as a number', '"7.1"', '7.1', /write it in quotes/],
    ['a group with a stranger', 'ONLINE_BANKING', 'ONLINE_BANK', /not a channel: ONLINE_BANK/],
    ['more methods needed than there are', 'atLeast: 2', 'atLeast: 4', /whole number from 1 to 3/],
    ['the class of nothing', 'class: SINGLE_FACTOR', 'class: NONE', /cannot be declared/],
  ])('refuses settings with %s', (_name, from, to, pattern) => {
    expect(messages([], LIMIT_SETTINGS.replace(from, to)).join('\n')).toMatch(pattern);
  });

  it('refuses a reason that the dictionary lacks', () => {
    const files = [{ file: 'a.yaml', text: `version: 1\n${LIMIT_SETTINGS}limits:\n${aLimit()}` }];
    const result = loadLimits({ files, channels: TEST_CHANNELS, reasons: new Set(['LIMIT_TEXT']) });
    expect(!result.ok && result.error[0]).toMatchObject({
      message: 'the reason LIMIT_TEST is not in the dictionary',
      suggestion: 'did you mean LIMIT_TEXT?',
    });
  });
});
