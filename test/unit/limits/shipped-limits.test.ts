/**
 * Every shipped limit at its threshold, as `vigil rules test` plays it. The cases stand here and not in config/: a bank that
 * sets other limits would be held to these numbers with every change.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { runRulesTest } from '../../../src/cli/rules-test.ts';
import { buildConfiguration } from '../../../src/composition/load-generation.ts';
import { readSources } from '../../../src/config/read-sources.ts';

it('every shipped limit passes what is exactly its maximum, and nothing beyond', async () => {
  const file = 'shipped-limits.test.yaml';
  const text = await readFile(path.join(import.meta.dirname, file), 'utf8');
  const loaded = buildConfiguration({ ...(await readSources(undefined)), ruleTests: [{ file, text }] }, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  const lines: string[] = [];
  const io = { out: (line: string) => void lines.push(line), note: () => undefined, isTerminal: false };
  const exitCode = await runRulesTest({ configuration: loaded.value, coverage: true }, io);
  expect(lines.filter((line) => line.includes('✗'))).toEqual([]);
  expect(exitCode).toBe(0);
  // counts of one, two and five thousand payments a day: too long to play through
  expect(lines.filter((line) => line.includes('not covered  limit '))).toEqual([
    '  not covered  limit firm_remote_day_count: never exceeded',
    '  not covered  limit corporate_online_day_count: never exceeded',
    '  not covered  limit direct_link_day_count: never exceeded',
  ]);
  expect(lines.find((line) => line.startsWith('coverage:'))).toContain('56 of 59 limits seen exceeded');
}, 60_000);
