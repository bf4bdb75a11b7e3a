/** HTML in pieces that are known to be escaped: text becomes markup only here. */
export interface Markup {
  readonly html: string;
}

type Piece = Markup | string | number | null | undefined | false | readonly Piece[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

function write(piece: Piece): string {
  if (piece === null || piece === undefined || piece === false) return '';
  if (typeof piece === 'string') return escapeHtml(piece);
  if (typeof piece === 'number') return String(piece);
  if (Array.isArray(piece)) return piece.map(write).join('');
  return (piece as Markup).html;
}

/** Everything that is put in is escaped, unless it is markup already. Attribute values must stand in double quotes. */
export function html(parts: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return { html: parts.map((part, index) => part + (index < pieces.length ? write(pieces[index]) : '')).join('') };
}

export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
}

export const text = (title: string): Column => ({ title });
export const number = (title: string): Column => ({ title, isNumber: true });

export type Cell = Markup | string | number;

export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): Markup {
  const align = (index: number): string => (columns[index]?.isNumber ? 'number' : 'text');
  return html`<div class="scroll"><table>
<thead><tr>${columns.map(({ title }, index) => html`<th scope="col" class="${align(index)}">${title}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) => html`<tr>${row.map((cell, index) => html`<td class="${align(index)}">${cell}</td>`)}</tr>
`,
  )}</tbody>
</table></div>`;
}
