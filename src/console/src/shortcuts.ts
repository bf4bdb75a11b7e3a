/** Single-key shortcuts. They are silent while a person types, while a dialog is open, and with Ctrl, Alt or Meta held. */
import { useEffect, useLayoutEffect, useRef } from 'react';

export type Shortcuts = Readonly<Record<string, () => void>>;

const TYPING = 'input, textarea, select, [contenteditable="true"]';
/** Keys that a focused control needs for itself. */
const OF_CONTROLS: ReadonlySet<string> = new Set(['Enter', ' ', 'ArrowDown', 'ArrowUp', 'Home', 'End']);

function isMeant(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return false;
  const target = event.target instanceof Element ? event.target : null;
  if (document.querySelector('[role="dialog"]') !== null) return false;
  if (target?.closest(TYPING) != null) return false;
  return !(OF_CONTROLS.has(event.key) && target?.closest('a, button, summary, [role="grid"]') != null);
}

export function useShortcuts(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts);
  // at once with what is drawn: a key that follows what the person has just seen must act on that, not on the state before
  useLayoutEffect(() => {
    current.current = shortcuts;
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (!isMeant(event)) return;
      const action = current.current[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}
