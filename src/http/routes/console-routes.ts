/**
 * The console's files. Only what is in its folder at the start can be asked for, so no path leads out of it. An address of the
 * console itself (/alerts/…) gets its page; the page then speaks to /v1 with its own token.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HttpProblem } from '../problem.ts';

const PAGE = 'index.html';
/** Vite puts a hash of the content into the names under assets/ */
const FOR_EVER = 'public, max-age=31536000, immutable';
const ASK_AGAIN = 'no-cache';

export async function addConsole(app: FastifyInstance, consoleDir: string | undefined): Promise<void> {
  const files = consoleDir === undefined ? new Set<string>() : filesIn(consoleDir);
  if (consoleDir !== undefined) {
    await app.register(fastifyStatic, { root: consoleDir, serve: false, cacheControl: false });
  }
  app.route({
    method: 'GET',
    url: '/*',
    config: { access: 'public' },
    schema: { hide: true },
    handler: (request, reply) => sendFile(request, reply, files),
  });
}

function sendFile(request: FastifyRequest, reply: FastifyReply, files: ReadonlySet<string>): FastifyReply {
  const asked = (request.params as { readonly '*': string })['*'];
  const isPage = asked === '' || (!files.has(asked) && !path.posix.basename(asked).includes('.'));
  const file = isPage ? PAGE : asked;
  if (!files.has(file)) {
    throw new HttpProblem(
      'NOT_FOUND',
      files.size === 0 ? 'The console was not built.' : 'There is nothing at this address.',
    );
  }
  return reply.header('cache-control', file.startsWith('assets/') ? FOR_EVER : ASK_AGAIN).sendFile(file);
}

const filesIn = (folder: string): ReadonlySet<string> =>
  new Set(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/')),
  );
