import type { CommandIo } from '../../src/cli/io.ts';

export interface RecordingIo extends CommandIo {
  /** all that was said, in its order */
  readonly lines: readonly string[];
  /** of these, what is no result of the command */
  readonly notes: readonly string[];
}

export function recordingIo(): RecordingIo {
  const lines: string[] = [];
  const notes: string[] = [];
  return {
    lines,
    notes,
    out: (line) => void lines.push(line),
    note(line) {
      lines.push(line);
      notes.push(line);
    },
    isTerminal: false,
  };
}
