/** The frame of the OpenAPI document; its paths come from the routes, its components from schemas.ts. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';

export const openApiOptions = (version: string): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Vigil',
      version,
      description:
        'Real-time transaction risk monitor: decisions for channels, the alert queue, the history behind it. Everything under /v1 needs a bearer token; refusals are problems of RFC 9457.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    tags: [
      { name: 'decisions', description: 'Transactions and what was decided' },
      { name: 'alerts', description: 'The alert queue' },
      { name: 'live', description: 'What is going on now' },
      { name: 'reference', description: 'What a client asks once' },
      { name: 'system', description: 'Health and metrics, without a token' },
    ],
  },
  convertConstToEnum: false,
  // components keep their names instead of def-0, def-1, …
  refResolver: { buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `schema-${index}`) },
});
