/** One rule of a file: every field checked, every fault with its place; undefined when anything is wrong. */
import type { ConfigFault } from '../domain/config-fault.ts';
import { OUTCOMES } from '../domain/decision.ts';
import { didYouMean } from '../domain/did-you-mean.ts';
import type { Channel } from '../domain/transaction.ts';
import { isSamePerson } from './approval.ts';
import { type DocumentNode, type DocumentReader, readKey } from './documents/document-reader.ts';
import { alwaysTrueFault } from './expression/always-true.ts';
import { compileExpression } from './expression/expression.ts';
import type { FactLayout } from './expression/frame.ts';
import { expressionFault } from './expression/place.ts';
import type { Vocabulary } from './expression/vocabulary.ts';
import type { ReasonDictionary } from './reasons.ts';
import { ROLLOUT_ENTITIES, type Rollout } from './rollout.ts';
import { RULE_MODES, type Rule, type RuleScope, SEVERITIES } from './rule.ts';

export interface RuleContext {
  readonly vocabulary: Vocabulary;
  readonly layout: FactLayout;
  readonly channels: ReadonlySet<Channel>;
  readonly reasons: ReasonDictionary;
  /** absent = any */
  readonly segments?: ReadonlySet<string>;
  /** faults inside expressions, which know their own line and column */
  readonly expressionFaults: ConfigFault[];
}

const RULE_ID = { pattern: /^[a-z0-9]+(-[a-z0-9]+)*$/, wanted: 'lower-case words joined by "-"', maxLength: 64 };
const CODE = { pattern: /^[A-Z][A-Z0-9_]*$/, wanted: 'a code in capitals', maxLength: 64 };
const WORD = { maxLength: 64 };

const KEYS = {
  required: ['id', 'title', 'reason', 'when', 'outcome', 'score', 'severity'],
  optional: ['description', 'typology', 'owner', 'scope', 'mode', 'rollout', 'active', 'alwaysTrueApprovedBy'],
};

type Fields = ReadonlyMap<string, DocumentNode>;

function readScope(at: DocumentNode | undefined, reader: DocumentReader, context: RuleContext): RuleScope {
  const empty = new Set<string>();
  if (at === undefined) return { channels: empty, branches: empty, products: empty, segments: empty };
  const fields = reader.fields(at, { required: [], optional: ['channels', 'branches', 'products', 'segments'] });
  const words = (key: string) => new Set(readKey(fields, key, (node) => reader.texts(node, WORD)) ?? []);
  const checked = (key: string, known: ReadonlySet<string> | undefined, missing: (word: string) => string) => {
    const found = words(key);
    for (const [index, word] of [...found].entries()) {
      if (known === undefined || known.has(word)) continue;
      reader.fault({ path: [...at.path, key, index], value: word }, missing(word), didYouMean(word, known));
    }
    return found;
  };
  return {
    channels: checked('channels', context.channels, (word) => `there is no channel ${word}`),
    branches: words('branches'),
    products: words('products'),
    segments: checked('segments', context.segments, (word) => `no group of segments in limits/ has ${word}`),
  };
}

function readPercent(at: DocumentNode, reader: DocumentReader): number | undefined {
  const { value } = at;
  const isShare = typeof value === 'number' && value >= 0 && value <= 100;
  if (isShare && Math.abs(value * 100 - Math.round(value * 100)) < 1e-9) return value;
  reader.fault(at, 'must be a share from 0 to 100, in steps of 0.01');
  return undefined;
}

function readRollout(at: DocumentNode | undefined, reader: DocumentReader): Rollout {
  if (at === undefined) return { percent: 100, by: 'customer' };
  const fields = reader.fields(at, { required: ['percent'], optional: ['by'] });
  return {
    percent: readKey(fields, 'percent', (node) => readPercent(node, reader)) ?? 0,
    by: readKey(fields, 'by', (node) => reader.choice(node, ROLLOUT_ENTITIES)) ?? 'customer',
  };
}

function readActive(at: DocumentNode | undefined, reader: DocumentReader): { fromMs: number; toMs: number } {
  if (at === undefined) return { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
  const fields = reader.fields(at, { required: [], optional: ['from', 'to'] });
  const fromMs = readKey(fields, 'from', reader.instant) ?? Number.NEGATIVE_INFINITY;
  const toMs = readKey(fields, 'to', reader.instant) ?? Number.POSITIVE_INFINITY;
  if (toMs <= fromMs) reader.fault(fields?.get('to') ?? at, 'the end must lie after the start');
  return { fromMs, toMs };
}

function readReason(at: DocumentNode, reader: DocumentReader, reasons: ReasonDictionary): string | undefined {
  const code = reader.text(at, CODE);
  if (code !== undefined && !reasons.has(code))
    reader.fault(at, `the reason ${code} has no text in the dictionaries`, didYouMean(code, reasons.keys()));
  return code;
}

function readWhen(at: DocumentNode, reader: DocumentReader, context: RuleContext) {
  const { value } = at;
  if (typeof value !== 'string') {
    reader.fault(at, 'a condition is text: write it in quotes');
    return undefined;
  }
  const place = reader.place(at);
  const compiled = compileExpression(value, { ...context, place });
  if (compiled.ok) return compiled.value;
  context.expressionFaults.push(...compiled.error);
  return undefined;
}

interface SignedCondition {
  readonly expression: Rule['expression'];
  readonly owner: string | undefined;
  readonly approvedBy: DocumentNode | undefined;
}

/**
 * A condition that holds for every transaction stops the bank: a second person has to have signed for it. Without a first one
 * there is no second, so such a rule names its owner.
 */
function checkAlwaysTrue(condition: SignedCondition, at: DocumentNode, reader: DocumentReader, context: RuleContext) {
  const { expression, owner, approvedBy } = condition;
  const fault = alwaysTrueFault(expression.ast, context.vocabulary);
  if (approvedBy !== undefined) {
    if (owner === undefined)
      reader.fault(approvedBy, 'a second person needs a first: name the "owner" of the rule', undefined, 'key');
    else if (isSamePerson(String(approvedBy.value), owner))
      reader.fault(approvedBy, 'alwaysTrueApprovedBy must be another person than the owner');
    if (fault === undefined)
      reader.fault(approvedBy, 'this condition is not always true: leave alwaysTrueApprovedBy out', undefined, 'key');
    return;
  }
  if (fault === undefined) return;
  context.expressionFaults.push(
    expressionFault(reader.place({ path: [...at.path, 'when'], value: expression.text }), expression.text, 0, {
      message: fault,
      suggestion: 'alwaysTrueApprovedBy: <a second person> lets it pass',
    }),
  );
}

function readFields(fields: Fields, reader: DocumentReader, context: RuleContext) {
  const read = <T>(key: string, use: (at: DocumentNode) => T | undefined) => readKey(fields, key, use);
  return {
    id: read('id', (at) => reader.text(at, RULE_ID)),
    title: read('title', reader.bilingual),
    reason: read('reason', (at) => readReason(at, reader, context.reasons)),
    expression: read('when', (at) => readWhen(at, reader, context)),
    outcome: read('outcome', (at) => reader.choice(at, OUTCOMES)),
    score: read('score', (at) => reader.integer(at, { min: 0, max: 1000 })),
    severity: read('severity', (at) => reader.choice(at, SEVERITIES)),
    mode: read('mode', (at) => reader.choice(at, RULE_MODES)) ?? 'live',
    description: read('description', (at) => reader.text(at, { maxLength: 2000 })),
    typology: read('typology', (at) => reader.text(at, WORD)),
    owner: read('owner', (at) => reader.text(at, WORD)),
    approvedBy: read('alwaysTrueApprovedBy', (at) => reader.text(at, WORD)),
  };
}

export function readRule(
  at: DocumentNode,
  reader: DocumentReader,
  context: RuleContext,
  set: { readonly name: string; readonly version: string },
): Rule | undefined {
  const fields = reader.fields(at, KEYS);
  if (fields === undefined) return undefined;
  const { id, title, reason, expression, outcome, score, severity, mode, ...rest } = readFields(
    fields,
    reader,
    context,
  );
  const scope = readScope(fields.get('scope'), reader, context);
  const rollout = readRollout(fields.get('rollout'), reader);
  const active = readActive(fields.get('active'), reader);
  const owner = rest.owner ?? set.name;
  // before the other faults end it: whoever mends a rule sees all of them at once
  if (expression !== undefined)
    checkAlwaysTrue(
      { expression, owner: rest.owner, approvedBy: fields.get('alwaysTrueApprovedBy') },
      at,
      reader,
      context,
    );
  if (id === undefined || title === undefined || reason === undefined || expression === undefined) return undefined;
  if (outcome === undefined || score === undefined || severity === undefined) return undefined;
  return {
    id,
    ruleset: set.name,
    rulesetVersion: set.version,
    file: reader.file,
    title,
    ...(rest.description === undefined ? {} : { description: rest.description }),
    reason,
    typology: rest.typology ?? set.name,
    owner,
    when: expression.text,
    scope,
    outcome,
    score,
    severity,
    mode,
    rollout,
    activeFromMs: active.fromMs,
    activeToMs: active.toMs,
    ...(rest.approvedBy === undefined ? {} : { alwaysTrueApprovedBy: rest.approvedBy }),
    expression,
    place: reader.place({ path: [...at.path, 'when'], value: expression.text }),
  };
}
