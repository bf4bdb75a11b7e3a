/** What the model saw: contributions to its logit by family, as a diverging bar chart that is a table at the same time. */
import type { ReactNode } from 'react';
import type { Decision } from '../../../http/api-types.ts';
import { useTerms } from '../controls/use-terms.ts';
import { usePreferences } from '../i18n/language.tsx';
import { isTermKey, type Terms } from '../narrative/terms.ts';
import { nameOfValue } from '../narrative/value-names.ts';
import { Section } from './section.tsx';

const MAX_SHOWN = 8;

/** Families have names; a model that gives reasons by feature is named as features are. */
function nameOf(feature: string, terms: Terms): string {
  const family = `family.${feature}`;
  if (isTermKey(family)) return terms(family);
  const name = nameOfValue(`features.${feature}`, terms);
  return name.label;
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;

export function ModelReasons({ model }: { readonly model: Decision['model'] }): ReactNode {
  const terms = useTerms();
  const { probability } = usePreferences();
  if (model === undefined)
    return (
      <Section title={terms('model.title')}>
        <p className="muted">{terms('model.none')}</p>
      </Section>
    );
  const shown = [...model.contributions].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, MAX_SHOWN);
  const largest = Math.max(...shown.map(({ value }) => Math.abs(value)), Number.MIN_VALUE);
  return (
    <Section
      title={terms('model.title')}
      aside={<span className="section-figure">{terms('model.score', { percent: probability(model.score) })}</span>}
    >
      {shown.length === 0 ? (
        <p className="muted">{terms('model.noReasons')}</p>
      ) : (
        <table className="diverging">
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">{terms('model.reason')}</span>
              </th>
              <th scope="col" className="diverging-axis">
                <span>← {terms('model.away')}</span>
                <span>{terms('model.towards')} →</span>
              </th>
              <th scope="col" className="number">
                <span className="visually-hidden">{terms('model.weight')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ feature, value }) => (
              <tr key={feature}>
                <th scope="row">{nameOf(feature, terms)}</th>
                <td>
                  <div className="diverging-track" aria-hidden="true">
                    <div
                      className={value < 0 ? 'diverging-bar away' : 'diverging-bar towards'}
                      style={{ width: `${(Math.abs(value) / largest) * 50}%` }}
                    />
                  </div>
                </td>
                <td className="number">{signed(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}
