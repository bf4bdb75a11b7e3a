/**
 * Reads the configuration from disk, unparsed: the shipped folder, and an operator's folder over it. A file of the
 * operator replaces its namesake whole (vigil.yaml is merged key by key), a folder replaces the shipped folder whole.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceFile } from '../domain/config-fault.ts';
import { VigilError } from '../domain/errors.ts';

/** config/ beside src/ and beside dist/ */
export const SHIPPED_CONFIG_DIR = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../config');

export interface ConfigSources {
  readonly settings: SourceFile;
  readonly ownSettings: SourceFile | undefined;
  readonly features: SourceFile;
  readonly channels: SourceFile;
  readonly policy: SourceFile;
  readonly reasons: { readonly en: SourceFile; readonly 'zh-CN': SourceFile };
  readonly rules: readonly SourceFile[];
  /** what must pass before this comes into force: see testFiles() */
  readonly ruleTests: readonly SourceFile[];
  /** those that stand beside the limits and lists in force, whoever's rules are: for the report of a regulatory pack */
  readonly limitTests: readonly SourceFile[];
  readonly limits: readonly SourceFile[];
  readonly lists: readonly SourceFile[];
  /** absolute folder that holds the model versions */
  readonly modelsDir: string;
  /** absolute folder given by the operator, when there is one */
  readonly ownDir: string | undefined;
  /** what lies in that folder and nobody reads, by its name inside it */
  readonly unread: readonly string[];
}

export async function readSources(ownDir: string | undefined): Promise<ConfigSources> {
  const own = ownDir === undefined ? undefined : path.resolve(ownDir);
  if (own !== undefined && !(await isDirectory(own))) {
    throw new VigilError('USAGE', `The configuration folder ${own} is not there: name an existing folder.`);
  }
  const file = async (name: string): Promise<SourceFile> =>
    (own === undefined ? undefined : await readIfThere(own, name)) ?? (await readShipped(name));
  const folder = async (name: string, matches: RegExp): Promise<readonly SourceFile[]> => {
    const base = own !== undefined && (await isDirectory(path.join(own, name))) ? own : SHIPPED_CONFIG_DIR;
    return readFolder(base, name, matches);
  };
  const tests = {
    rules: await folder('rules', TEST_FILE),
    limits: await folder('limits', TEST_FILE),
    lists: await folder('lists', TEST_FILE),
  };
  const isOwn = async (name: string): Promise<boolean> => own !== undefined && isDirectory(path.join(own, name));
  const hasOwn = { rules: await isOwn('rules'), limits: await isOwn('limits'), lists: await isOwn('lists') };
  return {
    settings: await readShipped('vigil.yaml'),
    ownSettings: own === undefined ? undefined : await readIfThere(own, 'vigil.yaml'),
    features: await file('features.yaml'),
    channels: await file('channels.yaml'),
    policy: await file('policy.yaml'),
    reasons: { en: await file('reasons.en.yaml'), 'zh-CN': await file('reasons.zh-CN.yaml') },
    rules: await folder('rules', /^[^/]+\.ya?ml$/),
    ruleTests: testFiles(tests, hasOwn),
    limitTests: [...tests.limits, ...tests.lists],
    limits: await folder('limits', /^(?!tests\/).*\.ya?ml$/),
    lists: await folder('lists', /^(?!tests\/).*\.(ya?ml|csv)$/),
    modelsDir: await folderPath(own, 'models'),
    ownDir: own,
    unread: own === undefined ? [] : await unreadEntries(own),
  };
}

const TEST_FILE = /^tests\/[^/]+\.test\.ya?ml$/;

/**
 * Tests belong to their folder. Rules of one's own are held to no test of the shipped limits and lists: it knows other rules.
 * In the order of their names, as a store gives them back.
 */
function testFiles(
  tests: Readonly<Record<'rules' | 'limits' | 'lists', readonly SourceFile[]>>,
  hasOwn: Readonly<Record<'rules' | 'limits' | 'lists', boolean>>,
): readonly SourceFile[] {
  const counts = (name: 'limits' | 'lists'): boolean => hasOwn[name] || !hasOwn.rules;
  return [...(counts('limits') ? tests.limits : []), ...(counts('lists') ? tests.lists : []), ...tests.rules];
}

/** Of a model folder and of mappings only the names at the top are looked at; hidden files and notes are nobody's business. */
const READ = [
  /^(vigil|features|channels|policy|simulation|reasons\.(en|zh-CN))\.yaml$/,
  /^model-promotions\.ndjson$/,
  /^rules\/[^/]+\.ya?ml$/,
  /^limits\/(?!tests\/).+\.ya?ml$/,
  /^lists\/(?!tests\/).+\.(ya?ml|csv)$/,
  /^(rules|limits|lists)\/tests\/[^/]+\.test\.ya?ml$/,
  /^(models|mappings)\//,
  /(^|\/)(\.|[^/]+\.md$)/,
];

/** A file of which nobody says that it is not read is a rule that is not in force: feature.yaml, rules/more/new.yaml. */
async function unreadEntries(own: string): Promise<readonly string[]> {
  const entries = await readdir(own, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(own, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((name) => !READ.some((pattern) => pattern.test(name)))
    .sort();
}

async function folderPath(own: string | undefined, name: string): Promise<string> {
  return path.join(own !== undefined && (await isDirectory(path.join(own, name))) ? own : SHIPPED_CONFIG_DIR, name);
}

async function readShipped(name: string): Promise<SourceFile> {
  return { file: name, text: await readText(path.join(SHIPPED_CONFIG_DIR, name)) };
}

async function readIfThere(dir: string, name: string): Promise<SourceFile | undefined> {
  const file = path.join(dir, name);
  try {
    return { file, text: await readText(file) };
  } catch (error) {
    if (((error as VigilError).cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A folder called rules/a.yaml, a file that only root may read: one sentence with its name. */
async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new VigilError('USAGE', `${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Sorted, so that the order of the disk makes no difference. Names are relative to the configuration folder. */
async function readFolder(base: string, name: string, matches: RegExp): Promise<readonly SourceFile[]> {
  const root = path.join(base, name);
  if (!(await isDirectory(root))) return [];
  const names = (await readdir(root, { recursive: true })).map((entry) => entry.split(path.sep).join('/'));
  const chosen = names.filter((entry) => matches.test(entry)).sort();
  return Promise.all(
    chosen.map(async (entry) => ({
      file: base === SHIPPED_CONFIG_DIR ? `${name}/${entry}` : path.join(root, entry),
      text: await readText(path.join(root, entry)),
    })),
  );
}

async function isDirectory(candidate: string): Promise<boolean> {
  try {
    return (await stat(candidate)).isDirectory();
  } catch {
    return false; // not there, or not readable: the caller says so where it matters
  }
}
