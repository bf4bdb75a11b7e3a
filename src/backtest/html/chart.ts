/** Charts as plain SVG: axes, lines, points, stacked bars. Colours come from the page's style, by class. */
import { html, type Markup } from './markup.ts';

export interface Axis {
  readonly title: string;
  readonly max: number;
  readonly format: (value: number) => string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
  /** shown when the pointer rests on it */
  readonly hint: string;
}

export interface Series {
  readonly name: string;
  readonly className: string;
  /** in order of the line */
  readonly points: readonly Point[];
  /** where the configuration stands today */
  readonly mark?: Point | undefined;
}

export const FRAME = { width: 560, height: 340, left: 62, right: 18, top: 14, bottom: 48 } as const;
const INNER = { width: FRAME.width - FRAME.left - FRAME.right, height: FRAME.height - FRAME.top - FRAME.bottom };
const MAX_HINTS = 40;

const at = (value: number): string => value.toFixed(1);

/** 1, 2, 2.5 or 5 times a power of ten, so that there are about `wanted` steps. */
export function tickStep(max: number, wanted: number): number {
  const raw = max / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= raw * 0.999) ?? 10) * power;
}

export function ticks(max: number, wanted = 5): readonly number[] {
  if (!(max > 0)) return [0];
  const step = tickStep(max, wanted);
  const count = Math.floor(max / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

const toX = (value: number, max: number): number => FRAME.left + (max > 0 ? value / max : 0) * INNER.width;
const toY = (value: number, max: number): number =>
  FRAME.top + INNER.height - (max > 0 ? value / max : 0) * INNER.height;

function frame(x: Axis | null, y: Axis): Markup {
  const [right, bottom] = [FRAME.left + INNER.width, FRAME.top + INNER.height];
  return html`<g class="axes">${ticks(y.max).map((value) => {
    const place = at(toY(value, y.max));
    return html`<line class="grid" x1="${FRAME.left}" x2="${right}" y1="${place}" y2="${place}"/><text x="${FRAME.left - 8}" y="${place}" dy="4" text-anchor="end">${y.format(value)}</text>`;
  })}${
    x === null
      ? null
      : ticks(x.max).map((value) => {
          const place = at(toX(value, x.max));
          return html`<text x="${place}" y="${bottom + 18}" text-anchor="middle">${x.format(value)}</text>`;
        })
  }<line class="base" x1="${FRAME.left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>
<text class="axis-title" x="${FRAME.left + INNER.width / 2}" y="${FRAME.height - 6}" text-anchor="middle">${x?.title}</text>
<text class="axis-title" transform="translate(14 ${FRAME.top + INNER.height / 2}) rotate(-90)" text-anchor="middle">${y.title}</text></g>`;
}

const legend = (entries: readonly { readonly name: string; readonly className: string }[]): Markup =>
  html`<ul class="legend">${entries.map(({ name, className }) => html`<li class="${className}"><i></i>${name}</li>`)}</ul>`;

function wrap(title: string, drawing: Markup, entries: Parameters<typeof legend>[0], note = ''): Markup {
  return html`<figure><figcaption>${title}</figcaption>${legend(entries)}
<svg viewBox="0 0 ${FRAME.width} ${FRAME.height}" role="img" aria-label="${title}">${drawing}</svg>${
    note === '' ? null : html`<p class="note">${note}</p>`
  }</figure>`;
}

/** Points beyond the axes are left out; a line that leaves the frame ends at its edge. */
export function lineChart(title: string, x: Axis, y: Axis, series: readonly Series[], note?: string): Markup {
  const lines = series.map(({ className, points, mark }) => {
    const inside = points.filter((point) => point.x <= x.max && point.y <= y.max);
    const path = inside.map((point) => `${at(toX(point.x, x.max))},${at(toY(point.y, y.max))}`).join(' ');
    const every = Math.max(1, Math.ceil(inside.length / MAX_HINTS));
    const dots = inside.filter((_, index) => index % every === 0 || index === inside.length - 1);
    return html`<g class="${className}"><polyline points="${path}"/>${dots.map((point) => dot(point, x, y, 'dot', 5))}${
      mark === undefined || mark.x > x.max ? null : dot(mark, x, y, 'mark', 6)
    }</g>`;
  });
  return wrap(title, html`${frame(x, y)}${lines}`, series, note);
}

const dot = (point: Point, x: Axis, y: Axis, className: string, radius: number): Markup =>
  html`<circle class="${className}" cx="${at(toX(point.x, x.max))}" cy="${at(toY(point.y, y.max))}" r="${radius}"><title>${point.hint}</title></circle>`;

export interface Bar {
  readonly label: string;
  readonly parts: readonly { readonly value: number; readonly className: string; readonly hint: string }[];
}

const MAX_BAR_LABELS = 7;

/** One bar for each label, its parts on top of one another. */
export function stackedBars(
  title: string,
  y: Axis,
  bars: readonly Bar[],
  entries: readonly { readonly name: string; readonly className: string }[],
  note?: string,
): Markup {
  const slot = INNER.width / Math.max(1, bars.length);
  const gap = slot > 6 ? 2 : slot > 2 ? 0.5 : 0;
  const every = Math.max(1, Math.ceil(bars.length / MAX_BAR_LABELS));
  const drawn = bars.map(({ label, parts }, index) => {
    const left = FRAME.left + index * slot;
    let below = 0;
    const rects = parts.map(({ value, className, hint }) => {
      const [bottom, top] = [toY(below, y.max), toY(below + value, y.max)];
      below += value;
      return html`<rect class="${className}" x="${(left + gap / 2).toFixed(2)}" width="${(slot - gap).toFixed(2)}" y="${at(top)}" height="${at(bottom - top)}"><title>${hint}</title></rect>`;
    });
    const text = html`<text x="${at(left + slot / 2)}" y="${FRAME.top + INNER.height + 18}" text-anchor="middle">${label}</text>`;
    return html`${rects}${index % every === 0 ? text : null}`;
  });
  return wrap(title, html`${frame(null, y)}<g class="bars">${drawn}</g>`, entries, note);
}
