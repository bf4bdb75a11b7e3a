/** Bytes → Decision, as far as the alert store relies on it: our own messages, and yet the topic is open to mistakes. */
import { type Decision, LEVELS, OUTCOMES } from '../domain/decision.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { parseRfc3339 } from '../domain/time.ts';

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The error is one sentence without any value of the message. */
export function readDecision(value: Uint8Array | null): Result<{ decision: Decision; bytes: string }, string> {
  if (value === null) return err('the message has no value');
  let bytes: string;
  let parsed: unknown;
  try {
    bytes = decoder.decode(value);
    parsed = JSON.parse(bytes);
  } catch {
    return err('the message is not JSON in UTF-8');
  }
  if (!isDecision(parsed)) return err(`the message is not a decision: ${firstFault(parsed)}`);
  return ok({ decision: parsed, bytes });
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText: Check = (value) => typeof value === 'string' && value !== '';
const isTime: Check = (value) => typeof value === 'string' && parseRfc3339(value) !== undefined;
const isList =
  (isItem: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(isItem);
const isOneOf =
  (values: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && values.includes(value);
const isReason: Check = (value) =>
  isObject(value) &&
  isText(value.code) &&
  isObject(value.text) &&
  typeof value.text.en === 'string' &&
  typeof value.text['zh-CN'] === 'string';
const isHit: Check = (value) =>
  isObject(value) && isText(value.ruleId) && isOneOf(['hit', 'errored'])(value.status) && isText(value.severity);

const CHECKS: Readonly<Record<string, Check>> = {
  schemaVersion: (value) => value === 1,
  decisionId: isText,
  transactionId: isText,
  channel: isText,
  customerId: (value) => typeof value === 'string', // empty in the fallback of a message without a readable one
  outcome: isOneOf(OUTCOMES),
  riskScore: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 1000,
  alert: (value) => typeof value === 'boolean',
  reasons: isList(isReason),
  hits: isList(isHit),
  level: isOneOf(LEVELS),
  occurredAt: (value) => value === null || isTime(value),
  receivedAt: isTime,
  decidedAt: isTime,
  evidence: (value) => value === null || isObject(value),
};

const isDecision = (value: unknown): value is Decision => isObject(value) && firstFault(value) === undefined;

function firstFault(value: unknown): string | undefined {
  if (!isObject(value)) return 'it is not an object';
  const faulty = Object.entries(CHECKS).find(([name, check]) => !check(value[name]));
  return faulty === undefined ? undefined : `${faulty[0]} is missing or wrong`;
}
