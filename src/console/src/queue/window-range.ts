/** Which rows of a long list are drawn. Rows have one height, so that no row is ever measured. Pure. */
export interface Viewport {
  readonly scrollTop: number;
  readonly height: number;
}

export interface Range {
  readonly first: number;
  /** exclusive */
  readonly end: number;
}

const OVERSCAN = 8;

export function rangeOf({ scrollTop, height }: Viewport, rowHeight: number, count: number): Range {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - OVERSCAN);
  const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + OVERSCAN);
  return { first: Math.min(first, count), end: Math.max(end, Math.min(first, count)) };
}

/** The nearest scroll position at which the row is in full view below the sticky head. */
export function scrollFor(index: number, viewport: Viewport, rowHeight: number, headHeight: number): number {
  const top = index * rowHeight;
  if (top < viewport.scrollTop) return top;
  const visible = viewport.height - headHeight;
  const bottom = top + rowHeight;
  return bottom > viewport.scrollTop + visible ? bottom - visible : viewport.scrollTop;
}
