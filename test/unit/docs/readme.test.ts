/** The README says what the code says: codes in both directions, commands, scripts, files that it links to. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../../src/domain/errors.ts';
import { REJECTION_CODES } from '../../../src/domain/transaction.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const section = (title: string): string => readme.split(`${title}\n`)[1]?.split(/\n##+ /)[0] ?? '';
const firstColumn = (text: string): string[] => [...text.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '');

describe('the README', () => {
  it('lists every code of a refused message, and no other', () => {
    const documented = firstColumn(section('### Refused messages (dead letters, HTTP 400)'));
    expect(documented.sort()).toEqual([...REJECTION_CODES, 'UNREADABLE_DECISION', 'REFUSED_BY_STORE'].sort());
  });

  it('lists every error with its fate and meaning, and no other', () => {
    const rows = [...section('### Errors').matchAll(/^\| `(\w+)` \| (\w+) \| (.+) \|$/gm)].map((match) => [
      match[1],
      { fate: match[2], meaning: match[3] },
    ]);
    expect(Object.fromEntries(rows)).toEqual(ERROR_CODES);
  });

  it('begins with the two commands', () => {
    expect(readme.split('\n').slice(0, 5).join('\n')).toMatch(/npm run demo[\s\S]*npm test/);
  });

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] ?? '');
    const inTables = [...section('## Tests').matchAll(/`(?:npm run )?((?:test|bench|verify)[\w:-]*)`/g)].map(
      (match) => match[1] ?? '',
    );
    expect([...named, ...inTables].filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('links only to files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThan(8);
    expect(links.filter((link) => !existsSync(path.join(root, link)))).toEqual([]);
  });

  it('names every package of package.json with its reason', () => {
    const { dependencies, optionalDependencies } = JSON.parse(
      readFileSync(path.join(root, 'package.json'), 'utf8'),
    ) as Record<string, Record<string, string>>;
    const text = section('## Dependencies').replaceAll(
      '-layers, -backend-cpu, -backend-wasm',
      '@tensorflow/tfjs-layers @tensorflow/tfjs-backend-cpu @tensorflow/tfjs-backend-wasm',
    );
    const names = [...Object.keys(dependencies ?? {}), ...Object.keys(optionalDependencies ?? {})];
    expect(names.filter((name) => !text.includes(name))).toEqual([]);
  });
});
