"""Write the browsable docs: ``python -m simlib.pages``."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from simlib.charts.style import exact
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import LEVER_GROUP, load_parameters
from simlib.inputs.tables import FAMILIES, load_programmes
from simlib.pages import month
from simlib.pages.content import (
    DISTRIBUTED,
    GRADES,
    SCOPED,
    Code,
    Reference,
    Table,
    content,
    grade,
    group_texts,
    span,
)
from simlib.pages.render import as_markdown, escaped, markdown_table
from simlib.results import OUTCOMES

COMMAND = "python -m simlib.pages"
MADE = f"<!-- Made by `{COMMAND}` from simlib/data: change the rows, not this file. -->\n"
UNITS = (
    ("_kg", "kilograms of pure fentanyl, unless the name says gross"),
    ("_gross_kg", "kilograms as weighed, fillers included"),
    ("_usd", "2024 US dollars"),
    ("_musd", "millions of 2024 US dollars"),
    ("_share", "a part of one, 0 to 1"),
    ("_rate", "per year, or per person-year"),
    ("_ratio", "relative to a reference that the label names"),
    ("_months, _years", "a length of time, or person-time in outcomes"),
    ("_elasticity", "change in % per %; sizes are given without their sign"),
)


def written() -> dict[str, str]:
    """Text of every file of the docs, by path within the docs folder."""
    groups = [name for name in group_texts() if name != LEVER_GROUP]
    files = {"nomenclature.md": _nomenclature(), "model.md": month.page()}
    files["parameters/index.md"] = _index(groups)
    files |= {f"parameters/{group}.md": _group(group) for group in groups}
    files |= {f"parameters/levers/{lever}.md": _lever(lever) for lever in load_programmes()}
    return {path: MADE + "\n" + text.rstrip("\n") + "\n" for path, text in files.items()}


def _link(folder: str) -> Callable[[str], str]:
    """Addresses of pages as seen from a folder of the docs: docs, parameters or levers."""
    to_parameters = {"docs": "parameters/", "parameters": "", "levers": "../"}[folder]

    def link(name: str) -> str:
        if name in load_programmes():
            return f"{to_parameters}levers/{name}.md"
        return f"{to_parameters}{load_parameters()[name].group}.md#{name}"

    return link


def _lever(lever: str) -> str:
    back = "[All levers and parameters](../index.md)\n\n"
    return back + as_markdown(content(lever), 1, _link("levers"))


def _group(group: str) -> str:
    text, rows = group_texts()[group], load_parameters().select(group=group)
    pages = [as_markdown(content(name), 2, _link("parameters")) for name in rows]
    head = f"[All levers and parameters](index.md)\n\n# {escaped(text['title'])}\n\n"
    what = escaped(f"{text['what']} At its heart: {text['equation']}.")
    return "\n".join([f"{head}{what}\n", *pages])


def _index(groups: list[str]) -> str:
    link, programmes = _link("parameters"), load_programmes()
    parts = ["# Levers and parameters\n\n## Levers\n"]
    levers = tuple(
        (Reference(each.name), each.effect, each.family)
        for family in FAMILIES
        for each in programmes.values()
        if each.family == family
    )
    parts.append(markdown_table(Table(("Lever", "What it does", "Family"), levers), link))
    grades = Table(("Grade of evidence", "Meaning"), tuple(GRADES.items()))
    parts += ["## Parameters\n", markdown_table(grades, link)]
    for group in groups:
        rows = tuple(
            (Reference(row.name), exact(row.value, row.unit), span(row), row.unit, grade(row))
            for row in load_parameters().select(group=group).values()
        )
        table = Table(("Parameter", "Central value", "Range", "Unit", "Grade"), rows)
        parts += [f"### {escaped(group_texts()[group]['title'])}\n", markdown_table(table, link)]
    return "\n".join(parts)


def _nomenclature() -> str:
    link = _link("docs")
    observed = load_observed()
    parameters = tuple(
        (Code(row.name), Reference(row.name), row.unit, row.group, row.kind)
        for row in load_parameters().values()
    )
    outcomes = tuple((Code(name), each.label, each.unit) for name, each in OUTCOMES.items())
    series = tuple(
        (Code(name), each.unit, f"{each.periods[0]} to {each.periods[-1]}")
        for name, each in observed.items()
    )
    kinds = (
        ("measured", "read in a source as it stands"),
        ("derived", "worked out from sources"),
        ("calibrated", "found by fitting to the record"),
        ("assumed", "judgement, with its reasoning in the note"),
    )
    tables: Mapping[str, Table] = {
        "Endings of names": Table(("Ending", "Unit"), UNITS),
        "Kinds of evidence": Table(("Kind", "Meaning"), kinds),
        "Scopes": Table(("Scope", "Meaning"), tuple(SCOPED.items())),
        "Distributions": Table(("Distribution", "Meaning"), tuple(DISTRIBUTED.items())),
        "Outcomes": Table(("Name", "What it is", "Unit"), outcomes),
        "Levers and parameters": Table(("Name", "Page", "Unit", "Group", "Kind"), parameters),
        "Observed series": Table(("Name", "Unit", "Periods"), series),
    }
    parts = [f"## {heading}\n\n{markdown_table(table, link)}" for heading, table in tables.items()]
    return "\n".join(["# Nomenclature\n\nNames, units and kinds.\n", *parts])


def main() -> None:
    """Write a page per lever, one per group of parameters, an index and the nomenclature."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=main.__doc__)
    parser.add_argument("--to", type=Path, default=Path("docs"), help="docs folder to write into")
    folder = parser.parse_args().to
    for path, text in written().items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    print(f"Written to {folder}.")


if __name__ == "__main__":
    main()
