/**
 * 50 rules of five terms: our closures, our whole ruleset, the CEL library's own evaluation and json-rules-engine. First all
 * must give equal verdicts on the same random transactions, then they are timed. Prints evaluations per second and ratios,
 * and at the end the rate of a backtest beside the live rate; asserts the verdicts, no time.
 *
 *   npm run bench:rules              verdicts on 100,000 facts (json-rules-engine takes a minute for them)
 *   npm run bench:rules -- --quick   those of json-rules-engine on 5,000 of them
 *
 * Timed on 500 facts again and again, as a transaction that was just parsed is in the processor's cache too.
 */
import { Environment } from '@marcbachmann/cel-js';
import { Engine, type RuleProperties } from 'json-rules-engine';
import type { Facts } from '../../src/domain/facts.ts';
import type { Transaction } from '../../src/domain/transaction.ts';
import { compileExpression } from '../../src/rules/expression/expression.ts';
import { createFactLayout, loadFacts, planLoad } from '../../src/rules/expression/frame.ts';
import { ruleVocabulary } from '../../src/rules/expression/vocabulary.ts';
import { loadRuleset } from '../../src/rules/ruleset.ts';
import { aFeature, aProfile, aTransaction, listsWith } from '../unit/rules/rule-builders.ts';
import { backtestAgainstLive } from './backtest-rate.ts';

const RULES = 50;
const FACTS = 100_000;
const TIMED_FACTS = 500;
const SLOW_FACTS = process.argv.includes('--quick') ? 5_000 : FACTS;
const CHANNELS = ['MOBILE_BANKING', 'ONLINE_BANKING', 'ATM', 'POS', 'CREDIT_CARD'];
const TYPES = ['TRANSFER', 'PAYMENT', 'PURCHASE', 'WITHDRAWAL'] as const;
const FEATURES = ['customer_count_1h', 'customer_out_sum_24h', 'customer_out_count_24h', 'customer_payees_24h'];

/** mulberry32: a fixed seed, the same facts in every run */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const random = createRandom(7);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
const upTo = (limit: number): number => Math.floor(random() * limit);

// ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Term {
  readonly cel: string;
  readonly fact: string;
  readonly operator: string;
  readonly value: string | number | boolean | readonly string[];
}

const number = (path: string, operator: '>=' | '<', value: number): Term => ({
  cel: `${path} ${operator} ${value}`,
  fact: path,
  operator: operator === '>=' ? 'greaterThanInclusive' : 'lessThan',
  value,
});

function termsOf(): readonly Term[] {
  const types = [pick(TYPES), pick(TYPES)];
  return [
    { cel: `tx.type in ["${types.join('", "')}"]`, fact: 'tx.type', operator: 'in', value: types },
    number('tx.amountMinor', '>=', upTo(50_000)),
    number(`features.${pick(FEATURES)}`, '>=', upTo(20)),
    number('profile.monetaryCount', '<', 10 + upTo(90)),
    { cel: `tx.channel != "${pick(CHANNELS)}"`, fact: 'tx.channel', operator: 'notEqual', value: CHANNELS[0] ?? '' },
  ];
}

/** The last term of json-rules-engine must say the same channel as the CEL text. */
const channelOf = (cel: string): string => cel.slice(cel.indexOf('"') + 1, -1);
const rules = Array.from({ length: RULES }, () =>
  termsOf().map((term) => (term.fact === 'tx.channel' ? { ...term, value: channelOf(term.cel) } : term)),
);
const texts = rules.map((terms) => terms.map((term) => term.cel).join(' && '));

// ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const lists = listsWith({});
const facts: readonly Facts[] = Array.from({ length: FACTS }, () => ({
  transaction: aTransaction({ type: pick(TYPES), channel: pick(CHANNELS), amountMinor: upTo(100_000) }) as Transaction,
  values: FEATURES.map(() => upTo(40)),
  profile: aProfile({ monetaryCount: upTo(120) }),
  lists,
  limitHeadroom: new Map(),
}));

interface Engined {
  readonly name: string;
  /** facts on which the verdicts are compared */
  readonly facts: number;
  /** passes over the timed facts in one round */
  readonly passes: number;
  /** hits of each of the first facts */
  run(count: number): Promise<Uint32Array> | Uint32Array;
}

function ours(): Engined {
  const layout = createFactLayout();
  const vocabulary = ruleVocabulary({ features: FEATURES.map((name) => aFeature(name)) });
  const compiled = texts.map((text) => {
    const result = compileExpression(text, { vocabulary, layout, place: { file: 'bench', path: '' } });
    if (!result.ok) throw new Error(result.error.map((fault) => fault.message).join('; '));
    return result.value.evaluate;
  });
  const frame = layout.newFrame();
  const load = planLoad(layout.terms);
  return {
    name: 'closures over the fact vector',
    facts: FACTS,
    passes: 200,
    run(count) {
      const hits = new Uint32Array(count);
      for (let index = 0; index < count; index++) {
        loadFacts(frame, load, facts[index] as Facts);
        for (const evaluate of compiled) if (evaluate(frame) === true) hits[index] = (hits[index] ?? 0) + 1;
      }
      return hits;
    },
  };
}

/** The product's own path: plans per channel and type, scopes, and a whole hit with its values for each true condition. */
function ruleset(): Engined {
  const text = JSON.stringify({
    ruleset: 'bench',
    version: '1',
    rules: texts.map((when, index) => ({
      id: `rule-${index}`,
      title: { en: 'x', 'zh-CN': 'x' },
      reason: 'X',
      when,
      outcome: 'ALLOW',
      score: 1,
      severity: 'low',
    })),
  });
  const loaded = loadRuleset({
    files: [{ file: 'bench.yaml', text }],
    features: FEATURES.map((name) => aFeature(name)),
    channels: CHANNELS,
    reasons: new Map([['X', { en: 'x', 'zh-CN': 'x' }]]),
    listNames: [],
    limitIds: [],
  });
  if (!loaded.ok) throw new Error(loaded.error.map((fault) => fault.message).join('; '));
  return {
    name: 'the ruleset, hits included',
    facts: FACTS,
    passes: 200,
    run(count) {
      const hits = new Uint32Array(count);
      for (let index = 0; index < count; index++) hits[index] = loaded.value.evaluate(facts[index] as Facts).length;
      return hits;
    },
  };
}

/** The library at its best: classes with typed fields, no conversion of the context, bigints made beforehand. */
function library(): Engined {
  class Tx {
    declare type: string;
    declare channel: string;
    declare amountMinor: bigint;
  }
  class Features {}
  class Profile {
    declare monetaryCount: bigint;
  }
  const environment = new Environment()
    .registerType('Tx_', { ctor: Tx, fields: { type: 'string', channel: 'string', amountMinor: 'int' } })
    .registerType('Features_', { ctor: Features, fields: Object.fromEntries(FEATURES.map((name) => [name, 'int'])) })
    .registerType('Profile_', { ctor: Profile, fields: { monetaryCount: 'int' } })
    .registerVariable('tx', 'Tx_')
    .registerVariable('features', 'Features_')
    .registerVariable('profile', 'Profile_');
  const parsed = texts.map((text) => environment.parse(text));
  for (const expression of parsed) if (!expression.check().valid) throw new Error('the library refuses a rule');
  const contexts = facts.map(({ transaction, values, profile }) => ({
    tx: Object.assign(new Tx(), {
      type: transaction.type,
      channel: transaction.channel,
      amountMinor: BigInt(transaction.amountMinor ?? 0),
    }),
    features: Object.assign(
      new Features(),
      Object.fromEntries(FEATURES.map((name, i) => [name, BigInt(values?.[i] ?? 0)])),
    ),
    profile: Object.assign(new Profile(), { monetaryCount: BigInt(profile?.monetaryCount ?? 0) }),
  }));
  return {
    name: '@marcbachmann/cel-js',
    facts: FACTS,
    passes: 20,
    run(count) {
      const hits = new Uint32Array(count);
      for (let index = 0; index < count; index++)
        for (const evaluate of parsed) if (evaluate(contexts[index]) === true) hits[index] = (hits[index] ?? 0) + 1;
      return hits;
    },
  };
}

function jsonRules(): Engined {
  const engine = new Engine();
  for (const [index, terms] of rules.entries()) {
    const all = terms.map(({ fact, operator, value }) => ({ fact: fact.replace('.', '_'), operator, value }));
    engine.addRule({ conditions: { all }, event: { type: `rule-${index}` } } as RuleProperties);
  }
  const flat = facts.slice(0, SLOW_FACTS).map(({ transaction, values, profile }) => ({
    tx_type: transaction.type,
    tx_channel: transaction.channel,
    tx_amountMinor: transaction.amountMinor,
    profile_monetaryCount: profile?.monetaryCount,
    ...Object.fromEntries(FEATURES.map((name, i) => [`features_${name}`, values?.[i]])),
  }));
  return {
    name: 'json-rules-engine',
    facts: SLOW_FACTS,
    passes: 1,
    async run(count) {
      const hits = new Uint32Array(count);
      for (let index = 0; index < count; index++) hits[index] = (await engine.run(flat[index])).events.length;
      return hits;
    },
  };
}

// ── measure ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const ROUNDS = 5;

async function compareVerdicts(engines: readonly Engined[]): Promise<void> {
  const [reference, ...others] = engines;
  const expected = await reference?.run(FACTS);
  for (const engine of others) {
    const hits = await engine.run(engine.facts);
    const different = hits.findIndex((count, index) => count !== expected?.[index]);
    if (different >= 0) throw new Error(`${engine.name} gives another verdict for fact ${different}`);
    console.log(`equal verdicts on ${engine.facts.toLocaleString('en-US')} facts: ${engine.name}`);
  }
}

/** Processor time, the best of some rounds taken in turns: what else runs on the machine disturbs all alike, and least of all the best. */
async function measure(engines: readonly Engined[]) {
  const results = engines.map((engine) => ({ engine, nanoseconds: Number.POSITIVE_INFINITY }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const result of results) {
      const { passes } = result.engine;
      const startedAt = process.cpuUsage();
      for (let pass = 0; pass < passes; pass++) await result.engine.run(TIMED_FACTS);
      const usedMicroseconds = process.cpuUsage(startedAt).user;
      result.nanoseconds = Math.min(result.nanoseconds, (usedMicroseconds * 1e3) / (passes * TIMED_FACTS * RULES));
    }
  }
  return results;
}

const engines = [ours(), ruleset(), library(), jsonRules()];
console.log(`${RULES} rules of five terms, one core\n`);
await compareVerdicts(engines);
const results = await measure(engines);
const fastest = results[0]?.nanoseconds ?? Number.NaN;
console.log('');
for (const { engine, nanoseconds } of results) {
  const perSecond = Math.round(1e9 / nanoseconds).toLocaleString('en-US');
  const ratio = (nanoseconds / fastest).toFixed(1);
  console.log(
    `${engine.name.padEnd(30)} ${perSecond.padStart(12)} evaluations/s ${nanoseconds.toFixed(1).padStart(9)} ns each   ${ratio} ×`,
  );
}
console.log('\ngoals: cel-js at least 5 ×, json-rules-engine at least 500 × the closures');
console.log(`\n${await backtestAgainstLive({ transactions: 40_000, warmUp: 10_000 })}`);
