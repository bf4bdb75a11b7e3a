/** A transaction found by its id: the same evidence as an alert has, also when none was raised. */
import type { ReactNode } from 'react';
import type { Decision } from '../../../http/api-types.ts';
import { Advice } from '../alert/advice.tsx';
import '../alert/alert.css';
import { AlertHead, type Subject } from '../alert/alert-head.tsx';
import { Evidence } from '../alert/alert-view.tsx';
import { Versions } from '../alert/history.tsx';
import { TransactionFields } from '../alert/transaction-fields.tsx';
import { useChannelName } from '../api/channel-names.ts';
import { ApiError } from '../api/client.ts';
import { decisionOf } from '../api/explanation.ts';
import { useExplanation } from '../api/queries.ts';
import { Icon } from '../controls/icons.tsx';
import { Failure, Loaded, Skeleton } from '../controls/loading.tsx';
import { useTerms, useValueContext } from '../controls/use-terms.ts';
import { alertSentence } from '../narrative/sentence.ts';
import { hrefOf } from '../router.ts';

const textIn = (source: Readonly<Record<string, unknown>> | undefined, name: string): string | null => {
  const value = source?.[name];
  return typeof value === 'string' ? value : null;
};

/** The wire format allows digits as text for an amount. */
function amountIn(source: Readonly<Record<string, unknown>> | undefined): number | null {
  const value = source?.amountMinor;
  if (value === undefined || value === null) return null;
  const amount = Number(value);
  return Number.isSafeInteger(amount) ? amount : null;
}

function subjectOf(decision: Decision): Subject {
  const transaction = decision.evidence?.transaction;
  return {
    amountMinor: amountIn(transaction),
    currency: textIn(transaction, 'currency'),
    type: textIn(transaction, 'type') ?? 'unknown',
    channel: decision.channel,
    customerId: decision.customerId,
    decidedAt: decision.decidedAt,
    level: decision.level,
    occurredAt: decision.occurredAt ?? decision.receivedAt,
    outcome: decision.outcome,
    riskScore: decision.riskScore,
    transactionId: decision.transactionId,
  };
}

function Sentence({ decision, subject }: { readonly decision: Decision; readonly subject: Subject }): ReactNode {
  const context = useValueContext(subject.currency);
  const channelName = useChannelName()(decision.channel);
  const alert = {
    ...subject,
    reasons: decision.reasons,
    ...(decision.provisional === true ? { provisional: true as const } : {}),
  };
  return <h1 className="alert-sentence">{alertSentence({ alert, decision, channelName, context })}</h1>;
}

function Found({ decision }: { readonly decision: Decision }): ReactNode {
  const terms = useTerms();
  const subject = subjectOf(decision);
  return (
    <>
      <AlertHead subject={subject} />
      <Sentence decision={decision} subject={subject} />
      {decision.alert ? (
        <p className="notice">
          <Icon name="alerts" />
          <a href={hrefOf(['alerts', decision.decisionId])}>{terms('transaction.alert')}</a>
        </p>
      ) : (
        <p className="muted">{terms('transaction.noAlert')}</p>
      )}
      <Advice decision={decision} />
      <div className="evidence">
        <Evidence decision={decision} subject={subject} />
        <TransactionFields decision={decision} currency={subject.currency} />
        <Versions decision={decision} />
      </div>
    </>
  );
}

export function TransactionPage(props: { readonly channel: string; readonly transactionId: string }): ReactNode {
  const query = useExplanation(props.channel, props.transactionId);
  return (
    <div className="subject-page">
      <Loaded
        query={query}
        skeleton={
          <Skeleton
            lines={[
              [50, 22],
              [100, 48],
              [100, 200],
            ]}
          />
        }
      >
        {(explanation) => {
          const decision = decisionOf(explanation);
          return decision === null ? (
            <Failure error={new ApiError(404, null, 'the explanation holds no decision')} />
          ) : (
            <Found decision={decision} />
          );
        }}
      </Loaded>
    </div>
  );
}
