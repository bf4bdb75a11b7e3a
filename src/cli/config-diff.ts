/**
 * `vigil config diff HASH`: what a proposed configuration changes against the one in force, file by file: what a second person
 * reads before approving. Both come from the store, so what is shown is what the hash names.
 */
import { readKept, STEPS_READ } from '../composition/config-watch.ts';
import { systemClock } from '../composition/system-clock.ts';
import type { SourceFile } from '../domain/config-fault.ts';
import { type ConfigStore, replaySteps } from '../domain/config-store.ts';
import { VigilError } from '../domain/errors.ts';
import { withStore } from './config-lifecycle.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { diffLines } from './line-diff.ts';

export interface ConfigDiffOptions {
  readonly hash: string;
  /** another one than what is in force */
  readonly against?: string | undefined;
  readonly config?: string | undefined;
}

/** of one file; a list of 200,000 entries is read with other means */
const SHOWN_LINES = 200;

export async function runConfigDiff(options: ConfigDiffOptions, io: CommandIo): Promise<ExitCode> {
  return withStore(options, async (store) => {
    const [inForce] = replaySteps(await store.steps(STEPS_READ), systemClock.now()).history;
    const against = options.against ?? inForce;
    if (against === undefined)
      throw new VigilError('USAGE', 'Nothing was activated yet: name another configuration with --against.');
    const [before, after] = [await filesOf(store, against), await filesOf(store, options.hash)];
    const lines = [...differences(before, after)];
    io.out(lines.length === 0 ? `${options.hash} is ${against}` : `${against} → ${options.hash}`);
    for (const line of lines) io.out(line);
    return EXIT.done;
  });
}

async function filesOf(store: ConfigStore, hash: string): Promise<ReadonlyMap<string, string>> {
  const kept = await readKept(store, hash);
  if (!kept.ok) throw new VigilError('NOT_FOUND', `The configuration ${hash} cannot be shown: ${kept.fault}.`);
  return new Map(kept.files.map(({ file, text }: SourceFile) => [file, text]));
}

function* differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Generator<string> {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  for (const name of names) {
    const [was, is] = [before.get(name), after.get(name)];
    if (was === is) continue;
    const { removed, added, lines } = diffLines(was ?? '', is ?? '');
    const what = was === undefined ? 'new' : is === undefined ? 'removed' : `${removed} lines out, ${added} in`;
    yield `${name}: ${what}`;
    if (is === undefined) continue; // a file that is gone needs no reading
    const changed = was === undefined ? lines.filter((line) => line.startsWith('+')) : lines;
    for (const line of changed.slice(0, SHOWN_LINES)) yield `  ${visible(line)}`;
    if (changed.length > SHOWN_LINES) yield `  … and ${changed.length - SHOWN_LINES} more`;
  }
}

/** An author must not be able to hide a line from the one who approves it: control and bidi characters are spelled out. */
export const visible = (line: string): string =>
  line.replace(/[\p{Cc}\p{Cf}]/gu, (character) =>
    character === '\t' ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
