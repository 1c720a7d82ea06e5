"""A page for each lever and parameter: as Markdown for the docs, as HTML for the dashboard.

Numbers come from `parameters.csv`, names and payers from `programmes.csv`, sources from
`sources.csv`; what no row can say is prose in `data/pages`. The grade of a parameter's evidence is
derived, never typed:

A  measured, and read in a statistic, report or article
B  measured or derived, with at least one such source or a published model read at first hand
C  measured or derived, but every source is press, or not read in the original, or not confirmed,
   or the row itself calls the value unverified
D  assumed: judgement, with its reasoning
"""

import csv
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import mistune

from simlib.charts.style import exact, percent
from simlib.errors import UnknownName, unknown
from simlib.inputs.parameters import Parameter, load_parameters
from simlib.inputs.tables import DATA, Programme, Source, load_programmes, load_sources
from simlib.pages.mentions import mentions

PAGES = DATA / "pages"
GRADES: Mapping[str, str] = {
    "A": "measured, in a published source",
    "B": "derived from published sources",
    "C": "published, but press, second-hand or not confirmed",
    "D": "judgement, no direct source",
}
RESERVATIONS = ("unverified", "not confirmed", "not read", "quotes it", "preprint")
"""Words by which a source's or a row's note says that it must be taken with care."""
DISTRIBUTED: Mapping[str, str] = {
    "fixed": "held fixed",
    "uniform": "any value in the range is as likely",
    "triangular": "most likely at the central value, less and less toward the ends",
    "log_uniform": "any value in the range is as likely, on a scale of ratios",
    "log_triangular": (
        "most likely at the central value, less and less toward the ends, on a scale of ratios"
    ),
}
SCOPED: Mapping[str, str] = {
    "history": "It touches the simulated past, so the record of deaths, purity and seizures can "
    "speak to it: what the model uses after fitting may lie elsewhere in this range.",
    "projection": "It acts after the record only, so the record cannot speak to it.",
}
FAMILY_SAYS: Mapping[str, str] = {
    "border": "A lever at the border.",
    "abroad": "A lever that works abroad.",
    "internal": "A lever of enforcement inside the country.",
    "health": "A lever of prevention, treatment and rescue.",
}
Link = Callable[[str], str]
"""Address of the page of a lever or parameter."""
_MARKUP = re.compile(r"([\\`*_\[\]<>|~#$&])")
_html = mistune.create_markdown(escape=True, plugins=["table"])


def names() -> tuple[str, ...]:
    """Every lever and parameter, in the order of the table."""
    return tuple(load_parameters())


def page(name: str) -> str:
    """The page of a lever or parameter as an HTML fragment, every text escaped.

    Raises
    ------
    UnknownName
        When there is no such lever or parameter.
    """
    made = str(_html(markdown(name, 3)))
    made = made.replace("<th>", '<th scope="col">')
    made = made.replace("<a href", '<a rel="noreferrer" target="_blank" href')
    return f'<div class="simlib-page">{made}</div>'


def markdown(name: str, level: int, link: Link | None = None) -> str:
    """The page of a lever or parameter as Markdown.

    Parameters
    ----------
    name : of the lever or parameter
    level : of its heading, 1 to 5
    link : where other pages are; without it the page stands alone, and says what it is part of

    Raises
    ------
    UnknownName
        When there is no such lever or parameter.
    """
    if name not in load_parameters():
        raise UnknownName(f"page {unknown(name, names())}")
    row = load_parameters()[name]
    if name in load_programmes():
        context, message, blocks = _lever(row, link)
    else:
        context, message, blocks = _parameter(row, link)
    anchor = [f'<a id="{name}"></a>'] if link else []
    above = [] if link else [escaped(context)]
    head = [*anchor, f"{'#' * level} {escaped(title(name))}", *above, f"**{escaped(message)}**"]
    for heading, parts in blocks.items():
        if any(parts):
            head += [f"{'#' * (level + 1)} {heading}", *filter(None, parts)]
    return "\n\n".join(head) + "\n"


def title(name: str) -> str:
    """How readers call a lever or parameter."""
    programmes = load_programmes()
    return programmes[name].label if name in programmes else load_parameters()[name].label


# --- Markdown ---------------------------------------------------------------------------------


def escaped(text: str) -> str:
    """Text in which nothing is markup, on one line."""
    return _MARKUP.sub(r"\\\1", re.sub(r"\s+", " ", text))


def code(text: str) -> str:
    """A name or line as the code has it."""
    return f"`{text.replace('`', '')}`"


def reference(name: str, link: Link | None) -> str:
    """The title of another page, and the way to it where there is one."""
    return f"[{escaped(title(name))}]({link(name)})" if link else escaped(title(name))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells are Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def bullets(items: Iterable[str]) -> str:
    """A list; its items are Markdown."""
    return "\n".join(f"- {item}" for item in items)


# --- evidence ---------------------------------------------------------------------------------


def grade(row: Parameter, sources: Mapping[str, Source] | None = None) -> str:
    """Grade of a parameter's evidence: A, B, C or D, as the module says.

    Parameters
    ----------
    row : Parameter
    sources : by id; the shipped ones by default
    """
    if row.kind == "assumed":
        return "D"
    known = load_sources() if sources is None else sources
    firm = [known[name] for name in row.source if not _reserved(known[name].note)]
    first_hand = [source for source in firm if source.kind != "press"]
    if not first_hand or "unverified" in row.note.lower():
        return "C"
    observed = any(source.kind in ("statistics", "report", "article") for source in first_hand)
    return "A" if row.kind == "measured" and observed else "B"


def _reserved(note: str) -> bool:
    return any(word in note.lower() for word in RESERVATIONS)


@cache
def addresses() -> Mapping[str, str]:
    """Address of a source, where one is known."""
    with (PAGES / "links.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row["link"] for row in csv.DictReader(file)}


def _sources(ids: Iterable[str]) -> str:
    """Agency or authors, title, year, kind and caution of each source, once."""
    told = []
    for source in (load_sources()[name] for name in dict.fromkeys(ids)):
        name = escaped(source.title)
        if source.id in addresses():
            name = f"[{name}]({addresses()[source.id]})"
        year = f" ({source.year})" if source.year else ""
        note = source.note.removesuffix("Background.").strip()
        after = f"{year}, {source.kind}.{' ' if note else ''}{note}"
        told.append(f"{escaped(source.agency_or_authors)}: {name}{escaped(after)}")
    return bullets(told)


# --- prose ------------------------------------------------------------------------------------


@cache
def lever_texts() -> Mapping[str, Mapping[str, Any]]:
    """Prose on each lever."""
    return tomllib.loads((PAGES / "levers.toml").read_text(encoding="utf-8"))


@cache
def group_texts() -> Mapping[str, Mapping[str, str]]:
    """Title, subject and equation in words of each group."""
    return tomllib.loads((PAGES / "groups.toml").read_text(encoding="utf-8"))


# --- pages ------------------------------------------------------------------------------------

Blocks = Mapping[str, Sequence[str]]
"""What stands under each heading, as Markdown."""


def span(row: Parameter) -> str:
    """Range of a parameter in words, without its unit."""
    low, high = (exact(end, row.unit) for end in (row.low, row.high))
    return "fixed" if row.low == row.high else f"{low} to {high}"


def measured(row: Parameter) -> tuple[str, str, str]:
    """Central value, range and unit, as Markdown."""
    return escaped(exact(row.value, row.unit)), escaped(span(row)), escaped(row.unit)


def _parameter(row: Parameter, link: Link | None) -> tuple[str, str, Blocks]:
    """What a parameter is part of, what to take away, and the rest."""
    group, evidence = group_texts()[row.group], GRADES[grade(row)]
    value = exact(row.value, row.unit)
    fixed = row.distribution == "fixed"
    scope = "It is held fixed unless a reader moves it." if fixed else SCOPED[row.scope]
    facts = (code(row.name), *measured(row), DISTRIBUTED[row.distribution])
    levers = [lever for lever, text in lever_texts().items() if row.name in text["rests_on"]]
    plausible = "" if row.low == row.high else f", plausibly {span(row)}"
    return (
        f"{group['title']}. {group['what']}",
        f"{value} {row.unit}{plausible}: {evidence}.",
        {
            "What it is": [
                table(("Name", "Central value", "Range", "Unit", "Within the range"), [facts])
            ],
            "How it enters": _enters(row.name),
            "Why this range": [escaped(_sentence(row.note or "As the sources have it")), scope],
            "Evidence": [f"Grade {grade(row)}: {evidence} ({row.kind}).", _sources(row.source)],
            "Levers that rest on it": [bullets(reference(lever, link) for lever in levers)],
        },
    )


def _enters(name: str) -> list[str]:
    """Functions that read a parameter, what each says it does, and its lines of the model."""
    model, others = [], []
    for (where, says), lines in mentions()[name].items():
        told = f"{code(where)}: {escaped(says)}"
        model += [f"{code(line)} in {told}" for line in lines]
        others += [] if lines else [told]
    parts = ["As the code has it:", bullets(model)] if model else []
    return [*parts, "Read by:", bullets(others)] if others else parts


def _lever(row: Parameter, link: Link | None) -> tuple[str, str, Blocks]:
    """What a lever is part of, what to take away, and the rest."""
    programme, text = load_programmes()[row.name], lever_texts()[row.name]
    resting = [load_parameters()[parameter] for parameter in text["rests_on"]]
    numbers = [
        [
            reference(r.name, link),
            *map(escaped, (exact(r.value, r.unit), span(r), r.unit)),
            grade(r),
        ]
        for r in resting
    ]
    cited = (*text["sources"], *(source for r in resting for source in r.source))
    acts = f"{programme.effect}. It acts on: {' and '.join(programme.links)}."
    return (
        FAMILY_SAYS[programme.family],
        text["message"],
        {
            "What it is": [escaped(acts)],
            "How it works here": [
                bullets(map(escaped, text["steps"])),
                escaped(f"In words: {text['equation']}."),
                bullets(map(code, text["code"])),
            ],
            "Why this range": _range(row),
            "What decides its effect": [
                table(("Rests on", "Central value", "Range", "Unit", "Grade"), numbers)
            ],
            "Evidence": [escaped(text["odds"]), _graded(resting)],
            "Side effects": [bullets(map(escaped, text["side_effects"]))],
            "Who pays": _payers(programme),
            "Sources": [_sources(cited)],
        },
    )


def _graded(resting: Collection[Parameter]) -> str:
    """How many of the numbers that a lever rests on have which grade of evidence."""
    counted = Counter(map(grade, resting))
    parts = [f"{counted[g]} of grade {g} ({GRADES[g]})" for g in GRADES if counted[g]]
    return f"That rests on the {len(resting)} numbers above: {'; '.join(parts)}."


def _range(row: Parameter) -> list[str]:
    """Why a lever can be moved so far, and how large today's budget is thought to be."""
    told = [f"{span(row)} {row.unit}. {_sentence(row.note)}"]
    budget = load_parameters().get(f"budget_{row.name}")
    if budget is not None:
        thought = f"{exact(budget.value)} ({span(budget)}) {budget.unit}"
        told.append(f"Today's budget is thought to be {thought}. {_sentence(budget.note)}")
    return [escaped(sentence) for sentence in told]


def _payers(programme: Programme) -> list[str]:
    """Shares of a programme's money by payer, or of the prison cost of one that has none."""
    parameters = load_parameters()
    prefix, payers = programme.name, programme.payers
    told = "Added money is split as follows; the split is an assumption."
    if not payers:
        prefix, payers = "prison", ("federal", "state", "local")
        told = "It costs no programme money. The prison cost it adds falls on:"
    if len(payers) == 1:
        return [f"All of it is {payers[0]} money."]
    shares = [parameters[f"{prefix}_{payer}_share"].value for payer in payers[:-1]]
    split = zip(payers, (*shares, 1 - sum(shares)), strict=True)
    return [told, bullets(f"{payer}: {percent(share)}" for payer, share in split)]


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
