/** The examples of docs/rules.md are loaded and run: a guide that is wrong fails the build. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { runRulesTest } from '../../../src/cli/rules-test.ts';
import { buildConfiguration } from '../../../src/composition/load-generation.ts';
import { readSources } from '../../../src/config/read-sources.ts';
import { formatFault } from '../../../src/domain/config-fault.ts';

it('the rule of the guide loads and passes the tests of the guide', async () => {
  const guide = await readFile(path.resolve(import.meta.dirname, '../../../docs/rules.md'), 'utf8');
  const block = (name: string) => guide.match(new RegExp(`\`\`\`yaml ${name}\n([^]*?)\`\`\``))?.[1] ?? '';
  const sources = await readSources(undefined);
  const loaded = buildConfiguration(
    {
      ...sources,
      rules: [{ file: 'rules/core.yaml', text: block('rules') }],
      ruleTests: [{ file: 'rules/tests/core.test.yaml', text: block('test') }],
    },
    {},
  );
  if (!loaded.ok) throw new Error(loaded.error.map(formatFault).join('\n'));
  const lines: string[] = [];
  const io = { out: (line: string) => lines.push(line), note: (line: string) => lines.push(line), isTerminal: false };
  expect(await runRulesTest({ configuration: loaded.value }, io)).toBe(0);
  expect(lines.at(-1)).toBe('2 passed, 0 failed, 2 in all');
});
