/**
 * 2,000 rules (40 files of 50) and 200,000 list entries come into force beside running traffic, in the program as it is built:
 * the longest pause of the event loop, run by run, together and each by itself. Prints figures, asserts none. The first part
 * of `npm run bench:rules`, in a process of its own as a worker is.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type * as Live from '../../src/composition/live-configuration.ts';
import type * as Load from '../../src/composition/load-generation.ts';
import type * as Read from '../../src/config/read-sources.ts';
import { someFacts } from '../unit/rules/rule-builders.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const built = <T>(name: string): Promise<T> => import(pathToFileURL(path.join(ROOT, 'dist', name)).href) as Promise<T>;
const { createLiveConfiguration } = await built<typeof Live>('composition/live-configuration.js');
const { buildConfiguration } = await built<typeof Load>('composition/load-generation.js');
const { readSources } = await built<typeof Read>('config/read-sources.js');

const FILES = 40;
const RULES_PER_FILE = 50;
const ENTRIES = 200_000;
const RUNS = 3;

const ruleText = (n: number, salt: number): string => `  - id: rule-${n}
    title: { en: "Rule ${n}", zh-CN: "规则${n}" }
    reason: VEL_COUNT_10M
    owner: fraud
    typology: velocity
    when: |
      tx.type in ["TRANSFER", "PAYMENT"] && tx.amountMinor >= ${n * 10 + salt}
      && features.customer_count_1h >= ${n % 20} && profile.monetaryCount < ${10 + (n % 90)}
      && tx.channel != "ATM"
    outcome: ALLOW
    score: 10
    severity: low
    scope: { channels: [MOBILE_BANKING, ATM], segments: [RETAIL] }
`;
const rulesFile = (file: number, salt: number): string =>
  `ruleset: bench\nversion: "1"\nrules:\n${Array.from({ length: RULES_PER_FILE }, (_, n) => ruleText(file * RULES_PER_FILE + n, salt)).join('')}`;
const listFile = (salt: number): string =>
  `id,entity,expires,source,reason,person\n${Array.from({ length: ENTRIES }, (_, n) => `62${salt}${String(n).padStart(15, '0')},,,public security,case ${n % 977},Li\n`).join('')}`;

const folder = mkdtempSync(path.join(tmpdir(), 'vigil-activation-'));
const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);

function writeRules(salt: number): void {
  for (let file = 0; file < FILES; file++) write(`rules/file-${file}.yaml`, rulesFile(file, salt));
}

type LiveConfiguration = Awaited<ReturnType<typeof createLiveConfiguration>>;

async function start(): Promise<LiveConfiguration> {
  mkdirSync(path.join(folder, 'rules'));
  cpSync(path.join(ROOT, 'config/lists'), path.join(folder, 'lists'), { recursive: true });
  write('vigil.yaml', 'model: { enabled: false }\n');
  writeRules(0);
  const first = buildConfiguration(await readSources(folder), {});
  if (!first.ok) throw new Error(first.error[0]?.message);
  return createLiveConfiguration({
    initial: { configuration: first.value, model: null },
    environment: {},
    events: {
      generationActivated: () => undefined,
      generationRefused: ({ faults }) => console.log(faults[0]),
      modelLoaded: () => undefined,
      modelRefused: () => undefined,
    },
  });
}

/** CPU time of the main thread in milliseconds; Linux only, the wall clock elsewhere. A shared machine takes the core away. */
function threadMs(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

/** Traffic: 64 evaluations each turn of the loop; the longest time between two turns that this thread was busy is the pause. */
async function underTraffic(live: LiveConfiguration, change: () => Promise<unknown>) {
  const facts = someFacts({ values: live.current().configuration.features.features.map(() => 1) });
  let running = true;
  let longestMs = 0;
  let turns = 0;
  const traffic = (async () => {
    let before = threadMs();
    while (running) {
      const { ruleset } = live.current().configuration;
      for (let n = 0; n < 64; n++) ruleset.evaluate(facts);
      turns++;
      await setImmediate();
      const now = threadMs();
      longestMs = Math.max(longestMs, now - before);
      before = now;
    }
  })();
  const startMs = performance.now();
  await change();
  const totalMs = performance.now() - startMs;
  await setImmediate();
  running = false;
  await traffic;
  return { longestMs, totalMs, turns };
}

async function report(live: LiveConfiguration, name: string, prepare: (run: number) => void): Promise<void> {
  const pauses: number[] = [];
  let totalMs = 0;
  let turns = 0;
  for (let run = 1; run <= RUNS; run++) {
    prepare(run);
    // reading the disk is asynchronous and no part of it
    const sources = await readSources(folder);
    const measured = await underTraffic(live, async () => {
      const { status } = await live.offer(sources);
      if (status !== 'activated') throw new Error(`${name}: ${status}`);
    });
    pauses.push(measured.longestMs);
    totalMs += measured.totalMs;
    turns += measured.turns;
  }
  const list = pauses.map((pause) => pause.toFixed(1)).join(', ');
  console.log(
    `${name.padEnd(40)} longest pause ${list} ms; in force after ${(totalMs / RUNS).toFixed(0)} ms, ${Math.round(turns / RUNS)} chunks beside it`,
  );
}

const lists = (run: number): void => write('lists/mule-accounts.csv', listFile(run));
const live = await start();
console.log(`activation under traffic, ${RUNS} runs each\n`);
await report(live, '2,000 rules', writeRules);
await report(live, '200,000 list entries', lists);
await report(live, '2,000 rules and 200,000 list entries', (run) => {
  writeRules(run + RUNS);
  lists(run + RUNS);
});
console.log('\ngoal: 20 ms');
live.stop();
rmSync(folder, { recursive: true });
