import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFileConfigStore } from '../../../src/composition/file-config-store.ts';
import { configStoreSuite } from '../../conformance/config-store-suite.ts';
import { temporaryFolder } from './a-folder.ts';

configStoreSuite('in a folder', async () => createFileConfigStore(temporaryFolder()));

describe('in a folder', () => {
  it('passes over a line that a crash cut off, and goes on after it', async () => {
    const folder = temporaryFolder();
    const step = (by: string) => ({ kind: 'activate', hash: 'h', by, atMs: 1, dueMs: 1 }) as const;
    await createFileConfigStore(folder).addStep(step('first'));
    appendFileSync(path.join(folder, 'log.ndjson'), '\n{"line":"step","kind":"act');
    const again = createFileConfigStore(folder);
    await again.addStep(step('second'));
    expect(await again.steps(10)).toEqual([step('first'), step('second')]);
  });
});
