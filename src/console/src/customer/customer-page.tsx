/** A customer: what happened on all channels, and the alerts that were raised. */
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Alert } from '../../../http/api-types.ts';
import '../alert/alert.css';
import { Section } from '../alert/section.tsx';
import { stateWords } from '../alert/state-words.ts';
import { Timeline } from '../alert/timeline.tsx';
import { fetchAlerts } from '../api/endpoints.ts';
import { useCustomerTransactions } from '../api/queries.ts';
import { Identifier } from '../controls/identifier.tsx';
import { Loaded, Skeleton } from '../controls/loading.tsx';
import { useTerms } from '../controls/use-terms.ts';
import { Moment, Money, Severity } from '../controls/words.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { listSentence } from '../narrative/sentence.ts';
import { hrefOf } from '../router.ts';

const ALERTS_SHOWN = 100;

function AlertItem({ alert }: { readonly alert: Alert }): ReactNode {
  const preferences = usePreferences();
  return (
    <tr>
      <td>
        <Moment at={alert.createdAt} />
      </td>
      <td>
        <Severity severity={alert.severity} />
      </td>
      <td className="number">{alert.riskScore}</td>
      <td className="wrap">
        <a href={hrefOf(['alerts', alert.alertId])}>{listSentence(alert, preferences)}</a>
      </td>
      <td className="number">
        <Money amountMinor={alert.amountMinor} currency={alert.currency} />
      </td>
      <td className="sentence-case">{stateWords(alert, preferences)}</td>
    </tr>
  );
}

const COLUMNS = [
  'column.age',
  'column.severity',
  'column.score',
  'column.sentence',
  'column.amount',
  'column.state',
] as const;
const NUMBERS: ReadonlySet<string> = new Set(['column.score', 'column.amount']);

function Alerts({ alerts }: { readonly alerts: readonly Alert[] }): ReactNode {
  const { t } = usePreferences();
  const terms = useTerms();
  if (alerts.length === 0) return <p className="muted">{terms('customer.noAlerts')}</p>;
  return (
    <div className="table-scroll">
      <table className="data-table stacks">
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <th key={column} scope="col" className={NUMBERS.has(column) ? 'number' : ''}>
                {column === 'column.age' ? terms('time.when') : t(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {alerts.map((alert) => (
            <AlertItem key={alert.alertId} alert={alert} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function CustomerPage({ customerId }: { readonly customerId: string }): ReactNode {
  const terms = useTerms();
  const transactions = useCustomerTransactions(customerId);
  const alerts = useQuery({
    queryKey: ['customer-alerts', customerId],
    queryFn: ({ signal }) => fetchAlerts({ customerId, limit: ALERTS_SHOWN }, signal),
    refetchInterval: 15_000,
  });
  return (
    <div className="subject-page">
      <h1 className="subject-title">
        {terms('customer.title', { id: '' })}
        <Identifier id={customerId} maxLength={40} />
      </h1>
      <Loaded query={transactions} skeleton={<Skeleton lines={[[100, 160]]} />}>
        {(data) => <Timeline items={data.items} thisId={null} />}
      </Loaded>
      <Section title={terms('customer.alerts')}>
        <Loaded query={alerts} skeleton={<Skeleton lines={[[100, 80]]} />}>
          {(page) => <Alerts alerts={page.items} />}
        </Loaded>
      </Section>
    </div>
  );
}
