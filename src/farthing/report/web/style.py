"""The style sheet of every page: two schemes of colours, a narrow layout for phones, and one for paper."""

_LIGHT = """
  --ground: #faf8f3; --card: #ffffff; --ink: #22201c; --soft: #6b665c; --edge: #e3ded2; --accent: #8a4b00;
  --bad: #b3261e; --read: #8fb6cc; --written: #d39a43; --plain: #b5483f; --out: #7d6aa8; --other: #a49e92;
  --tools: #2f6f8f; --system: #4f9a94; --task: #c7a24a; --user: #a8842c; --assistant: #8b79b8;
  --reasoning: #b0668d; --tool_call: #dd9468; --tool_result: #b5483f; --media: #7d9a4f; --summary: #5f7f3a;
  --remainder: #a49e92; --output: #46566b;"""

_DARK = """
  --ground: #17171a; --card: #1f1f24; --ink: #ecebe6; --soft: #a9a59c; --edge: #36363d; --accent: #f0b35f;
  --bad: #ff8a80; --read: #4f7f9c; --written: #dba355; --plain: #d8695f; --out: #9d8cca; --other: #7f7b74;
  --tools: #5ba3c6; --system: #5fb3ab; --task: #d8b765; --user: #b99748; --assistant: #a594d3;
  --reasoning: #cf86ad; --tool_call: #e6a57e; --tool_result: #d8695f; --media: #9cba6b; --summary: #7f9f57;
  --remainder: #7f7b74; --output: #9fb2ca;"""

_STYLES = (
    *("read", "written", "plain", "out", "other", "tools", "system", "task", "user", "assistant"),
    *("reasoning", "tool_call", "tool_result", "media", "summary", "remainder", "output", "accent", "soft"),
)
_COLOURS = "\n".join(
    f".{name} {{ fill: var(--{name}); background: var(--{name}); stroke: var(--{name}); }}"
    for name in _STYLES
    if name != "soft"
)

STYLE = f"""
:root {{ color-scheme: light dark; {_LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}
{_COLOURS}
* {{ box-sizing: border-box; }}
html {{ scroll-behavior: smooth; }}
body {{ margin: 0 auto; max-width: 62rem; padding: 2rem 1rem 4rem; background: var(--ground);
  color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: anywhere; }}
td, th {{ overflow-wrap: normal; }}
.brand {{ margin: 0; color: var(--soft); font-size: .9rem; }}
.lead {{ font-size: 1.12rem; }}
h1 {{ margin: .3rem 0 .8rem; max-width: 52rem; font-size: 1.6rem; line-height: 1.32; font-weight: 640;
  text-wrap: pretty; }}
h2 {{ margin: 0 0 .3rem; font-size: 1.25rem; line-height: 1.3; }}
h3 {{ margin: 1.6rem 0 .4rem; font-size: 1rem; }}
section {{ margin-top: 3rem; scroll-margin-top: 1rem; }}
p {{ margin: .2rem 0 .9rem; max-width: 46rem; text-wrap: pretty; }}
.note, figcaption, small {{ color: var(--soft); font-size: .9rem; }}
nav {{ display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: 1.2rem 0 0; padding: .7rem 0;
  border-block: 1px solid var(--edge); font-size: .95rem; }}
a {{ color: var(--accent); background: none; text-underline-offset: .2em; }}
a:focus-visible, summary:focus-visible, .scroll:focus-visible {{ outline: 3px solid var(--accent);
  outline-offset: 2px; border-radius: 4px; }}
.cards {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(9.2rem, 1fr)); gap: .6rem;
  margin: 1.4rem 0; }}
.card {{ padding: .75rem .8rem; background: var(--card); border: 1px solid var(--edge);
  border-radius: 10px; }}
.card b {{ display: block; font-size: 1.35rem; line-height: 1.25; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere; }}
.card span {{ color: var(--soft); font-size: .87rem; line-height: 1.35; display: block; }}
.scroll {{ overflow-x: auto; margin: .6rem 0 1rem; background: var(--card); border: 1px solid var(--edge);
  border-radius: 10px; }}
table {{ width: 100%; border-collapse: collapse; font-size: .92rem; }}
caption {{ padding: .6rem .8rem 0; text-align: left; color: var(--soft); font-size: .9rem; }}
th, td {{ padding: .42rem .8rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--edge); }}
tbody tr:last-child td {{ border-bottom: 0; }}
th {{ color: var(--soft); font-weight: 600; white-space: nowrap; }}
td.n, th.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
td.bars {{ width: 26%; min-width: 7rem; }}
td.bars .bar {{ margin-top: .28rem; }}
td:first-child {{ min-width: 13rem; }}
td.n:first-child {{ min-width: 0; }}
code, .excerpt {{ font: .88em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  overflow-wrap: anywhere; }}
td code {{ display: inline-block; min-width: 8rem; }}
.excerpt {{ color: var(--soft); }}
pre {{ margin: .6rem 0; padding: .8rem 1rem; overflow-x: auto; background: var(--card);
  border: 1px solid var(--edge); border-radius: 10px; }}
details {{ margin: .7rem 0; padding: 0 .9rem; background: var(--card); border: 1px solid var(--edge);
  border-radius: 10px; }}
details .scroll {{ border: 0; margin: 0 -.9rem .4rem; border-radius: 0; }}
summary {{ padding: .6rem 0; cursor: pointer; font-weight: 600; font-size: .95rem; }}
.bar {{ display: flex; height: .95rem; overflow: hidden; border-radius: 3px; }}
.bar.slim {{ height: .5rem; margin: .2rem 0; max-width: 30rem; }}
.lever .bar {{ height: .4rem; margin-top: .3rem; background: var(--edge); }}
.bar span {{ display: block; height: 100%; }}
.bar.whole {{ height: 1.5rem; border-radius: 5px; margin: .5rem 0; }}
.half {{ max-width: 32rem; }}
.figures {{ display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); }}
figure {{ margin: .8rem 0; min-width: 0; }}
figcaption {{ margin: .1rem 0 .5rem; color: var(--ink); font-weight: 600; }}
.chart {{ display: block; width: 100%; height: auto; background: var(--card); border: 1px solid var(--edge);
  border-radius: 10px; }}
.on-phone {{ display: none; }}
.chart .grid {{ stroke: var(--edge); }}
.chart .tick {{ fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }}
.chart .line {{ fill: none; stroke-width: 2.4; stroke-linejoin: round; }}
.chart .line.soft {{ stroke: var(--soft); stroke-width: 1.6; stroke-dasharray: 5 5; }}
.chart .area {{ stroke: none; opacity: .16; }}
.chart .dot {{ stroke: var(--card); stroke-width: 1; }}
.chart .dot.soft {{ opacity: 0; }}
.chart rect {{ stroke: none; }}
.chart g:hover rect {{ opacity: .75; }}
.flag line {{ stroke: var(--bad); stroke-dasharray: 3 3; }}
.flag circle {{ fill: var(--bad); }}
.key {{ display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; margin: .5rem 0; color: var(--soft);
  font-size: .88rem; }}
.key i {{ display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem; border-radius: 2px;
  vertical-align: -.08rem; }}
.key i.soft {{ height: 0; border-top: 2px dashed var(--soft); vertical-align: .22rem; }}
.key i.flag {{ background: var(--bad); border-radius: 50%; width: .65rem; height: .65rem; }}
.lever {{ display: grid; grid-template-columns: 8.5rem 1fr; gap: .2rem 1.2rem; padding: 1rem 0;
  border-top: 1px solid var(--edge); }}
.lever > div:first-child b {{ display: block; font-size: 1.3rem; font-variant-numeric: tabular-nums; }}
.lever h3 {{ margin: 0 0 .2rem; }}
.lever p {{ margin: .1rem 0; font-size: .93rem; }}
.tag {{ display: inline-block; padding: .05rem .5rem; border: 1px solid var(--edge); border-radius: 99px;
  color: var(--soft); font-size: .8rem; }}
.bad {{ color: var(--bad); }}
@media (max-width: 40rem) {{
  body {{ padding-top: 1.2rem; }}
  h1 {{ font-size: 1.25rem; }}
  section {{ margin-top: 2.3rem; }}
  .on-wide {{ display: none; }}
  .on-phone {{ display: block; }}
  .cards {{ grid-template-columns: repeat(2, 1fr); }}
  th, td {{ padding: .38rem .55rem; }}
  th {{ white-space: normal; }}
  .wide {{ display: none; }}
  td.bars {{ min-width: 4.5rem; }}
  td:first-child {{ min-width: 0; }}
  .lever {{ grid-template-columns: 1fr; }}
}}
@media (prefers-reduced-motion: reduce) {{ html {{ scroll-behavior: auto; }} }}
@media print {{ details {{ break-inside: avoid; }} nav {{ display: none; }} }}
"""
