/** The body of an action on an alert: strict JSON, every field checked, nothing unknown taken. */
import { DISPOSITIONS, type Disposition } from '../domain/alert.ts';
import { parseStrictJson, StrictJsonError } from '../domain/strict-json.ts';
import type { AlertActionRequest } from './api-types.ts';
import { HttpProblem } from './problem.ts';

const KINDS = ['claim', 'release', 'close', 'reopen'] as const;
type Kind = (typeof KINDS)[number];
const FIELDS: Readonly<Record<Kind, readonly string[]>> = {
  claim: ['kind', 'seenVersion'],
  release: ['kind', 'seenVersion'],
  close: ['kind', 'seenVersion', 'disposition', 'note'],
  reopen: ['kind', 'seenVersion', 'note'],
};
const LONGEST_NOTE = 2_000;
const MAX_DEPTH = 4;

type Body = Readonly<Record<string, unknown>>;

/** Throws HttpProblem INVALID_BODY with the JSON pointer of the fault. */
export function readAlertAction(raw: Buffer): AlertActionRequest {
  const body = readObject(raw);
  const kind = KINDS.find((known) => known === body.kind);
  if (kind === undefined) throw invalid('/kind', `must be one of ${KINDS.join(', ')}`);
  const unknown = Object.keys(body).find((name) => !FIELDS[kind].includes(name));
  if (unknown !== undefined) throw invalid('', `only ${FIELDS[kind].join(', ')} belong to "${kind}"`);
  const seenVersion = readVersion(body);
  if (kind === 'claim' || kind === 'release') return { kind, seenVersion };
  const note = readNote(body);
  if (kind === 'reopen') return { kind, seenVersion, ...note };
  return { kind, seenVersion, disposition: readDisposition(body), ...note };
}

function readObject(raw: Buffer): Body {
  let value: unknown;
  try {
    value = parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(raw), MAX_DEPTH);
  } catch (error) {
    if (error instanceof StrictJsonError) throw invalid('', error.message);
    throw invalid('', 'the body is not UTF-8');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('', 'must be an object');
  return value as Body;
}

function readVersion({ seenVersion }: Body): number {
  if (typeof seenVersion !== 'number' || !Number.isInteger(seenVersion) || seenVersion < 1) {
    throw invalid('/seenVersion', 'must be the version of the alert that you saw');
  }
  return seenVersion;
}

function readNote({ note }: Body): { readonly note?: string } {
  if (note === undefined) return {};
  if (typeof note !== 'string' || note.length > LONGEST_NOTE) {
    throw invalid('/note', `must be a text of at most ${LONGEST_NOTE} characters`);
  }
  return { note };
}

function readDisposition({ disposition }: Body): Disposition {
  const known = DISPOSITIONS.find((name) => name === disposition);
  if (known === undefined) throw invalid('/disposition', `must be one of ${DISPOSITIONS.join(', ')}`);
  return known;
}

const invalid = (path: string, fault: string): HttpProblem =>
  new HttpProblem('INVALID_BODY', `${path === '' ? 'The body' : `"${path.slice(1)}"`}: ${fault}.`, { path });
