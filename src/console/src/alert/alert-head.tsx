/** The head of an alert: how bad, how much, what Vigil did, where, who, when. The same for a transaction without an alert. */
import type { ReactNode } from 'react';
import type { Alert } from '../../../http/api-types.ts';
import { useChannelName } from '../api/channel-names.ts';
import { Identifier } from '../controls/identifier.tsx';
import { useTerms } from '../controls/use-terms.ts';
import { LevelChip, Moment, Money, OutcomeWord, Severity, useNow } from '../controls/words.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { translateCode } from '../i18n/translate.ts';
import { hrefOf } from '../router.ts';

export type Subject = Pick<
  Alert,
  | 'amountMinor'
  | 'channel'
  | 'currency'
  | 'customerId'
  | 'decidedAt'
  | 'level'
  | 'occurredAt'
  | 'outcome'
  | 'riskScore'
  | 'transactionId'
  | 'type'
> & { readonly severity?: Alert['severity']; readonly createdAt?: string; readonly status?: Alert['status'] };

function ScoreMeter({ score }: { readonly score: number }): ReactNode {
  const terms = useTerms();
  return (
    <span className="score" role="img" aria-label={terms('alert.score', { score })}>
      <strong>{score}</strong>
      <span className="score-track">
        <span className="score-value" style={{ width: `${Math.min(score, 1000) / 10}%` }} />
      </span>
    </span>
  );
}

export function AlertHead({ subject, aside }: { readonly subject: Subject; readonly aside?: ReactNode }): ReactNode {
  const { t, span } = usePreferences();
  const terms = useTerms();
  const channelName = useChannelName();
  const now = useNow();
  const waited = subject.createdAt === undefined ? null : Math.max(0, now - Date.parse(subject.createdAt)) / 1000;
  return (
    <header className="alert-head">
      <div className="alert-head-line">
        {subject.severity === undefined ? null : <Severity severity={subject.severity} />}
        <ScoreMeter score={subject.riskScore} />
        <OutcomeWord outcome={subject.outcome} />
        <LevelChip level={subject.level} />
        {waited === null || subject.status === 'closed' ? null : (
          <span className="muted">{terms('alert.waiting', { span: span(waited) })}</span>
        )}
        {aside}
      </div>
      <div className="alert-head-line main">
        <span className="alert-amount">
          <Money amountMinor={subject.amountMinor} currency={subject.currency} />
        </span>
        <span className="alert-what">
          {translateCode(t, 'type', subject.type)} · {channelName(subject.channel)}
        </span>
      </div>
      <div className="alert-head-line facts">
        <span>
          <span className="muted">{t('column.customer')} </span>
          <a className="mono" href={hrefOf(['customers', subject.customerId])} title={subject.customerId}>
            {subject.customerId}
          </a>
        </span>
        <span>
          <Identifier id={subject.transactionId} maxLength={26} />
        </span>
        <span>
          <span className="muted">{terms('alert.occurred')} </span>
          <Moment at={subject.occurredAt} />
        </span>
      </div>
    </header>
  );
}
