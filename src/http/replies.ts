/** The one way a refusal leaves the server. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from './api-types.ts';
import type { ProblemBody } from './problem.ts';

export const sendProblem = (request: FastifyRequest, reply: FastifyReply, body: ProblemBody): FastifyReply =>
  reply
    .status(body.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send({ ...body, requestId: request.id } satisfies Problem);
