/** What a command writes to, and how it ends. Commands never touch process.stdout themselves. */
import { type ConfigFault, formatFault } from '../domain/config-fault.ts';
import { VigilError } from '../domain/errors.ts';

export interface CommandIo {
  /** results: one line each */
  out(line: string): void;
  /** progress and remarks */
  note(line: string): void;
  readonly isTerminal: boolean;
}

export const EXIT = { done: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const processIo: CommandIo = {
  out: (line) => void process.stdout.write(`${line}\n`),
  note: (line) => void process.stderr.write(`${line}\n`),
  isTerminal: process.stderr.isTTY === true,
};

/** Thrown by a command whose configuration is refused: carries all faults. */
export class ConfigurationRefused extends VigilError {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[], refused = 'The configuration is refused') {
    super('CONFIG_INVALID', `${refused}: ${faults.length} fault${faults.length === 1 ? '' : 's'}.`);
    this.faults = faults;
  }
}

/** One sentence for what the operator can mend; the stack only for a bug of our own. */
export function reportError(error: unknown, io: CommandIo): ExitCode {
  if (error instanceof ConfigurationRefused) {
    for (const fault of error.faults) io.note(formatFault(fault));
    io.note(error.message);
    return EXIT.usage;
  }
  if (error instanceof VigilError && error.fate !== 'stop') {
    io.note(error.message);
    return error.fate === 'usage' ? EXIT.usage : EXIT.failed;
  }
  io.note(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.failed;
}

/** `vigil … | head`: the reader has read enough. What the command has still to say goes nowhere; its work goes on. */
export function endQuietlyWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
