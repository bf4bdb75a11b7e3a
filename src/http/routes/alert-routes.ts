/** The alert queue: pages, one alert with its decision and history, and what a person does with it. */
import Type, { type Static } from 'typebox';
import { ALERT_STATUSES, type Alert } from '../../domain/alert.ts';
import { principalOf, READERS } from '../access.ts';
import { readAlertAction } from '../alert-action-body.ts';
import type { AlertActionRequest, AlertDetail, AlertPage, Role } from '../api-types.ts';
import type { HttpServerOptions } from '../http-options.ts';
import { HttpProblem } from '../problem.ts';
import type { Route } from '../route.ts';
import type { Principal } from '../tokens.ts';
import { rawBody } from './decision-routes.ts';

const AlertQuery = Type.Object(
  {
    status: Type.Optional(Type.Unsafe<Alert['status']>({ type: 'string', enum: [...ALERT_STATUSES] })),
    channel: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    customerId: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: '50 when it is not given' })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'nextCursor of the page before' })),
  },
  { additionalProperties: false },
);
const AlertParams = Type.Object({ alertId: Type.String() });
const DEFAULT_LIMIT = 50;

const MAY_ACT: readonly Role[] = ['analyst', 'supervisor', 'administrator'];
/** may take a step on what another person has in hand, or has closed */
const MAY_OVERRULE: readonly Role[] = ['supervisor', 'administrator'];

export const alertRoutes = ({ alerts, channels }: HttpServerOptions): readonly Route[] => [
  {
    method: 'GET',
    url: '/v1/alerts',
    name: 'listAlerts',
    access: READERS,
    tag: 'alerts',
    summary: 'Alerts, newest first',
    query: AlertQuery,
    answers: { component: 'AlertPage' },
    refuses: ['INVALID_CURSOR'],
    handler: async (request): Promise<AlertPage> => {
      const { limit = DEFAULT_LIMIT, ...filters } = request.query as Static<typeof AlertQuery>;
      if (filters.channel !== undefined && !channels().channels.has(filters.channel)) {
        throw new HttpProblem('INVALID_QUERY', '"channel" must be a code of GET /v1/channels.', { path: 'channel' });
      }
      return alerts.alerts({ ...filters, limit });
    },
  },
  {
    method: 'GET',
    url: '/v1/alerts/:alertId',
    name: 'getAlert',
    access: READERS,
    tag: 'alerts',
    summary: 'One alert with its decision and its history',
    params: AlertParams,
    answers: { component: 'AlertDetail' },
    refuses: ['NOT_FOUND'],
    handler: async (request): Promise<AlertDetail> => {
      const { alertId } = request.params as Static<typeof AlertParams>;
      const alert = await existing(alerts.alert(alertId));
      const [record, history] = await Promise.all([
        alerts.decision(alert.channel, alert.transactionId),
        alerts.history(alertId),
      ]);
      return { alert, decision: record?.decision ?? null, history };
    },
  },
  {
    method: 'POST',
    url: '/v1/alerts/:alertId/actions',
    name: 'actOnAlert',
    access: MAY_ACT,
    tag: 'alerts',
    summary: 'Claim, release, close or reopen an alert',
    description:
      'Names the version that the person saw; 409 when somebody else has changed the alert since. What another person has in hand or has closed needs a supervisor.',
    params: AlertParams,
    body: 'AlertActionRequest',
    answers: { component: 'Alert' },
    refuses: ['NOT_FOUND', 'ALERT_CONFLICT', 'INVALID_BODY', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
    handler: async (request): Promise<Alert> => {
      const { alertId } = request.params as Static<typeof AlertParams>;
      const principal = principalOf(request);
      const { seenVersion, ...action } = readAlertAction(rawBody(request));
      refuseForeign(await existing(alerts.alert(alertId)), action.kind, principal);
      return alerts.act(alertId, seenVersion, action, principal.subject);
    },
  },
];

async function existing(found: Promise<Alert | undefined>): Promise<Alert> {
  const alert = await found;
  if (alert === undefined) throw new HttpProblem('NOT_FOUND', 'There is no such alert.');
  return alert;
}

/** The store compares the version afterwards, so what is judged here is what will be changed. */
function refuseForeign(alert: Alert, kind: AlertActionRequest['kind'], principal: Principal): void {
  const isOwn = alert.assignee === null || alert.assignee === principal.subject;
  if (kind === 'claim' || isOwn || principal.roles.some((role) => MAY_OVERRULE.includes(role))) return;
  throw new HttpProblem('FORBIDDEN', `This alert is ${alert.assignee}'s: a supervisor can take this step.`);
}
