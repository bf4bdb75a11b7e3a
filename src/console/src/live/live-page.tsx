/** The live page: what customers do and how the system does, refreshed every two seconds. A blotter, not a wall of tiles. */
import { type ReactNode, useEffect, useState } from 'react';
import type { LiveSnapshot } from '../../../http/api-types.ts';
import { useChannelName } from '../api/channel-names.ts';
import { useLive } from '../api/queries.ts';
import { Loaded, Skeleton } from '../controls/loading.tsx';
import { useWidth } from '../controls/use-width.ts';
import { Moment, OutcomeWord } from '../controls/words.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { hrefOf } from '../router.ts';
import './live.css';
import { OUTCOME_ORDER, OutcomeBar } from './outcome-bar.tsx';
import { addSample, lineOf, type Sample } from './trend.ts';

const TREND_HEIGHT = 56;

/** Below ten a decimal says more; above, it only flickers. */
const rateText = (rate: number, integer: (value: number) => string): string =>
  rate > 0 && rate < 10 ? rate.toFixed(1) : integer(Math.round(rate));

const millisText = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

function useSamples(live: LiveSnapshot): readonly Sample[] {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  useEffect(() => {
    setSamples((before) => addSample(before, { atMs: Date.parse(live.at), value: live.decisionsPerSecond }));
  }, [live.at, live.decisionsPerSecond]);
  return samples;
}

function Trend({ samples }: { readonly samples: readonly Sample[] }): ReactNode {
  const { t, span, integer } = usePreferences();
  const [box, width] = useWidth<HTMLDivElement>();
  const { points, peak, seconds } = lineOf(samples, width, TREND_HEIGHT);
  return (
    <figure className="trend">
      <div ref={box}>
        <svg width={width} height={TREND_HEIGHT} role="img" aria-label={t('live.trend', { span: span(seconds) })}>
          <line className="trend-base" x1={0} x2={width} y1={TREND_HEIGHT - 1} y2={TREND_HEIGHT - 1} />
          <polyline points={points} />
        </svg>
      </div>
      <figcaption className="muted">
        {t('live.trend', { span: span(seconds) })} · {t('live.trendPeak', { n: rateText(peak, integer) })}
      </figcaption>
    </figure>
  );
}

function Rate({ live }: { readonly live: LiveSnapshot }): ReactNode {
  const { t, integer, span } = usePreferences();
  return (
    <section className="live-block" aria-label={t('live.perSecond')}>
      <h2>{t('live.perSecond')}</h2>
      <p className="live-figure">
        {rateText(live.decisionsPerSecond, integer)}
        <span className="live-unit">{t('live.perSecondUnit')}</span>
      </p>
      <p className="muted">
        {t('live.read', { n: live.transactions })} · {t('live.uptime')} {span(live.uptimeSeconds)}
      </p>
    </section>
  );
}

function Outcomes({ live }: { readonly live: LiveSnapshot }): ReactNode {
  const { t, integer, percent } = usePreferences();
  const total = OUTCOME_ORDER.reduce((sum, outcome) => sum + live.outcomes[outcome], 0);
  return (
    <section className="live-block wide-block" aria-label={t('live.outcomes')}>
      <h2>{t('live.outcomes')}</h2>
      <OutcomeBar outcomes={live.outcomes} />
      <dl className="live-outcomes">
        {OUTCOME_ORDER.map((outcome) => (
          <div key={outcome}>
            <dt>
              <OutcomeWord outcome={outcome} />
            </dt>
            <dd>
              <strong>{integer(live.outcomes[outcome])}</strong>
              <span className="muted">{total === 0 ? '—' : percent(live.outcomes[outcome] / total)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function OpenAlerts({ live }: { readonly live: LiveSnapshot }): ReactNode {
  const { t, integer } = usePreferences();
  return (
    <section className="live-block" aria-label={t('live.alertsOpen')}>
      <h2>{t('live.alertsOpen')}</h2>
      <p className="live-figure">
        {live.alerts === null ? '—' : <a href={hrefOf(['alerts'])}>{integer(live.alerts.open)}</a>}
      </p>
      <p className="muted">
        {live.alerts === null
          ? t('live.unknown')
          : `${t('live.alertsClaimed', { n: live.alerts.claimed })} · ${t('live.alertsClosed', { n: live.alerts.closed })}`}
      </p>
    </section>
  );
}

function Latency({ live }: { readonly live: LiveSnapshot }): ReactNode {
  const { t } = usePreferences();
  const { latencyMs } = live;
  return (
    <section className="live-block" aria-label={t('live.latency')}>
      <h2>{t('live.latency')}</h2>
      {latencyMs === null ? (
        <p className="muted">{t('live.unknown')}</p>
      ) : (
        <dl className="live-lines">
          {(['p50', 'p99', 'p999'] as const).map((quantile) => (
            <div key={quantile}>
              <dt>{t(`live.${quantile}`)}</dt>
              <dd>{millisText(latencyMs[quantile])}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function Intake({ live }: { readonly live: LiveSnapshot }): ReactNode {
  const { t, integer } = usePreferences();
  const degraded = (['L1', 'L2', 'L3'] as const).filter((level) => live.levels[level] > 0);
  return (
    <section className="live-block" aria-label={t('live.lag')}>
      <h2>{t('live.lag')}</h2>
      <p className="live-figure">{live.lag === null ? '—' : integer(live.lag)}</p>
      <p className="muted">
        {t('live.deadLetters')} {integer(live.deadLetters)}
        {degraded.map((level) => (
          <span key={level}>
            {' · '}
            {t(`level.${level}`)} {integer(live.levels[level])}
          </span>
        ))}
      </p>
    </section>
  );
}

function Channels({ live }: { readonly live: LiveSnapshot }): ReactNode {
  const { t, integer } = usePreferences();
  const channelName = useChannelName();
  return (
    <section className="live-channels" aria-labelledby="live-channels">
      <h2 id="live-channels">{t('live.channels')}</h2>
      <div className="live-scroll">
        <table className="live-table">
          <thead>
            <tr>
              <th scope="col">{t('live.channel')}</th>
              <th scope="col" className="number">
                {t('live.rate')}
              </th>
              <th scope="col" className="number">
                {t('live.total')}
              </th>
              <th scope="col" className="share">
                {t('live.share')}
              </th>
              {OUTCOME_ORDER.map((outcome) => (
                <th scope="col" key={outcome} className="number">
                  {t(`outcome.${outcome}`)}
                </th>
              ))}
              <th scope="col" className="number">
                {t('live.alerts')}
              </th>
              <th scope="col" className="number">
                {t('live.lastAt')}
              </th>
            </tr>
          </thead>
          <tbody>
            {live.channels.map((channel) => (
              <tr key={channel.channel} className={channel.decisions === 0 ? 'idle' : ''}>
                <th scope="row">
                  <a href={hrefOf(['alerts'], new URLSearchParams({ channel: channel.channel }))}>
                    {channelName(channel.channel)}
                  </a>
                </th>
                <td className="number">{rateText(channel.decisionsPerSecond, integer)}</td>
                <td className="number">{integer(channel.decisions)}</td>
                <td className="share">
                  <OutcomeBar outcomes={channel.outcomes} />
                </td>
                {OUTCOME_ORDER.map((outcome) => (
                  <td key={outcome} className={channel.outcomes[outcome] === 0 ? 'number zero' : 'number'}>
                    {integer(channel.outcomes[outcome])}
                  </td>
                ))}
                <td className={channel.alerts === 0 ? 'number zero' : 'number'}>{integer(channel.alerts)}</td>
                <td className="number">
                  {channel.lastAt === null ? (
                    <span className="muted">{t('live.never')}</span>
                  ) : (
                    <Moment at={channel.lastAt} />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Figures({ live }: { readonly live: LiveSnapshot }): ReactNode {
  const samples = useSamples(live);
  return (
    <>
      <div className="live-strip">
        <Rate live={live} />
        <Outcomes live={live} />
        <OpenAlerts live={live} />
        <Latency live={live} />
        <Intake live={live} />
      </div>
      <Trend samples={samples} />
      <Channels live={live} />
    </>
  );
}

export function LivePage(): ReactNode {
  const { t, time } = usePreferences();
  const query = useLive();
  return (
    <div className="live">
      <div className="live-head">
        <h1>{t('live.title')}</h1>
        {query.data === undefined ? null : (
          <span className="muted">{t('queue.asOf', { at: time.moment(query.data.at, Date.now()) })}</span>
        )}
      </div>
      <Loaded
        query={query}
        skeleton={
          <Skeleton
            lines={[
              [100, 96],
              [100, 56],
              [100, 300],
            ]}
          />
        }
      >
        {(live) => <Figures live={live} />}
      </Loaded>
    </div>
  );
}
