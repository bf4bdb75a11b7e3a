/** Values of options, checked while the command line is read: a wrong one ends with exit code 2. */
import { InvalidArgumentError } from 'commander';
import { EXIT, type ExitCode, processIo, reportError } from './io.ts';

export function wholeNumber(minimum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < minimum) {
      throw new InvalidArgumentError(`it must be a whole number from ${minimum} on.`);
    }
    return value;
  };
}

export function share(text: string): number {
  const value = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('it must be from 0 to 1.');
  return value;
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || !(value > 0 && Number.isFinite(value)))
    throw new InvalidArgumentError('it must be a number above 0.');
  return value;
}

/** Runs the body of a command and turns how it ended into the exit code. */
export async function finish(body: () => Promise<ExitCode>): Promise<void> {
  process.exitCode = EXIT.failed; // what holds if the process ends in the middle
  try {
    process.exitCode = await body();
  } catch (error) {
    process.exitCode = reportError(error, processIo);
  }
}

export const CONFIG_OPTION = ['--config <dir>', 'what differs from the shipped configuration'] as const;
