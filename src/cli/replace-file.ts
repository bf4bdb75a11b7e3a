/** Replaces a file as a whole: written beside it, onto the disk, then renamed. A reader sees the old file or the new one. */
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { VigilError } from '../domain/errors.ts';

/** @throws USAGE when the file cannot be written; the old one is then untouched */
export async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text);
    const handle = await open(temporary, 'r');
    await handle.sync().finally(() => handle.close());
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new VigilError('USAGE', `${file} cannot be written: ${(error as Error).message}.`, { cause: error });
  }
}
