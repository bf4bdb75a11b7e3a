/** "Usual against now": small pictures of what this customer usually does, each with this transaction in it. */
import type { ReactNode } from 'react';
import type { CustomerTransaction, Decision } from '../../../http/api-types.ts';
import { useTerms } from '../controls/use-terms.ts';
import { formatMoneyInText } from '../format/money.ts';
import { usePreferences } from '../i18n/language.tsx';
import { Section } from './section.tsx';
import {
  type AmountPicture,
  amountAxis,
  amountPicture,
  hourHistogram,
  type NoveltyFact,
  noveltyFacts,
  type Profile,
  recentSecurityEvents,
} from './usual.ts';

/** Fewer activities than this make no distribution. */
const MIN_FOR_HOURS = 15;

function Figure(props: {
  readonly title: string;
  readonly now: ReactNode;
  readonly usual: ReactNode;
  readonly children?: ReactNode;
}) {
  return (
    <li className="usual">
      <h4>{props.title}</h4>
      {props.children}
      <p className="usual-now">{props.now}</p>
      <p className="muted">{props.usual}</p>
    </li>
  );
}

function AmountFigure({ picture, currency }: { readonly picture: AmountPicture; readonly currency: string | null }) {
  const terms = useTerms();
  const money = (value: number): string => formatMoneyInText(value, currency);
  const at = amountAxis(picture);
  const percent = (value: number): string => `${at(value) * 100}%`;
  const { range, max } = picture;
  const usual =
    range === null
      ? terms('usual.amountTypical', { amount: money(picture.typical) })
      : terms('usual.amountRange', { low: money(range.low), high: money(range.high) });
  return (
    <Figure
      title={terms('usual.amount')}
      now={terms('usual.amountNow', { amount: money(picture.now) })}
      usual={max === null ? usual : `${usual} · ${terms('usual.amountMax', { amount: money(max) })}`}
    >
      <div className="amount-axis" aria-hidden="true">
        {range === null ? null : (
          <div
            className="amount-range"
            style={{ insetInlineStart: percent(range.low), width: `${(at(range.high) - at(range.low)) * 100}%` }}
          />
        )}
        <div className="amount-typical" style={{ insetInlineStart: percent(picture.typical) }} />
        {max === null ? null : <div className="amount-max" style={{ insetInlineStart: percent(max) }} />}
        <div className="amount-now" style={{ insetInlineStart: percent(picture.now) }} />
      </div>
    </Figure>
  );
}

function HourFigure(props: {
  readonly profile: Profile;
  readonly hours: readonly number[];
  readonly occurredAt: string;
}): ReactNode {
  const terms = useTerms();
  const { time, percent } = usePreferences();
  const now = time.hour(props.occurredAt);
  const bars = hourHistogram(props.hours);
  const largest = Math.max(...bars, 1);
  const share = props.profile.hourShare;
  if (share === null && props.hours.length < MIN_FOR_HOURS) return null;
  return (
    <Figure
      title={terms('usual.hour')}
      now={terms('usual.hourNow', { hour: time.minutes(props.occurredAt) })}
      usual={share === null ? terms('usual.hourBars') : terms('usual.hourShare', { percent: percent(share) })}
    >
      {props.hours.length < MIN_FOR_HOURS ? null : (
        <div className="hours" aria-hidden="true">
          {bars.map((count, hour) => (
            <div
              // biome-ignore lint/suspicious/noArrayIndexKey: the hour of the day is the identity
              key={hour}
              className={hour === now ? 'hour now' : 'hour'}
              style={{ height: `${Math.max((count / largest) * 100, count > 0 ? 8 : 0)}%` }}
            />
          ))}
        </div>
      )}
    </Figure>
  );
}

function Newness({ fact, profile }: { readonly fact: NoveltyFact; readonly profile: Profile }): ReactNode {
  const terms = useTerms();
  const { span, integer } = usePreferences();
  const detail = ((): string | null => {
    if (fact.what === 'payee' && !fact.isKnown) return terms('usual.ofKnownPayees', { n: profile.knownPayees });
    if (fact.what === 'device' && !fact.isKnown) return terms('usual.ofKnownDevices', { n: profile.knownDevices });
    if (fact.what !== 'place' || profile.distanceKm === null) return null;
    const km = integer(profile.distanceKm);
    return profile.speedKmh === null || profile.distanceKm < 5
      ? terms('usual.fromLast', { km })
      : terms('usual.atSpeed', { km, speed: integer(profile.speedKmh) });
  })();
  const known =
    fact.ageSeconds === null ? terms('usual.known') : terms('usual.knownFor', { span: span(fact.ageSeconds) });
  return (
    <div className="newness">
      <dt>{terms(`usual.${fact.what}`)}</dt>
      <dd>
        {fact.isKnown ? known : <strong className="new-word">{terms('usual.new')}</strong>}
        {detail === null ? null : <span className="muted"> · {detail}</span>}
      </dd>
    </div>
  );
}

function Facts({ profile }: { readonly profile: Profile }): ReactNode {
  const terms = useTerms();
  const { t, span, percent } = usePreferences();
  const events = recentSecurityEvents(profile);
  return (
    <dl className="newnesses">
      {noveltyFacts(profile).map((fact) => (
        <Newness key={fact.what} fact={fact} profile={profile} />
      ))}
      {profile.channelShare === null ? null : (
        <div className="newness">
          <dt>{terms('usual.channel')}</dt>
          <dd>{terms('usual.channelShare', { percent: percent(profile.channelShare) })}</dd>
        </div>
      )}
      {events.length === 0 ? null : (
        <div className="newness">
          <dt>{terms('usual.before')}</dt>
          <dd>
            {events.map(({ what, seconds }) => (
              <span key={what} className="event">
                {terms('usual.beforeItem', { what: t(`type.${what}`), span: span(seconds) })}
              </span>
            ))}
          </dd>
        </div>
      )}
      {profile.secondsSinceFirst === null ? null : (
        <div className="newness">
          <dt>{terms('usual.customer')}</dt>
          <dd>{terms('usual.customerKnown', { span: span(profile.secondsSinceFirst), n: profile.eventCount })}</dd>
        </div>
      )}
    </dl>
  );
}

export function UsualNow(props: {
  readonly decision: Decision;
  readonly amountMinor: number | null;
  readonly currency: string | null;
  readonly occurredAt: string;
  readonly others: readonly CustomerTransaction[];
}): ReactNode {
  const terms = useTerms();
  const { time } = usePreferences();
  const profile = props.decision.evidence?.profile ?? null;
  if (profile === null || profile.eventCount === 0)
    return (
      <Section title={terms('usual.title')}>
        <p className="muted">{terms(profile === null ? 'usual.noProfile' : 'usual.none')}</p>
      </Section>
    );
  const picture = amountPicture(profile, props.amountMinor);
  const hours = props.others
    .filter(({ decisionId }) => decisionId !== props.decision.decisionId)
    .flatMap(({ occurredAt }) => (occurredAt === null ? [] : [time.hour(occurredAt)]));
  return (
    <Section title={terms('usual.title')}>
      <ul className="usuals">
        {picture === null ? null : <AmountFigure picture={picture} currency={props.currency} />}
        <HourFigure profile={profile} hours={hours} occurredAt={props.occurredAt} />
      </ul>
      <Facts profile={profile} />
    </Section>
  );
}
