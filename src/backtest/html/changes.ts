/** What one configuration changes in another: outcomes, and the hits of rules, with samples. */
import { OUTCOMES, type Outcome, outcomeRank } from '../../domain/decision.ts';
import type { Comparison, Sample, Transitions } from '../comparison.ts';
import { money, NOTHING, whole } from '../format.ts';
import { type Cell, html, type Markup, number, table, text } from './markup.ts';

function transitionTable(title: string, transitions: Transitions): Markup {
  const cell = (before: Outcome, now: Outcome): Markup => {
    const count = transitions[before][now];
    const change = outcomeRank(now) - outcomeRank(before);
    const name = count === 0 || change === 0 ? 'same' : change > 0 ? 'stricter' : 'milder';
    return html`<span class="${name}">${count === 0 ? '·' : whole(count)}</span>`;
  };
  const rows = OUTCOMES.map((before): Cell[] => [before, ...OUTCOMES.map((now) => cell(before, now))]);
  return html`<div><h3>${title}</h3>${table([text('was'), ...OUTCOMES.map((now) => number(now))], rows)}</div>`;
}

export function transitionTables({ transitions }: Comparison, isLabelled: boolean): Markup {
  return html`<div class="columns compact">${transitionTable('All transactions', transitions.all)}${
    isLabelled &&
    html`${transitionTable('Labelled as fraud', transitions.fraud)}${transitionTable('All others', transitions.genuine)}`
  }</div>`;
}

/** The values stand with samples of a rule's hits only. */
function sampleTable(samples: readonly Sample[], isLabelled: boolean): Markup {
  const hasValues = samples.some(({ values }) => values !== undefined);
  const columns = [
    text('transaction'),
    text('channel, type'),
    text('when (UTC)'),
    number('amount'),
    ...(isLabelled ? [text('truth')] : []),
    text('was → is'),
    ...(hasValues ? [text('values that were read')] : []),
  ];
  const rows = samples.map((sample): Cell[] => [
    html`<code>${sample.transactionId}</code>`,
    html`${sample.channel}<small>${sample.type}</small>`,
    sample.occurredAt === null ? NOTHING : `${sample.occurredAt.slice(0, 10)} ${sample.occurredAt.slice(11, 19)}`,
    sample.amountMinor === undefined || sample.currency === undefined
      ? NOTHING
      : money(sample.amountMinor, sample.currency),
    ...(isLabelled ? [sample.isFraud ? 'fraud' : 'genuine'] : []),
    `${sample.outcomeAgainst} → ${sample.outcome}`,
    ...(hasValues ? [valuesOf(sample)] : []),
  ]);
  return table(columns, rows);
}

const valuesOf = ({ values = {} }: Sample): Markup =>
  html`${Object.entries(values).map(([name, value]) => html`<code>${name} = ${String(value)}</code><br>`)}`;

export function changedOutcomes({ samples, transitions }: Comparison, isLabelled: boolean): Markup {
  return html`${Object.entries(samples).map(([pair, list]) => {
    const [before, now] = pair.split('>') as [Outcome, Outcome];
    const total = transitions.all[before][now];
    const shown = list.length === total ? `all ${total}` : `${whole(total)}, the first ${list.length}`;
    return html`<details><summary>${before} → ${now}: ${shown}</summary>${sampleTable(list, isLabelled)}</details>`;
  })}`;
}

export function changedRules({ rules }: Comparison, isLabelled: boolean): Markup {
  const changed = rules.filter(({ newHits, lostHits }) => newHits + lostHits > 0);
  if (changed.length === 0) return html`<p>Every rule hits exactly the same transactions.</p>`;
  const counted = (hits: number, frauds: number): string =>
    `${whole(hits)}${isLabelled && hits > 0 ? `, ${whole(frauds)} of them fraud` : ''}`;
  const samples = (title: string, list: readonly Sample[]): Markup | null =>
    list.length === 0 ? null : html`<h3>${title}</h3>${sampleTable(list, isLabelled)}`;
  return html`${changed.map(
    (rule) =>
      html`<details><summary><code>${rule.ruleId}</code>: new hits ${counted(rule.newHits, rule.newFrauds)}; lost hits ${counted(rule.lostHits, rule.lostFrauds)}</summary>${samples(
        'New hits, the first ones',
        rule.newSamples,
      )}${samples('Lost hits, the first ones', rule.lostSamples)}</details>`,
  )}`;
}
