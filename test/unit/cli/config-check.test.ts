import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { runConfig } from '../../../src/cli/config.ts';
import { readSources } from '../../../src/config/read-sources.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'vigil-config-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

async function check(settings?: string, others: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const config = settings === undefined ? undefined : folderWith({ 'vigil.yaml': settings, ...others });
  const lines: string[] = [];
  const io = { out: (line: string) => void lines.push(line), note: () => undefined, isTerminal: false };
  expect(await runConfig('check', config === undefined ? {} : { config }, io)).toBe(0);
  return lines;
}

it('has nothing to warn of in the shipped configuration', async () => {
  expect(await check()).toEqual([expect.stringContaining('The configuration is in order: 15 channels')]);
});

// the shipped terminal fraud rate looks back 30 days from 7 days ago: (30 + 7) × 24 hours
it('warns when the topics are too short to rebuild whole windows from', async () => {
  const lines = await check('kafka: { retentionHours: 887 }');
  expect(lines.at(-1)).toMatch(
    /^warning: kafka\.retentionHours is 887: .* to [1-9] of \d+ features, the longest looks back 888 hours/,
  );
});

it('does not warn when they are as long as the longest window', async () => {
  expect(await check('kafka: { retentionHours: 888 }')).toEqual([
    expect.stringContaining('The configuration is in order'),
  ]);
});

it('warns of channels on which some customers cannot pass a challenge', async () => {
  const shipped = (await readSources(undefined)).channels.text;
  const channels = shipped
    .replace(/(code: ATM,.*challengeMethods: )\[.*\]/, '$1[VOICE_CALL]')
    .replace(/(code: POS,.*challengeMethods: )\[.*\]/, '$1[SMS_OTP, VOICE_CALL]')
    .replace(/(code: QR_CODE,.*challengeMethods: )\[.*\]/, '$1[]');
  expect((await check('kafka: { retentionHours: 888 }', { 'channels.yaml': channels })).slice(1)).toEqual([
    'warning: ATM has no method of challenge for customers with HEARING: every CHALLENGE becomes a HOLD for them',
    'warning: QR_CODE has no method of challenge: every CHALLENGE becomes a HOLD',
  ]);
});

it('refuses tests that cannot be read: nothing could come into force beside them', async () => {
  const tests = 'suite: x\ncases:\n  - { name: a, transaction: { type: LOGIN }, expect: { hits: [nobody] } }\n';
  const refused = check('', { 'rules/tests/a.test.yaml': tests });
  await expect(refused).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    faults: [
      { path: 'cases[0]', message: expect.stringContaining('no clock') },
      { path: 'cases[0].expect.hits[0]', message: 'there is no rule nobody' },
    ],
  });
});

it('names what lies in the folder and is read by nobody', async () => {
  const lines = await check('kafka: { retentionHours: 888 }', {
    'feature.yaml': 'version: 1\n',
    'mappings/ours.yaml': '',
  });
  expect(lines.slice(1)).toEqual([
    'warning: nothing reads feature.yaml (did you mean features.yaml?): it is not in force',
  ]);
});

it('knows of every part which files are read', async () => {
  const folder = folderWith({
    'limits/README.md': 'ours\n',
    'limits/cn/a.yaml': '',
    'limits/old.yaml.bak': '',
    'limits/tests/a.test.yaml': '',
    'lists/tests/a.yaml': '',
    'lists/old.txt': '',
    'lists/mule.csv': '',
    'models/x/manifest.json': '{}',
    'rules/a.yml': '',
    'rules/more/new.yaml': '',
    'rules/tests/a.test.yaml': '',
    'rules/tests/a.yaml': '',
    'simulation.yaml': '',
    '..data/key': '',
  });
  expect((await readSources(folder)).unread).toEqual([
    'limits/old.yaml.bak',
    'lists/old.txt',
    'lists/tests/a.yaml',
    'rules/more/new.yaml',
    'rules/tests/a.yaml',
  ]);
});

it('says in one sentence what cannot be read', async () => {
  const folder = folderWith({ 'rules/a.yaml/b.yaml': '', 'kept.yaml': '' });
  await expect(readSources(folder)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/rules\/a\.yaml cannot be read: EISDIR/),
  });
  const other = folderWith({ 'policy.yaml/b.yaml': '' });
  await expect(readSources(other)).rejects.toThrow(/policy\.yaml cannot be read: EISDIR/);
});
