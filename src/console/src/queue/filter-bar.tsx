/** The filters, as chips that read as a sentence: "Show [open alerts] on [every channel] of customer [C1001 ×]". */
import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';
import { useChannels } from '../api/queries.ts';
import { Choice } from '../controls/choice.tsx';
import { Icon } from '../controls/icons.tsx';
import { truncateMiddle } from '../format/identifier.ts';
import { usePreferences } from '../i18n/language.tsx';
import { type Filters, VIEWS } from './filters.ts';

export function FilterBar(props: {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
}): ReactNode {
  const { t, language } = usePreferences();
  const { filters, onChange } = props;
  const channels = useChannels().data?.items ?? [];
  const known = channels.map(({ code, name }) => ({ value: code, label: name[language] }));
  // a channel in the address that the catalogue does not know (yet) must be seen and removable all the same
  const unknown =
    filters.channel === null || known.some(({ value }) => value === filters.channel)
      ? []
      : [{ value: filters.channel, label: filters.channel }];
  return (
    <fieldset className="filter-bar">
      <legend className="visually-hidden">{t('filter.label')}</legend>
      <span className="muted">{t('filter.show')}</span>
      <Choice
        label={t('filter.status')}
        value={filters.view}
        options={VIEWS.map((value) => ({ value, label: t(`filter.${value}`) }))}
        onChange={(value) => onChange({ ...filters, view: VIEWS.find((view) => view === value) ?? 'open' })}
      />
      <span className="muted">{t('filter.on')}</span>
      <Choice
        label={t('filter.channel')}
        value={filters.channel ?? ''}
        options={[{ value: '', label: t('filter.anyChannel') }, ...known, ...unknown]}
        onChange={(value) => onChange({ ...filters, channel: value === '' ? null : value })}
      />
      {filters.customerId === null ? null : (
        <>
          <span className="muted">{t('filter.of')}</span>
          <Button
            className="chip removable"
            aria-label={t('filter.remove', { id: filters.customerId })}
            onPress={() => onChange({ ...filters, customerId: null })}
          >
            <span className="mono">{truncateMiddle(filters.customerId, 16)}</span>
            <Icon name="close" size={12} />
          </Button>
        </>
      )}
    </fieldset>
  );
}
