/**
 * Rows and cells of the virtual grid. They are no <table>: rows are placed absolutely and only the visible ones are drawn,
 * so the roles say what the elements cannot. The row takes the focus; its cells need none.
 */
import type { ComponentProps, ReactNode } from 'react';

export function Grid(props: Omit<ComponentProps<'div'>, 'role'>): ReactNode {
  return <div {...GRID} {...props} />;
}

export function GridRow(props: Omit<ComponentProps<'div'>, 'role'>): ReactNode {
  return <div {...ROW} {...props} />;
}

export function Cell(props: Omit<ComponentProps<'span'>, 'role'>): ReactNode {
  return <span {...CELL} {...props} />;
}

export function ColumnHead(props: Omit<ComponentProps<'span'>, 'role'>): ReactNode {
  return <span {...COLUMN_HEAD} {...props} />;
}

const GRID = { role: 'grid' } as const;
export const ROW_GROUP = { role: 'rowgroup' } as const;
const ROW = { role: 'row' } as const;
const CELL = { role: 'gridcell' } as const;
const COLUMN_HEAD = { role: 'columnheader' } as const;
