"""The style sheet of all HTML pages."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1a2230; --quiet: #5b6678; --line: #dfe4ea;
  --fill: #2f7fa8; --fill-2: #75b3d1; --good: #1f7a4d; --bad: #b3261e; --track: #eef1f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11151b; --card: #191f28; --text: #e4e9f0; --quiet: #98a4b5; --line: #2b3440;
    --fill: #58a9d0; --fill-2: #2f6f90; --good: #62c796; --bad: #ff8a80; --track: #222a34;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 2rem 1rem 3rem; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
main { max-width: 62rem; margin: 0 auto; display: grid; gap: 1rem; }
main > *, .pair > * { min-width: 0; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.05rem; margin: 0 0 .8rem; }
p { margin: 0; }
.quiet, figcaption, footer { color: var(--quiet); }
.good { color: var(--good); } .bad { color: var(--bad); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1.1rem 1.2rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1rem; }
.cards section { padding: .8rem 1rem; }
.cards strong { display: block; font-size: 1.5rem; line-height: 1.25; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.pair { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); }
figure { margin: 0; }
figure + table, table + p { margin-top: 1rem; }
figcaption { font-size: .87rem; margin-bottom: .7rem; }
.label, .value { font-size: .84rem; font-variant-numeric: tabular-nums; }
.value { color: var(--quiet); white-space: nowrap; }
.bars { display: grid; grid-template-columns: fit-content(40%) 1fr auto; gap: .28rem .7rem; }
.bars .row { display: contents; }
.track { background: var(--track); border-radius: 3px; align-self: center; height: .75rem; }
.bar { display: block; width: calc(var(--share) * 100%); min-width: 1px; height: 100%;
  background: var(--fill); border-radius: 3px; }
.columns { display: flex; gap: .25rem; height: 12rem; }
.cell { flex: 1 1 0; min-width: 0; display: flex; flex-direction: column; justify-content: flex-end;
  text-align: center; }
.cell .label, .cell .value { font-size: .72rem; white-space: nowrap; }
.column { background: var(--fill); border-radius: 3px 3px 0 0; min-height: 1px;
  height: calc(var(--share) * 9rem); }
.cell .label { border-top: 1px solid var(--line); padding-top: .2rem; }
.lanes { display: grid; gap: .4rem; }
.lanes .row { display: grid; grid-template-columns: 7.5rem 1fr; align-items: center; gap: .7rem; }
.lanes svg { display: block; width: 100%; height: 1.3rem; background: var(--track);
  border-radius: 3px; }
.even { fill: var(--fill); } .odd { fill: var(--fill-2); }
.axis { position: relative; height: 1.2rem; margin-left: 8.2rem; font-size: .75rem;
  color: var(--quiet); }
.axis span { position: absolute; left: calc(var(--share) * 100%); transform: translateX(-50%);
  white-space: nowrap; }
.axis span:first-child { transform: none; }
.scrolled { overflow-x: auto; }
.diagram { display: block; width: 100%; height: auto; }
.box { fill: var(--track); stroke: var(--line); }
.diagram text { text-anchor: middle; fill: var(--text); font-size: 13px; }
.diagram .name { font-weight: 600; } .diagram .line { fill: var(--quiet); }
.arrow { fill: none; stroke: var(--fill-2); } .arrow.circular { stroke: var(--bad); }
.head { fill: var(--fill-2); } .head.circular { fill: var(--bad); }
.diagram .note { font-size: 11.5px; paint-order: stroke; stroke: var(--card); stroke-width: 4px; }
table { width: 100%; border-collapse: collapse; font-size: .87rem; }
th { text-align: left; font-weight: 600; color: var(--quiet); overflow-wrap: normal; }
th, td { padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td.text { min-width: 4rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
th.number:last-child, td.number:last-child { padding-right: 0; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .92em; }
footer { font-size: .84rem; }
@media (max-width: 34rem) {
  .lanes .row { grid-template-columns: 1fr; gap: .1rem; }
  .axis { margin-left: 0; }
  section { padding: .9rem; }
  table { font-size: .78rem; }
  .wide :is(th, td):is(:nth-child(4), :nth-child(5)) { display: none; }
  .cell .value { font-size: .6rem; } .cell .label { font-size: .6rem; }
}
"""
