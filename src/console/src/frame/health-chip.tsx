/** Is Vigil whole? The level of the newest decisions, or since when nobody answers. */
import type { ReactNode } from 'react';
import { useLive } from '../api/queries.ts';
import { Icon } from '../controls/icons.tsx';
import { useNow } from '../controls/words.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { translateCode } from '../i18n/translate.ts';

export function HealthChip(): ReactNode {
  const { t, time } = usePreferences();
  const { data, isError, dataUpdatedAt } = useLive();
  const now = useNow();
  if (isError) {
    const title = t('health.noContact', { at: dataUpdatedAt === 0 ? '—' : time.moment(dataUpdatedAt, now) });
    return (
      <a className="chip danger health" href="#/live" aria-label={t('health.none')} title={title}>
        <Icon name="warn" size={14} />
        <span className="health-word">{t('health.none')}</span>
      </a>
    );
  }
  if (data === undefined) return <span className="chip health">{t('health.waiting')}</span>;
  const meaning = translateCode(t, 'health', data.level);
  const isWhole = data.level === 'L0';
  return (
    <a
      className={isWhole ? 'chip health' : 'chip warn health'}
      href="#/live"
      title={t('health.title', { level: data.level, meaning, at: time.moment(data.at, now) })}
    >
      <span className={isWhole ? 'good' : ''}>
        <Icon name={isWhole ? 'check' : 'warn'} size={14} />
      </span>
      {data.level}
      <span className="health-meaning">{meaning}</span>
    </a>
  );
}
