"""How the before/after card looks: light, dark and on paper. Okabe and Ito's blue and vermilion, as in all figures."""

STYLE = """
:root { --ink: #1b1b1b; --soft: #595959; --line: #d0d0d0; --paper: #fff; --before: #b34700; --after: #005f99; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --soft: #b5b5b5; --line: #444; --paper: #16181b; --before: #f0a060; --after: #66bdf0; }
}
@media print {
  :root { --ink: #000; --soft: #333; --line: #aaa; --paper: #fff; --before: #b34700; --after: #005f99; }
  section { break-inside: avoid; }
  .scroll { overflow: visible !important; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 1.8rem 0 .5rem; }
dt { font-weight: 600; }
dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
li { margin-bottom: .3rem; overflow-wrap: anywhere; }
small { color: var(--soft); white-space: nowrap; }
.key, .name { color: var(--ink); font-size: .9rem; }
.before { color: var(--before); }
.after { color: var(--after); }
.chart { padding: 0 .75rem; }
.group svg { display: block; overflow: visible; }
.name { display: block; overflow-wrap: anywhere; }
.grid { stroke: var(--line); }
g.before line, g.after line { stroke: currentColor; stroke-width: 2; }
g.before circle { fill: var(--paper); stroke: currentColor; stroke-width: 2; }
g.after path { fill: currentColor; }
.ticks { position: relative; height: 1.5rem; color: var(--soft); font-size: .8rem; }
.ticks span { position: absolute; transform: translateX(-50%); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-top: .5rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: .9rem; padding-bottom: .3rem; }
th, td { padding: .35rem .6rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: baseline; }
th:first-child { text-align: left; min-width: 7rem; overflow-wrap: break-word; }
@media screen and (max-width: 30rem) {
  th, td { padding: .35rem .3rem; font-size: .85rem; }
  th:first-child { min-width: 5rem; }
}
tbody th { font-weight: 400; }
tfoot th, tfoot td { font-weight: 600; }
"""
