/** The customer's recent transactions over all channels: swim lanes to look at, and the same rows as a table to read. */
import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';
import { Disclosure, DisclosurePanel } from 'react-aria-components/Disclosure';
import { Heading } from 'react-aria-components/Heading';
import type { CustomerTransaction } from '../../../http/api-types.ts';
import { useChannelName } from '../api/channel-names.ts';
import { Icon, OUTCOME_PATHS } from '../controls/icons.tsx';
import { useTerms } from '../controls/use-terms.ts';
import { useWidth } from '../controls/use-width.ts';
import { LevelChip, Moment, Money, OutcomeWord } from '../controls/words.tsx';
import { formatMoneyInText } from '../format/money.ts';
import { usePreferences } from '../i18n/language.tsx';
import { translateCode } from '../i18n/translate.ts';
import { hrefOf } from '../router.ts';
import { Section } from './section.tsx';
import { type Dot, type Timeline as Layout, layoutTimeline } from './timeline-layout.ts';

const LANE = 28;
const AXIS = 22;

function useDotTitle(): (item: CustomerTransaction) => string {
  const { t, time } = usePreferences();
  const channelName = useChannelName();
  return (item) =>
    [
      time.full(item.occurredAt ?? item.decidedAt),
      channelName(item.channel),
      translateCode(t, 'type', item.type ?? 'unknown'),
      item.amountMinor === null ? null : formatMoneyInText(item.amountMinor, item.currency),
      translateCode(t, 'outcome', item.outcome),
    ]
      .filter((part) => part !== null)
      .join(' · ');
}

/** Shapes are drawn in a box of ten: the scale makes them as large as the amount. */
function DotShape({ dot, title }: { readonly dot: Dot; readonly title: string }): ReactNode {
  const shape = OUTCOME_PATHS[dot.item.outcome] ?? OUTCOME_PATHS.ALLOW;
  const y = dot.lane * LANE + LANE / 2;
  const scale = dot.radius / 5;
  return (
    <g transform={`translate(${dot.x} ${y})`} className={`mark-${dot.item.outcome}`}>
      <title>{title}</title>
      {dot.isThis ? <circle r={dot.radius + 5} className="ring" /> : null}
      <path
        d={shape?.d}
        transform={`scale(${scale})`}
        fill={shape?.isOutline === true ? 'var(--panel)' : 'currentColor'}
        stroke="currentColor"
        strokeWidth={1.8 / scale}
        fillOpacity={0.9}
      />
    </g>
  );
}

function Lanes(props: { readonly layout: Layout; readonly width: number; readonly hasThis: boolean }): ReactNode {
  const { layout, width } = props;
  const terms = useTerms();
  const { span } = usePreferences();
  const titleOf = useDotTitle();
  const height = layout.channels.length * LANE;
  return (
    <svg width={width} height={height + AXIS} role="img" aria-label={terms('time.chart')}>
      {layout.channels.map((channel, lane) => (
        <line
          key={channel}
          className="lane"
          x1={0}
          x2={width}
          y1={lane * LANE + LANE / 2}
          y2={lane * LANE + LANE / 2}
        />
      ))}
      {layout.ticks.map(({ x, offsetSeconds }) => (
        <g key={offsetSeconds}>
          <line className={offsetSeconds === 0 ? 'tick centre' : 'tick'} x1={x} x2={x} y1={0} y2={height} />
          <text
            className="tick-label"
            x={x}
            y={height + 16}
            textAnchor={x < 36 ? 'start' : x > width - 36 ? 'end' : 'middle'}
          >
            {offsetSeconds === 0
              ? terms(props.hasThis ? 'time.this' : 'time.newest')
              : `${offsetSeconds < 0 ? '−' : '+'}${span(Math.abs(offsetSeconds))}`}
          </text>
        </g>
      ))}
      {layout.dots.map((dot) => (
        <DotShape key={dot.item.decisionId} dot={dot} title={titleOf(dot.item)} />
      ))}
    </svg>
  );
}

function Row({ item, isThis }: { readonly item: CustomerTransaction; readonly isThis: boolean }): ReactNode {
  const { t } = usePreferences();
  const terms = useTerms();
  const channelName = useChannelName();
  return (
    <tr className={isThis ? 'this' : ''}>
      <td className="nowrap">
        <a href={hrefOf(['transactions', item.channel, item.transactionId])}>
          <Moment at={item.occurredAt ?? item.decidedAt} />
        </a>
        {isThis ? <span className="chip this-chip">{terms('time.this')}</span> : null}
      </td>
      <td>{channelName(item.channel)}</td>
      <td>{translateCode(t, 'type', item.type ?? 'unknown')}</td>
      <td className="number">
        <Money amountMinor={item.amountMinor} currency={item.currency} />
      </td>
      <td className="nowrap">
        <OutcomeWord outcome={item.outcome} /> <LevelChip level={item.level} />
      </td>
      <td className="number">{item.riskScore}</td>
    </tr>
  );
}

function Table(props: { readonly items: readonly CustomerTransaction[]; readonly thisId: string | null }): ReactNode {
  const terms = useTerms();
  return (
    <div className="table-scroll">
      <table className="data-table stacks">
        <thead>
          <tr>
            <th scope="col">{terms('time.when')}</th>
            <th scope="col">{terms('time.channel')}</th>
            <th scope="col">{terms('time.type')}</th>
            <th scope="col" className="number">
              {terms('time.amount')}
            </th>
            <th scope="col">{terms('time.decision')}</th>
            <th scope="col" className="number">
              {terms('time.score')}
            </th>
          </tr>
        </thead>
        <tbody>
          {props.items.map((item) => (
            <Row key={item.decisionId} item={item} isThis={item.decisionId === props.thisId} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Chart(props: { readonly items: readonly CustomerTransaction[]; readonly thisId: string | null }): ReactNode {
  const channelName = useChannelName();
  const [box, width] = useWidth<HTMLDivElement>();
  const layout = layoutTimeline(props.items, props.thisId, width);
  return (
    <div className="lanes">
      <ul className="lane-names" aria-hidden="true">
        {layout.channels.map((channel) => (
          <li key={channel} title={channelName(channel)} style={{ height: LANE, lineHeight: `${LANE}px` }}>
            {channelName(channel)}
          </li>
        ))}
      </ul>
      <div ref={box} className="lane-chart" style={{ height: layout.channels.length * LANE + AXIS }}>
        {width === 0 ? null : (
          <Lanes layout={layout} width={width} hasThis={layout.dots.some(({ isThis }) => isThis)} />
        )}
      </div>
    </div>
  );
}

export function Timeline(props: {
  readonly items: readonly CustomerTransaction[];
  readonly thisId: string | null;
}): ReactNode {
  const terms = useTerms();
  return (
    <Section
      isWide
      title={terms('time.title')}
      aside={<span className="muted">{terms('time.last', { n: props.items.length })}</span>}
    >
      {props.items.length === 0 ? (
        <p className="muted">{terms('time.none')}</p>
      ) : (
        <>
          <Chart {...props} />
          <Disclosure className="disclosure">
            <Heading level={4}>
              <Button slot="trigger" className="button quiet small">
                <Icon name="down" size={14} />
                {terms('time.table')}
              </Button>
            </Heading>
            <DisclosurePanel>
              <Table {...props} />
            </DisclosurePanel>
          </Disclosure>
        </>
      )}
    </Section>
  );
}
