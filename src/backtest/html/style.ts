/** The page's style: one file, both colour schemes, nothing from elsewhere. Colours keep apart for the colour-blind too. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fbfaf8; --card: #ffffff; --ink: #1d2329; --soft: #5a646e; --line: #dfe1e0;
  --here: #0b63b0; --against: #b8590a; --challenge: #d9a400; --hold: #d96a1d; --block: #a8203a; --good: #1f7a4d; --bad: #a8203a; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181c; --card: #1c2126; --ink: #e7eaec; --soft: #a0abb5; --line: #343c44;
  --here: #62aef2; --against: #f0a057; --challenge: #e6bd3c; --hold: #ee8b48; --block: #ef6a80; --good: #6fcf9f; --bad: #ef8a9a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", sans-serif; }
main { max-width: 1220px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 20px; margin: 44px 0 4px; }
h3 { font-size: 15px; margin: 24px 0 6px; }
p { margin: 4px 0 12px; max-width: 78ch; }
.lead, .note { color: var(--soft); }
.note { font-size: 13px; }
code { font: 13px ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 12px; margin: 20px 0 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; }
.tile b { display: block; font-size: 22px; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tile .name { color: var(--soft); font-size: 13px; }
.tile .change { font-size: 13px; font-variant-numeric: tabular-nums; color: var(--soft); }
.better { color: var(--good); font-weight: 600; }
.worse { color: var(--bad); font-weight: 600; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th { font-weight: 600; color: var(--soft); font-size: 12.5px; white-space: nowrap; vertical-align: bottom; }
th, td { padding: 7px 9px; border-bottom: 1px solid var(--line); }
tbody tr:last-child td { border-bottom: 0; }
.text { text-align: left; }
.number { text-align: right; }
td.number { white-space: nowrap; }
th.number { white-space: normal; }
td small { color: var(--soft); display: block; }
.same { color: var(--soft); }
.stricter { background: color-mix(in srgb, var(--hold) 16%, transparent); font-weight: 600; }
.milder { background: color-mix(in srgb, var(--here) 14%, transparent); font-weight: 600; }
.compact th, .compact td { padding: 6px 7px; font-size: 13px; text-transform: lowercase; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(330px, 1fr)); gap: 16px; align-items: start; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 16px; margin-top: 12px; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px 8px; }
figcaption { font-weight: 600; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font-size: 12px; }
svg .axis-title { fill: var(--ink); }
svg .grid { stroke: var(--line); }
svg .base { stroke: var(--soft); }
polyline { fill: none; stroke: var(--own); stroke-width: 2.2; stroke-linejoin: round; }
.dot { fill: transparent; }
.dot:hover { fill: var(--own); }
.mark { fill: var(--card); stroke: var(--own); stroke-width: 2.5; }
.here { --own: var(--here); } .against { --own: var(--against); }
.challenge { --own: var(--challenge); } .hold { --own: var(--hold); } .block { --own: var(--block); }
.against polyline { stroke-dasharray: 7 4; }
rect { fill: var(--own); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 4px 0 6px; padding: 0; font-size: 13px; color: var(--soft); }
.legend i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; background: var(--own); margin-right: 7px; vertical-align: -1px; }
details { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin: 8px 0; padding: 0 14px; }
summary { cursor: pointer; padding: 9px 0; }
details .scroll { margin-bottom: 12px; }
summary:focus-visible { outline: 2px solid var(--here); outline-offset: 2px; }
@media print { body { background: #fff; } details { break-inside: avoid; } figure, .tile { break-inside: avoid; } }
`;
