/** One alert: why first, then the evidence, then the steps. Beside the queue as a preview, or as a page of its own. */
import { type ReactNode, useMemo, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import type { Alert, AlertDetail, Decision } from '../../../http/api-types.ts';
import { useChannelName } from '../api/channel-names.ts';
import { rulesetChangeOf } from '../api/explanation.ts';
import { useAlert, useCustomerTransactions, useExplanation } from '../api/queries.ts';
import { Icon } from '../controls/icons.tsx';
import { KeyHint } from '../controls/key-hint.tsx';
import { Failure, Loaded, Skeleton, StaleNote } from '../controls/loading.tsx';
import { useTerms, useValueContext } from '../controls/use-terms.ts';
import { usePreferences } from '../i18n/language.tsx';
import { alertSentence, listSentence } from '../narrative/sentence.ts';
import { thresholdsOf } from '../narrative/thresholds.ts';
import { ActionBar } from './action-bar.tsx';
import { Advice } from './advice.tsx';
import './alert.css';
import { AlertHead } from './alert-head.tsx';
import { History, Versions } from './history.tsx';
import { ModelReasons } from './model-reasons.tsx';
import { Limits, RuleHits } from './rule-hits.tsx';
import { historyWords, stateWords } from './state-words.ts';
import { Timeline } from './timeline.tsx';
import { TransactionFields } from './transaction-fields.tsx';
import type { AlertActions } from './use-alert-actions.ts';
import { UsualNow } from './usual-now.tsx';

export interface AlertViewProps {
  readonly alertId: string;
  /** what the list knows already: shown at once, while the rest is on its way */
  readonly row: Alert | undefined;
  readonly layout: 'preview' | 'page';
  readonly actions: AlertActions;
  readonly onClose: (alert: Alert) => void;
  readonly onOpen?: () => void;
}

/** What happened to the alert while it was open here, told in place until the reader has seen it. */
function Changes(props: {
  readonly detail: AlertDetail;
  readonly seenVersion: number;
  readonly actions: AlertActions;
  readonly onSeen: () => void;
}): ReactNode {
  const preferences = usePreferences();
  const { t } = preferences;
  const { alert, history } = props.detail;
  const { conflict } = props.actions;
  const isConflict = conflict?.alertId === alert.alertId;
  if (!isConflict && alert.version <= props.seenVersion) return null;
  const last = history.at(-1);
  const what = last === undefined ? stateWords(alert, preferences) : historyWords(last, preferences);
  return (
    <div className="notice warn" role="alert">
      <Icon name="warn" />
      <span className="grow">
        <strong>{t(isConflict ? 'conflict.title' : 'conflict.changed')}</strong>
        {isConflict ? `${t('conflict.nothingDone', { state: stateWords(alert, preferences) })} ` : null}
        {what}
        {last?.note == null ? null : <q>{last.note}</q>}
      </span>
      <Button
        className="button small"
        onPress={() => {
          props.actions.dismissConflict();
          props.onSeen();
        }}
      >
        {t('action.dismiss')}
      </Button>
    </div>
  );
}

function Sentence({ alert, decision }: { readonly alert: Alert; readonly decision: Decision | null }): ReactNode {
  const context = useValueContext(alert.currency);
  const channelName = useChannelName()(alert.channel);
  return <h2 className="alert-sentence">{alertSentence({ alert, decision, channelName, context })}</h2>;
}

/** The evidence of a decision; also for transactions that raised no alert. */
export function Evidence(props: {
  readonly decision: Decision;
  readonly subject: Pick<Alert, 'amountMinor' | 'currency' | 'occurredAt' | 'customerId'>;
}): ReactNode {
  const { decision, subject } = props;
  const transactions = useCustomerTransactions(subject.customerId);
  const items = transactions.data?.items ?? [];
  const explanation = useExplanation(decision.channel, decision.transactionId).data;
  // columns of unlike length would leave a hole: what stands apart goes where there is room
  const hasFewRules = decision.hits.length + decision.limits.length <= 2;
  const hasManyRules = decision.hits.length >= 4;
  const limits = <Limits decision={decision} currency={subject.currency} />;
  const thresholds = useMemo(() => thresholdsOf(explanation), [explanation]);
  const rulesetChange = rulesetChangeOf(explanation);
  return (
    <>
      <div className="column">
        <RuleHits
          decision={decision}
          thresholds={thresholds}
          rulesetChange={rulesetChange}
          currency={subject.currency}
        />
        {hasManyRules ? null : limits}
        {hasFewRules ? <ModelReasons model={decision.model} /> : null}
      </div>
      <div className="column">
        <UsualNow decision={decision} {...subject} others={items} />
        {hasFewRules ? null : <ModelReasons model={decision.model} />}
        {hasManyRules ? limits : null}
      </div>
      <Loaded query={transactions} skeleton={<Skeleton lines={[[100, 120]]} />}>
        {(data) => <Timeline items={data.items} thisId={decision.decisionId} />}
      </Loaded>
    </>
  );
}

function Body({ detail }: { readonly detail: AlertDetail }): ReactNode {
  const terms = useTerms();
  const { alert, decision, history } = detail;
  return (
    <div className="evidence">
      {decision === null ? (
        <p className="notice warn wide">{terms('alert.noDecision')}</p>
      ) : (
        <Evidence decision={decision} subject={alert} />
      )}
      <div className="column">
        {decision === null ? null : <TransactionFields decision={decision} currency={alert.currency} />}
      </div>
      <div className="column">
        <History alert={alert} entries={history} />
        {decision === null ? null : <Versions decision={decision} />}
      </div>
    </div>
  );
}

function OpenButton({ onOpen }: { readonly onOpen: (() => void) | undefined }): ReactNode {
  const { t } = usePreferences();
  if (onOpen === undefined) return null;
  return (
    <Button className="button quiet" onPress={onOpen}>
      {t('action.open')}
      <KeyHint>↵</KeyHint>
    </Button>
  );
}

export function AlertView(props: AlertViewProps): ReactNode {
  const formats = usePreferences();
  const query = useAlert(props.alertId);
  const [seenVersion, setSeenVersion] = useState<number | null>(null);
  const detail = query.data;
  const alert = detail?.alert ?? props.row;
  if (seenVersion === null && detail !== undefined) setSeenVersion(detail.alert.version);
  if (alert === undefined)
    return query.isError ? (
      <Failure error={query.error} onRetry={() => void query.refetch()} />
    ) : (
      <Skeleton
        lines={[
          [50, 22],
          [100, 48],
          [100, 160],
        ]}
      />
    );
  // own steps raise the version too: they are no news to the one who made them
  const seen = Math.max(seenVersion ?? alert.version, props.actions.ownVersion(alert.alertId));
  return (
    <article className={`alert ${props.layout}`} aria-label={listSentence(alert, formats)}>
      <div className="alert-body">
        <StaleNote updatedAt={query.dataUpdatedAt} isFailing={query.failureCount > 0} />
        {detail === undefined ? null : (
          <Changes
            detail={detail}
            seenVersion={seen}
            actions={props.actions}
            onSeen={() => setSeenVersion(detail.alert.version)}
          />
        )}
        <AlertHead subject={alert} />
        <Sentence alert={alert} decision={detail?.decision ?? null} />
        {detail?.decision == null ? null : <Advice decision={detail.decision} />}
        {detail === undefined ? (
          query.isError ? (
            <Failure error={query.error} onRetry={() => void query.refetch()} />
          ) : (
            <Skeleton
              lines={[
                [100, 120],
                [100, 80],
                [100, 160],
              ]}
            />
          )
        ) : (
          <Body detail={detail} />
        )}
      </div>
      <ActionBar
        alert={alert}
        actions={props.actions}
        onClose={props.onClose}
        end={<OpenButton onOpen={props.onOpen} />}
      />
    </article>
  );
}
