"""A scenario as a short Python program that computes the numbers of its picture from scratch."""

import json
from collections.abc import Mapping
from textwrap import indent

from simlib.charts.style import STATUS_QUO
from simlib.dashboard.about import about
from simlib.dashboard.catalogue import BORDER_NAME, INTERNAL_NAME
from simlib.dashboard.compute import lines_of
from simlib.dashboard.session import Session, check_session
from simlib.dashboard.share import write
from simlib.dashboard.state import Scenario
from simlib.dashboard.views import COST_PER_DEATH, NET_BENEFIT, SETTLING_YEARS

HEAD = '''"""The numbers of a picture, computed from scratch.

{about}
Share code: {code}
"""

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import simlib
from simlib.dashboard import compute, share
from simlib.results import quantiles
from simlib.strategies import TotalNotKept

'''

STRATEGIES = """border = simlib.Strategy(
    "border",
    "Border-focused",
    {border},
)
internal = simlib.Strategy(
    "internal",
    "Internal enforcement",
    {internal},
    {sentences},
)
"""

MONEY = """options = {{"count_prison": {count_prison}, "assumptions": assumptions}}


def priced(strategies, total):
    # Where the total cannot be kept, the lines cost different money: no verdict between them.
    try:
        return simlib.equal_money(strategies, total, start, **options)[0]
    except TotalNotKept as problem:
        print(problem, file=sys.stderr)
        return problem.policies


policies = {policies}
"""
SAME = "priced([border, internal], {total!r})"
OWN = "priced([border], {border!r}) + priced([internal], {internal!r})"

HEALTH = """health = simlib.Policy.constant(
    "health",
    {health},
    start,
)
policies = [health, *(replace(each + health, name=each.name) for each in policies)]
"""

WORLD = '''world = simlib.simulate([None, *policies], assumptions=assumptions)


def banded(panel, series, values):
    """Bands of what has the shape (years, draws), up to the last year."""
    columns = ["low90", "low50", "median", "high50", "high90"]
    years = world.years[len(world.years) - len(values):]
    bands = dict(zip(columns, quantiles(values), strict=True))
    return pd.DataFrame({{"panel": panel, "year": years, "series": series}} | bands)


names = {names}
against = {against}  # what each line adds to
tables = []
'''

LEVELS = """{default}for index, series in enumerate(names.values()):
    tables.append(banded("lines", series, world.yearly("{outcome}")[:, index]))
for name, base in against.items():
    apart = simlib.compare(world, policy=name, against=base).difference("{outcome}")
    tables.append(banded("difference", names[name], apart))
"""
DEFAULT = """default = simlib.simulate().yearly("{outcome}")[:, 0]
tables.append(banded("lines", "{status_quo}", default))
"""

BENEFIT = """for name, base in against.items():
    compared = simlib.compare(world, policy=name, against=base)
    gained = compared.net_benefit_by_year("{valued_by}")
    tables.append(banded("lines", names[name], gained.cumsum(axis=0)))
    tables.append(banded("difference", names[name], gained))
tables.append(banded("lines", "{zero}", 0 * gained))
"""

COST = """for name, base in against.items():
    compared = simlib.compare(world, policy=name, against=base)
    averted = -compared.difference("deaths_fentanyl").cumsum(axis=0)
    cost = compared.spent_by_year().mean(axis=1).cumsum()
    some = (averted.mean(axis=1) > 0) & (compared.years >= {settled})
    each = (cost[some] / averted[some].mean(axis=1))[:, None]
    tables.append(banded("lines", names[name], each).assign(year=compared.years[some]))
    tables.append(banded("difference", names[name], averted))
"""

FOOT = """print(pd.concat(tables).to_csv(index=False))

# The same picture as a file.
session = share.read("{code}").session
picture = compute.picture(session.now{outcome})
Path("picture.svg").write_bytes(compute.export(picture, "svg"))
"""


def snippet(session: Session) -> str:
    """The program; it prints what the CSV of the picture holds, to the last digit.

    Raises
    ------
    InputError
        When the session cannot be used.
    """
    now = check_session(session).now
    code = write(session)
    parts = [
        HEAD.format(about=about(), code=code),
        f'start = "{now.start}-01"\n',
        f"assumptions = {_mapping(now.pinned)}\n",
        STRATEGIES.format(
            border=_inner(now.border),
            internal=_inner(now.internal),
            sentences=_inner(now.sentences),
        ),
        MONEY.format(count_prison=now.count_prison, policies=_policies(now)),
    ]
    moved = {name: value for name, value in now.health.items() if value}
    if moved:
        parts.append(HEALTH.format(health=_inner(moved)))
    if now.preset:
        preset = f'replace(simlib.load_policy("{now.preset}"), name="preset")'
        parts.append(f"policies.append({preset})\n")
    drawn = lines_of(now)
    parts.append(WORLD.format(names=_mapping(drawn.names), against=_mapping(drawn.against)))
    parts.append(_tables(now))
    parts.append(FOOT.format(code=code, outcome=f', outcome="{now.outcome}"'))
    return "".join(parts)


def _policies(now: Scenario) -> str:
    if now.equal_money:
        return SAME.format(total=now.total)
    return OWN.format(border=now.money(BORDER_NAME), internal=now.money(INTERNAL_NAME))


def _tables(now: Scenario) -> str:
    if now.outcome in NET_BENEFIT:
        return BENEFIT.format(valued_by=NET_BENEFIT[now.outcome], zero=lines_of(now).zero)
    if now.outcome == COST_PER_DEATH:
        return COST.format(settled=now.start + SETTLING_YEARS)
    default = DEFAULT.format(status_quo=STATUS_QUO, outcome=now.outcome) if now.assumptions else ""
    return LEVELS.format(default=default, outcome=now.outcome)


def _mapping(values: Mapping[str, float | str]) -> str:
    """A dictionary, a line for each entry."""
    inner = "".join(f"    {_quoted(key)}: {_quoted(value)},\n" for key, value in values.items())
    return f"{{\n{inner}}}" if values else "{}"


def _quoted(value: float | str) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _inner(values: Mapping[str, float]) -> str:
    return indent(_mapping(values), "    ").lstrip()
