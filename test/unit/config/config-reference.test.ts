import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configReference } from '../../../src/config/config-reference.ts';
import { settingsLeaves } from '../../../src/config/settings-schema.ts';

const shipped = readFileSync(new URL('../../../config/vigil.yaml', import.meta.url), 'utf8');

it('docs/configuration.md says what vigil.yaml says (rewritten with: npx vitest run --project unit test/unit/config -u)', async () => {
  await expect(configReference(shipped)).toMatchFileSnapshot('../../../docs/configuration.md');
});

it('the reference has a row for every key', () => {
  const rows = configReference(shipped)
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows).toHaveLength(settingsLeaves().length);
});
