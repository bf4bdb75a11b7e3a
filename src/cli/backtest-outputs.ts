/** The files that a backtest writes: checked before hours of history run, so that no result is lost at the end. */
import { constants } from 'node:fs';
import { access, realpath, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { VigilError } from '../domain/errors.ts';

export interface NamedFile {
  /** the option that named it */
  readonly option: string;
  readonly file: string;
}

/** USAGE when one cannot be written, is an input, or is named twice. */
export async function checkOutputs(outputs: readonly NamedFile[], inputs: readonly NamedFile[]): Promise<void> {
  const taken = new Map<string, string>();
  for (const { option, file } of inputs) taken.set(await placeOf(file), option);
  for (const { option, file } of outputs) {
    const isPlain = await checkWritable(option, file);
    if (!isPlain) continue;
    const place = await placeOf(file);
    const other = taken.get(place);
    if (other !== undefined) throw new VigilError('USAGE', `${option} and ${other} name the same file: ${file}.`);
    taken.set(place, option);
  }
}

/** false for a device or a pipe: two options may name it. */
async function checkWritable(option: string, file: string): Promise<boolean> {
  const facts = await stat(file).catch(() => null);
  const refuse = (reason: string): never => {
    throw new VigilError('USAGE', `${option} ${file} cannot be written: ${reason}.`);
  };
  if (facts?.isDirectory()) refuse('it is a folder');
  const isThere = facts !== null;
  await access(isThere ? file : path.dirname(path.resolve(file)), constants.W_OK).catch(() =>
    refuse(isThere ? 'it is not writable' : 'its folder is not there or not writable'),
  );
  return facts?.isFile() ?? true;
}

/** Two names of one file are one place. */
async function placeOf(file: string): Promise<string> {
  const absolute = path.resolve(file);
  const folder = await realpath(path.dirname(absolute)).catch(() => path.dirname(absolute));
  return realpath(absolute).catch(() => path.join(folder, path.basename(absolute)));
}

export async function writeOutput(option: string, file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new VigilError('USAGE', `${option} ${file} cannot be written: ${(cause as Error).message}.`, { cause });
  }
}
