/** The transaction as it came; fields that took part in a rule that fired are marked. */
import type { ReactNode } from 'react';
import type { Decision } from '../../../http/api-types.ts';
import { useChannelName } from '../api/channel-names.ts';
import { Identifier } from '../controls/identifier.tsx';
import { useTerms } from '../controls/use-terms.ts';
import { Moment, Money } from '../controls/words.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { isTermKey } from '../narrative/terms.ts';
import { codeText } from '../narrative/value-text.ts';
import { type Field, flattenTransaction, involvedFields, LIST_SEPARATOR } from './involved-fields.ts';
import { Section } from './section.tsx';

const IDS: ReadonlySet<string> = new Set([
  'transactionId',
  'customerId',
  'accountId',
  'cardToken',
  'counterparty.accountId',
  'merchant.id',
  'terminalId',
  'device.id',
  'device.ip',
  'original.transactionId',
]);

function FieldValue({ field, currency }: { readonly field: Field; readonly currency: string | null }): ReactNode {
  const formats = usePreferences();
  const terms = useTerms();
  const channelName = useChannelName();
  const { path, value } = field;
  if (path === 'amountMinor') return <Money amountMinor={Number(value)} currency={currency} />;
  if (path === 'occurredAt') return <Moment at={String(value)} />;
  if (path === 'channel') return channelName(String(value));
  if (IDS.has(path)) return <Identifier id={String(value)} />;
  if (typeof value === 'boolean') return terms(value ? 'rules.yes' : 'rules.no');
  const words = String(value)
    .split(LIST_SEPARATOR)
    .map((one) => codeText(`tx.${path}`, one, { formats, terms }));
  return words.join(terms('list.separator'));
}

export function TransactionFields({
  decision,
  currency,
}: {
  readonly decision: Decision;
  readonly currency: string | null;
}) {
  const terms = useTerms();
  const transaction = decision.evidence?.transaction;
  if (transaction === undefined)
    return (
      <Section title={terms('fields.title')}>
        <p className="muted">{terms('fields.none')}</p>
      </Section>
    );
  const involved = involvedFields(decision);
  return (
    <Section title={terms('fields.title')} aside={<span className="muted">{terms('fields.tookHelp')}</span>}>
      <dl className="fields">
        {flattenTransaction(transaction)
          .filter(({ path }) => path !== 'currency')
          .map((field) => {
            const key = `tx.${field.path}`;
            const took = involved.has(field.path);
            return (
              <div key={field.path} className={took ? 'field-row took' : 'field-row'}>
                <dt className={isTermKey(key) ? '' : 'mono'}>
                  {isTermKey(key) ? terms(key) : field.path}
                  {took ? <span className="visually-hidden">, {terms('fields.took')}</span> : null}
                </dt>
                <dd>
                  <FieldValue field={field} currency={currency} />
                </dd>
              </div>
            );
          })}
      </dl>
    </Section>
  );
}
