"""A brief on one page: message, picture, verdict, ledger, scenario, assumptions, limits.

It is a page of HTML that needs no other file; a browser prints it on one sheet of paper or as PDF.
"""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd
from jinja2 import Template

from simlib import charts
from simlib.charts.layout import FOOT, HEAD, MARGIN
from simlib.charts.style import exact, number
from simlib.dashboard import compute
from simlib.dashboard.catalogue import JUDGEMENT, preset, preset_words
from simlib.dashboard.ledger_page import cell, unit
from simlib.dashboard.session import Session
from simlib.dashboard.share import write
from simlib.dashboard.source import about, pinned
from simlib.dashboard.spending import SERIES
from simlib.dashboard.state import Scenario
from simlib.errors import InputError
from simlib.inputs.parameters import load_parameters
from simlib.pages.content import span

QUESTION = "Border or internal enforcement: which saves more lives?"
ROWS = (
    "deaths_averted",
    "nonfatal_averted",
    "chance_better",
    "mean_deaths_averted",
    "mean_money",
    "cost_per_death_averted",
    "programme_money",
    "prison_money",
    "paid_federal",
    "paid_state",
    "paid_local",
    "prison_years",
    "net_benefit_vsl",
)
"""Lines of the ledger that a page has room for; the rest is in the CSV."""
LIMITS = (
    "One national market: no geography, and seized purity is not street purity.",
    "How many people are at risk is uncertain by a factor of several; only risk times people is "
    "known.",
    "How well money becomes pressure on the trade is assumed, with the same range on both sides.",
    "Harms of arrest to people and communities, and violence abroad, are not counted.",
    "The model compares what it was given; it does not say what a country ought to value.",
)
NO_BREAK = "\N{NO-BREAK SPACE}"
ABOVE = MARGIN + HEAD
"""Pixels above the key of the picture: its headline, which the brief says itself."""
PAGE = Template(
    """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{{ title }}</title><style>
body{font-family:"Liberation Sans",Arial,Helvetica,sans-serif;color:#1A1A1A;background:#fff;
max-width:60em;margin:1.5em auto;padding:0 1em;line-height:1.4;font-size:15px}
h1{font-size:1.6em;line-height:1.2;margin:.2em 0}h2{font-size:1.05em;margin:1.2em 0 .3em}
.kicker,.about{color:#595959;font-size:.85em}.lead{font-size:1.1em;margin:.3em 0 1em}
figure{margin:0}svg{width:100%;height:auto}
table{border-collapse:collapse;width:100%;font-size:.9em}
th,td{padding:.25em .8em .25em 0;border-bottom:1px solid #E3E3E3;text-align:left;
vertical-align:top}th[scope=row]{font-weight:normal}ul{margin:.2em 0;padding-left:1.5em}
code{overflow-wrap:anywhere;font-size:.85em}
@page{margin:9mm}
@media print{body{font-size:{{ print_size }}px;margin:0;padding:0;max-width:none;line-height:1.3}
h1{font-size:1.9em}h2{margin:.6em 0 .1em}p,ul,figure{margin-top:.2em;margin-bottom:.2em}
th,td{padding-top:.1em;padding-bottom:.1em}svg{max-height:66mm}
.lists{display:flex;gap:1.5em}.lists section{flex:1}}
</style></head><body><main>
<p class="kicker">{{ question }}</p><h1>{{ title | replace(" %", no_break) }}</h1>
<p class="lead">{{ lead | replace(" %", no_break) }}</p>
<figure role="img" aria-label="{{ alt }}">{{ chart | safe }}</figure>
<h2>In words</h2><ul>{% for text in verdict %}<li>{{ text }}</li>{% endfor %}</ul>
<h2>Lives, money, prison</h2><table><thead><tr>
<th scope="col">Over the whole projection, median (9 in 10 futures)</th>
{%- for name in columns %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead><tbody>
{%- for label, cells in rows %}<tr><th scope="row">{{ label }}</th>
{%- for cell in cells %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table><div class="lists">
{%- for heading, texts in lists.items() %}<section><h2>{{ heading }}</h2>
<ul>{% for text in texts %}<li>{{ text }}</li>{% endfor %}</ul></section>
{% endfor %}</div>
<p class="about">{{ about }} Share code: <code>{{ code }}</code></p>
</main></body></html>""",
    autoescape=True,
)
USUAL_SIZE, SMALLEST_SIZE = 10.5, 5.0
USUAL_LETTERS = 3500
"""Size of printed type [CSS pixels], and the letters of a brief that fill a sheet in it."""


def html(session: Session, shown: compute.Picture) -> bytes:
    """The brief of a picture that shows the session in full.

    Raises
    ------
    InputError
        When the picture was drawn without its ledger.
    """
    if shown.ledger is None:
        raise InputError("brief: the ledger is not ready yet; try again in a moment")
    told = shown.tables["words"].iloc[0]
    columns, rows = _ledger(shown.ledger, shown.names)
    words: dict[str, Any] = {
        "title": told["title"],
        "lead": told["subtitle"],
        "verdict": shown.further,
        "columns": columns,
        "rows": rows,
        "lists": {
            "The scenario": _scenario(session),
            "What is assumed": _assumptions(session.now),
            "What this cannot tell you": LIMITS,
        },
        "code": write(session),
        "about": about(),
    }
    size = USUAL_SIZE * min(1, USUAL_LETTERS / len(str(words))) ** 0.5
    page = PAGE.render(
        words,
        question=QUESTION,
        no_break=f"{NO_BREAK}%",
        alt=shown.alt,
        chart=_drawing(shown),
        print_size=f"{max(size, SMALLEST_SIZE):.1f}",
    )
    return page.encode()


def _drawing(shown: compute.Picture) -> str:
    """The picture without the words that the brief says in its own type."""
    silent = shown.tables["words"].assign(title="", subtitle="", footer="")
    spec = charts.fill(compute.chart(), charts.prepare({**shown.tables, "words": silent}))
    svg = charts.export(spec, "svg").decode()
    width, height = (float(n) for n in re.findall(r'(?:width|height)="([\d.]+)"', svg)[:2])
    box = f'viewBox="0 {ABOVE} {width:g} {height - ABOVE - FOOT - MARGIN:g}"'
    head, rest = svg.split(">", 1)
    head = re.sub(r' (?:width|height|aria-label|role)="[^"]*"', "", head)
    head = re.sub(r'viewBox="[^"]*"', box, head)
    return f"{head}>{rest}"


# --- words ----------------------------------------------------------------------------------------


def _ledger(
    ledger: pd.DataFrame, names: Mapping[str, str]
) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Names of policies; label and cells of each line."""
    policies = list(dict.fromkeys(ledger["policy"]))
    rows = []
    for name in ROWS:
        lines = ledger[ledger["row"] == name].set_index("policy", drop=False)
        first = lines.iloc[0]
        measured = f" [{unit(first)}]" if unit(first) else ""
        note = ", not discounted" if name == "cost_per_death_averted" else ""
        told = [cell(lines.loc[policy]) for policy in policies]
        cells = [f"{middle} ({ends})" if ends else middle for middle, ends in told]
        rows.append((f"{first['label']}{measured}{note}", cells))
    return [names.get(policy, policy) for policy in policies], rows


def _scenario(session: Session) -> list[str]:
    now = session.now
    moneys = [f"{exact(now.money(name))} million ({label})" for name, label in SERIES.items()]
    money = f"{exact(now.total)} million" if now.equal_money else " and ".join(moneys)
    prison = "is paid from it" if now.count_prison else "is paid outside it"
    sentences = [
        f"Extra money a year meant for each strategy: {money} USD, from January {now.start}, in "
        f"full after a year; added prison cost {prison}."
    ]
    for name, label in SERIES.items():
        sentences.append(f"{label.capitalize()} money: {_split(getattr(now, name))}.")
    rows = load_parameters()
    for name, longer in now.sentences.items():
        if longer:
            sentences.append(
                f"{rows[name].label}, in the internal strategy: {100 * longer:+.3g}{NO_BREAK}%."
            )
    health = [f"{rows[n].label} {exact(v)}" for n, v in now.health.items() if v]
    if health:
        sentences.append(
            f"Health money in both strategies, million USD a year: {', '.join(health)}."
        )
    if now.preset:
        title = preset(now.preset).title
        sentences.append(f"Further line, {title}: {preset_words(now.preset)}")
    if session.kept:
        sentences.append(f"Kept lines: {', '.join(line.name for line in session.kept)}.")
    return sentences


def _split(weights: Mapping[str, float]) -> str:
    whole = sum(weights.values())
    rows = load_parameters()
    parts = [
        f"{rows[name].label.lower()} {number(100 * weight / whole, 2)}{NO_BREAK}%"
        for name, weight in weights.items()
        if weight
    ]
    return ", ".join(parts) or "none is spent"


def _assumptions(now: Scenario) -> list[str]:
    rows = load_parameters()
    sentences = [
        f"{rows[n].label}: {exact(v, rows[n].unit)} {rows[n].unit} (range {span(rows[n])})."
        for n, v in now.assumptions.items()
    ]
    if not sentences:
        sentences = [
            "Nothing is pinned: every number varies within its range, as the evidence says."
        ]
    judged = {name: now.judgement.get(name, rows[name].value) for name in JUDGEMENT[:3]}
    margin, confidence, discount = (f"{100 * n:g}{NO_BREAK}%" for n in judged.values())
    sentences.append(
        f"A difference matters from {margin} of deaths without new policy; a verdict needs "
        f"{confidence} of draws; net benefit is discounted at {discount} a year, nothing else is."
    )
    sentences += pinned(now.judgement, "Judged with, by the reader's choice")
    return sentences
