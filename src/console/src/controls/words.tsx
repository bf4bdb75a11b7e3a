/** Small pieces that look the same wherever they stand: severity, outcome, money, time, level, age. */
import { type ReactNode, useEffect, useState } from 'react';
import { formatAmount } from '../format/money.ts';
import { usePreferences } from '../i18n/language.tsx';
import { translateCode } from '../i18n/translate.ts';
import { OutcomeShape, SeverityShape } from './icons.tsx';

export function Severity({ severity }: { readonly severity: string }): ReactNode {
  const { t } = usePreferences();
  return (
    <span className={`severity ${severity}`}>
      <SeverityShape severity={severity} />
      {translateCode(t, 'severity', severity)}
    </span>
  );
}

export function OutcomeWord({ outcome }: { readonly outcome: string }): ReactNode {
  const { t } = usePreferences();
  return (
    <span className="outcome">
      <OutcomeShape outcome={outcome} />
      {translateCode(t, 'outcome', outcome)}
    </span>
  );
}

export function Money(props: { readonly amountMinor: number | null; readonly currency: string | null }): ReactNode {
  if (props.amountMinor === null) return <span className="muted">—</span>;
  return (
    <span className="money">
      {formatAmount(props.amountMinor, props.currency)}
      <span className="currency">{props.currency}</span>
    </span>
  );
}

/** The page's clock: ages and "today" move on by themselves, once every ten seconds. */
export function useNow(intervalMs = 10_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), intervalMs);
    return () => clearInterval(timer);
  }, [intervalMs]);
  return now;
}

export function Moment({ at }: { readonly at: string | number }): ReactNode {
  const { time } = usePreferences();
  const now = useNow(60_000);
  const iso = typeof at === 'number' ? new Date(at).toISOString() : at;
  return (
    <time dateTime={iso} title={time.full(at)}>
      {time.moment(at, now)}
    </time>
  );
}

/** A degraded decision says so wherever it is shown; level L0 shows nothing. */
export function LevelChip({ level }: { readonly level: string }): ReactNode {
  const { t } = usePreferences();
  if (level === 'L0') return null;
  const meaning = translateCode(t, 'level', level);
  return (
    <span className="chip warn" title={t('level.help', { level, meaning })}>
      {level} · {meaning}
    </span>
  );
}
