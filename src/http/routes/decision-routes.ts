/** For channels: a transaction in, its decision out. The bytes go to the parser as they came, and the decision's as they stand. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Rejection } from '../../domain/transaction.ts';
import type { Role } from '../api-types.ts';
import type { HttpServerOptions } from '../http-options.ts';
import { bodyOfRejection } from '../problem.ts';
import { sendProblem } from '../replies.ts';
import type { Route } from '../route.ts';

const MAY_TRY: readonly Role[] = ['rule_author', 'approver', 'supervisor', 'administrator'];

export function decisionRoutes(options: HttpServerOptions): readonly Route[] {
  const { score, dryRun } = options;
  const decide: Route = {
    method: 'POST',
    url: '/v1/decisions',
    name: 'decide',
    access: ['channel'],
    tag: 'decisions',
    summary: 'Decide a transaction',
    description:
      'Takes a transaction (contract version 1) and answers its decision. The same transaction again is answered with the same bytes.',
    body: 'Transaction',
    answers: { component: 'Decision' },
    refuses: ['TRANSACTION_REJECTED', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
    handler: async (request, reply) => {
      const answer = await score(rawBody(request), request.receivedAtMs);
      if (answer.status === 'rejected') return refuse(request, reply, answer.rejection);
      return reply.header('content-type', 'application/json; charset=utf-8').send(answer.decision);
    },
  };
  if (dryRun === undefined) return [decide];
  const tryOut: Route = {
    method: 'POST',
    url: '/v1/dry-run',
    name: 'dryRun',
    access: MAY_TRY,
    tag: 'decisions',
    summary: 'What would be decided; nothing is stored',
    body: 'Transaction',
    answers: { component: 'DryRunResult' },
    refuses: ['TRANSACTION_REJECTED', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
    handler: async (request, reply) => {
      const answer = await dryRun(rawBody(request));
      return answer.status === 'rejected' ? refuse(request, reply, answer.rejection) : answer.result;
    },
  };
  return [decide, tryOut];
}

/** A request without a body has none: the parser says EMPTY. */
export const rawBody = (request: FastifyRequest): Buffer =>
  Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);

const refuse = (request: FastifyRequest, reply: FastifyReply, rejection: Rejection): FastifyReply =>
  sendProblem(request, reply, bodyOfRejection(rejection));
