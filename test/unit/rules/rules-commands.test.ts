/** `vigil rules try` and `vigil rules explain` over the shipped configuration. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runRulesExplain } from '../../../src/cli/rules-explain.ts';
import { runRulesShadow } from '../../../src/cli/rules-shadow.ts';
import { runRulesTry } from '../../../src/cli/rules-try.ts';
import type { LoadedConfiguration } from '../../../src/composition/load-generation.ts';
import { tryEvent } from '../../../src/composition/try-event.ts';
import { type ConfigSources, readSources } from '../../../src/config/read-sources.ts';
import { configurationOf } from '../../helpers/configuration-of.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

let sources: ConfigSources;
let configuration: LoadedConfiguration;
let folder: string;

const load = (changes: Partial<ConfigSources> = {}): LoadedConfiguration => configurationOf({ ...sources, ...changes });

beforeAll(async () => {
  sources = await readSources(undefined);
  configuration = load();
  folder = await mkdtemp(path.join(tmpdir(), 'vigil-try-'));
});
afterAll(() => rm(folder, { recursive: true }));

const message = (changes: Readonly<Record<string, unknown>> = {}) => ({
  schemaVersion: 1,
  transactionId: 'T1',
  occurredAt: '2026-11-23T14:00:00+08:00',
  channel: 'MOBILE_BANKING',
  type: 'TRANSFER',
  customerId: 'C1',
  customerSegment: 'RETAIL',
  amountMinor: 5_000,
  currency: 'CNY',
  counterparty: { accountId: 'P1' },
  authentication: ['PASSWORD'],
  ...changes,
});

const burst = Array.from({ length: 4 }, (_, index) =>
  message({ transactionId: `H${index}`, occurredAt: `2026-11-23T13:5${index + 3}:00+08:00` }),
);
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value), 'utf8');
const now = () => Date.parse('2026-11-23T06:00:00Z');

async function files(event: unknown, history: readonly unknown[] = []) {
  const [eventFile, historyFile] = [path.join(folder, 'event.json'), path.join(folder, 'history.ndjson')];
  await writeFile(eventFile, typeof event === 'string' ? event : JSON.stringify(event));
  await writeFile(historyFile, history.map((line) => JSON.stringify(line)).join('\n'));
  return { event: eventFile, history: historyFile };
}

describe('vigil rules try', () => {
  it('decides one event after its history, with each rule step by step', async () => {
    const { decision, rules } = await tryEvent({
      configuration,
      event: bytes(message()),
      history: burst.map(bytes),
      now,
    });
    expect(decision.outcome).toBe('CHALLENGE');
    const rule = rules.find(({ ruleId }) => ruleId === 'transfer-burst-10m');
    expect(rule).toMatchObject({
      status: 'hit',
      steps: [
        { condition: 'tx.type == "TRANSFER"', result: true },
        { condition: 'features.customer_transfer_count_10m >= 5', result: true },
        { condition: 'has(tx.customerSegment)', result: true },
        { condition: 'tx.customerSegment in ["SMALL_BUSINESS", "CORPORATE"]', result: false },
      ],
      values: { 'tx.type': 'TRANSFER', 'tx.customerSegment': 'RETAIL', 'features.customer_transfer_count_10m': 5 },
    });
  });

  it('stores nothing: the same trial again gives the same answer', async () => {
    const once = await tryEvent({ configuration, event: bytes(message()), history: burst.map(bytes), now });
    const again = await tryEvent({ configuration, event: bytes(message()), history: burst.map(bytes), now });
    expect(again).toEqual(once);
  });

  it('shows which rules differ between the live and a candidate configuration', async () => {
    const velocity = sources.rules.map((file) =>
      file.file.endsWith('velocity.yaml')
        ? { ...file, text: file.text.replace('count_10m >= 5', 'count_10m >= 6') }
        : file,
    );
    const io = recordingIo();
    const options = { configuration, candidate: load({ rules: velocity }), ...(await files(message(), burst)), now };
    expect(await runRulesTry(options, io)).toBe(0);
    expect(io.lines[0]).toContain('live: CHALLENGE, score 250');
    expect(io.lines).toContain('      ✓ features.customer_transfer_count_10m >= 5');
    expect(io.lines).toContain('candidate: ALLOW, score 0, no alert, level L0');
    expect(io.lines.slice(-3)).toEqual([
      'what the candidate changes:',
      '  CHALLENGE, score 250, no alert, level L0 → ALLOW, score 0, no alert, level L0',
      '  transfer-burst-10m: hit → miss',
    ]);
  });

  it('names the limit that decides with its money, and what a candidate without it changes', async () => {
    const io = recordingIo();
    const event = message({ amountMinor: 6_000_000, customerSegment: 'PRIVATE' });
    const limits = sources.limits.map((file) =>
      file.file.endsWith('cn-regulatory.yaml')
        ? { ...file, text: file.text.replaceAll('max: 5000000', 'max: 9000000') }
        : file,
    );
    expect(limits).not.toEqual(sources.limits);
    const rules = sources.rules.slice(0, 1);
    const candidate = load({ limits, rules, ruleTests: [] });
    await runRulesTry({ configuration, candidate, ...(await files(event)), now }, io);
    const said = io.lines.join('\n');
    expect(said).toContain('2026-11-23T06:00:00.000Z TRANSFER 60,000.00 CNY of customer C1 to P1');
    expect(said).toContain('asked for BLOCK     by limit law_person_day_needs_certificate');
    expect(said).toMatch(
      /limit law_person_day_needs_certificate \(day\): used 0\.00 CNY, asked 60,000\.00 CNY, max 50,000\.00 CNY: exceeded, binds, by law/,
    );
    expect(said).toContain('  no longer: limit law_person_day_needs_certificate: BLOCK');
    expect(said).toMatch(/ {2}\d+ more rules stand in one of the two alone and did not hit/);
    expect(said).not.toContain('→ not there');
  });

  it('says which events of the history take no part', async () => {
    const io = recordingIo();
    const { event, history } = await files(message(), burst);
    await writeFile(
      history,
      `{"broken\n${burst.map((line) => JSON.stringify(line)).join('\n')}\n{"schemaVersion":1}\n`,
    );
    await runRulesTry({ configuration, event, history, now }, io);
    expect(io.notes).toEqual([
      '2 of 6 events of the history are refused and take no part: 1 NOT_JSON, 6 MISSING_FIELD.',
    ]);
    expect(io.lines[1]).toContain('live: CHALLENGE, score 250');
  });

  it('prints JSON when asked', async () => {
    const io = recordingIo();
    await runRulesTry({ configuration, ...(await files(message())), json: true, now }, io);
    expect(JSON.parse(io.lines[0] ?? '')).toMatchObject({
      live: { decision: { transactionId: 'T1', outcome: 'ALLOW' } },
    });
  });

  it('tells an event that is refused by its code, and a file that is not there by its name', async () => {
    const refused = await files(message({ amountMinor: -1 }));
    await expect(runRulesTry({ configuration, ...refused, now }, recordingIo())).rejects.toThrow(
      /The event is refused: .*amountMinor/,
    );
    const broken = await files('{');
    await expect(runRulesTry({ configuration, ...broken, now }, recordingIo())).rejects.toThrow(/NOT_JSON/);
    const missing = { configuration, event: path.join(folder, 'nowhere.json'), now };
    await expect(runRulesTry(missing, recordingIo())).rejects.toThrow(/nowhere\.json cannot be read/);
  });
});

describe('vigil rules try with a model', () => {
  it('decides with the probability that the model gives', async () => {
    const event = path.join(folder, 'scored.json');
    await writeFile(event, bytes({ ...(burst[0] ?? {}), transactionId: 'scored' }));
    const model = {
      version: 'one',
      score: async (inputs: readonly unknown[]) => inputs.map(() => ({ score: 1, contributions: [] })),
      close: async () => {
        throw new Error('the model stays the caller’s');
      },
    };
    const io = recordingIo();
    await runRulesTry({ configuration, event, model, now }, io);
    expect(io.lines.join()).toContain('MODEL_SCORE');
    expect(io.lines[0]).not.toContain('score 0');
  });
});

describe('vigil rules shadow', () => {
  const night = { occurredAt: '2026-11-24T03:00:00+08:00', device: { id: 'D9', ip: '198.51.100.1' } };
  const login = message({
    ...night,
    type: 'LOGIN',
    amountMinor: undefined,
    currency: undefined,
    counterparty: undefined,
  });
  const earlier = burst.map((event) => ({ ...event, device: { id: 'D1', ip: '203.0.113.7' } }));
  const tonight = () => Date.parse('2026-11-23T19:00:00Z');

  it('tells what a rule in shadow would have done, and its precision once labels are there', async () => {
    const { decision } = await tryEvent({
      configuration,
      event: bytes(login),
      history: earlier.map(bytes),
      now: tonight,
    });
    const [decisions, labels] = [path.join(folder, 'd.ndjson'), path.join(folder, 'l.csv')];
    await writeFile(decisions, `${JSON.stringify(decision)}\n\n`);
    await writeFile(labels, 'transactionId,channel,label,labelledAt\nT1,MOBILE_BANKING,FRAUD,\n');
    const io = recordingIo();
    expect(await runRulesShadow({ configuration, in: decisions, labels }, io)).toBe(0);
    expect(io.lines).toEqual([
      'night-login-new-device: 1 hits, 0 errored',
      '  new alerts 0 (0.00 a day, 0.00 analyst hours a day)',
      '  stricter decisions: CHALLENGE 1, HOLD 0, BLOCK 0; money newly held: none',
      '  without any live rule 1; with none',
      '  precision 100.0 % of 1 labelled, 100.0 % of all hits; frauds that had raised no alert 0',
      '1 rules in shadow hit in 1 working days',
    ]);
  });

  it('counts a repeated decision once, and takes the last label of a transaction for the truth as a backtest does', async () => {
    const { decision } = await tryEvent({
      configuration,
      event: bytes(login),
      history: earlier.map(bytes),
      now: tonight,
    });
    const [decisions, labels] = [path.join(folder, 'again.ndjson'), path.join(folder, 'taken-back.csv')];
    const line = JSON.stringify(decision);
    await writeFile(decisions, `${line}\n${line}\n`);
    const rows = ['GENUINE,2026-11-26T00:00:00Z', 'FRAUD,2026-11-25T00:00:00Z', 'FRAUD,'];
    await writeFile(
      labels,
      `transactionId,channel,label,labelledAt\n${rows.map((row) => `T1,MOBILE_BANKING,${row}\n`).join('')}`,
    );
    const io = recordingIo();
    expect(await runRulesShadow({ configuration, in: decisions, labels }, io)).toBe(0);
    expect(io.lines[0]).toBe('night-login-new-device: 1 hits, 0 errored');
    expect(io.lines[4]).toBe('  precision 0.0 % of 1 labelled, 0.0 % of all hits; frauds that had raised no alert 0');
  });

  it('divides by working days, as a backtest does: a lone transaction of the year before is none', async () => {
    const { decision } = await tryEvent({
      configuration,
      event: bytes(login),
      history: earlier.map(bytes),
      now: tonight,
    });
    const evidence = decision.evidence;
    if (evidence === null) throw new Error('a decided transaction has evidence');
    const yearBefore = {
      ...evidence,
      transaction: { ...evidence.transaction, occurredAt: '2025-11-24T03:00:00+08:00' },
    };
    const lines = [
      ...Array.from({ length: 11 }, (_, n) => ({ ...decision, decisionId: `D-${n}` })),
      { ...decision, decisionId: 'D-before', evidence: yearBefore },
    ];
    const decisions = path.join(folder, 'years.ndjson');
    await writeFile(decisions, lines.map((line) => JSON.stringify(line)).join('\n'));
    const io = recordingIo();
    await runRulesShadow({ configuration, in: decisions }, io);
    expect(io.lines[0]).toBe('night-login-new-device: 12 hits, 0 errored');
    expect(io.lines.at(-1)).toBe('1 rules in shadow hit in 1 working days');
  });

  it('says how many decisions were made by another policy, and compares each with what this one says', async () => {
    const { decision } = await tryEvent({
      configuration,
      event: bytes(login),
      history: earlier.map(bytes),
      now: tonight,
    });
    const versions = { ...decision.versions, policy: 'another' };
    const decisions = path.join(folder, 'other-policy.ndjson');
    // that policy blocked it anyway; by this one it passes, and the rule would challenge
    await writeFile(decisions, JSON.stringify({ ...decision, versions, outcome: 'BLOCK', alert: true }));
    const io = recordingIo();
    await runRulesShadow({ configuration, in: decisions }, io);
    expect(io.notes).toEqual([
      '1 decisions were made by another policy or other lists: what a rule would have changed in them is told with those in force.',
    ]);
    expect(io.lines).toContain('  stricter decisions: CHALLENGE 1, HOLD 0, BLOCK 0; money newly held: none');
    const json = recordingIo();
    await runRulesShadow({ configuration, in: decisions, json: true }, json);
    expect(JSON.parse(json.lines.at(-1) ?? '')).toMatchObject({ decidedOtherwise: 1 });
  });

  it('names the line that is no decision', async () => {
    const decisions = path.join(folder, 'bad.ndjson');
    await writeFile(decisions, '{}\n');
    await expect(runRulesShadow({ configuration, in: decisions }, recordingIo())).rejects.toThrow(
      /bad\.ndjson:1 is no decision/,
    );
  });
});

describe('vigil rules explain', () => {
  it('lists every rule on a line of its own', async () => {
    const io = recordingIo();
    expect(await runRulesExplain({ configuration, ruleIds: [] }, io)).toBe(0);
    expect(io.lines).toHaveLength(configuration.ruleset.rules.length);
  });

  it('shows condition, scope, what it reads and which tests hold it', async () => {
    const io = recordingIo();
    expect(await runRulesExplain({ configuration, ruleIds: ['transfer-burst-10m'] }, io)).toBe(0);
    const text = io.lines.join('\n');
    expect(text).toContain('transfer-burst-10m  Burst of transfers · 短时间多笔转账');
    expect(text).toContain('features.customer_transfer_count_10m: int');
    expect(text).toContain('the fifth transfer in ten minutes is confirmed');
    expect(text).toContain('reason VEL_COUNT_10M: Many transfers in ten minutes · 十分钟内多笔转账');
  });

  it('names the rule that was probably meant', async () => {
    await expect(runRulesExplain({ configuration, ruleIds: ['transfer-burst'] }, recordingIo())).rejects.toThrow(
      'There is no rule transfer-burst: did you mean transfer-burst-10m?',
    );
  });
});
