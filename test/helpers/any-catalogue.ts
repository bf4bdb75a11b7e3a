/** Catalogues drawn at random: every aggregate with every option, over one to three entities, from a minute to 90 days. */
import fc from 'fast-check';
import { AGGREGATES, ENTITY_KINDS, type FeatureCatalogue } from '../../src/domain/feature.ts';
import { catalogueOf, DAY, HOUR, type StreamOptions } from './feature-cases.ts';

const FIELDS = ['counterparty.accountId', 'customerId', 'channel', 'type', 'device.ip', 'merchant.id', 'amountMinor'];
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });

const anyFeature = fc.record({
  // mostly the customer, so that several features share a log
  entity: fc.oneof(fc.constant(['customer']), fc.subarray([...ENTITY_KINDS], { minLength: 1, maxLength: 3 })),
  aggregate: fc.constantFrom(...AGGREGATES),
  of: fc.constantFrom(...FIELDS),
  window: fc.constantFrom('1m', '61s', '10m', '1h', '24h', '7d', '30d', '2159h', '90d'),
  delay: maybe(fc.constantFrom('1s', '1m', '3h', '7d', '90d')),
  excludeCurrent: fc.boolean(),
  where: maybe(fc.constantFrom('TRANSFER', 'LOGIN', 'REFUND')),
  net: fc.boolean(),
});

/** The oracle forgets nothing: so the customer's log knows each original as long. */
const ALWAYS = 'name: always, entity: [customer], aggregate: count, window: 90d';

/** As the lines of a features.yaml: they go through its parser. */
export const anyCatalogue: fc.Arbitrary<FeatureCatalogue> = fc
  .record({
    features: fc.array(anyFeature, { minLength: 1, maxLength: 12 }),
    latenessMs: fc.constantFrom(0, 60_000, HOUR, DAY, 7 * DAY),
  })
  .map(({ features, latenessMs }) => {
    const lines = features.map(({ entity, aggregate, of, window, delay, excludeCurrent, where, net }, index) => {
      const isNumeric = ['sum', 'avg', 'stddev', 'min', 'max'].includes(aggregate);
      const parts = [
        `name: f${index}`,
        `entity: [${entity.join(', ')}]`,
        `aggregate: ${aggregate}`,
        `window: ${window}`,
        `excludeCurrent: ${excludeCurrent}`,
        ...(aggregate === 'distinct' ? [`of: ${of}`] : []),
        ...(isNumeric ? ['of: amountMinor'] : []),
        ...(delay === undefined ? [] : [`delay: ${delay}`]),
        ...(where === undefined ? [] : [`where: 'tx.type == "${where}"'`]),
        ...(net && ['sum', 'count'].includes(aggregate) ? ['net: true'] : []),
      ];
      return parts.join(', ');
    });
    return catalogueOf([ALWAYS, ...lines], latenessMs, 2_000 * DAY);
  });

/**
 * The oracle keeps everything for ever, the in-process store an idle log for a day: what is late, and what is corrected, is of
 * a time that the shortest log still holds.
 */
export const lateIn = ({ allowedLatenessMs }: FeatureCatalogue): Partial<StreamOptions> =>
  allowedLatenessMs < DAY ? { latestMs: 20 * HOUR, corrections: 0 } : { latestMs: 30 * HOUR };
