"""report.html: one page with nothing from elsewhere; pictures are files beside it."""

from collections.abc import Sequence
from html import escape
from pathlib import PurePosixPath
from string import Template
from urllib.parse import quote

from vino.evaluate import tables
from vino.evaluate.published import WORLDS_DIFFER
from vino.evaluate.results import Answered, Result
from vino.evaluate.tables import Table

SHOWN = 24  # answers in a sheet

PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --mark: #2a7de1; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .3rem; }
p { margin: .3rem 0 .8rem; max-width: 60rem; }
nav a { margin-right: .8rem; white-space: nowrap; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: right; }
th { font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child, .words td, .words th { text-align: left; }
tr.group td:first-child { padding-left: 1.6rem; }
tr.weak td { opacity: .55; }
.bar { display: inline-block; width: 7rem; height: .7rem; position: relative; }
.bar { background: var(--soft); }
.bar i { position: absolute; top: 0; bottom: 0; background: var(--mark); opacity: .35; }
.bar b { position: absolute; top: -2px; bottom: -2px; width: 2px; background: var(--mark); }
.sheet { display: grid; gap: .8rem; }
.sheet { grid-template-columns: repeat(auto-fill, minmax(min(11rem, 100%), 1fr)); }
figure { margin: 0; padding: .5rem; border-radius: 4px; min-width: 0; }
figure, figure img, figure video { border: 1px solid var(--line); }
figure img, figure video { width: 64px; height: 64px; object-fit: contain; }
figure img { image-rendering: pixelated; }
figure .answer { width: 96px; height: 96px; border-color: var(--mark); }
figure span { white-space: nowrap; }
figcaption { font-size: .8rem; overflow-wrap: anywhere; }
figcaption small { display: block; opacity: .7; max-height: 6rem; overflow-y: auto; }
summary { cursor: pointer; margin: .8rem 0 .4rem; }
td:nth-child(n+2) { white-space: nowrap; }
.words td { white-space: normal; }
.goals td:not(:last-child) { white-space: nowrap; }
@media (max-width: 40rem) {
  table { font-size: .8rem; } th, td { padding: .15rem .35rem; } .bar { width: 3rem; }
  .sheet { grid-template-columns: 1fr 1fr; } figure .answer { width: 64px; height: 64px; }
}
</style></head><body>
<h1>$title</h1>
<p>$about</p>
<nav>$links</nav>
$body
</body></html>
""")


def page(title: str, about: str, results: Sequence[Result]) -> str:
    """The whole page."""
    goals = tables.goals(results)
    body = [_section(result) for result in results]
    if goals.rows:
        body.insert(0, f'<h2 id="goals">{tables.GOALS_HEAD}</h2>{_words(goals, "goals")}')
    published = tables.beside_published(results)
    if published.rows:
        body.append(
            f'<h2 id="published">Beside the published numbers</h2><p>{escape(WORLDS_DIFFER)}</p>'
            + _words(published)
        )
    links = ['<a href="#goals">goals</a>'] if goals.rows else []
    links += [f'<a href="#{r.suite}">{r.suite}</a>' for r in results]
    if published.rows:
        links.append('<a href="#published">published numbers</a>')
    return PAGE.substitute(
        title=escape(title), about=escape(about), links=" ".join(links), body="\n".join(body)
    )


def _section(result: Result) -> str:
    """One suite: its scores, then sheets of its answers."""
    about = result.about if result.scores or result.answered else tables.NOTHING
    parts = [f'<h2 id="{result.suite}">{result.suite}</h2>']
    if about:
        parts.append(f"<p>{escape(about)}</p>")
    if result.scores:
        parts.append(_scores(result))
    for name, chosen in _sheets(result.answered):
        if chosen:
            shown = "".join(map(_figure, chosen[:SHOWN]))
            parts.append(
                f"<details open><summary>{len(chosen)} {name}"
                f"{f', the first {SHOWN}' if len(chosen) > SHOWN else ''}</summary>"
                f'<div class="sheet">{shown}</div></details>'
            )
    return "\n".join(parts)


def _sheets(answered: Sequence[Answered]) -> list[tuple[str, Sequence[Answered]]]:
    """Successes and failures; without verdicts, the ends of what is measured first, if anything."""
    if any(one.judged for one in answered):
        judged = [one for one in answered if one.judged]
        return [
            ("successes", [one for one in judged if one.is_success]),
            ("failures", [one for one in judged if not one.is_success]),
        ]
    metric = next((metric for one in answered for metric in one.measured), None)
    if metric is None:
        return [("answers", answered)]
    ranked = [one for one in answered if metric in one.measured]
    ranked.sort(key=lambda one: one.measured[metric], reverse=True)
    half = min(SHOWN, (len(ranked) + 1) // 2)
    return [
        (f"of the highest {metric}", ranked[:half]),
        (f"of the lowest {metric}", ranked[half:][: -SHOWN - 1 : -1]),
    ]


def _scores(result: Result) -> str:
    """The table of scores, with a bar for those between 0 and 1."""
    table = tables.scores(result)
    heads = ["metric", "", *table.heads[1:]]
    rows = []
    for cells, (value, *ends) in zip(table.rows, result.scores.values(), strict=True):
        kinds = ["group"] if ": " in cells[0] and cells[0].split(": ")[0] in result.scores else []
        kinds += ["weak"] if any(cell.endswith("!") for cell in cells) else []
        bar = _bar(value, *ends) if ends and min(ends) >= 0 and max(ends) <= 1 else ""
        inner = "".join(f"<td>{escape(cell)}</td>" for cell in cells[1:])
        rows.append(
            f'<tr class="{" ".join(kinds)}"><td>{escape(cells[0])}</td><td>{bar}</td>{inner}</tr>'
        )
    return f'<div class="wide"><table>{_head(heads)}{"".join(rows)}</table></div>'


def _bar(value: float, low: float, high: float) -> str:
    return (
        f'<span class="bar"><i style="left:{low:.0%};width:{high - low:.0%}"></i>'
        f'<b style="left:{value:.0%}"></b></span>'
    )


def _words(table: Table, kind: str = "") -> str:
    rows = ["".join(f"<td>{escape(cell)}</td>" for cell in cells) for cells in table.rows]
    inner = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f'<div class="wide"><table class="words {kind}">{_head(table.heads)}{inner}</table></div>'
    )


def _head(heads: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>"


def _figure(one: Answered) -> str:
    """What was given, what came out, and why it scored so."""
    given = "".join(_medium(name, "") for name in one.references)
    arrow = "&rarr; " if given else ""
    why = "".join(f"<small>{escape(reason)}</small>" for reason in one.why)
    return (
        f"<figure>{given}<span>{arrow}{_medium(one.output, 'the answer')}</span>"
        f"<figcaption>{escape(one.prompt)}{why}</figcaption></figure>"
    )


def _medium(name: str, title: str) -> str:
    """A file as a picture or a player; one with a title is the answer."""
    kind = ' class="answer"' if title else ""
    source = escape(quote(name, safe="/ ,"))
    if PurePosixPath(name).suffix.lower() == ".mp4":
        return f'<video{kind} src="{source}" preload="metadata" controls muted loop></video>'
    return f'<img{kind} src="{source}" loading="lazy" alt="{title}">'
