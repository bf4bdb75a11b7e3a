/** A progress bar on a terminal, a plain line every few seconds otherwise. */
import type { CommandIo } from './io.ts';

export interface Progress {
  update(done: number): void;
  end(): void;
}

const BAR_WIDTH = 28;

/** `now` in milliseconds; a total of undefined shows only what is done. */
export function createProgress(io: CommandIo, what: string, total: number | undefined, now: () => number): Progress {
  const startMs = now();
  let nextMs = io.isTerminal ? startMs : startMs + 2000;
  let last = 0;
  const line = (): string => {
    const seconds = Math.max(0.001, (now() - startMs) / 1000);
    const rate = `${Math.round(last / seconds).toLocaleString('en')}/s`;
    if (total === undefined) return `${what} ${last.toLocaleString('en')} · ${rate}`;
    const share = total === 0 ? 1 : Math.min(1, last / total);
    const filled = Math.round(share * BAR_WIDTH);
    const bar = io.isTerminal ? `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ` : '';
    return `${what} ${bar}${Math.floor(share * 100)} % · ${last.toLocaleString('en')} of ${total.toLocaleString('en')} · ${rate}`;
  };
  const show = (isLast: boolean): void => {
    if (io.isTerminal) process.stderr.write(`\r\u001b[K${line()}${isLast ? '\n' : ''}`);
    else io.note(line());
  };
  return {
    update(done) {
      last = done;
      if (now() < nextMs) return;
      nextMs = now() + (io.isTerminal ? 100 : 5000);
      show(false);
    },
    end: () => show(true),
  };
}
