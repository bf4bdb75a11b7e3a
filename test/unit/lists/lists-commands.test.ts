import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { CommandIo } from '../../../src/cli/io.ts';
import { runListsExport, runListsFind, runListsImport, runListsShow } from '../../../src/cli/lists-commands.ts';

const root = mkdtempSync(path.join(os.tmpdir(), 'vigil-lists-'));
const config = path.join(root, 'config');
const list = 'involved_accounts';
const target = path.join(config, 'lists', 'involved-accounts.csv');
const AT = '2026-11-23T00:00:00Z';
const HEADER = 'id,entity,expires,source,reason,person\r\n';

afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  rmSync(config, { recursive: true, force: true });
  mkdirSync(config);
  cpSync('config/lists', path.join(config, 'lists'), { recursive: true });
});

function recorder() {
  const lines: string[] = [];
  const notes: string[] = [];
  const io: CommandIo = { out: (line) => lines.push(line), note: (line) => notes.push(line), isTerminal: false };
  return { io, lines, notes };
}

const csvFile = (text: string): string => {
  const file = path.join(root, 'in.csv');
  writeFileSync(file, text);
  return file;
};

describe('vigil lists', () => {
  it('imports a file whole, finds its entries, and exports them again', async () => {
    const { io, lines } = recorder();
    const from = csvFile(
      `\uFEFF${HEADER}6222020200112233445,,,police,"=cmd, really",wang\r\n0012,account,2026-11-24T00:00:00Z,bank,b,li\r\n`,
    );
    expect(await runListsImport({ config, list, in: from }, io)).toBe(0);
    expect(await runListsFind({ config, id: '6222020200112233445', at: AT }, io)).toBe(0);
    expect(await runListsFind({ config, id: '0012', at: '2026-11-24T00:00:00Z' }, io)).toBe(1);
    expect(await runListsExport({ config, list }, io)).toBe(0);
    expect(lines).toEqual([
      `involved_accounts holds 2 entries, 2 of them from ${from}: 2 new, 0 changed, 0 removed.`,
      'involved_accounts as account, for ever: =cmd, really (police, wang)',
      'involved_accounts as counterparty, for ever: =cmd, really (police, wang)',
      'on no list',
      'id,entity,expires,source,reason,person',
      '6222020200112233445,,,police,"\'=cmd, really",wang',
      '0012,account,2026-11-24T00:00:00.000Z,bank,b,li',
    ]);
    expect(readdirSync(path.join(config, 'lists')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('imports nothing of a file with a fault, and names all of them', async () => {
    const before = readFileSync(target, 'utf8');
    const from = csvFile(`${HEADER}A1,,,s,r,p\r\n,,,s,r,p\r\nA3,,,s,r,p,x\r\n`);
    const refused = await runListsImport({ config, list, in: from }, recorder().io).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'CONFIG_INVALID',
      message: `Nothing of ${from} is imported: 2 faults.`,
      faults: [{ line: 3 }, { line: 4 }],
    });
    expect(readFileSync(target, 'utf8')).toBe(before);
  });

  it('merges on request and writes nothing on a dry run', async () => {
    const { io, lines } = recorder();
    await runListsImport({ config, list, in: csvFile(`${HEADER}A1,,,s,old,p\r\nA2,,,s,r,p\r\n`) }, io);
    const more = csvFile(`${HEADER}A1,,,s,new,p\r\nA3,,,s,r,p\r\n`);
    await runListsImport({ config, list, in: more, merge: true, dryRun: true }, io);
    expect(readFileSync(target, 'utf8')).toBe(`${HEADER}A1,,,s,old,p\r\nA2,,,s,r,p\r\n`);
    await runListsImport({ config, list, in: more, merge: true }, io);
    expect(readFileSync(target, 'utf8')).toBe(`${HEADER}A1,,,s,new,p\r\nA2,,,s,r,p\r\nA3,,,s,r,p\r\n`);
    expect(lines[1]).toBe(
      `involved_accounts would hold 3 entries, 2 of them from ${more}: 1 new, 1 changed, 0 removed.`,
    );
    await runListsImport({ config, list, in: csvFile(`${HEADER}A3,,,s,r,p\r\n`) }, io);
    expect(lines.at(-1)).toMatch(/: 0 new, 0 changed, 2 removed\.$/);
  });

  it('empties a list only when it is told to', async () => {
    const { io, lines } = recorder();
    await runListsImport({ config, list, in: csvFile(`${HEADER}A1,,,s,r,p\r\n`) }, io);
    const from = csvFile(HEADER);
    await expect(runListsImport({ config, list, in: from }, io)).rejects.toThrow(
      `${from} holds no entry and would empty involved_accounts (1): say --empty.`,
    );
    expect(readFileSync(target, 'utf8')).toContain('A1');
    expect(await runListsImport({ config, list, in: from, empty: true }, io)).toBe(0);
    expect(lines.at(-1)).toMatch(/holds 0 entries, 0 of them .*: 0 new, 0 changed, 1 removed\.$/);
  });

  it('says when a spreadsheet seems to have rounded the numbers', async () => {
    const imported = async (...ids: readonly string[]) => {
      const { io, notes } = recorder();
      await runListsImport({ config, list, in: csvFile(HEADER + ids.map((id) => `${id},,,s,r,p\r\n`).join('')) }, io);
      return notes;
    };
    expect(await imported('6222020200112230000', '6222020200445560000', 'A1')).toEqual([
      expect.stringContaining('warning: all 2 ids of sixteen digits and more end in zeros after the fifteenth digit'),
    ]);
    expect(await imported('6222020200112230000', '6222020200445560001')).toEqual([]);
    expect(await imported('6222020200112230', '6222020200445560')).toEqual([]);
  });

  it('never writes the shipped lists, and says what is wrong with a name or a file', async () => {
    const { io } = recorder();
    rmSync(path.join(config, 'lists'), { recursive: true });
    const from = csvFile(`${HEADER}A1,,,s,r,p\r\n`);
    await expect(runListsImport({ config, list, in: from }, io)).rejects.toThrow('the shipped one is never written');
    await expect(runListsExport({ config, list: 'nothing' }, io)).rejects.toThrow('There is no list "nothing"');
    await expect(runListsExport({ config, list: 'mule_acounts' }, io)).rejects.toThrow('did you mean mule_accounts?');
    cpSync('config/lists', path.join(config, 'lists'), { recursive: true });
    const missing = path.join(root, 'missing.csv');
    await expect(runListsImport({ config, list, in: missing }, io)).rejects.toThrow(
      `${missing} cannot be read: ENOENT`,
    );
    const gbk = csvFile('');
    writeFileSync(gbk, Buffer.from([0x69, 0x64, 0x2c, 0xb9, 0xab, 0xb0, 0xb2]));
    await expect(runListsImport({ config, list, in: gbk }, io)).rejects.toThrow(
      `${gbk} is not UTF-8: save it as "CSV UTF-8".`,
    );
    await expect(runListsFind({ config, id: 'x', at: 'today' }, io)).rejects.toThrow('--at must be a time with a zone');
  });

  it('shows each list with what is in force', async () => {
    const { io, lines } = recorder();
    writeFileSync(target, `${HEADER}A1,,,s,r,p\r\nA2,,2020-01-01T00:00:00Z,s,r,p\r\n`);
    await runListsShow({ config, at: AT }, io);
    expect(lines[0]).toBe(
      'involved_accounts: deny BLOCK by law, account counterparty, 1 in force, 1 expired (Accounts involved in a criminal case / 涉案账户名单)',
    );
    expect(lines.at(-1)).toMatch(/^version [0-9a-f]{16}, 2 entries, \d+ bytes$/);
  });

  it('writes a file with a byte order mark for spreadsheets', async () => {
    const out = path.join(root, 'out.csv');
    await runListsExport({ config, list, out, bom: true }, recorder().io);
    expect(readFileSync(out, 'utf8')).toBe(`\uFEFF${HEADER}`);
  });
});
