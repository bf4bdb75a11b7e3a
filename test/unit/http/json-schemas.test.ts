/** docs/schemas: the messages as JSON Schema files, for other systems. Rewritten with: npx vitest run --project unit test/unit/http/json-schemas.test.ts -u */
import { expect, it } from 'vitest';
import { COMPONENTS } from '../../../src/http/schemas.ts';

it.each([
  ['Transaction', 'transaction'],
  ['Decision', 'decision'],
])('docs/schemas holds the %s that the API speaks', async (component, file) => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `${component}, version 1`,
    ...COMPONENTS[component],
  };
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(`../../../docs/schemas/${file}.schema.json`);
});
