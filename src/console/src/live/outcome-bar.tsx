/** How decisions split into outcomes, as one bar; the numbers stand beside it or in its table. */
import type { ReactNode } from 'react';
import type { LiveSnapshot } from '../../../http/api-types.ts';

export const OUTCOME_ORDER = ['BLOCK', 'HOLD', 'CHALLENGE', 'ALLOW'] as const;

export function OutcomeBar({ outcomes }: { readonly outcomes: LiveSnapshot['outcomes'] }): ReactNode {
  const total = OUTCOME_ORDER.reduce((sum, outcome) => sum + outcomes[outcome], 0);
  return (
    <span className="outcome-bar" aria-hidden="true">
      {OUTCOME_ORDER.filter((outcome) => outcomes[outcome] > 0).map((outcome) => (
        <span
          key={outcome}
          className={`outcome-part ${outcome}`}
          style={{ flexGrow: outcomes[outcome] / total, minWidth: 3 }}
        />
      ))}
    </span>
  );
}
