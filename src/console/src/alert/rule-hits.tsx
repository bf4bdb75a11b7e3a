/** What fired: each rule with the values it saw, held against what can be read from the hit or the evidence; limits beside. */
import type { ReactNode } from 'react';
import type { Decision } from '../../../http/api-types.ts';
import type { RulesetChange } from '../api/explanation.ts';
import { Icon } from '../controls/icons.tsx';
import { useTerms, useValueContext } from '../controls/use-terms.ts';
import { OutcomeWord, Severity } from '../controls/words.tsx';
import { truncateMiddle } from '../format/identifier.ts';
import { usePreferences } from '../i18n/language.tsx';
import { type EvidenceRow, evidenceOfHit } from '../narrative/hit-evidence.ts';
import type { RuleThresholds, Thresholds } from '../narrative/thresholds.ts';
import { numberText, type ValueContext } from '../narrative/value-text.ts';
import { Section } from './section.tsx';

type Hit = Decision['hits'][number];
type Limit = Decision['limits'][number];

/** The bar of a value: its length, and a mark for each thing it is held against. */
function ValueBar({ row }: { readonly row: EvidenceRow }): ReactNode {
  if (row.value === null || row.marks.length === 0) return null;
  const max = Math.max(row.value, ...row.marks.map(({ value }) => value)) || 1;
  const percent = (value: number): string => `${Math.max(0, Math.min(100, (value / max) * 100))}%`;
  return (
    <div className="bar" aria-hidden="true">
      <div className="bar-value" style={{ width: percent(row.value) }} />
      {row.marks.map((mark) => (
        <div
          key={mark.text}
          className={`bar-mark ${mark.kind}`}
          style={{ insetInlineStart: percent(mark.value) }}
          title={mark.text}
        />
      ))}
    </div>
  );
}

function Against({ row }: { readonly row: EvidenceRow }): ReactNode {
  const texts = [...row.marks.map(({ text }) => text), ...(row.usual === null ? [] : [row.usual])];
  return texts.length === 0 ? null : <span className="muted"> · {texts.join(' · ')}</span>;
}

const UNSURE = ['warmingUp', 'estimated'] as const;

/** A value that is not what it would be with full windows and exact counts says so. */
function Unsure({ row, hit }: { readonly row: EvidenceRow; readonly hit: Hit }): ReactNode {
  const terms = useTerms();
  const notes = UNSURE.filter((kind) => hit[kind]?.some((name) => row.path === `features.${name}`));
  return notes.map((kind) => (
    <span className="muted" key={kind}>
      {' '}
      · {terms(`rules.${kind}`)}
    </span>
  ));
}

interface ValueProps {
  readonly row: EvidenceRow;
  readonly hit: Hit;
  readonly context: ValueContext;
}

function Value({ row, hit, context }: ValueProps): ReactNode {
  const window = row.name.windowSeconds;
  const text =
    window === undefined
      ? row.text
      : context.terms('rules.inWindow', { value: row.text, window: context.formats.span(window) });
  return (
    <div className="value-row">
      <dt className={row.name.isKnown ? '' : 'mono'}>{row.name.label}</dt>
      <dd>
        <span className="value-text">{text}</span>
        <Against row={row} />
        <Unsure row={row} hit={hit} />
        <ValueBar row={row} />
      </dd>
    </div>
  );
}

const NONE: RuleThresholds = new Map();

function HitItem(props: {
  readonly hit: Hit;
  readonly decision: Decision;
  readonly thresholds: Thresholds;
  readonly context: ValueContext;
}): ReactNode {
  const { hit, decision, context } = props;
  const { language } = usePreferences();
  const terms = useTerms();
  const title = hit.title?.[language] ?? reasonText(decision, hit, language);
  const thresholds = props.thresholds.get(hit.ruleId) ?? NONE;
  const rows = evidenceOfHit({ hit, decision, thresholds, context });
  return (
    <li className={hit.mode === 'shadow' ? 'hit shadow' : 'hit'}>
      <div className="hit-head">
        <span className="hit-title" title={hit.ruleId}>
          {title}
        </span>
        {hit.mode === 'shadow' ? <span className="chip">{terms('rules.shadow')}</span> : null}
        <span className="hit-facts">
          <Severity severity={hit.severity} />
          {/* a rule that only adds to the score asks for nothing: "Allowed" would read as its verdict */}
          {hit.outcome === 'ALLOW' ? null : <OutcomeWord outcome={hit.outcome} />}
          <span className="hit-score">{terms('rules.score', { n: hit.score })}</span>
        </span>
      </div>
      {hit.status === 'errored' ? (
        <p className="notice warn">
          <Icon name="warn" />
          <span className="grow">{terms('rules.errored', { error: hit.error ?? '—' })}</span>
        </p>
      ) : null}
      {rows.length === 0 ? null : (
        <dl className="values">
          {rows.map((row) => (
            <Value key={row.path} row={row} hit={hit} context={context} />
          ))}
        </dl>
      )}
    </li>
  );
}

function reasonText(decision: Decision, hit: Hit, language: 'en' | 'zh-CN'): string {
  return decision.reasons.find(({ code }) => code === hit.reason)?.text[language] ?? hit.ruleId;
}

function standOf(limit: Limit): 'limits.reminder' | 'limits.unread' | 'limits.exceeded' | 'limits.within' {
  if (limit.unread === true) return 'limits.unread';
  if (limit.reminder === true && limit.exceeded) return 'limits.reminder';
  return limit.exceeded ? 'limits.exceeded' : 'limits.within';
}

/** A limit that holds has done nothing: a badge would read as if it had. What it would do is a sentence. */
function LimitEffect(props: { readonly limit: Limit; readonly max: string; readonly terms: ValueContext['terms'] }) {
  const { limit, max, terms } = props;
  if (!limit.exceeded) return <span className="muted">{terms(`limits.would.${limit.outcome}`, { max })}</span>;
  return limit.reminder === true ? null : <OutcomeWord outcome={limit.outcome} />;
}

function LimitItem({ limit, context }: { readonly limit: Limit; readonly context: ValueContext }): ReactNode {
  const { terms } = context;
  const text = (value: number): string => numberText(value, limit.measure === 'amount' ? 'money' : 'number', context);
  const total = limit.usedBefore + limit.requested;
  const scale = Math.max(total, limit.max) || 1;
  const percent = (value: number): string => `${(value / scale) * 100}%`;
  return (
    <li className="hit">
      <div className="hit-head">
        <span className="hit-title" title={limit.limitId}>
          {terms('limits.of', { period: terms(`period.${limit.period}`) })}
        </span>
        <span className={limit.exceeded ? 'chip warn' : 'chip'}>{terms(standOf(limit))}</span>
        <span className="hit-facts">
          <LimitEffect limit={limit} max={text(limit.max)} terms={terms} />
        </span>
      </div>
      <p>
        {terms('limits.used', { used: text(limit.usedBefore) })} ·{' '}
        {terms('limits.requested', { requested: text(limit.requested) })}
        {limit.exceeded ? <span className="muted"> · {terms('limits.max', { max: text(limit.max) })}</span> : null}
      </p>
      <div className="bar" aria-hidden="true">
        <div className="bar-used" style={{ width: percent(limit.usedBefore) }} />
        <div
          className="bar-value"
          style={{ insetInlineStart: percent(limit.usedBefore), width: percent(limit.requested) }}
        />
        <div className="bar-mark" style={{ insetInlineStart: percent(limit.max) }} />
      </div>
    </li>
  );
}

const isShadow = (hit: Hit): number => Number(hit.mode === 'shadow');

export function RuleHits(props: {
  readonly decision: Decision;
  readonly thresholds: Thresholds;
  readonly rulesetChange: RulesetChange | null;
  readonly currency: string | null;
}): ReactNode {
  const { decision, thresholds, rulesetChange, currency } = props;
  const context = useValueContext(currency);
  const { terms } = context;
  const hits = [...decision.hits].sort((a, b) => isShadow(a) - isShadow(b) || b.score - a.score);
  return (
    <Section title={terms('rules.title')}>
      {hits.length === 0 ? (
        <p className="muted">{terms(decision.model === undefined ? 'rules.noneAtAll' : 'rules.none')}</p>
      ) : null}
      {rulesetChange === null ? null : (
        <p className="notice">
          <Icon name="warn" />
          <span className="grow">
            {terms('rules.otherRuleset', {
              decided: truncateMiddle(rulesetChange.decided, 12),
              inForce: truncateMiddle(rulesetChange.inForce, 12),
            })}
          </span>
        </p>
      )}
      <ul className="hits">
        {hits.map((hit) => (
          <HitItem
            key={`${hit.ruleId}/${hit.mode}`}
            hit={hit}
            decision={decision}
            thresholds={thresholds}
            context={context}
          />
        ))}
      </ul>
    </Section>
  );
}

export function Limits(props: { readonly decision: Decision; readonly currency: string | null }): ReactNode {
  const context = useValueContext(props.currency);
  const limits = [...props.decision.limits].sort((a, b) => Number(b.exceeded) - Number(a.exceeded));
  if (limits.length === 0) return null;
  return (
    <Section title={context.terms('limits.title')}>
      <ul className="hits">
        {limits.map((limit) => (
          <LimitItem key={limit.limitId} limit={limit} context={context} />
        ))}
      </ul>
    </Section>
  );
}
