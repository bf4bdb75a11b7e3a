/**
 * The end of a process: signals and the death of whoever started it both become one abort signal; the command drains and
 * ends by itself. A second signal ends at once.
 */
import { readFileSync } from 'node:fs';

export interface Shutdown {
  readonly signal: AbortSignal;
  /** removes the listeners and timers, so that the process can end by itself */
  dispose(): void;
}

const POLL_MS = 500;

export function listenForShutdown(onSecond: () => void = () => process.exit(1)): Shutdown {
  const controller = new AbortController();
  const stop = (reason: string): void => {
    if (controller.signal.aborted) onSecond();
    else controller.abort(reason);
  };
  const onSigint = (): void => stop('SIGINT');
  const onSigterm = (): void => stop('SIGTERM');
  process.on('SIGINT', onSigint);
  process.on('SIGTERM', onSigterm);
  const ancestors = startingAncestors();
  const timer = setInterval(() => {
    if (process.ppid !== ancestors[0] || ancestors.slice(1).some((pid) => parentOf(pid) === undefined)) {
      if (!controller.signal.aborted) controller.abort('parent gone');
    }
  }, POLL_MS);
  timer.unref();
  return {
    signal: controller.signal,
    dispose() {
      clearInterval(timer);
      process.off('SIGINT', onSigint);
      process.off('SIGTERM', onSigterm);
    },
  };
}

/**
 * The parent, and where that is a shell of an npm script, its parent too: npm killed with SIGKILL leaves its shell
 * behind, and the shell would keep us alive for ever. Where /proc is missing only the parent is watched.
 */
function startingAncestors(): readonly number[] {
  const parent = process.ppid;
  const name = commandOf(parent);
  const grandparent = name !== undefined && /^(sh|dash|bash)$/.test(name) ? parentOf(parent) : undefined;
  const isStartedByNpm = grandparent !== undefined && /^(npm|node)/.test(commandOf(grandparent) ?? '');
  return isStartedByNpm ? [parent, grandparent] : [parent];
}

function statOf(pid: number): { command: string; parent: number; state: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const close = text.lastIndexOf(')');
    const [state = '', parent = '0'] = text.slice(close + 2).split(' ');
    return { command: text.slice(text.indexOf('(') + 1, close), parent: Number(parent), state };
  } catch {
    return undefined; // no such process, or no /proc
  }
}

const commandOf = (pid: number): string | undefined => statOf(pid)?.command;

/** undefined when the process is gone (or only its exit status is left) */
function parentOf(pid: number): number | undefined {
  const stat = statOf(pid);
  return stat === undefined || stat.state === 'Z' ? undefined : stat.parent;
}
