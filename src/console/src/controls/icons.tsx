/** Line icons and the shapes of severity and outcome. All take the text's colour; all are hidden from readers: a word stands beside. */
import type { ReactNode } from 'react';

const PATHS = {
  alerts: 'M3 4.5h10M3 8h10M3 11.5h6',
  live: 'M2 8.5h2.5L6.5 4l3 8 2-3.5H14',
  keys: 'M2.5 4.5h11v7h-11zM5 7h.01M8 7h.01M11 7h.01M5.5 9.5h5',
  search: 'M7 2.75a4.25 4.25 0 1 1 0 8.5 4.25 4.25 0 0 1 0-8.5zM10.2 10.2 13.5 13.5',
  close: 'M4 4l8 8M12 4l-8 8',
  back: 'M13 8H3.5M7 4 3 8l4 4',
  down: 'M4 6.5 8 10.5 12 6.5',
  copy: 'M5.5 5.5h7v8h-7zM3.5 10.5v-8h7',
  sun: 'M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1',
  moon: 'M13 9.5A5.3 5.3 0 0 1 6.5 3a5.3 5.3 0 1 0 6.5 6.5z',
  leave: 'M9.5 3H3.5v10h6M6.5 8H14M11.5 5.5 14 8l-2.5 2.5',
  panel: 'M2.5 3.5h11v9h-11zM9 3.5v9',
  warn: 'M8 2.5 14 13H2zM8 6.5v3M8 11.3v.01',
  info: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 7.2v3.6M8 5v.01',
  refresh: 'M13 8a5 5 0 1 1-1.5-3.6M13 2.5v3h-3',
  check: 'M3 8.5 6.5 12 13 4.5',
  up: 'M4 9.5 8 5.5 12 9.5',
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }): ReactNode {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** Each severity has a shape of its own, so that it is read without colour. */
const SEVERITY_SHAPES: Readonly<Record<string, ReactNode>> = {
  critical: <path d="M6 .8 11.2 6 6 11.2.8 6z" fill="currentColor" />,
  high: <path d="M6 1.2 11.4 10.6H.6z" fill="currentColor" />,
  medium: <circle cx="6" cy="6" r="4" fill="currentColor" />,
  low: <circle cx="6" cy="6" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.6" />,
};

/** Circle = allowed, triangle = challenged, square = held, cross in an octagon = blocked; the same in charts and tables. */
export const OUTCOME_PATHS: Readonly<Record<string, { readonly d: string; readonly isOutline: boolean }>> = {
  ALLOW: { d: 'M0-4.2A4.2 4.2 0 1 1 0 4.2 4.2 4.2 0 1 1 0-4.2z', isOutline: true },
  CHALLENGE: { d: 'M0-5 5.2 4.2H-5.2z', isOutline: false },
  HOLD: { d: 'M-4.2-4.2H4.2V4.2H-4.2z', isOutline: false },
  BLOCK: { d: 'M-4.6-4.6 4.6 4.6M4.6-4.6-4.6 4.6', isOutline: true },
};

function Shape({ children, className }: { readonly children: ReactNode; readonly className: string }): ReactNode {
  return (
    <svg
      className={`icon ${className}`}
      width="12"
      height="12"
      viewBox="0 0 12 12"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export const SeverityShape = ({ severity }: { readonly severity: string }): ReactNode => (
  <Shape className={`mark-${severity}`}>{SEVERITY_SHAPES[severity] ?? SEVERITY_SHAPES.low}</Shape>
);

export function OutcomeShape({ outcome }: { readonly outcome: string }): ReactNode {
  const shape = OUTCOME_PATHS[outcome] ?? OUTCOME_PATHS.ALLOW;
  return (
    <Shape className={`mark-${outcome}`}>
      <path
        transform="translate(6 6)"
        d={shape?.d}
        fill={shape?.isOutline === true ? 'none' : 'currentColor'}
        stroke="currentColor"
        strokeWidth={shape?.isOutline === true ? 1.8 : 0}
      />
    </Shape>
  );
}
