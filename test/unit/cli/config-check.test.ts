import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { runConfig } from '../../../src/cli/config.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function check(settings: string): Promise<readonly string[]> {
  const config = mkdtempSync(path.join(tmpdir(), 'vigil-config-'));
  folders.push(config);
  writeFileSync(path.join(config, 'vigil.yaml'), settings);
  const lines: string[] = [];
  const io = { out: (line: string) => void lines.push(line), note: () => undefined, isTerminal: false };
  expect(await runConfig('check', { config }, io)).toBe(0);
  return lines;
}

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
