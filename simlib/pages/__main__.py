"""Write the browsable docs: ``python -m simlib.pages``."""

import argparse
from pathlib import Path

from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import LEVER_GROUP, load_parameters
from simlib.inputs.tables import FAMILIES, load_programmes
from simlib.pages import month
from simlib.pages.content import (
    DISTRIBUTED,
    GRADES,
    SCOPED,
    Link,
    code,
    escaped,
    grade,
    group_texts,
    markdown,
    measured,
    reference,
    table,
)
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
KINDS = (
    ("measured", "read in a source as it stands"),
    ("derived", "worked out from sources"),
    ("calibrated", "found by fitting to the record"),
    ("assumed", "judgement, with its reasoning in the note"),
)


def written() -> dict[str, str]:
    """Text of every file of the docs, by path within the docs folder."""
    groups = [name for name in group_texts() if name != LEVER_GROUP]
    files = {"nomenclature.md": _nomenclature(), "model.md": month.page()}
    files["parameters/index.md"] = _index(groups)
    files |= {f"parameters/{group}.md": _group(group) for group in groups}
    files |= {f"parameters/levers/{lever}.md": _lever(lever) for lever in load_programmes()}
    return {path: MADE + "\n" + text.rstrip("\n") + "\n" for path, text in files.items()}


def _link(folder: str) -> Link:
    """Addresses of pages as seen from a folder of the docs: docs, parameters or levers."""
    to_parameters = {"docs": "parameters/", "parameters": "", "levers": "../"}[folder]

    def link(name: str) -> str:
        if name in load_programmes():
            return f"{to_parameters}levers/{name}.md"
        return f"{to_parameters}{load_parameters()[name].group}.md#{name}"

    return link


def _lever(lever: str) -> str:
    return "[All levers and parameters](../index.md)\n\n" + markdown(lever, 1, _link("levers"))


def _group(group: str) -> str:
    text, rows = group_texts()[group], load_parameters().select(group=group)
    what = escaped(f"{text['what']} At its heart: {text['equation']}.")
    head = f"[All levers and parameters](index.md)\n\n# {escaped(text['title'])}\n\n{what}\n"
    return "\n".join([head, *(markdown(name, 2, _link("parameters")) for name in rows)])


def _index(groups: list[str]) -> str:
    link, programmes = _link("parameters"), load_programmes().values()
    levers = [
        (reference(lever.name, link), escaped(lever.effect), lever.family)
        for family in FAMILIES
        for lever in programmes
        if lever.family == family
    ]
    parts = ["# Levers and parameters", "## Levers"]
    parts += [table(("Lever", "What it does", "Family"), levers), "## Parameters"]
    parts.append(table(("Grade of evidence", "Meaning"), GRADES.items()))
    for group in groups:
        rows = [
            (reference(row.name, link), *measured(row), grade(row))
            for row in load_parameters().select(group=group).values()
        ]
        parts.append(f"### {escaped(group_texts()[group]['title'])}")
        parts.append(table(("Parameter", "Central value", "Range", "Unit", "Grade"), rows))
    return "\n\n".join(parts)


def _nomenclature() -> str:
    parameters = [
        (code(row.name), reference(row.name, _link("docs")), escaped(row.unit), row.group, row.kind)
        for row in load_parameters().values()
    ]
    outcomes = [(code(name), escaped(o.label), escaped(o.unit)) for name, o in OUTCOMES.items()]
    series = [
        (code(name), escaped(seen.unit), f"{seen.periods[0]} to {seen.periods[-1]}")
        for name, seen in load_observed().items()
    ]
    endings = [(escaped(ending), unit) for ending, unit in UNITS]
    distributions = [(escaped(name), meaning) for name, meaning in DISTRIBUTED.items()]
    tables = {
        "Endings of names": table(("Ending", "Unit"), endings),
        "Kinds of evidence": table(("Kind", "Meaning"), KINDS),
        "Scopes": table(("Scope", "Meaning"), SCOPED.items()),
        "Distributions": table(("Distribution", "Meaning"), distributions),
        "Outcomes": table(("Name", "What it is", "Unit"), outcomes),
        "Levers and parameters": table(("Name", "Page", "Unit", "Group", "Kind"), parameters),
        "Observed series": table(("Name", "Unit", "Periods"), series),
    }
    parts = [f"## {heading}\n\n{made}" for heading, made in tables.items()]
    return "\n\n".join(["# Nomenclature\n\nNames, units and kinds.", *parts])


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
