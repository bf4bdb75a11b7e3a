import { describe, expect, it } from 'vitest';
import { aProfile, aTransaction, listsWith, someFacts } from './rule-builders.ts';
import { faultsIn, fileOf, load, loadFiles, loadFilesInSlices, rulesetOf, ruleYaml } from './ruleset-builders.ts';

const idsOf = (hits: readonly { readonly ruleId: string }[]) => hits.map((hit) => hit.ruleId);

describe('a ruleset', () => {
  it('answers the rules that hit, with the values that they read', () => {
    const when = 'tx.type == "TRANSFER" && features.customer_count_1h >= 3 && !has(tx.merchant.mcc)';
    const [hit] = rulesetOf(ruleYaml({ when })).evaluate(someFacts());
    expect(hit).toEqual({
      ruleId: 'burst',
      status: 'hit',
      score: 300,
      mode: 'live',
      outcome: 'CHALLENGE',
      reason: 'VEL_COUNT_10M',
      severity: 'high',
      title: { en: 'Burst', 'zh-CN': '密集' },
      typology: 'core',
      values: { 'tx.type': 'TRANSFER', 'features.customer_count_1h': 3, 'tx.merchant.mcc': null },
    });
  });

  it('makes an errored hit of a rule that cannot be evaluated, without score, and says why', () => {
    const [hit] = rulesetOf(ruleYaml({ when: 'tx.merchant.mcc == "5411"' })).evaluate(someFacts());
    expect(hit).toMatchObject({ status: 'errored', score: 0, error: 'tx.merchant.mcc is absent' });
  });

  it("never lets one rule's error touch another's result", () => {
    const broken = ruleYaml({ id: 'broken', when: 'tx.amountMinor / 0 > 1' });
    const sound = ruleYaml({ id: 'sound' });
    const alone = rulesetOf(sound).evaluate(someFacts());
    for (const order of [
      [broken, sound],
      [sound, broken],
    ]) {
      const hits = rulesetOf(...order).evaluate(someFacts());
      expect(hits.find((hit) => hit.ruleId === 'sound')).toEqual(alone[0]);
      expect(hits.find((hit) => hit.ruleId === 'broken')).toMatchObject({
        status: 'errored',
        error: 'division by zero',
      });
    }
  });

  it('contains an exception of a list look-up in the rule that asked, as an errored hit', () => {
    const lists = {
      ...listsWith({}),
      contains: (): boolean => {
        throw new Error('index is gone');
      },
    };
    const hits = rulesetOf(ruleYaml({ id: 'asks', when: 'tx.customerId in lists.mule_accounts' }), ruleYaml()).evaluate(
      someFacts({ lists }),
    );
    expect(hits.map(({ ruleId, status, error }) => [ruleId, status, error])).toEqual([
      ['asks', 'errored', 'internal: index is gone'],
      ['burst', 'hit', undefined],
    ]);
  });

  it('leaves rules over features and profile out when the feature store could not be read', () => {
    const ruleset = rulesetOf(
      ruleYaml({ id: 'stateless' }),
      ruleYaml({ id: 'windows', when: 'features.customer_count_1h >= 0 && tx.amountMinor > 1' }),
      ruleYaml({ id: 'habits', when: 'profile.eventCount > 0' }),
    );
    expect(idsOf(ruleset.evaluate(someFacts({ values: null, profile: null })))).toEqual(['stateless']);
    expect(idsOf(ruleset.evaluate(someFacts({ profile: null })))).toEqual(['stateless', 'windows']);
  });

  it('keeps nothing of one transaction for the next', () => {
    const ruleset = rulesetOf(ruleYaml({ when: 'has(tx.merchant.mcc) && tx.merchant.mcc == "5411"' }));
    expect(ruleset.evaluate(someFacts({ transaction: aTransaction({ merchant: { mcc: '5411' } }) }))).toHaveLength(1);
    expect(ruleset.evaluate(someFacts())).toHaveLength(0);
  });

  it('has a version that follows the content, not the folder or the order of the files', () => {
    const a = { file: '/etc/vigil/rules/a.yaml', text: fileOf(ruleYaml({ id: 'a' })) };
    const b = { file: 'rules/b.yaml', text: fileOf(ruleYaml({ id: 'b' })) };
    const version = (...files: Parameters<typeof loadFiles>[0][number][]) => {
      const loaded = loadFiles(files);
      return loaded.ok ? loaded.value.version : '';
    };
    expect(version(a)).toMatch(/^[0-9a-f]{12}$/);
    expect(version(a, b)).toBe(version(b, a));
    expect(version(a)).toBe(version({ ...a, file: 'rules/a.yaml' }));
    expect(version(a)).not.toBe(version({ ...a, text: a.text.replace('300', '301') }));
  });

  it('traces every rule, those that stay silent included', () => {
    const ruleset = rulesetOf(
      ruleYaml({ id: 'hits' }),
      ruleYaml({ id: 'misses', when: 'tx.amountMinor > 1000' }),
      ruleYaml({ id: 'off', mode: 'off' }),
      ruleYaml({ id: 'elsewhere', scope: { channels: ['ATM'] } }),
      ruleYaml({ id: 'blind', when: 'profile.eventCount > 0' }),
      ruleYaml({ id: 'broken', when: 'tx.merchant.mcc == "5411"' }),
    );
    expect(ruleset.trace(someFacts({ profile: null })).map(({ rule, status }) => [rule.id, status])).toEqual([
      ['hits', 'hit'],
      ['misses', 'miss'],
      ['off', 'off'],
      ['elsewhere', 'out-of-scope'],
      ['blind', 'no-features'],
      ['broken', 'errored'],
    ]);
  });
});

describe('where a rule applies', () => {
  const applies = (fields: Readonly<Record<string, unknown>>, changes: Parameters<typeof aTransaction>[0] = {}) =>
    rulesetOf(ruleYaml(fields)).evaluate(someFacts({ transaction: aTransaction(changes) })).length === 1;

  it('is bounded by channels, branches, products and segments; empty means everywhere', () => {
    expect(applies({ scope: { channels: [], branches: [], products: [], segments: [] } })).toBe(true);
    expect(applies({ scope: { channels: ['ATM'] } })).toBe(false);
    expect(applies({ scope: { channels: ['ATM', 'MOBILE_BANKING'] } })).toBe(true);
    expect(applies({ scope: { branches: ['B01'] } }, { branchId: 'B01' })).toBe(true);
    expect(applies({ scope: { branches: ['B01'] } }, { branchId: 'B02' })).toBe(false);
    expect(applies({ scope: { branches: ['B01'] } })).toBe(false);
    expect(applies({ scope: { products: ['P01'], segments: ['RETAIL'] } }, { productCode: 'P01' })).toBe(false);
    const both = { productCode: 'P01', customerSegment: 'RETAIL' };
    expect(applies({ scope: { products: ['P01'], segments: ['RETAIL'] } }, both)).toBe(true);
  });

  it('is bounded by the time of the event: from its start on, until just before its end', () => {
    const active = { from: '2026-11-01T00:00:00+08:00', to: '2026-12-01T00:00:00+08:00' };
    const at = (iso: string) => applies({ active }, { occurredAtMs: Date.parse(iso) });
    expect(at('2026-10-31T15:59:59.999Z')).toBe(false);
    expect(at('2026-10-31T16:00:00.000Z')).toBe(true);
    expect(at('2026-11-30T15:59:59.999Z')).toBe(true);
    expect(at('2026-11-30T16:00:00.000Z')).toBe(false);
  });

  it('is nowhere when the mode is off, and in shadow when it is shadow', () => {
    expect(applies({ mode: 'off' })).toBe(false);
    const [hit] = rulesetOf(ruleYaml({ mode: 'shadow' })).evaluate(someFacts());
    expect(hit).toMatchObject({ mode: 'shadow', status: 'hit' });
  });
});

describe('a file of rules', () => {
  it('reports all faults of all files at once, each with its place', () => {
    const first = fileOf(
      ruleYaml({ score: 1001, severity: 'hgih', when: 'tx.amout > 1' }),
      ruleYaml({ id: 'second', reason: 'NOWHERE', scope: { channels: ['MOBIL_BANKING'] }, colour: 'red' }),
    );
    expect(faultsIn(first, fileOf(ruleYaml({ id: 'third', outcome: 'DENY' })))).toEqual([
      '4: rules[0].when: unknown name tx.amout',
      '4: rules[0].score: must be a whole number from 0 to 1000',
      '4: rules[0].severity: "hgih" is not one of low, medium, high, critical',
      '5: rules[1].reason: the reason NOWHERE has no text in the dictionaries',
      '5: rules[1].scope.channels[0]: there is no channel MOBIL_BANKING',
      '5: rules[1].colour: unknown key "colour"',
      '4: rules[0].outcome: "DENY" is not one of ALLOW, CHALLENGE, HOLD, BLOCK',
    ]);
  });

  it('names every channel and segment of a scope that is not there, each at its place', () => {
    const scope = { channels: ['ATM', 'ATMM', 'POZ'], segments: ['RETAL', 'SENIOR'], branches: ['anything'] };
    const loaded = load(fileOf(ruleYaml({ scope })));
    expect(
      loaded.ok ? [] : loaded.error.map(({ path, message, suggestion }) => `${path} ${message} ${suggestion}`),
    ).toEqual([
      'rules[0].scope.channels[1] there is no channel ATMM did you mean ATM?',
      'rules[0].scope.channels[2] there is no channel POZ undefined',
      'rules[0].scope.segments[0] no group of segments in limits/ has RETAL did you mean RETAIL?',
    ]);
  });

  it('refuses one id twice, in one file or in two', () => {
    expect(faultsIn(fileOf(ruleYaml(), ruleYaml()))).toEqual([
      '5: rules[1].id: the rule burst is already in rules/file-0.yaml',
    ]);
    expect(faultsIn(fileOf(ruleYaml()), fileOf(ruleYaml()))).toEqual([
      '4: rules[0].id: the rule burst is already in rules/file-0.yaml',
    ]);
  });

  it('names a repeated id together with the other faults of both rules', () => {
    expect(faultsIn(fileOf(ruleYaml({ outcome: 'DENY' }), ruleYaml({ score: '3000' })))).toEqual([
      '4: rules[0].outcome: "DENY" is not one of ALLOW, CHALLENGE, HOLD, BLOCK',
      '5: rules[1].id: the rule burst is already in rules/file-0.yaml',
      '5: rules[1].score: must be a whole number from 0 to 1000',
    ]);
  });

  it.each([
    ['an id that YAML reads as a number', ruleYaml().replace('"burst"', '0123'), 'text is expected'],
    [
      'a condition that YAML reads as a truth value',
      ruleYaml().replace(/"when":"[^"]*"/, '"when": true'),
      'a condition is text',
    ],
    [
      'an end before its start',
      ruleYaml({ active: { from: '2026-11-02T00:00:00Z', to: '2026-11-01T00:00:00Z' } }),
      'the end must lie after the start',
    ],
    [
      'an end at its start',
      ruleYaml({ active: { from: '2026-11-02T00:00:00Z', to: '2026-11-02T00:00:00Z' } }),
      'the end must lie after the start',
    ],
    ['a time without a zone', ruleYaml({ active: { from: '2026-11-02T00:00:00' } }), 'must be a time with a zone'],
    ['a share above 100', ruleYaml({ rollout: { percent: 101 } }), 'must be a share from 0 to 100'],
    ['a share below 0', ruleYaml({ rollout: { percent: -1 } }), 'must be a share from 0 to 100'],
    ['a score that is no whole number', ruleYaml({ score: 1.5 }), 'must be a whole number'],
    ['a title in one language', ruleYaml({ title: { en: 'Burst' } }), '"zh-CN" is missing'],
    ['a missing condition', ruleYaml({ when: undefined }), '"when" is missing'],
    [
      'an unknown roll-out entity',
      ruleYaml({ rollout: { percent: 5, by: 'planet' } }),
      '"planet" is not one of customer, branch, device',
    ],
  ])('refuses %s', (_what, rule, message) => {
    const faults = faultsIn(fileOf(rule));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(message);
  });

  it.each([
    ['a duplicate key', 'ruleset: a\nruleset: b\nversion: "1"\nrules: []\n', 'unique'],
    ['a tag', 'ruleset: !!js/function "x"\nversion: "1"\nrules: []\n', 'tag'],
    ['an anchor and its alias', 'ruleset: &a x\nversion: *a\nrules: []\n', 'refused'],
    ['a merge key', 'ruleset: x\nversion: "1"\nrules: []\n<<: {a: 1}\n', 'merge'],
    ['two documents', 'ruleset: x\nversion: "1"\nrules: []\n---\nruleset: y\n', 'one document'],
    ['broken syntax', 'ruleset: [x\n', ''],
    ['nesting without end', `ruleset: ${'['.repeat(5_000)}\n`, 'nesting'],
    ['a list in place of a mapping', '- a\n', 'a mapping is expected'],
    ['a version that YAML reads as a number', 'ruleset: x\nversion: 1.10\nrules: []\n', 'write it in quotes'],
  ])('refuses %s', (_what, text, message) => {
    const loaded = load(text);
    expect(loaded.ok).toBe(false);
    expect(loaded.ok ? '' : loaded.error.map((fault) => fault.message).join('\n')).toContain(message);
  });

  it('accepts an empty folder: no rules', () => {
    const loaded = load();
    expect(loaded.ok && loaded.value.evaluate(someFacts())).toEqual([]);
  });
});

describe('a condition that is always true', () => {
  it.each([
    'true',
    '1 < 2',
    'tx.amountMinor >= 0',
    'features.customer_count_1h > -1',
    'profile.eventCount >= 0 || tx.type == "LOGIN"',
    'has(tx.type)',
    'tx.type == "LOGIN" || tx.type != "LOGIN"',
    'tx.amountMinor > 5 || tx.amountMinor <= 5',
    'tx.amountMinor >= 5 || tx.amountMinor < 6',
    '!(tx.amountMinor < 0)',
    'tx.type == tx.type',
    '!(tx.type in [])',
    'true ? tx.amountMinor >= 0 : false',
    'tx.channel != "ATM" || tx.channel != "MOBILE_BANKING"',
    'tx.merchant.mcc != "5411" || !(tx.merchant.mcc in ["5812", "5814"])',
    'tx.channel in ["ATM", "MOBILE_BANKING", "ONLINE_BANKING"]',
    'tx.type == "LOGIN" || tx.channel == "ATM" || !(tx.channel in ["ATM"])',
    'tx.customerId.size() >= 0',
    'size(tx.authentication) > -1',
    'tx.customerId.contains("")',
    'tx.customerId.startsWith("") && tx.customerId.matches(".*")',
    'tx.customerId.matches("^[A-Z]*")',
  ])('is refused: %s', (when) => {
    expect(faultsIn(fileOf(ruleYaml({ when })))).toEqual(['4: rules[0].when: this condition is always true']);
  });

  it.each([
    'tx.amountMinor > 0',
    'tx.amountMinor > 5 || tx.amountMinor < 5',
    'profile.amountZ >= 0.0',
    'has(tx.merchant.mcc)',
    'tx.type == "LOGIN" || tx.channel != "ATM"',
    'tx.amountMinor > 5 || tx.amountMinor < 3',
    'tx.channel != "ATM" || tx.type != "LOGIN"',
    'tx.channel in ["ATM", "MOBILE_BANKING"]',
    'tx.merchant.mcc != "5411" || tx.merchant.mcc in ["5812"]',
    'tx.customerId.size() >= 1',
    'tx.customerId.matches("^[A-Z]*$") || tx.customerId.matches("A+")',
    'tx.customerId.matches("\\\\bA?")',
  ])('is not seen in %s', (when) => {
    expect(faultsIn(fileOf(ruleYaml({ when })))).toEqual([]);
  });

  it('is told together with the other faults of its rule', () => {
    const faults = faultsIn(fileOf(ruleYaml({ when: 'true', score: 1001 })));
    expect(faults).toHaveLength(2);
    expect(faults.join()).toContain('this condition is always true');
    expect(faults.join()).toContain('must be a whole number from 0 to 1000');
  });

  it('passes with the name of a second person, who is not the owner', () => {
    const signed = { when: 'true', owner: 'fraud-retail', alwaysTrueApprovedBy: 'head-of-risk' };
    expect(faultsIn(fileOf(ruleYaml(signed)))).toEqual([]);
    for (const same of ['fraud-retail', 'Fraud-Retail', 'fraud-ret\u0430il'])
      expect(faultsIn(fileOf(ruleYaml({ ...signed, alwaysTrueApprovedBy: same })))).toEqual([
        '4: rules[0].alwaysTrueApprovedBy: alwaysTrueApprovedBy must be another person than the owner',
      ]);
  });

  it('has no second person where nobody is the first', () => {
    expect(faultsIn(fileOf(ruleYaml({ when: 'true', alwaysTrueApprovedBy: 'head-of-risk' })))).toEqual([
      '4: rules[0].alwaysTrueApprovedBy: a second person needs a first: name the "owner" of the rule',
    ]);
  });

  it('is not signed for in advance: a later change would need nobody', () => {
    const signed = { when: 'tx.amountMinor > 5', owner: 'fraud-retail', alwaysTrueApprovedBy: 'head-of-risk' };
    expect(faultsIn(fileOf(ruleYaml(signed)))).toEqual([
      '4: rules[0].alwaysTrueApprovedBy: this condition is not always true: leave alwaysTrueApprovedBy out',
    ]);
  });
});

describe('sticky roll-out', () => {
  const customersIn = (id: string, percent: number, by = 'customer') => {
    const ruleset = rulesetOf(ruleYaml({ id, rollout: { percent, by } }));
    const facts = someFacts();
    return new Set(
      Array.from({ length: 4_000 }, (_, index) => `C${index}`).filter(
        (customerId) =>
          ruleset.evaluate({
            ...facts,
            profile: aProfile(),
            transaction: aTransaction({ customerId, device: { id: customerId }, branchId: customerId }),
          }).length > 0,
      ),
    );
  };

  it('takes nobody at 0 and everybody at 100', () => {
    expect(customersIn('a', 0).size).toBe(0);
    expect(customersIn('a', 100).size).toBe(4_000);
  });

  it('takes about the share that was asked for, by customer, branch or device', () => {
    // 4,000 draws of 25 %: five standard deviations are 137
    for (const by of ['customer', 'branch', 'device'])
      expect(Math.abs(customersIn('a', 25, by).size - 1_000)).toBeLessThan(137);
  });

  it('keeps those who were in when the share grows', () => {
    const shares = [1, 5, 20, 60, 99].map((percent) => customersIn('a', percent));
    for (const [index, smaller] of shares.entries()) {
      for (const customer of smaller) expect(shares[index + 1]?.has(customer) ?? true).toBe(true);
    }
  });

  it('draws the shares of two rules independently', () => {
    const [a, b] = [customersIn('a', 50), customersIn('b', 50)];
    const both = [...a].filter((customer) => b.has(customer)).length;
    expect(Math.abs(both - 1_000)).toBeLessThan(137);
  });

  it('leaves out a transaction without the entity, unless everybody is in', () => {
    const by = (percent: number) =>
      rulesetOf(ruleYaml({ rollout: { percent, by: 'device' } })).evaluate(someFacts()).length;
    expect(by(99.99)).toBe(0);
    expect(by(100)).toBe(1);
  });
});

describe('a ruleset that is loaded beside running traffic', () => {
  it('lets others run between its slices and comes out the same', async () => {
    const files = [0, 1, 2].map((index) => ({
      file: `rules/file-${index}.yaml`,
      text: fileOf(...Array.from({ length: 10 }, (_, rule) => ruleYaml({ id: `rule-${index}-${rule}` }))),
    }));
    let breaths = 0;
    const breathe = async () => {
      breaths++;
    };
    const sliced = await loadFilesInSlices(files, { isDue: () => true, breathe });
    const whole = loadFiles(files);
    // three documents, thirty rules read, the hash between two, thirty rules put into their places
    expect(breaths).toBe(3 + 30 + 2 + 30);
    expect(sliced.ok && sliced.value.version).toBe(whole.ok && whole.value.version);
    expect(sliced.ok && sliced.value.evaluate(someFacts())).toEqual(whole.ok && whole.value.evaluate(someFacts()));
  });

  it('reports the same faults', async () => {
    const files = [{ file: 'rules/file-0.yaml', text: fileOf(ruleYaml({ score: -1 }), ruleYaml()) }];
    const sliced = await loadFilesInSlices(files, { isDue: () => false, breathe: async () => {} });
    expect(sliced).toEqual(loadFiles(files));
  });
});
