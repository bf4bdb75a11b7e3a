/** The command line as it is installed: the built programs, their help, what they refuse and how they end. */
import { execFile, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres } from '../../helpers/servers/postgres.ts';

const CLI = path.resolve(import.meta.dirname, '../../../dist/cli/vigil.js');

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let folder: string;
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('nothing is built: run "npm run build"');
  folder = mkdtempSync(path.join(tmpdir(), 'vigil-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function vigil(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const env = { ...process.env, ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], { env, cwd: folder }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err });
    });
  });
}

const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
const file = (name: string, text: string): string => {
  const place = path.join(folder, name);
  mkdirSync(path.dirname(place), { recursive: true });
  writeFileSync(place, text);
  return place;
};

/** the names after "Commands:" in a help text, without "help" itself */
function commandsOf(help: string): readonly string[] {
  const [, after = ''] = help.split('\nCommands:\n');
  const names = [...after.matchAll(/^ {2}([a-z]+)\b/gm)].map((match) => match[1] ?? '');
  return names.filter((name) => name !== 'help');
}

/** every command, with its help; those of one level side by side, two at a time */
async function allHelp(prefix: readonly string[] = []): Promise<ReadonlyMap<string, Ended>> {
  const own = await vigil([...prefix, '--help']);
  const found = new Map([[prefix.join(' '), own]]);
  const names = commandsOf(own.out);
  for (let start = 0; start < names.length; start += 2) {
    const deeper = await Promise.all(names.slice(start, start + 2).map((name) => allHelp([...prefix, name])));
    for (const part of deeper) for (const [name, ended] of part) found.set(name, ended);
  }
  return found;
}

it('ends as it would have when its reader has read enough (`vigil … | head`)', async () => {
  const args = [CLI, 'limits', 'explain', '--channel', 'MOBILE_BANKING', '--customer', 'C1'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: string[] = [];
  child.stdout.destroy();
  child.stderr.on('data', (bytes: Buffer) => errors.push(bytes.toString('utf8')));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect({ code, errors }).toEqual({ code: 0, errors: [] });
});

describe('the command line', () => {
  it('has a help text for every command and subcommand, with every option described', async () => {
    const all = await allHelp();
    for (const [name, { code, out, err }] of all) {
      expect([name, code, err]).toEqual([name, 0, '']);
      expect(out).toContain(`Usage: vigil${name === '' ? '' : ` ${name}`}`);
      // an option without a word after it has no description
      const bare = lines(out).filter((line) => /^ {2}-\S+( <[^>]+>)?$/.test(line));
      expect([name, bare]).toEqual([name, []]);
    }
    for (const name of ['features rebuild', 'capacity', 'rules shadow', 'backtest', 'config rollback', 'model train'])
      expect([...all.keys()]).toContain(name);
    expect(all.size).toBeGreaterThan(35);
  });

  it('lists in the README what it has', async () => {
    const readme = readFileSync(path.resolve(import.meta.dirname, '../../../README.md'), 'utf8');
    const missing = commandsOf((await vigil(['--help'])).out).filter((name) => !readme.includes(`\`vigil ${name}`));
    expect(missing).toEqual([]);
  });

  it.each([
    [['nonsense'], /unknown command 'nonsense'/],
    [['rules', 'chekc'], /unknown command 'chekc'/],
    [['run', '--nonsense'], /unknown option '--nonsense'/],
    [['backtest'], /required option '--in <file>'/],
    [['explain'], /missing required argument 'transaction-id'/],
    [['simulate', '--transactions', '1e3'], /must be a whole number from 1 on/],
    [['demo', '--seed', '-1'], /must be a whole number from 0 on/],
    [['capacity', '--customers', '1', '--rate', '0'], /must be a number above 0/],
    [['model', 'evaluate', '--threshold', '2'], /must be from 0 to 1/],
    [['features', 'rebuild', '--from', 'kafka', '--nonsense'], /unknown option '--nonsense'/],
    [['config', 'check', 'too', 'much'], /too many arguments/],
  ])('ends with 2 for wrong usage: %j', async (args, text) => {
    const { code, err, out } = await vigil(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(text);
  });

  it('answers its version', async () => {
    const { version } = JSON.parse(readFileSync(path.resolve(CLI, '../../../package.json'), 'utf8')) as {
      version: string;
    };
    expect(await vigil(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });
});

describe('a broken configuration', () => {
  it('is refused with all its faults, each with file, line and column', async () => {
    const config = path.join(folder, 'broken');
    file('broken/vigil.yaml', 'kafka:\n  partitions: many\nredis:\n  buget: 50\nhttp: { port: 70000 }\n');
    file(
      'broken/features.yaml',
      'version: 1\nfeatures:\n  - { name: a, entity: [custmer], aggregate: count, window: 1h }\n  - { name: a, entity: [customer], aggregate: sum, window: 1h }\n',
    );
    const { code, out, err } = await vigil(['config', 'check', '--config', config]);
    expect(code).toBe(2);
    const places = [...`${out}${err}`.matchAll(/^(\S+\.yaml):(\d+):(\d+) /gm)].map(
      (match) => `${match[1]}:${match[2]}`,
    );
    for (const place of ['vigil.yaml:2', 'vigil.yaml:4', 'vigil.yaml:5', 'features.yaml:3', 'features.yaml:4'])
      expect(places.map((found) => found.replace(/^.*\//, ''))).toContain(place);
    expect(`${out}${err}`).toMatch(/budgetMs|did you mean/);
    for (const other of [['run'], ['backtest', '--in', file('empty.ndjson', '')]]) {
      const refused = await vigil([...other, '--config', config]);
      expect([other[0], refused.code]).toEqual([other[0], 2]);
      expect(refused.err).toContain('The configuration is refused');
    }
  });

  it('that is not there is one sentence', async () => {
    const { code, err } = await vigil(['config', 'check', '--config', path.join(folder, 'nowhere')]);
    expect([code, lines(err).length]).toEqual([2, 1]);
    expect(err).toContain('nowhere');
  });

  it('prints every fault of a catalogue that features compute is given', async () => {
    const catalogue = file(
      'catalogue.yaml',
      `version: 1
features:
  - { name: one, entity: [customer], aggregate: count, window: 1x }
  - { name: two, entity: [customer], aggregate: sum, of: amout, window: 1h }
  - { name: three, entity: [customer], aggregate: count, window: 1h, where: 'tx.type == ' }
  - { name: four, entity: [customer], aggregate: nothing, window: 1h, colour: red }
`,
    );
    const out = path.join(folder, 'computed.ndjson');
    const { code, err } = await vigil([
      ...['features', 'compute', '--features', catalogue],
      ...['--in', file('one.ndjson', '{}\n'), '--out', out],
    ]);
    expect(code).toBe(2);
    // inside an expression the caret says where
    for (const line of [3, 4, 5, 6]) expect(err).toMatch(new RegExp(`catalogue\\.yaml:${line}(:\\d+)? `));
    expect(err).toContain('5 faults');
    expect(existsSync(out)).toBe(false);
  });
});

describe('files that cannot be read or written', () => {
  it.each([
    [['simulate', '--transactions', '20', '--out', '.'], 'cannot be written'],
    [['simulate', '--transactions', '20', '--out', 'ok.ndjson', '--labels', '/nowhere/l.csv'], '/nowhere/l.csv'],
    [['backtest', '--in', 'nowhere.ndjson'], 'nowhere.ndjson'],
    [['backtest', '--in', 'nowhere.ndjson', '--threads', '1'], 'nowhere.ndjson'],
    [['rules', 'shadow', '--in', 'nowhere.ndjson'], 'nowhere.ndjson'],
    [['features', 'compute', '--features', 'nowhere.yaml', '--in', 'x', '--out', 'y'], 'nowhere.yaml'],
    [['rules', 'try', '--event', 'nowhere.json'], 'nowhere.json'],
    [['explain', 'T1', '--in', 'nowhere.ndjson'], 'nowhere.ndjson'],
  ])('end in one sentence with exit code 2: %j', async (args, text) => {
    const { code, err } = await vigil(args);
    expect([code, lines(err).length, err.includes('    at ')], err).toEqual([2, 1, false]);
    expect(err).toContain(text);
  });
});

describe('servers that are not there', () => {
  const nowhere = '127.0.0.1:1';
  it.each([
    [['run'], { VIGIL_POSTGRES_URL: `postgres://u:secret-1@${nowhere}/v` }, /PostgreSQL.*postgres\.url/],
    [['migrate'], { VIGIL_KAFKA_BROKERS: nowhere }, /Kafka at 127\.0\.0\.1:1 cannot be reached/],
    [['simulate', '--kafka', '--transactions', '5'], { VIGIL_KAFKA_BROKERS: nowhere }, /Kafka .*cannot be reached/],
    [['features', 'rebuild'], { VIGIL_REDIS_URL: `redis://:secret-2@${nowhere}` }, /Redis .*cannot be reached/],
    [
      ['capacity', '--customers', '9', '--rate', '1', '--redis', `redis://:secret-2@${nowhere}`],
      {},
      /Redis .*cannot be reached/,
    ],
    [['config', 'history'], { VIGIL_POSTGRES_URL: `postgres://u:secret-1@${nowhere}/v` }, /PostgreSQL.*postgres\.url/],
  ])('are named in one sentence with exit code 2: %j', async (args, environment, text) => {
    const { code, err } = await vigil(args, environment);
    expect([code, lines(err).length], err).toEqual([2, 1]);
    expect(err).toMatch(text);
    expect(err).not.toMatch(/secret-/);
  });

  it('a wrong password for PostgreSQL is called one', async () => {
    const postgres = await startPostgres();
    try {
      const client = new pg.Client({ connectionString: postgres.url });
      await client.connect();
      await client.query("ALTER ROLE postgres PASSWORD 'right'");
      const { rows } = await client.query('SHOW hba_file');
      writeFileSync(String(rows[0].hba_file), 'local all all scram-sha-256\n');
      await client.query('SELECT pg_reload_conf()');
      await client.end();
      const url = postgres.url.replace('postgres@', 'postgres:wrong-password@');
      const { code, err } = await vigil(['run'], { VIGIL_POSTGRES_URL: url });
      expect([code, lines(err).length], err).toEqual([2, 1]);
      expect(err).toMatch(/PostgreSQL refuses the user or the password.*postgres\.url/);
      expect(err).not.toContain('wrong-password');
    } finally {
      await postgres.stop();
    }
  });
});

describe('vigil rules shadow', () => {
  it('backtests to the same bytes with one thread and with two', async () => {
    const [history, labels] = [path.join(folder, 'two.ndjson'), path.join(folder, 'two.csv')];
    await vigil(['simulate', '--transactions', '3000', '--seed', '5', '--out', history, '--labels', labels]);
    appendFileSync(history, '{"schemaVersion":1}\n');
    const runs = [];
    for (const threads of ['1', '2']) {
      const out = path.join(folder, `two-${threads}.out`);
      const ended = await vigil(['backtest', '--in', history, '--labels', labels, '--out', out, '--threads', threads]);
      expect(ended.code).toBe(0);
      const deadLetters = readFileSync(`${out}.dead-letters.ndjson`, 'utf8');
      runs.push({ digest: ended.out.match(/sha256 (\w+)/)?.[1], out: readFileSync(out, 'utf8'), deadLetters });
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(lines(runs[0]?.out ?? '')).toHaveLength(3000);
  });

  it('reports what a backtest with a rule in shadow has written', async () => {
    const config = path.join(folder, 'shadow');
    file(
      'shadow/rules/shadow.yaml',
      `ruleset: shadow
version: "1"
rules:
  - id: any-transfer
    title: { en: "Any transfer", zh-CN: "任意转账" }
    reason: VEL_COUNT_10M
    when: 'tx.type == "TRANSFER" && tx.amountMinor > 0'
    outcome: HOLD
    score: 500
    severity: high
    mode: shadow
    owner: test
`,
    );
    appendFileSync(path.join(folder, 'shadow/vigil.yaml'), 'model: { enabled: false }\n');
    const [history, labels, decisions] = ['shadow.ndjson', 'shadow.csv', 'shadow-decisions.ndjson'];
    expect((await vigil(['simulate', '--transactions', '400', '--out', history, '--labels', labels])).code).toBe(0);
    const tested = await vigil(['backtest', '--in', history, '--config', config, '--out', decisions]);
    expect(tested.code, tested.err).toBe(0);
    const transfers = lines(readFileSync(path.join(folder, history), 'utf8')).filter((line) =>
      line.includes('"type":"TRANSFER"'),
    ).length;
    expect(transfers).toBeGreaterThan(10);
    const shadow = ['rules', 'shadow', '--in', decisions, '--config', config];
    const { code, out } = await vigil([...shadow, '--json', '--labels', labels]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ rules: [{ ruleId: 'any-transfer', hits: transfers, errored: 0 }] });
    const text = await vigil(shadow);
    expect(text.out).toContain(`any-transfer: ${transfers} hits, 0 errored`);
    expect(text.out).toContain('no labels yet');
  });
});
