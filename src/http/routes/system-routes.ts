/** Health, readiness and metrics: for machines inside the network, without a token. */
import type { HttpServerOptions } from '../http-options.ts';
import type { Route } from '../route.ts';

export const systemRoutes = (options: HttpServerOptions): readonly Route[] => [
  {
    method: 'GET',
    url: '/healthz',
    name: 'getHealth',
    access: 'public',
    tag: 'system',
    summary: 'Is the process alive',
    answers: { component: 'Health' },
    handler: () => options.health(),
  },
  {
    method: 'GET',
    url: '/readyz',
    name: 'getReadiness',
    access: 'public',
    tag: 'system',
    summary: 'Can it do its work now; 503 with the same body when it cannot',
    answers: { component: 'Readiness' },
    answersAlso: { 503: 'It cannot: the checks that fail say why' },
    handler: async (_request, reply) => {
      const readiness = await options.readiness();
      return reply.status(readiness.ok ? 200 : 503).send(readiness);
    },
  },
  {
    method: 'GET',
    url: '/metrics',
    name: 'getMetrics',
    access: 'public',
    tag: 'system',
    summary: 'Metrics in the Prometheus text format',
    answers: { mediaType: 'text/plain' },
    handler: async (_request, reply) => {
      const { contentType, body } = await options.metrics();
      return reply.header('content-type', contentType).send(body);
    },
  },
];
