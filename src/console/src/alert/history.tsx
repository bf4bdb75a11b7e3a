/** Who did what with the alert, and with which versions it was decided. */
import type { ReactNode } from 'react';
import type { Alert, AlertHistoryEntry, Decision } from '../../../http/api-types.ts';
import { Identifier } from '../controls/identifier.tsx';
import { useTerms } from '../controls/use-terms.ts';
import { Moment } from '../controls/words.tsx';
import { usePreferences } from '../i18n/language.tsx';
import type { TermKey } from '../narrative/terms.ts';
import { Section } from './section.tsx';
import { historyWords } from './state-words.ts';

export function History(props: { readonly alert: Alert; readonly entries: readonly AlertHistoryEntry[] }): ReactNode {
  const preferences = usePreferences();
  const { t } = preferences;
  return (
    <Section title={t('history.title')}>
      <ol className="history">
        <li>
          <Moment at={props.alert.createdAt} />
          <span>{t('history.raised')}</span>
        </li>
        {props.entries.map((entry) => (
          <li key={entry.version}>
            <Moment at={entry.at} />
            <span>
              {historyWords(entry, preferences)}
              {entry.note === null ? null : <q>{entry.note}</q>}
            </span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

const VERSIONS: readonly (readonly [TermKey, keyof Decision['versions']])[] = [
  ['versions.ruleset', 'ruleset'],
  ['versions.features', 'features'],
  ['versions.limits', 'limits'],
  ['versions.lists', 'lists'],
  ['versions.policy', 'policy'],
];

export function Versions({ decision }: { readonly decision: Decision }): ReactNode {
  const terms = useTerms();
  return (
    <Section title={terms('versions.title')}>
      <dl className="fields">
        {VERSIONS.map(([label, name]) => (
          <div key={name} className="field-row">
            <dt>{terms(label)}</dt>
            <dd>
              <Identifier id={decision.versions[name]} />
            </dd>
          </div>
        ))}
        {decision.model === undefined ? null : (
          <div className="field-row">
            <dt>{terms('versions.model')}</dt>
            <dd>
              <Identifier id={decision.model.version} />
            </dd>
          </div>
        )}
        <div className="field-row">
          <dt>{terms('versions.decisionId')}</dt>
          <dd>
            <Identifier id={decision.decisionId} />
          </dd>
        </div>
        <div className="field-row">
          <dt>{terms('versions.received')}</dt>
          <dd>
            <Moment at={decision.receivedAt} />
          </dd>
        </div>
        <div className="field-row">
          <dt>{terms('versions.decided')}</dt>
          <dd>
            <Moment at={decision.decidedAt} />
          </dd>
        </div>
      </dl>
    </Section>
  );
}
