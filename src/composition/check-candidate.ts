/**
 * Checks a configuration as a whole before it may come into force: everything loads, and every test of its rules passes.
 * Reading 60 rules and deciding 130 cases takes seconds, single cases up to 0.3 s of them: the running service has that done
 * in a thread of its own, and decides on meanwhile.
 */
import { Worker } from 'node:worker_threads';
import type { Environment } from '../config/load-settings.ts';
import type { ConfigSources } from '../config/read-sources.ts';
import { formatFault } from '../domain/config-fault.ts';
import { VigilError } from '../domain/errors.ts';
import { runTestCase } from '../rules/testing/run-tests.ts';
import { parseRuleTests, placeOf } from '../rules/testing/test-case.ts';
import { knownNames } from './known-names.ts';
import { buildConfigurationGradually, type LoadedConfiguration } from './load-generation.ts';
import { createCaseDecider } from './rules-case.ts';

/**
 * Answers what is wrong, one text for each fault; nothing when the configuration may come into force. An abort ends it at
 * once, and what it then answers says nothing.
 */
export type CheckCandidate = (
  sources: ConfigSources,
  environment: Environment,
  signal?: AbortSignal,
) => Promise<readonly string[]>;

export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const checkHere: CheckCandidate = async (sources, environment, signal) => {
  const built = await buildConfigurationGradually({ sources, environment, breathe: nextTurn });
  return built.ok ? failedRuleTests(built.value, signal) : built.error.map(formatFault);
};

export async function failedRuleTests(
  configuration: LoadedConfiguration,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const cases = parseRuleTests(configuration.sources.ruleTests, knownNames(configuration));
  if (!cases.ok) return cases.error.map(formatFault);
  const decide = createCaseDecider(configuration);
  const failed: string[] = [];
  let isShippedTest = false;
  for (const testCase of cases.value) {
    const { differences } = await runTestCase(testCase, decide, () => performance.now());
    if (differences.length > 0) isShippedTest ||= !isOwnFile(testCase.file, configuration);
    for (const { what, expected, actual } of differences)
      failed.push(
        `${placeOf(testCase)} the test "${testCase.name}" fails: ${what}: expected ${expected}, actual ${actual}`,
      );
    await nextTurn();
    if (signal?.aborted === true) break;
  }
  return isShippedTest ? [...failed, SHIPPED_TESTS] : failed;
}

/** Tests belong to their folder: whoever changes only the policy is held to those of the shipped rules, limits and lists. */
const SHIPPED_TESTS =
  'These tests come with the shipped rules, limits or lists, whose folder is in force. Where the change is meant, copy that folder into the configuration folder and change the tests there.';

/** without a folder of one's own there is nothing to copy into */
const isOwnFile = (file: string, { sources: { ownDir } }: LoadedConfiguration): boolean =>
  ownDir === undefined || file.startsWith(ownDir);

/** a check that hangs must not hold up every later change */
const PATIENCE_MS = 120_000;

/** `entry`: check-worker of this folder; it exists as JavaScript in what was built only. */
export function checkInThread(entry: URL = new URL('./check-worker.js', import.meta.url)): CheckCandidate {
  return (sources, environment, signal) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(entry, { workerData: { sources, environment } });
      const timer = setTimeout(() => fail(new Error('no verdict within two minutes')), PATIENCE_MS);
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        void worker.terminate();
      };
      // a running thread holds up the end of the process, also after unref()
      const giveUp = (): void => {
        end();
        resolve([]);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      if (signal?.aborted === true) return giveUp();
      const fail = (cause: unknown): void => {
        end();
        reject(new VigilError('CONFIG_INVALID', `The check of a configuration failed: ${cause}`, { cause }));
      };
      worker.once('message', (faults: readonly string[]) => {
        end();
        resolve(faults);
      });
      worker.once('error', fail);
      worker.once('exit', (code) => fail(new Error(`the thread ended with ${code}`)));
    });
}

/** Node 20 starts no thread from a TypeScript file: from the sources the check runs here, in pieces. */
export const checkCandidate: CheckCandidate = import.meta.url.endsWith('.js') ? checkInThread() : checkHere;
