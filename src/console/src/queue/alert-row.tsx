/** One row of the queue. Its cells stand in one line, in two, or as a card: the style sheet decides by the list's width. */
import { memo, type ReactNode } from 'react';
import type { Alert } from '../../../http/api-types.ts';
import { Icon } from '../controls/icons.tsx';
import { LevelChip, Money, Severity } from '../controls/words.tsx';
import type { Formats } from '../format/formats.ts';
import { truncateMiddle } from '../format/identifier.ts';
import { usePreferences } from '../i18n/language.tsx';
import { translateCode } from '../i18n/translate.ts';
import { listSentence } from '../narrative/sentence.ts';
import { Cell, GridRow } from './grid-parts.tsx';

export interface RowProps {
  readonly alert: Alert;
  readonly index: number;
  readonly isSelected: boolean;
  readonly isTabStop: boolean;
  readonly isChanged: boolean;
  readonly isGone: boolean;
  readonly channelName: string;
  readonly now: number;
  readonly rowHeight: number;
}

const secondsSince = (at: string, now: number): number => Math.max(0, (now - Date.parse(at)) / 1000);

function stateText(alert: Alert, { t }: Formats): string {
  const status = translateCode(t, 'status', alert.status);
  if (alert.status === 'claimed' && alert.assignee !== null) return `${status} · ${alert.assignee}`;
  if (alert.status === 'closed' && alert.disposition !== null)
    return `${status} · ${translateCode(t, 'disposition', alert.disposition)}`;
  return status;
}

function State({ alert, isChanged, isGone }: Pick<RowProps, 'alert' | 'isChanged' | 'isGone'>): ReactNode {
  const formats = usePreferences();
  const note = isGone ? formats.t('queue.gone') : isChanged ? formats.t('queue.changed') : null;
  const text = stateText(alert, formats);
  return (
    <span className="cell-text" title={note === null ? text : `${text} · ${note}`}>
      {note === null ? null : <span className="changed-mark">{note} · </span>}
      {text}
    </span>
  );
}

export const AlertRow = memo(function AlertRow(props: RowProps): ReactNode {
  const { alert, index, now, rowHeight } = props;
  const formats = usePreferences();
  const sentence = listSentence(alert, formats);
  return (
    <GridRow
      id={`row-${alert.alertId}`}
      className={`alert-row${props.isGone ? ' gone' : ''}`}
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={props.isSelected}
      tabIndex={props.isTabStop ? 0 : -1}
      style={{ transform: `translateY(${index * rowHeight}px)`, height: rowHeight }}
    >
      <Cell className="cell severity-cell">
        <Severity severity={alert.severity} />
      </Cell>
      <Cell className="cell score-cell number">{alert.riskScore}</Cell>
      <Cell className="cell sentence-cell" title={sentence}>
        <span className="cell-text">{sentence}</span>
        <LevelChip level={alert.level} />
      </Cell>
      <Cell className="cell customer-cell mono" title={alert.customerId}>
        {truncateMiddle(alert.customerId, 13)}
      </Cell>
      <Cell className="cell amount-cell number">
        <Money amountMinor={alert.amountMinor} currency={alert.currency} />
      </Cell>
      <Cell className="cell channel-cell">
        <span className="cell-text">{props.channelName}</span>
      </Cell>
      <Cell className="cell age-cell number" title={formats.time.full(alert.createdAt)}>
        {formats.span(secondsSince(alert.createdAt, now))}
      </Cell>
      <Cell className="cell state-cell">
        {alert.status === 'closed' ? <Icon name="check" size={12} /> : null}
        <State alert={alert} isChanged={props.isChanged} isGone={props.isGone} />
      </Cell>
    </GridRow>
  );
});
