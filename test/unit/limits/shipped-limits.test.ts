/** The tests that stand beside the shipped limits and lists, as `vigil rules test` and `vigil limits coverage` run them. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { runLimitsCoverage } from '../../../src/cli/limits-coverage.ts';
import { runRulesTest } from '../../../src/cli/rules-test.ts';
import type { LoadedConfiguration } from '../../../src/composition/load-generation.ts';
import { type ConfigSources, readSources, SHIPPED_CONFIG_DIR } from '../../../src/config/read-sources.ts';
import { configurationOf } from '../../helpers/configuration-of.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

let sources: ConfigSources;

beforeAll(async () => {
  sources = await readSources(undefined);
});

const load = (changes: Partial<ConfigSources> = {}): LoadedConfiguration => configurationOf({ ...sources, ...changes });

it('every shipped limit passes what is exactly its maximum, and nothing beyond', async () => {
  const io = recordingIo();
  const exitCode = await runRulesTest({ configuration: load(), coverage: true }, io);
  expect(io.lines.filter((line) => line.includes('✗'))).toEqual([]);
  expect(exitCode).toBe(0);
  // counts of one, two and five thousand payments a day: too long to play through
  expect(io.lines.filter((line) => line.includes('not covered  limit '))).toEqual([
    '  not covered  limit firm_remote_day_count: never exceeded',
    '  not covered  limit corporate_online_day_count: never exceeded',
    '  not covered  limit direct_link_day_count: never exceeded',
  ]);
  expect(io.lines.find((line) => line.startsWith('coverage:'))).toContain('56 of 59 limits seen exceeded');
});

describe('vigil limits coverage', () => {
  const report = async (configuration: LoadedConfiguration) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'vigil-coverage-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const io = recordingIo();
    const out = path.join(dir, 'coverage.md');
    const exitCode = await runLimitsCoverage({ configuration, out }, io);
    return { exitCode, notes: io.notes, text: await readFile(out, 'utf8') };
  };

  it('has an object that takes effect and a test for every clause, and docs/limits-coverage.md says so', async () => {
    const { exitCode, notes, text } = await report(load());
    expect(notes.at(-1)).toBe('6 clauses, 23 tests, 0 gaps');
    expect(exitCode).toBe(0);
    await expect(text).toMatchFileSnapshot('../../../docs/limits-coverage.md');
  });

  it('fails where a limit was raised beyond what its tests reach, and names the gap', async () => {
    const limits = sources.limits.map((source) =>
      source.file.endsWith('cn-regulatory.yaml')
        ? { ...source, text: source.text.replace('max: 30000000', 'max: 30000001') }
        : source,
    );
    const { exitCode, notes } = await report(load({ limits }));
    expect(exitCode).toBe(1);
    expect(notes).toEqual([
      'gap: CN-261-9-3: its test "one fen more gives one" fails',
      'gap: CN-261-9-3: limit:law_person_day_reminder takes effect in none of its tests',
      '6 clauses, 23 tests, 2 gaps',
    ]);
  });
});

describe('tests belong to their folder', () => {
  const foldersOf = (tests: ConfigSources['ruleTests']) =>
    [...new Set(tests.map(({ file }) => file.match(/(\w+)\/tests\//)?.[1]))].sort();

  it('those of rules, limits and lists must all pass, and are no limits or lists themselves', () => {
    expect(foldersOf(sources.ruleTests)).toEqual(['limits', 'lists', 'rules']);
    expect([...sources.limits, ...sources.lists].filter(({ file }) => file.includes('tests/'))).toEqual([]);
  });

  it('rules of one’s own are held to no test of the shipped limits, limits of one’s own bring theirs', async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'vigil-tests-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    await mkdir(path.join(dir, 'rules', 'tests'), { recursive: true });
    await writeFile(path.join(dir, 'rules', 'tests', 'mine.test.yaml'), '');
    const rulesOnly = await readSources(dir);
    expect(foldersOf(rulesOnly.ruleTests)).toEqual(['rules']);
    expect(foldersOf(rulesOnly.limitTests)).toEqual(['limits', 'lists']);
    await cp(path.join(SHIPPED_CONFIG_DIR, 'limits'), path.join(dir, 'limits'), { recursive: true });
    const withLimits = await readSources(dir);
    expect(foldersOf(withLimits.ruleTests)).toEqual(['limits', 'rules']);
    expect(withLimits.unread).toEqual([]);
  });
});
