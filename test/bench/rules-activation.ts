/**
 * Loading 2,000 rules (40 files of 50) beside running traffic: the longest pause of the event loop, in slices and at once.
 * Prints figures, asserts none.
 *
 *   node scripts/run-ts.mjs test/bench/rules-activation.ts
 */
import { setImmediate } from 'node:timers/promises';
import { loadRuleset, loadRulesetInSlices, type Ruleset } from '../../src/rules/ruleset.ts';
import { FEATURES, someFacts } from '../unit/rules/rule-builders.ts';

const FILES = 40;
const RULES_PER_FILE = 50;
const SLICE_MS = 4;

const ruleText = (n: number): string => `  - id: rule-${n}
    title: { en: "Rule ${n}", zh-CN: "规则${n}" }
    reason: X
    owner: fraud
    typology: velocity
    when: |
      tx.type in ["TRANSFER", "PAYMENT"] && tx.amountMinor >= ${n * 10}
      && features.customer_count_1h >= ${n % 20} && profile.monetaryCount < ${10 + (n % 90)}
      && tx.channel != "ATM"
    outcome: ALLOW
    score: 10
    severity: low
    scope: { channels: [MOBILE_BANKING, ATM], segments: [RETAIL] }
`;

const options = {
  files: Array.from({ length: FILES }, (_, file) => ({
    file: `rules/file-${file}.yaml`,
    text: `ruleset: bench\nversion: "1"\nrules:\n${Array.from({ length: RULES_PER_FILE }, (_, n) => ruleText(file * RULES_PER_FILE + n)).join('')}`,
  })),
  features: FEATURES,
  channels: ['MOBILE_BANKING', 'ATM'],
  reasons: new Map([['X', { en: 'x', 'zh-CN': 'x' }]]),
  listNames: [],
  limitIds: [],
};

const must = (loaded: ReturnType<typeof loadRuleset>): Ruleset => {
  if (!loaded.ok) throw new Error(loaded.error[0]?.message);
  return loaded.value;
};

/** Traffic: a chunk of 64 evaluations each turn of the loop; the longest time between two turns is the pause. */
async function underTraffic(load: () => Promise<unknown>) {
  const ruleset = must(loadRuleset({ ...options, files: options.files.slice(0, 1) }));
  const facts = someFacts();
  let running = true;
  let longestMs = 0;
  let turns = 0;
  const traffic = (async () => {
    let before = performance.now();
    while (running) {
      for (let n = 0; n < 64; n++) ruleset.evaluate(facts);
      turns++;
      await setImmediate();
      const now = performance.now();
      longestMs = Math.max(longestMs, now - before);
      before = now;
    }
  })();
  const startedAt = performance.now();
  await load();
  const totalMs = performance.now() - startedAt;
  await setImmediate();
  running = false;
  await traffic;
  return { longestMs, totalMs, turns };
}

async function inSlices(): Promise<void> {
  let sliceStart = performance.now();
  const loaded = await loadRulesetInSlices(options, {
    isDue: () => performance.now() - sliceStart > SLICE_MS,
    breathe: async () => {
      await setImmediate();
      sliceStart = performance.now();
    },
  });
  must(loaded);
}

await underTraffic(inSlices);
for (const [name, load] of [
  ['in slices', inSlices],
  ['at once', async () => must(loadRuleset(options))],
] as const) {
  const { longestMs, totalMs, turns } = await underTraffic(load);
  console.log(
    `${FILES * RULES_PER_FILE} rules ${name.padEnd(9)}: longest pause ${longestMs.toFixed(1)} ms, ${totalMs.toFixed(0)} ms in all, ${turns} chunks beside it`,
  );
}
console.log('goal: 20 ms');
