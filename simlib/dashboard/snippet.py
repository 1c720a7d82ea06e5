"""A scenario as a short Python program that computes the numbers of its picture from scratch."""

import json
from collections.abc import Mapping
from textwrap import indent

from simlib.charts.style import NO_POLICY, STATUS_QUO
from simlib.dashboard.about import about
from simlib.dashboard.catalogue import BORDER_NAME, INTERNAL_NAME
from simlib.dashboard.session import PRESET_NAME, Session, check_session
from simlib.dashboard.share import write
from simlib.dashboard.state import Scenario
from simlib.dashboard.views import COST_PER_DEATH, NET_BENEFIT, SETTLING_YEARS
from simlib.dashboard.words import SERIES
from simlib.policy import load_policy

HEAD = '''"""The numbers of a picture, computed from scratch.

{about}
Share code: {code}
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import simlib
from simlib.dashboard import compute, share
from simlib.results import quantiles

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
{policies}
"""
SAME = "policies, spent = simlib.equal_money([border, internal], {total!r}, start, **options)"
OWN = """one, spent_on_border = simlib.equal_money([border], {border!r}, start, **options)
other, spent_on_internal = simlib.equal_money([internal], {internal!r}, start, **options)
policies = one + other"""

HEALTH = """health = simlib.Policy.constant(
    "health",
    {health},
    start,
)
policies = [replace(each + health, name=each.name) for each in policies]
"""

WORLD = '''world = simlib.simulate([None, *policies], assumptions=assumptions)


def banded(panel, series, values):
    """Bands of what has the shape (years, draws), up to the last year."""
    columns = ["low90", "low50", "median", "high50", "high90"]
    years = world.years[len(world.years) - len(values):]
    bands = dict(zip(columns, quantiles(values), strict=True))
    return pd.DataFrame({{"panel": panel, "year": years, "series": series}} | bands)


names = {names}
tables = []
'''

LEVELS = """{default}for index, series in enumerate(names.values()):
    tables.append(banded("lines", series, world.yearly("{outcome}")[:, index]))
for name in list(names)[1:]:
    apart = simlib.compare(world, policy=name).difference("{outcome}")
    tables.append(banded("difference", names[name], apart))
"""
DEFAULT = """default = simlib.simulate().yearly("{outcome}")[:, 0]
tables.append(banded("lines", "{status_quo}", default))
"""

BENEFIT = """for name in list(names)[1:]:
    gained = simlib.compare(world, policy=name).net_benefit_by_year("{valued_by}")
    tables.append(banded("lines", names[name], gained.cumsum(axis=0)))
    tables.append(banded("difference", names[name], gained))
tables.append(banded("lines", "{status_quo}", 0 * gained))
"""

COST = """for name in list(names)[1:]:
    compared = simlib.compare(world, policy=name)
    averted = -compared.difference("deaths_fentanyl").cumsum(axis=0)
    cost = compared.cost_by_year().mean(axis=1).cumsum()
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
        parts.append(
            f'policies.append(replace(simlib.load_policy("{now.preset}"), name="preset"))\n'
        )
    parts.append(WORLD.format(names=_mapping(_names(now))))
    parts.append(_tables(now))
    parts.append(FOOT.format(code=code, outcome=f', outcome="{now.outcome}"'))
    return "".join(parts)


def _policies(now: Scenario) -> str:
    if now.equal_money:
        return SAME.format(total=now.total)
    return OWN.format(border=now.money(BORDER_NAME), internal=now.money(INTERNAL_NAME))


def _names(now: Scenario) -> dict[str, str]:
    """Names of lines by policy."""
    names = {"status_quo": NO_POLICY if now.assumptions else STATUS_QUO, **SERIES}
    return names | ({PRESET_NAME: load_policy(now.preset).title} if now.preset else {})


def _tables(now: Scenario) -> str:
    if now.outcome in NET_BENEFIT:
        return BENEFIT.format(valued_by=NET_BENEFIT[now.outcome], status_quo=STATUS_QUO)
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
