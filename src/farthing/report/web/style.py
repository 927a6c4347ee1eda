"""The style sheet of every page: two schemes of colours, a narrow layout for phones, and one for paper."""

STYLE = """
:root { color-scheme: light dark; --ground: #fbfaf7; --card: #ffffff; --ink: #1d1c1a; --soft: #66625a;
  --edge: #dedad0; --accent: #8a4b00; --bad: #b3261e; --good: #2e6b2e; --read: #7aa6c2; --write:
  #c98a3a; --plain: #b5483f; --out: #7d6aa8; --other: #9a958a; --k0: #2f6f8f; --k1: #4f9a94; --k2:
  #8a4b00; --k3: #c98a3a; --k4: #7d6aa8; --k5: #b5483f; --k6: #5f7f3a; --k7: #a0567d; --k8: #9a958a; }
@media (prefers-color-scheme: dark) { :root { --ground: #16161a; --card: #1f1f25; --ink: #ecebe6;
  --soft: #a5a199; --edge: #383840; --accent: #f0b35f; --bad: #ff8a80; --good: #9ccc9c; --read: #5d8fae;
  --write: #d99a4b; --plain: #d2685e; --out: #9b89c9; --other: #7d7a74; --k0: #5ba3c6; --k1: #6fc0b9;
  --k2: #f0b35f; --k3: #c98a3a; --k4: #a695d8; --k5: #e07a70; --k6: #9cc16b; --k7: #d18fb2; --k8:
  #8d8a84; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.2rem 1rem 4rem; background: var(--ground); color:
  var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.15rem; margin: 0 0 .3rem; color: var(--soft); font-weight: 600; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .2rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p { margin: .3rem 0 .8rem; max-width: 46rem; }
.verdict { font-size: 1.5rem; line-height: 1.3; font-weight: 650; margin: .2rem 0 1rem; max-width:
  46rem; }
.soft, small, figcaption { color: var(--soft); }
.bad { color: var(--bad); }
.good { color: var(--good); }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: 1rem 0; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--accent);
  outline-offset: 2px; border-radius: 3px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .7rem;
  margin: 1rem 0; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 8px; padding: .7rem
  .8rem; }
.card b { display: block; font-size: 1.3rem; font-variant-numeric: tabular-nums; overflow-wrap:
  anywhere; }
.card span { color: var(--soft); font-size: .85rem; }
.scroll { overflow-x: auto; border: 1px solid var(--edge); border-radius: 8px; background: var(--card);
  }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; padding: .5rem .7rem 0; color: var(--soft); }
th, td { padding: .38rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid
  var(--edge); }
tr:last-child td { border-bottom: 0; }
th { font-weight: 600; color: var(--soft); white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code, .excerpt { font: .86em/1.45 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap:
  anywhere; }
.excerpt { color: var(--soft); }
details { border: 1px solid var(--edge); border-radius: 8px; background: var(--card); margin: .6rem 0;
  padding: .1rem .8rem; }
summary { cursor: pointer; padding: .5rem 0; font-weight: 600; }
.bar { display: flex; height: 1rem; min-width: 8rem; border-radius: 3px; overflow: hidden; background:
  var(--edge); }
.bar span { display: block; height: 100%; }
figure { margin: .8rem 0; }
.chart { width: 100%; height: auto; background: var(--card); border: 1px solid var(--edge);
  border-radius: 8px; }
.chart .grid { stroke: var(--edge); }
.chart .tick { fill: var(--soft); font-size: 11px; }
.chart .line { fill: none; stroke-width: 2.2; }
.chart .dot { opacity: 0; }
.chart .dot:hover { opacity: 1; }
.chart .flag line { stroke: var(--bad); stroke-dasharray: 3 3; }
.chart .flag circle { fill: var(--bad); }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .85rem; color: var(--soft); }
.key i { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .35rem; }
.read { fill: var(--read); background: var(--read); }
.write { fill: var(--write); background: var(--write); }
.plain { fill: var(--plain); background: var(--plain); }
.out { fill: var(--out); background: var(--out); }
.other { fill: var(--other); background: var(--other); }
.k0 { fill: var(--k0); background: var(--k0); }
.k1 { fill: var(--k1); background: var(--k1); }
.k2 { fill: var(--k2); background: var(--k2); }
.k3 { fill: var(--k3); background: var(--k3); }
.k4 { fill: var(--k4); background: var(--k4); }
.k5 { fill: var(--k5); background: var(--k5); }
.k6 { fill: var(--k6); background: var(--k6); }
.k7 { fill: var(--k7); background: var(--k7); }
.k8 { fill: var(--k8); background: var(--k8); }
.chart .line.k0 { stroke: var(--k0); }
.chart .line.k2 { stroke: var(--k2); }
.chart .line.k8 { stroke: var(--k8); stroke-dasharray: 5 4; }
@media (max-width: 34rem) { .verdict { font-size: 1.2rem; } th, td { padding: .34rem .5rem; } .wide {
  display: none; } }
@media print { details { break-inside: avoid; } }
"""
