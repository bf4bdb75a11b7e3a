import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { readInThread } from '../../../src/composition/read-ahead.ts';
import { readSources } from '../../../src/config/read-sources.ts';
import { parseStrictYaml } from '../../../src/domain/strict-yaml.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');

it('the thread as it is built reads the shipped rules, limits and lists to the same values', async () => {
  const sources = await readSources(undefined);
  const entry = pathToFileURL(path.join(ROOT, 'dist/composition/read-ahead-worker.js'));
  const read = await readInThread(entry)(sources, { ...sources, rules: [], limits: [], lists: [] });
  const yaml = [...read.rules, ...read.limits, ...read.lists].filter(({ file }) => /\.ya?ml$/.test(file));
  const expected = ['rules', 'limits', 'lists'].flatMap((part) =>
    readdirSync(path.join(ROOT, 'config', part)).filter((name) => name.endsWith('.yaml')),
  );
  expect(yaml).toHaveLength(expected.length);
  for (const { file, parsed } of yaml) {
    const here = parseStrictYaml({ file, text: readFileSync(path.join(ROOT, 'config', file), 'utf8') });
    expect(here.ok && here.value.value).toEqual(parsed?.value);
  }
});
