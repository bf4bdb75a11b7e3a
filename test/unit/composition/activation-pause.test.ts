/**
 * How long the event loop of a running service stands still while the shipped rules, limits and 200,000 list entries come
 * into force: printed, and held against a bound that only a slice that was forgotten breaks (times are never asserted
 * closely: machines are shared).
 */
import { cpSync, renameSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { watchConfiguration } from '../../../src/composition/config-watch.ts';
import { createFileConfigStore } from '../../../src/composition/file-config-store.ts';
import { systemClock } from '../../../src/composition/system-clock.ts';
import { SHIPPED_CONFIG_DIR } from '../../../src/config/read-sources.ts';
import { aFolder, aLive, temporaryFolder, until } from './a-folder.ts';

const ENTRIES = 200_000;

/** The longest time between two turns of the event loop; of the time in between only what this process has used. */
function watchLoop(): () => number {
  let last = performance.now();
  let used = process.cpuUsage();
  let longest = 0;
  let isOn = true;
  const tick = (): void => {
    const now = performance.now();
    const { user, system } = process.cpuUsage(used);
    longest = Math.max(longest, Math.min(now - last, (user + system) / 1000));
    last = now;
    used = process.cpuUsage();
    if (isOn) setImmediate(tick);
  };
  tick();
  return () => {
    isOn = false;
    return longest;
  };
}

const entries = (salt: string): string =>
  `id,entity,expires,source,reason,person\n${Array.from({ length: ENTRIES }, (_, n) => `62${salt}${String(n).padStart(15, '0')},,,public security,case ${n % 977},Li\n`).join('')}`;

it('200,000 list entries come into force beside running traffic, and are kept', async () => {
  const folder = aFolder();
  folder.write('lists/mule-accounts.csv', entries('1'));
  const store = createFileConfigStore(temporaryFolder());
  const { live, heard } = await aLive(folder);
  const watch = watchConfiguration({
    live,
    from: 'folder',
    store,
    pollMs: 100,
    clock: systemClock,
    events: heard.events,
  });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  folder.write('mule-accounts.next', entries('2'));
  await new Promise((resolve) => setTimeout(resolve, 400));
  const longest = watchLoop();
  const startMs = performance.now();
  renameSync(path.join(folder.dir, 'mule-accounts.next'), path.join(folder.dir, 'lists/mule-accounts.csv'));
  await until(() => heard.activated.length === 1);
  const activatedMs = performance.now() - startMs;
  await until(async () => (await store.steps(1)).length === 1);
  const pauseMs = longest();
  await watch.stop();
  console.log(
    `200,000 list entries: in force after ${activatedMs.toFixed(0)} ms, longest pause ${pauseMs.toFixed(1)} ms`,
  );
  expect(live.current().configuration.lists.contains('mule_accounts', '622000000000199999', systemClock.now())).toBe(
    true,
  );
  expect(pauseMs).toBeLessThan(500);
});

it('the shipped rules and limits come into force beside running traffic', async () => {
  const folder = aFolder();
  const { live, heard } = await aLive(folder, { check: async () => [] }); // another thread's work
  folder.remove('rules');
  for (const name of ['rules', 'limits'])
    cpSync(path.join(SHIPPED_CONFIG_DIR, name), path.join(folder.dir, name), { recursive: true });
  const { readSources } = await import('../../../src/config/read-sources.ts');
  const sources = await readSources(folder.dir);
  const longest = watchLoop();
  const offered = await live.offer(sources);
  const pauseMs = longest();
  console.log(
    `${live.current().configuration.ruleset.rules.length} rules and ${live.current().configuration.limits.limits.length} limits: longest pause ${pauseMs.toFixed(1)} ms`,
  );
  expect(offered).toEqual({ status: 'activated' });
  expect(heard.activated).toHaveLength(1);
  expect(pauseMs).toBeLessThan(1_000);
});
