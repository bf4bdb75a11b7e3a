/**
 * All rule files as one immutable ruleset: loaded with all faults at once, evaluated per transaction without I/O.
 *
 * evaluate() answers the hits of live and shadow rules in file order. A rule whose condition cannot be evaluated is an
 * *errored* hit, never silently false; one rule's error touches no other. Without the feature store (level L2) rules that
 * read features or the profile are left out: the level says so, and the policy lifts the decision instead.
 */
import { hash } from 'node:crypto';
import type { ConfigFault, SourceFile } from '../domain/config-fault.ts';
import type { RuleHit } from '../domain/decision.ts';
import type { Facts } from '../domain/facts.ts';
import type { FeatureDefinition } from '../domain/feature.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { formatRfc3339 } from '../domain/time.ts';
import type { Channel, Transaction } from '../domain/transaction.ts';
import { type DocumentNode, type DocumentReader, readDocument, readKey } from './documents/document-reader.ts';
import { createNamesakes } from './documents/namesakes.ts';
import { atOnce, inSlices, type Slices, type Steps } from './documents/steps.ts';
import {
  createFactLayout,
  type FactLayout,
  type Frame,
  type LoadPlan,
  loadFacts,
  planLoad,
  type SlottedTerm,
} from './expression/frame.ts';
import { possibleValues } from './expression/narrowing.ts';
import { ruleVocabulary, type Value, type Vocabulary } from './expression/vocabulary.ts';
import { lintRules } from './lint-rules.ts';
import { type RuleContext, readRule } from './read-rule.ts';
import type { ReasonDictionary } from './reasons.ts';
import { appliesEverywhere, appliesTo, type Rule } from './rule.ts';

export interface RulesetOptions {
  readonly files: readonly SourceFile[];
  /** in catalogue order: Facts.values is read by position */
  readonly features: readonly FeatureDefinition[];
  readonly channels: Iterable<Channel>;
  readonly reasons: ReasonDictionary;
  readonly listNames: readonly string[];
  readonly limitIds: readonly string[];
  /** the segments of customers that the settings of the limits group; absent = any */
  readonly segments?: readonly string[];
}

/** What became of one rule, for `explain` and `try`. */
export interface RuleTrace {
  readonly rule: Rule;
  readonly status: 'hit' | 'miss' | 'errored' | 'out-of-scope' | 'off' | 'no-features';
  readonly values: RuleHit['values'];
  readonly error?: string;
}

export interface Ruleset {
  /** hash of the files' content */
  readonly version: string;
  readonly rules: readonly Rule[];
  /** the names that its conditions may use */
  readonly vocabulary: Vocabulary;
  evaluate(facts: Facts): readonly RuleHit[];
  /** every rule with what it saw */
  trace(facts: Facts): readonly RuleTrace[];
  /** what is allowed and probably not meant, with places */
  warnings(): readonly ConfigFault[];
}

const MAX_RULES = 5_000;

// ── loading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

interface PlacedRule {
  readonly rule: Rule;
  readonly at: DocumentNode;
  readonly reader: DocumentReader;
}

interface ReadFile {
  readonly reader: DocumentReader;
  readonly rules: readonly PlacedRule[];
}

/** Yields after the document and after each rule: a caller may let others run there. */
function* readFile(
  source: SourceFile,
  context: RuleContext,
  namesakes: ReturnType<typeof createNamesakes>,
): Steps<ReadFile> {
  const reader = readDocument(source);
  yield;
  if (reader.root === undefined) return { reader, rules: [] };
  const fields = reader.fields(reader.root, { required: ['ruleset', 'version', 'rules'] });
  const name = readKey(fields, 'ruleset', (at) => reader.text(at, { maxLength: 64 })) ?? '';
  const version = readKey(fields, 'version', (at) => reader.text(at, { maxLength: 64 })) ?? '';
  const rules: PlacedRule[] = [];
  for (const at of readKey(fields, 'rules', reader.items) ?? []) {
    const rule = readRule(at, reader, context, { name, version });
    const namesake = namesakes(at, reader);
    if (namesake !== undefined)
      reader.fault(
        { path: [...at.path, 'id'], value: namesake.name },
        `the rule ${namesake.name} is already in ${namesake.file}`,
      );
    if (rule !== undefined) rules.push({ rule, at, reader });
    yield;
  }
  return { reader, rules };
}

const baseName = (file: string): string => file.slice(file.lastIndexOf('/') + 1);

/** Independent of the folder and of the order in which the disk lists the files. */
function contentVersion(files: readonly SourceFile[]): string {
  const contents = files
    .map((source) => [baseName(source.file), source.text])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return hash('sha256', JSON.stringify(contents), 'hex').slice(0, 12);
}

type Loaded = Result<Ruleset, readonly ConfigFault[]>;

function* loadStepwise(options: RulesetOptions): Steps<Loaded> {
  const layout = createFactLayout();
  const context: RuleContext = {
    vocabulary: ruleVocabulary(options),
    layout,
    channels: new Set(options.channels),
    reasons: options.reasons,
    ...(options.segments === undefined ? {} : { segments: new Set(options.segments) }),
    expressionFaults: [],
  };
  const files: ReadFile[] = [];
  const namesakes = createNamesakes('id');
  for (const source of options.files) files.push(yield* readFile(source, context, namesakes));
  const placed = files.flatMap((file) => file.rules);
  const faults = [...files.flatMap((file) => file.reader.faults), ...context.expressionFaults];
  if (placed.length > MAX_RULES) {
    const file = options.files[0]?.file ?? 'rules';
    faults.push({ file, path: 'rules', message: `more than ${MAX_RULES} rules` });
  }
  if (faults.length > 0) return err(faults.toSorted(byPlace));
  yield;
  const version = contentVersion(options.files);
  yield;
  const rules = placed.map(({ rule }) => rule);
  const all: ActiveRule[] = [];
  for (const rule of rules) {
    all.push(activate(rule, layout));
    yield;
  }
  return ok(createRuleset(all, layout, { version, vocabulary: context.vocabulary }));
}

export const loadRuleset = (options: RulesetOptions): Loaded => atOnce(loadStepwise(options));

/** The same beside running traffic. One YAML document is the largest piece (1 ms a rule), unless another thread has read it. */
export const loadRulesetInSlices = (options: RulesetOptions, slices: Slices): Promise<Loaded> =>
  inSlices(loadStepwise(options), slices);

const byPlace = (a: ConfigFault, b: ConfigFault): number =>
  a.file === b.file ? (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0) : a.file < b.file ? -1 : 1;

// ── evaluation ───────────────────────────────────────────────────────────────────────────────────────────────────────

interface ActiveRule {
  readonly rule: Rule;
  readonly mode: 'live' | 'shadow';
  readonly evaluate: Rule['expression']['evaluate'];
  readonly reads: readonly SlottedTerm[];
  readonly everywhere: boolean;
  readonly needsFeatures: boolean;
  readonly needsProfile: boolean;
  /** types and channels that its condition leaves possible; undefined = all */
  readonly types: ReadonlySet<string> | undefined;
  readonly channels: ReadonlySet<string> | undefined;
}

/** The rules that can hit a transaction of one channel and type, and what they read. */
interface Plan {
  readonly rules: readonly ActiveRule[];
  readonly load: LoadPlan;
}

function activate(rule: Rule, layout: FactLayout): ActiveRule {
  const names = new Set(rule.expression.reads);
  const reads = layout.terms.filter((term) => names.has(term.name));
  return {
    rule,
    mode: rule.mode === 'shadow' ? 'shadow' : 'live',
    evaluate: rule.expression.evaluate,
    reads,
    everywhere: appliesEverywhere(rule),
    needsFeatures: reads.some((term) => term.source === 'features'),
    needsProfile: reads.some((term) => term.source === 'profile'),
    types: possibleValues(rule.expression.ast, 'tx.type'),
    channels: possibleValues(rule.expression.ast, 'tx.channel'),
  };
}

function planOf(rules: readonly ActiveRule[], layout: FactLayout): Plan {
  const used = new Set(rules.flatMap((active) => active.reads));
  return { rules, load: planLoad(layout.terms.filter((term) => used.has(term))) };
}

/** A plan per channel and type, made when the first such transaction comes: most rules are about few types. */
function createPlanner(rules: readonly ActiveRule[], layout: FactLayout): (transaction: Transaction) => Plan {
  const plans = new Map<Channel, Map<string, Plan>>();
  const build = ({ channel, type }: Transaction): Plan => {
    const admits = (allowed: ReadonlySet<string> | undefined, value: string) => allowed?.has(value) ?? true;
    const applying = rules.filter(
      ({ rule: { scope }, types, channels }) =>
        (scope.channels.size === 0 || scope.channels.has(channel)) && admits(types, type) && admits(channels, channel),
    );
    return planOf(applying, layout);
  };
  return (transaction) => {
    const { channel, type } = transaction;
    const known = plans.get(channel)?.get(type);
    if (known !== undefined) return known;
    const plan = build(transaction);
    const ofChannel = plans.get(channel) ?? new Map<string, Plan>();
    plans.set(channel, ofChannel.set(type, plan));
    return plan;
  };
}

const isBlind = (active: ActiveRule, facts: Facts): boolean =>
  (active.needsFeatures && facts.values === null) || (active.needsProfile && facts.profile === null);

function shown(term: SlottedTerm, value: Value): string | number | boolean | null {
  if (value === undefined) return null;
  if (term.type === 'timestamp') return formatRfc3339(value as number);
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'object' ? JSON.stringify(value) : value;
}

function valuesOf(active: ActiveRule, frame: Frame): RuleHit['values'] {
  const values: Record<string, string | number | boolean | null> = {};
  for (const term of active.reads) values[term.name] = shown(term, frame.slots[term.slot]);
  return values;
}

/** true, false, or what went wrong. An exception would be our own bug; it must not take the other rules with it. */
function judge(active: ActiveRule, frame: Frame): boolean | string {
  try {
    return active.evaluate(frame) ?? frame.fault;
  } catch (error) {
    return `internal: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function hitOf(active: ActiveRule, frame: Frame, verdict: true | string): RuleHit {
  const { rule, mode } = active;
  const errored = verdict !== true;
  return {
    ruleId: rule.id,
    status: errored ? 'errored' : 'hit',
    score: errored ? 0 : rule.score,
    mode,
    outcome: rule.outcome,
    reason: rule.reason,
    severity: rule.severity,
    title: rule.title,
    typology: rule.typology,
    values: valuesOf(active, frame),
    ...(errored ? { error: verdict } : {}),
  };
}

function traceOf(active: ActiveRule, frame: Frame, facts: Facts): RuleTrace {
  const { rule } = active;
  const values = valuesOf(active, frame);
  const inChannel = rule.scope.channels.size === 0 || rule.scope.channels.has(facts.transaction.channel);
  if (rule.mode === 'off') return { rule, status: 'off', values };
  if (!inChannel || !appliesTo(rule, facts.transaction)) return { rule, status: 'out-of-scope', values };
  if (isBlind(active, facts)) return { rule, status: 'no-features', values };
  const verdict = judge(active, frame);
  if (typeof verdict === 'string') return { rule, status: 'errored', values, error: verdict };
  return { rule, status: verdict ? 'hit' : 'miss', values };
}

const NO_HITS: readonly RuleHit[] = [];

function createRuleset(
  all: readonly ActiveRule[],
  layout: FactLayout,
  { version, vocabulary }: { readonly version: string; readonly vocabulary: Vocabulary },
): Ruleset {
  const frame = layout.newFrame();
  const whole = planLoad(layout.terms);
  const rules = all.map(({ rule }) => rule);
  const running = all.filter(({ rule }) => rule.mode !== 'off' && rule.rollout.percent > 0);
  const planFor = createPlanner(running, layout);
  return {
    version,
    rules,
    vocabulary,
    evaluate(facts) {
      const plan = planFor(facts.transaction);
      loadFacts(frame, plan.load, facts);
      const isPartial = facts.values === null || facts.profile === null;
      let hits: RuleHit[] | undefined;
      for (const active of plan.rules) {
        if (!active.everywhere && !appliesTo(active.rule, facts.transaction)) continue;
        if (isPartial && isBlind(active, facts)) continue;
        const verdict = judge(active, frame);
        if (verdict === false) continue;
        hits ??= [];
        hits.push(hitOf(active, frame, verdict));
      }
      return hits ?? NO_HITS;
    },
    trace(facts) {
      loadFacts(frame, whole, facts);
      return all.map((active) => traceOf(active, frame, facts));
    },
    warnings: () => lintRules(rules, vocabulary),
  };
}
