/** What stands between the sentence and the evidence: what to tell the customer, how to verify, and what was missing. */
import type { ReactNode } from 'react';
import type { Decision } from '../../../http/api-types.ts';
import { useMethodName } from '../api/channel-names.ts';
import { Icon } from '../controls/icons.tsx';
import { useTerms } from '../controls/use-terms.ts';
import { usePreferences } from '../i18n/language.tsx';
import { translateCode } from '../i18n/translate.ts';
import { continued } from '../narrative/sentence.ts';
import { isTermKey, type Terms } from '../narrative/terms.ts';

const termOr = (terms: Terms, key: string, code: string): string => (isTermKey(key) ? terms(key) : code);

function missingWords(decision: Decision, terms: Terms): readonly string[] {
  return [
    ...(decision.provisional === true ? [terms('alert.provisional')] : []),
    ...(decision.late ? [terms('alert.late')] : []),
    ...decision.degraded.map((part) => termOr(terms, `alert.degraded.${part}`, part)),
    ...decision.flags.map((flag) => termOr(terms, `flag.${flag}`, flag)),
  ];
}

function Incomplete({ decision }: { readonly decision: Decision }): ReactNode {
  const terms = useTerms();
  const { t } = usePreferences();
  const words = missingWords(decision, terms);
  if (words.length === 0 && decision.level === 'L0') return null;
  const { level } = decision;
  return (
    <div className="notice warn">
      <Icon name="warn" />
      <span className="grow">
        {level === 'L0' ? null : (
          <strong>{t('level.help', { level, meaning: translateCode(t, 'level', level) })}</strong>
        )}
        {words.join(' · ')}
      </span>
    </div>
  );
}

export function Advice({ decision }: { readonly decision: Decision }): ReactNode {
  const terms = useTerms();
  const { language, time, list } = usePreferences();
  const methodName = useMethodName();
  const nameInText = (code: string): string => (language === 'en' ? continued(methodName(code)) : methodName(code));
  const methods = decision.challenge?.methods ?? [];
  const steps = [
    ...(methods.length === 0 ? [] : [terms('alert.challenge', { methods: list(methods.map(nameInText)) })]),
    ...(decision.hold === undefined ? [] : [terms('alert.holdUntil', { at: time.full(decision.hold.untilMs) })]),
    ...decision.reminders.map((reason) => `${terms('alert.remind')}: ${reason.text[language]}`),
  ];
  return (
    <>
      <Incomplete decision={decision} />
      {steps.length === 0 ? null : (
        <div className="notice">
          <Icon name="info" />
          <ul className="grow">
            {steps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}
