/** What a client asks once: who it is, which channels there are, what this API is. */
import { ANYONE, principalOf } from '../access.ts';
import type { ChannelList, Me } from '../api-types.ts';
import type { HttpServerOptions } from '../http-options.ts';
import type { Route } from '../route.ts';

export const referenceRoutes = ({ channels, bank }: HttpServerOptions, openApi: () => unknown): readonly Route[] => [
  {
    method: 'GET',
    url: '/v1/me',
    name: 'getMe',
    access: ANYONE,
    tag: 'reference',
    summary: 'Whose token this is, its roles, and the bank that it is for',
    answers: { component: 'Me' },
    handler: (request): Me => {
      const { subject, name, roles } = principalOf(request);
      return { subject, name, roles, bank: bank() };
    },
  },
  {
    method: 'GET',
    url: '/v1/channels',
    name: 'listChannels',
    access: ANYONE,
    tag: 'reference',
    summary: 'The channels in force',
    answers: { component: 'ChannelList' },
    handler: (): ChannelList => channelList(channels()),
  },
  {
    method: 'GET',
    url: '/v1/openapi.json',
    name: 'getOpenApi',
    access: ANYONE,
    tag: 'reference',
    summary: 'This API in OpenAPI 3.1',
    answers: { component: 'OpenApi' },
    handler: () => openApi(),
  },
];

function channelList(catalogue: ReturnType<HttpServerOptions['channels']>): ChannelList {
  const methods = catalogue.challengeMethods;
  return {
    version: catalogue.version,
    items: [...catalogue.channels.values()].map((channel) => ({
      code: channel.code,
      name: channel.name,
      group: channel.group,
      deadlineMs: channel.deadlineMs,
      fallbackOutcome: channel.fallbackOutcome,
      challengeMethods: channel.challengeMethods.flatMap((code) => {
        const method = methods.get(code);
        return method === undefined ? [] : [{ code, name: method.name }];
      }),
    })),
  };
}
