"""A brief of one page: message, picture, verdict, ledger, scenario, assumptions, limits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from simlib import charts
from simlib.analysis.ledger import NONE_AVERTED
from simlib.charts.layout import FOOT, HEAD, MARGIN
from simlib.charts.style import exact, number
from simlib.dashboard import compute
from simlib.dashboard.about import about
from simlib.dashboard.catalogue import JUDGEMENT, preset, preset_words
from simlib.dashboard.phrases import futures
from simlib.dashboard.session import Session
from simlib.dashboard.share import write
from simlib.dashboard.sheet import Sheet
from simlib.dashboard.source import pinned
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
SHORT_NOTES = {
    "cost_per_death_averted": ", not discounted",
}
LIMITS = (
    "One national market: no geography, and seized purity is not street purity.",
    "How many people are at risk is uncertain by a factor of several; only risk times people is "
    "known.",
    "How well money becomes pressure on the trade is assumed, with the same range on both sides.",
    "Harms of arrest to people and communities, and violence abroad, are not counted.",
    "The model compares what it was given; it does not say what a country ought to value.",
)
NO_BREAK = "\N{NO-BREAK SPACE}"
CORNER = "Over the whole projection, median (9 in 10 futures)"
ABOVE = MARGIN + HEAD
"""Pixels above the key of the picture: its headline, which the brief says itself."""
MOST_COLUMNS = 4
"""Policies whose ledger a sheet of paper has room for."""
LONGEST_HEADLINE = 80
"""Letters of a headline in large type; a longer one is set smaller."""
LONGEST_PRINTED = 400
"""Letters of a share code that somebody may still want to type."""
SIZES = (1.3, 1.2, 1.1, 1.0, 0.9)
"""Sizes of type that are tried, until all fits on one sheet."""


@dataclass(frozen=True)
class Brief:
    """What a brief says, before it becomes a page or a sheet.

    Attributes
    ----------
    title, lead, alt : message, the numbers behind it, the picture in words
    chart : drawing without headline and source, as SVG
    verdict : further sentences
    columns, rows : ledger: names of policies; label and cells of each line
    scenario, assumptions, limits : sentences
    code : share code of the session
    about : version, vintage, day
    """

    title: str
    lead: str
    alt: str
    chart: str
    verdict: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    scenario: tuple[str, ...]
    assumptions: tuple[str, ...]
    limits: tuple[str, ...]
    code: str
    about: str


def brief(session: Session, shown: compute.Picture) -> Brief:
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
    return Brief(
        title=told["title"],
        lead=told["subtitle"],
        alt=shown.alt,
        chart=_drawing(shown),
        verdict=tuple(text for text in shown.verdict if text not in shown.alt),
        columns=columns,
        rows=rows,
        scenario=tuple(_scenario(session)),
        assumptions=tuple(_assumptions(session.now)),
        limits=LIMITS,
        code=write(session),
        about=str(about()),
    )


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
) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
    policies = list(dict.fromkeys(ledger["policy"]))
    rows = []
    for name in ROWS:
        lines = ledger[ledger["row"] == name].set_index("policy")
        first = lines.iloc[0]
        unit = "" if first["unit"] == "share" else f" [{first['unit']}]"
        cells = tuple(_cell(name, lines.loc[policy]) for policy in policies)
        rows.append((f"{first['label']}{unit}{SHORT_NOTES.get(name, '')}", cells))
    return tuple(names.get(policy, policy) for policy in policies), tuple(rows)


def _cell(row: str, line: pd.Series) -> str:
    low, middle, high = line["low90"], line["median"], line["high90"]
    if pd.isna(middle):
        return NONE_AVERTED if row == "cost_per_death_averted" else "none spent"
    text = futures(middle) if line["unit"] == "share" else _figure(middle)
    return f"{text} ({_figure(low)} to {_figure(high)})" if low < high else text


def _figure(value: float) -> str:
    return number(round(value), 2) if abs(value) >= 10 else number(round(value, 2), 2)


def _scenario(session: Session) -> list[str]:
    now = session.now
    each = [f"{exact(now.money(name))} million ({label})" for name, label in SERIES.items()]
    money = f"{exact(now.total)} million" if now.equal_money else " and ".join(each)
    prison = "is paid from it" if now.count_prison else "is paid outside it"
    said = [
        f"Extra money a year meant for each strategy: {money} USD, from January {now.start}, in "
        f"full after a year; added prison cost {prison}."
    ]
    for name, label in SERIES.items():
        said.append(f"{label.capitalize()} money: {_split(getattr(now, name))}.")
    rows = load_parameters()
    for name, longer in now.sentences.items():
        if longer:
            said.append(
                f"{rows[name].label}, in the internal strategy: {100 * longer:+.3g}{NO_BREAK}%."
            )
    health = [f"{rows[n].label} {exact(v)}" for n, v in now.health.items() if v]
    if health:
        said.append(f"Health money in both strategies, million USD a year: {', '.join(health)}.")
    if now.preset:
        title = preset(now.preset).title
        said.append(f"Further line, {title}: {preset_words(now.preset)}")
    if session.kept:
        said.append(f"Kept lines: {', '.join(each.name for each in session.kept)}.")
    return said


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
    said = [
        f"{rows[n].label}: {exact(v, rows[n].unit)} {rows[n].unit} (range {span(rows[n])})."
        for n, v in now.assumptions.items()
    ]
    if not said:
        said = ["Nothing is pinned: every number varies within its range, as the evidence says."]
    judged = {name: now.judgement.get(name, rows[name].value) for name in JUDGEMENT[:3]}
    margin, confidence, discount = (f"{100 * n:g}{NO_BREAK}%" for n in judged.values())
    said.append(
        f"A difference matters from {margin} of deaths without new policy; a verdict needs "
        f"{confidence} of draws; net benefit is discounted at {discount} a year, nothing else is."
    )
    said += pinned(now.judgement, "Judged with, by the reader's choice")
    return said


# --- as a page ------------------------------------------------------------------------------------

STYLE = """
body{font-family:"Liberation Sans",Arial,Helvetica,sans-serif;color:#1A1A1A;background:#fff;
max-width:60em;margin:1.5em auto;padding:0 1em;line-height:1.4;font-size:15px}
h1{font-size:1.6em;line-height:1.2;margin:.2em 0}h2{font-size:1.05em;margin:1.2em 0 .3em}
.kicker,.about{color:#595959;font-size:.85em}.lead{font-size:1.1em;margin:.3em 0 1em}
svg{width:100%;height:auto}table{border-collapse:collapse;width:100%;font-size:.9em}
th,td{padding:.25em .8em .25em 0;border-bottom:1px solid #E3E3E3;text-align:left;
vertical-align:top}th[scope=row]{font-weight:normal}ul{margin:.2em 0;padding-left:1.2em}
code{overflow-wrap:anywhere;font-size:.85em}
@media print{body{font-size:9.5px;margin:0;max-width:none}h2{margin:.6em 0 .1em}}
"""


def html(session: Session, shown: compute.Picture) -> bytes:
    """The brief as a page that needs no other file and no network; see :func:`brief`."""
    return page(brief(session, shown))


def page(made: Brief) -> bytes:
    """A brief as a page."""
    figure = (
        f'<figure role="img" aria-label="{escape(made.alt)}" style="margin:0">{made.chart}</figure>'
    )
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in made.columns)
    body = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for label, cells in made.rows
    )
    parts = [
        f'<p class="kicker">{escape(QUESTION)}</p><h1>{escape(made.title)}</h1>',
        f'<p class="lead">{escape(made.lead)}</p>{figure}',
        f"<h2>In words</h2>{_list(made.verdict)}",
        f'<h2>Lives, money, prison</h2><table><thead><tr><th scope="col">{CORNER}</th>{heads}'
        f"</tr></thead><tbody>{body}</tbody></table>",
        f"<h2>The scenario</h2>{_list(made.scenario)}",
        f"<h2>What is assumed</h2>{_list(made.assumptions)}",
        f"<h2>What this cannot tell you</h2>{_list(made.limits)}",
        f'<p class="about">{escape(made.about)} Share code: <code>{made.code}</code></p>',
    ]
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{escape(made.title)}</title><style>{STYLE}</style>'
        f"</head><body><main>{''.join(parts)}</main></body></html>"
    ).encode()


def _list(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in sentences)}</ul>"


# --- as a sheet -----------------------------------------------------------------------------------


def pdf(session: Session, shown: compute.Picture) -> bytes:
    """The brief as a PDF of one page of US letter paper, drawn without a browser."""
    return sheet(brief(session, shown)).pdf()


def sheet(made: Brief) -> Sheet:
    """A brief on a sheet of paper, in the largest type in which all of it fits."""
    for larger in SIZES:
        found = _sheet(made, larger)
        if found.holds_all:
            break
    return found


def _sheet(made: Brief, larger: float) -> Sheet:
    paper = Sheet()
    paper.paragraph(QUESTION, 8, faint=True)
    paper.paragraph(made.title, 17 if len(made.title) <= LONGEST_HEADLINE else 13, bold=True)
    paper.paragraph(made.lead, 8.5 * larger)
    paper.drawing(made.chart)
    paper.paragraphs(made.verdict, 7.5 * larger)
    code = made.code if len(made.code) <= LONGEST_PRINTED else "too long for paper"
    rows = [(label, cells[:MOST_COLUMNS]) for label, cells in made.rows]
    paper.table(CORNER, made.columns[:MOST_COLUMNS], rows, 7 * larger)
    lists = {
        "The scenario": made.scenario,
        "What is assumed": made.assumptions,
        "What this cannot tell you": made.limits,
    }
    paper.columns(lists, 6.5 * larger, below=f"{made.about} Share code: {code}")
    return paper
