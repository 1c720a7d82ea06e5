"""What stands on each page, as blocks that can be rendered as HTML or as Markdown.

Numbers come from `parameters.csv`, names and payers from `programmes.csv`, sources from
`sources.csv`; what no row can say is prose in `data/pages`. The grade of a parameter's evidence is
derived, never typed:

A  measured, and read in a statistic, report or article
B  measured or derived, with at least one such source or a published model read at first hand
C  measured or derived, but every source is press, or not read in the original, or not confirmed,
   or the row itself calls the value unverified
D  assumed: judgement, with its reasoning
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from simlib.charts.style import exact, percent
from simlib.errors import Faults, UnknownName, unknown
from simlib.inputs.parameters import Parameter, load_parameters
from simlib.inputs.tables import (
    DATA,
    Programme,
    Source,
    load_programmes,
    load_sources,
    read_rows,
    read_toml_file,
)
from simlib.pages.mentions import equations, read_by

PAGES = DATA / "pages"
LEVER_KEYS = (
    "message", "odds", "steps", "equation", "code", "rests_on", "side_effects", "sources",
)  # fmt: skip
GROUP_KEYS = ("title", "what", "equation")

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


class Code(NamedTuple):
    """A name as the code writes it."""

    text: str


class Reference(NamedTuple):
    """A lever or parameter that has a page of its own."""

    name: str


class Link(NamedTuple):
    """A text and the address it stands for."""

    text: str
    address: str


Cell = str | Code | Reference | Link
Bullet = tuple[Cell, ...]


class Table(NamedTuple):
    """A small table."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Block:
    """A heading and what stands under it: paragraphs, bullets, tables."""

    heading: str
    items: tuple[str | Bullet | Table, ...]


@dataclass(frozen=True)
class Page:
    """One page."""

    name: str
    title: str
    context: str
    """What it is part of, for a page that stands alone."""
    message: str
    blocks: tuple[Block, ...]


def names() -> tuple[str, ...]:
    """Every lever and parameter, in the order of the table."""
    return tuple(load_parameters())


def content(name: str) -> Page:
    """The page of a lever or a parameter.

    Raises
    ------
    UnknownName
        When there is no such lever or parameter.
    """
    if name not in load_parameters():
        raise UnknownName(f"page {unknown(name, names())}")
    return _lever(name) if name in load_programmes() else _parameter(load_parameters()[name])


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
    firm = [known[each] for each in row.source if not _reserved(known[each].note)]
    first_hand = [each for each in firm if each.kind != "press"]
    if not first_hand or "unverified" in row.note.lower():
        return "C"
    observed = any(each.kind in ("statistics", "report", "article") for each in first_hand)
    return "A" if row.kind == "measured" and observed else "B"


def _reserved(note: str) -> bool:
    return any(word in note.lower() for word in RESERVATIONS)


@cache
def links() -> Mapping[str, str]:
    """Address of a source, where one is known."""
    return {row["id"]: row["link"] for row in read_rows(PAGES / "links.csv")}


def _sources(ids: Iterable[str]) -> tuple[Bullet, ...]:
    """Agency or authors, title, year, kind and caution of each source, once."""
    found = []
    for each in dict.fromkeys(ids):
        source = load_sources()[each]
        title: Cell = Link(source.title, links()[each]) if each in links() else source.title
        year = f" ({source.year})" if source.year else ""
        note = source.note.removesuffix("Background.").strip()
        caution = f" {note}" if note else ""
        found.append((f"{source.agency_or_authors}: ", title, f"{year}, {source.kind}.{caution}"))
    return tuple(found)


# --- prose ------------------------------------------------------------------------------------


@cache
def lever_texts() -> Mapping[str, Mapping[str, Any]]:
    """Prose on each lever, from `levers.toml`; every fault of the file is told at once."""
    texts = read_toml_file(PAGES / "levers.toml")
    faults = Faults("levers.toml")
    _keys(texts, load_programmes(), LEVER_KEYS, faults)
    for name, text in texts.items():
        for key, known in (("rests_on", load_parameters()), ("sources", load_sources())):
            for each in text.get(key, ()):
                if each not in known:
                    faults.add(f"{name}.{key}", unknown(each, known))
    faults.raise_any()
    return texts


@cache
def group_texts() -> Mapping[str, Mapping[str, str]]:
    """Title, subject and equation in words of each group, from `groups.toml`."""
    texts = read_toml_file(PAGES / "groups.toml")
    faults = Faults("groups.toml")
    _keys(texts, {row.group for row in load_parameters().values()}, GROUP_KEYS, faults)
    faults.raise_any()
    return texts


def _keys(
    texts: Mapping[str, Any], wanted: Iterable[str], keys: Iterable[str], faults: Faults
) -> None:
    """Note each table and key that is missing or not known."""
    for name in sorted(set(wanted) ^ set(texts)):
        faults.add(name, "is missing" if name not in texts else "is neither lever nor group")
    for name, text in texts.items():
        for key in sorted(set(keys) ^ set(text)):
            faults.add(f"{name}.{key}", "is missing" if key not in text else "is unknown")


# --- pages ------------------------------------------------------------------------------------


def span(row: Parameter) -> str:
    """Range of a parameter in words, without its unit."""
    low, high = (exact(each, row.unit) for each in (row.low, row.high))
    return "fixed" if row.low == row.high else f"{low} to {high}"


def _parameter(row: Parameter) -> Page:
    group, found = group_texts()[row.group], grade(row)
    value = exact(row.value, row.unit)
    shape = DISTRIBUTED[row.distribution]
    facts = Table(
        ("Name", "Central value", "Range", "Unit", "Within the range"),
        ((Code(row.name), value, span(row), row.unit, shape),),
    )
    enters: list[str | Bullet] = []
    if row.name in equations():
        enters += ["As the code has it:", *(_equation(*each) for each in equations()[row.name])]
    if read_by(row.name):
        enters += ["Read by:", *((Code(where), f": {says}") for where, says in read_by(row.name))]
    scope = (
        "It is held fixed unless a reader moves it."
        if row.distribution == "fixed"
        else SCOPED[row.scope]
    )
    resting = tuple(
        (Reference(lever),) for lever, text in lever_texts().items() if row.name in text["rests_on"]
    )
    blocks = [
        Block("What it is", (facts,)),
        Block("How it enters", tuple(enters)),
        Block("Why this range", (_sentence(row.note or "As the sources have it"), scope)),
        Block("Evidence", (f"Grade {found}: {GRADES[found]} ({row.kind}).", *_sources(row.source))),
        Block("Levers that rest on it", resting),
    ]
    plausible = "" if row.low == row.high else f", plausibly {span(row)}"
    message = f"{value} {row.unit}{plausible}: {GRADES[found]}."
    context = f"{group['title']}. {group['what']}"
    return Page(row.name, row.label, context, message, tuple(b for b in blocks if b.items))


def _equation(text: str, says: str) -> Bullet:
    return (Code(text), f": {says}") if says else (Code(text),)


def _lever(name: str) -> Page:
    parameters, programme, text = load_parameters(), load_programmes()[name], lever_texts()[name]
    row = parameters[name]
    resting = [parameters[each] for each in text["rests_on"]]
    table = Table(
        ("Rests on", "Central value", "Range", "Unit", "Grade"),
        tuple(
            (Reference(r.name), exact(r.value, r.unit), span(r), r.unit, grade(r)) for r in resting
        ),
    )
    cited = (*text["sources"], *(each for r in resting for each in r.source))
    acts = " and ".join(programme.links)
    steps = tuple((step,) for step in text["steps"])
    code = tuple((Code(each),) for each in text["code"])
    return Page(
        name,
        programme.label,
        FAMILY_SAYS[programme.family],
        text["message"],
        (
            Block("What it is", (f"{programme.effect}. It acts on: {acts}.",)),
            Block("How it works here", (*steps, f"In words: {text['equation']}.", *code)),
            Block("Why this range", _range(row)),
            Block("What decides its effect", (table,)),
            Block("Evidence", (text["odds"], _graded(resting))),
            Block("Side effects", tuple((each,) for each in text["side_effects"])),
            Block("Who pays", _payers(programme)),
            Block("Sources", _sources(cited)),
        ),
    )


def _graded(resting: Collection[Parameter]) -> str:
    """How many of the numbers that a lever rests on have which grade of evidence."""
    counted = Counter(grade(each) for each in resting)
    parts = [f"{counted[g]} of grade {g} ({GRADES[g]})" for g in GRADES if counted[g]]
    return f"That rests on the {len(resting)} numbers above: {'; '.join(parts)}."


def _range(row: Parameter) -> tuple[str, ...]:
    """Why a lever can be moved so far, and how large today's budget is thought to be."""
    said = (f"{span(row)} {row.unit}. {_sentence(row.note)}",)
    budget = load_parameters().get(f"budget_{row.name}")
    if budget is None:
        return said
    thought = f"{exact(budget.value)} ({span(budget)}) {budget.unit}"
    return (*said, f"Today's budget is thought to be {thought}. {_sentence(budget.note)}")


def _payers(programme: Programme) -> tuple[str | Bullet, ...]:
    """Shares of a programme's money by payer, or of the prison cost of one that has none."""
    parameters = load_parameters()
    prefix, payers = programme.name, programme.payers
    said = "Added money is split as follows; the split is an assumption."
    if not payers:
        prefix, payers = "prison", ("federal", "state", "local")
        said = "It costs no programme money. The prison cost it adds falls on:"
    if len(payers) == 1:
        return (f"All of it is {payers[0]} money.",)
    shares = [parameters[f"{prefix}_{payer}_share"].value for payer in payers[:-1]]
    split = zip(payers, (*shares, 1 - sum(shares)), strict=True)
    return (said, *((f"{payer}: {percent(share)}",) for payer, share in split))


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
