/** What another thread has read serves as if it had been read here; what it has not read is read here. */
import { describe, expect, it } from 'vitest';
import { readInThread } from '../../../src/composition/read-ahead.ts';
import { readSources } from '../../../src/config/read-sources.ts';
import { formatFault } from '../../../src/domain/config-fault.ts';
import { parseStrictYaml } from '../../../src/domain/strict-yaml.ts';
import { aFolder, aLive, ruleFile, testFile } from './a-folder.ts';

const threadOf = (body: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort, workerData } from 'node:worker_threads';\n${body}`)}`,
  );

describe('reading ahead', () => {
  it('asks the thread for the YAML that has changed and for nothing else', async () => {
    const folder = aFolder();
    const before = await readSources(folder.dir);
    folder.write('rules/more.yaml', ruleFile(7_000));
    folder.write('lists/watched-parties.csv', 'id,source,reason,person\nA-1,police,case 7,li\n');
    const now = await readSources(folder.dir);
    const echo = threadOf(
      'for (const [index, { text }] of workerData.entries()) parentPort.postMessage({ index, value: text.length });',
    );
    const read = await readInThread(echo)(now, before);
    const parsed = [...read.rules, ...read.limits, ...read.lists].filter((source) => source.parsed !== undefined);
    expect(parsed.map(({ text, parsed: found }) => [text, found?.value])).toEqual([
      [ruleFile(7_000), ruleFile(7_000).length],
    ]);
  });

  it.each([
    ['dies at once', 'process.exit(3);'],
    ['throws', 'throw new Error("no");'],
    ['answers for no file', 'parentPort.postMessage({ index: 99, value: 1 });'],
  ])('leaves the files to be read here when the thread %s', async (_what, body) => {
    const folder = aFolder();
    const { live } = await aLive(folder, { readAhead: readInThread(threadOf(body)) });
    folder.write('rules/test.yaml', ruleFile(2_000));
    folder.write('rules/tests/test.test.yaml', testFile(2_000));
    expect(await live.offer(await readSources(folder.dir))).toEqual({ status: 'activated' });
    expect(live.current().configuration.ruleset.rules[0]?.when).toContain('2000');
  });

  it('brings into force what the thread has read, keeps the texts alone, and names places in them', async () => {
    const folder = aFolder();
    const readAhead = async (sources: Awaited<ReturnType<typeof readSources>>) => ({
      ...sources,
      rules: sources.rules.map((source) => {
        const parsed = parseStrictYaml(source);
        return parsed.ok ? { ...source, parsed: { value: parsed.value.value } } : source;
      }),
    });
    const { live, heard } = await aLive(folder, { readAhead });
    folder.write('rules/test.yaml', ruleFile(1_000, 250));
    expect(await live.offer(await readSources(folder.dir))).toEqual({ status: 'activated' });
    const { ruleset, sources } = live.current().configuration;
    expect(ruleset.rules[0]?.score).toBe(250);
    expect(sources.rules.every((source) => source.parsed === undefined)).toBe(true);
    folder.write(
      'rules/test.yaml',
      ruleFile(1_000).replace('tx.amountMinor', 'tx.amout').replace('score: 200', 'score: -1'),
    );
    expect((await live.offer(await readSources(folder.dir))).status).toBe('refused');
    expect(heard.refused[0]?.map((fault) => fault.split('\n')[0]?.replace(folder.dir, ''))).toEqual([
      '/rules/test.yaml:7:40 rules[0].when: unknown name tx.amout (did you mean amountMinor?)',
      '/rules/test.yaml:9:12 rules[0].score: must be a whole number from 0 to 1000',
    ]);
  });

  it('gives a value that was read elsewhere the places of its text', () => {
    const text = 'a: 1\nb:\n  - c\n  - d\n';
    const here = parseStrictYaml({ file: 'x.yaml', text });
    const elsewhere = parseStrictYaml({ file: 'x.yaml', text, parsed: { value: { a: 1, b: ['c', 'd'] } } });
    if (!here.ok || !elsewhere.ok) throw new Error('both are in order');
    expect(elsewhere.value.value).toEqual(here.value.value);
    expect(elsewhere.value.range(['b', 1])).toEqual(here.value.range(['b', 1]));
    expect(formatFault(elsewhere.value.fault(['b', 1], 'no'))).toBe(formatFault(here.value.fault(['b', 1], 'no')));
  });
});
