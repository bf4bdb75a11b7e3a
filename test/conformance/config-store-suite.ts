/** What every store of configurations promises. */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type ConfigStep,
  type ConfigStore,
  type ConfigVersion,
  FOLDER_VERSIONS_KEPT,
} from '../../src/domain/config-store.ts';

const NOW_MS = Date.parse('2026-11-24T08:00:00.123Z');

const aVersion = (hash: string, overrides: Partial<ConfigVersion> = {}): ConfigVersion => ({
  hash,
  files: [
    { file: 'policy.yaml', text: 'version: 1\n' },
    { file: 'rules/大额.yaml', text: `# 转账 \u0000 ${hash}\r\n` },
  ],
  author: 'Li "四"; --',
  proposedAtMs: NOW_MS,
  fromFolder: false,
  ...overrides,
});
const aStep = (hash: string, overrides: Partial<ConfigStep> = {}): ConfigStep => ({
  kind: 'activate',
  hash,
  by: 'Wang',
  atMs: NOW_MS,
  dueMs: NOW_MS,
  ...overrides,
});

export function configStoreSuite(name: string, open: () => Promise<ConfigStore>): void {
  describe(`${name}: versions, approvals and steps of the configuration`, () => {
    let store: ConfigStore;
    beforeEach(async () => {
      store = await open();
      return () => store.close();
    });

    it('gives back a version byte for byte', async () => {
      await store.propose(aVersion('h1'));
      expect(await store.version('h1')).toEqual(aVersion('h1'));
      expect(await store.version('h2')).toBeUndefined();
      expect(await store.version('../h1')).toBeUndefined();
    });

    it('keeps the first author of a content', async () => {
      await store.propose(aVersion('h1', { author: 'Li' }));
      await store.propose(aVersion('h1', { author: 'Wang', proposedAtMs: NOW_MS + 5 }));
      expect(await store.version('h1')).toMatchObject({ author: 'Li', proposedAtMs: NOW_MS });
    });

    it('keeps approvals with the content that they are for', async () => {
      const approval = { hash: 'h1', approver: 'Wang', approvedAtMs: NOW_MS, expiresAtMs: NOW_MS + 7 };
      await store.propose(aVersion('h1'));
      await store.approve(approval);
      await store.approve({ ...approval, approver: 'Zhao' });
      expect(await store.approvals('h1')).toEqual([approval, { ...approval, approver: 'Zhao' }]);
      expect(await store.approvals('h2')).toEqual([]);
    });

    it('answers the newest steps, oldest first', async () => {
      await store.propose(aVersion('h1'));
      const kinds = ['folder', 'activate', 'roll-back', 'cancel'] as const;
      const steps = kinds.map((kind, n) =>
        aStep('h1', { kind, atMs: NOW_MS + n, dueMs: NOW_MS + 10 * n, by: `person ${n}` }),
      );
      for (const step of steps) await store.addStep(step);
      expect(await store.steps(10)).toEqual(steps);
      expect(await store.steps(2)).toEqual(steps.slice(-2));
    });

    it('lets the files of old versions from folders go, and of no others', async () => {
      const count = FOLDER_VERSIONS_KEPT + 3;
      await store.propose(aVersion('proposed'));
      for (let n = 0; n < count; n++) {
        await store.propose(aVersion(`f${n}`, { fromFolder: true, proposedAtMs: NOW_MS + n }));
        if (n === 1)
          await store.approve({ hash: 'f1', approver: 'Wang', approvedAtMs: NOW_MS, expiresAtMs: NOW_MS + 1 });
      }
      const there = async (hash: string): Promise<boolean> => (await store.version(hash)) !== undefined;
      expect(await Promise.all(['proposed', 'f2', 'f1', 'f3', `f${count - 1}`].map(there))).toEqual([
        true,
        false,
        true,
        true,
        true,
      ]);
      // f1 is approved, so it is not one of the twenty; proposed again, one is there again
      await store.propose(aVersion('f0', { fromFolder: true, proposedAtMs: NOW_MS + count }));
      expect(await store.version('f0')).toMatchObject({ files: aVersion('f0').files });
    });
  });
}
