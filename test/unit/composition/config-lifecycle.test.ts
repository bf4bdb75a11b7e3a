import { describe, expect, it } from 'vitest';
import { runConfigDiff } from '../../../src/cli/config-diff.ts';
import {
  runConfigActivate,
  runConfigApprove,
  runConfigCancel,
  runConfigHistory,
  runConfigPropose,
  runConfigRollback,
} from '../../../src/cli/config-lifecycle.ts';
import { aFolder, ruleFile, temporaryFolder, testFile } from './a-folder.ts';

const anIo = () => {
  const [out, notes] = [[] as string[], [] as string[]];
  return {
    out: (line: string) => void out.push(line),
    note: (line: string) => void notes.push(line),
    isTerminal: false,
    lines: out,
    notes,
  };
};

/** A bank whose store lies in a folder. */
const aBank = () => {
  const folder = aFolder(
    `model: { enabled: false }\nreload: { from: store, stateDir: ${JSON.stringify(temporaryFolder())} }\n`,
  );
  const config = folder.dir;
  const run = async (command: (io: ReturnType<typeof anIo>) => Promise<number>) => {
    const io = anIo();
    const code = await command(io);
    return { code, out: io.lines.join('\n'), notes: io.notes.join('\n') };
  };
  return {
    folder,
    propose: (by: string) => run((io) => runConfigPropose({ config, by }, io)),
    approve: (hash: string, by: string) => run((io) => runConfigApprove({ config, hash, by, days: 7 }, io)),
    activate: (hash: string, at?: string) => run((io) => runConfigActivate({ config, hash, by: 'Zhao', at }, io)),
    rollback: () => run((io) => runConfigRollback({ config, by: 'Zhao' }, io)),
    diff: (hash: string) => run((io) => runConfigDiff({ config, hash }, io)),
    cancel: () => run((io) => runConfigCancel({ config, by: 'Zhou' }, io)),
    history: () => run((io) => runConfigHistory({ config, limit: 20 }, io)),
  };
};

describe('vigil config propose, approve, activate, cancel, rollback, history', () => {
  it('need two people for a change, and one for the way back', async () => {
    const bank = aBank();
    const first = (await bank.propose('Li')).out;
    expect((await bank.activate(first)).notes).toContain('nobody has approved it');
    expect((await bank.approve(first, 'LI ')).notes).toContain('same person');
    expect((await bank.approve(first, 'Wang')).code).toBe(0);
    expect(await bank.activate(first)).toMatchObject({ code: 0, out: `${first} is in force.` });
    expect(await bank.activate(first)).toMatchObject({ code: 1, notes: expect.stringContaining('in force already') });
    expect(await bank.rollback()).toMatchObject({ code: 1, notes: expect.stringContaining('no earlier generation') });

    bank.folder.write('rules/test.yaml', ruleFile(700));
    const second = (await bank.propose('Li')).out;
    expect(second).not.toBe(first);
    // the approval of the first is for other content
    expect((await bank.activate(second)).notes).toContain('nobody has approved it');
    await bank.approve(second, 'Wang');
    await bank.activate(second);
    expect(await bank.rollback()).toMatchObject({ code: 0, out: `${first} is in force again.` });
    const lines = (await bank.history()).out.split('\n');
    expect(lines.map((line) => line.split(/\s+/)[1])).toEqual(['activate', 'activate', 'roll-back']);
    expect(lines.map((line) => line.includes('← in force'))).toEqual([false, false, true]);
  });

  it('refuses to propose what fails its tests, and to activate what would have expired by then', async () => {
    const bank = aBank();
    bank.folder.write('rules/tests/test.test.yaml', testFile(10));
    expect(await bank.propose('Li')).toMatchObject({
      code: 1,
      out: '',
      notes: expect.stringContaining('a large transfer'),
    });
    bank.folder.write('rules/tests/test.test.yaml', testFile(1_000));
    const { out: hash } = await bank.propose('Li');
    await bank.approve(hash, 'Wang');
    const inEightDays = new Date(Date.now() + 8 * 86_400_000).toISOString();
    expect(await bank.activate(hash, inEightDays)).toMatchObject({
      code: 1,
      notes: expect.stringContaining('expired'),
    });
    const inSixDays = new Date(Date.now() + 6 * 86_400_000).toISOString();
    expect(await bank.activate(hash, inSixDays)).toMatchObject({
      code: 0,
      out: `${hash} comes into force at ${inSixDays}.`,
    });
    expect((await bank.history()).out).toContain('scheduled');
  });

  it('cancels what is scheduled, says what stays, and marks each step of the history for what became of it', async () => {
    const bank = aBank();
    expect(await bank.cancel()).toMatchObject({ code: 1, notes: 'Not cancelled: nothing is scheduled.' });
    const first = (await bank.propose('Li')).out;
    await bank.approve(first, 'Wang');
    const inADay = new Date(Date.now() + 86_400_000).toISOString();
    await bank.activate(first, inADay);
    expect((await bank.rollback()).notes).toBe(
      'Not rolled back: there is no earlier generation to go back to (what is scheduled is dropped by vigil config cancel).',
    );
    expect(await bank.cancel()).toMatchObject({
      code: 0,
      out: `${first} does not come into force at ${inADay}. Nothing was activated yet.`,
    });
    await bank.activate(first);
    bank.folder.write('rules/test.yaml', ruleFile(700));
    const second = (await bank.propose('Li')).out;
    await bank.approve(second, 'Wang');
    await bank.activate(second, inADay);
    expect((await bank.cancel()).out).toBe(`${second} does not come into force at ${inADay}. ${first} stays in force.`);
    await bank.activate(second, inADay);
    const told = (await bank.history()).out.split('\n').map((line) => {
      const [, kind, hash] = line.split(/\s+/);
      const mark = /← .*|\(.*\)/.exec(line)?.[0] ?? '';
      return `${kind} ${hash === first ? 'first' : 'second'} ${mark}`.trim();
    });
    expect(told).toEqual([
      'activate first (never came)',
      'cancel first',
      'activate first ← in force',
      'activate second (never came)',
      'cancel second',
      'activate second ← scheduled',
    ]);
  });

  it('shows the second person what would change, from what the hash names', async () => {
    const bank = aBank();
    const first = (await bank.propose('Li')).out;
    await expect(bank.diff(first)).rejects.toThrow('Nothing was activated yet: name another configuration');
    await bank.approve(first, 'Wang');
    await bank.activate(first);
    bank.folder.write('rules/test.yaml', ruleFile(700, 300));
    bank.folder.write('rules/another.yaml', 'ruleset: another\nversion: "1"\nrules: []\n');
    bank.folder.remove('lists/tests');
    const second = (await bank.propose('Li')).out;
    bank.folder.write('rules/test.yaml', ruleFile(5)); // what lies in the folder by now is not what is approved
    expect((await bank.diff(second)).out.split('\n')).toEqual([
      `${first} → ${second}`,
      'lists/tests/involved-accounts.test.yaml: removed',
      'rules/another.yaml: new',
      '  + 1  ruleset: another',
      '  + 2  version: "1"',
      '  + 3  rules: []',
      'rules/test.yaml: 2 lines out, 2 in',
      `  - 7      when: 'tx.type == "TRANSFER" && tx.amountMinor >= 1000'`,
      `  + 7      when: 'tx.type == "TRANSFER" && tx.amountMinor >= 700'`,
      '  - 9      score: 200',
      '  + 9      score: 300',
    ]);
    expect((await bank.diff(first)).out).toBe(`${first} is ${first}`);
    await expect(bank.diff('abc')).rejects.toThrow('The configuration abc cannot be shown: its files are not kept.');
  });

  it('says in one sentence what is not there', async () => {
    const bank = aBank();
    await expect(bank.approve('nothing', 'Wang')).rejects.toThrow('propose it first');
    await expect(bank.propose('  ')).rejects.toThrow('--by must name a person');
    expect((await bank.history()).out).toBe('nothing was ever activated');
  });
});
