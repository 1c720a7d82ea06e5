"""Spend a budget, live: drag the total, choose what "best" means, see the split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import ipywidgets as w
import numpy as np

from simlib.analysis import allocate, spend
from simlib.charts import decisions as pictures
from simlib.charts.style import BORDER, COLOURS, INTERNAL, number, whole
from simlib.dashboard.controls import Control, Range
from simlib.dashboard.figure import Figure
from simlib.dashboard.live import Live
from simlib.inputs.parameters import load_parameters
from simlib.inputs.tables import PAYERS, load_programmes

MOST_TOTAL = 20_000.0
FAMILY_COLOURS = {
    "border": COLOURS[BORDER],
    "abroad": "#A34A80",
    "internal": COLOURS[INTERNAL],
    "health": "#007A4D",
}
CRITERIA = {
    "most lives on average": "mean",
    "most lives in the worst tenth of futures": "cvar",
    "least regret, whatever the future": "regret",
}
JUDGED_DRAWS = 200


@dataclass(frozen=True)
class Wish:
    """What the controls ask for."""

    total: float
    criterion: str = "mean"
    health: bool = True
    state_and_local: float = MOST_TOTAL

    def limits(self) -> allocate.Limits:
        """As bounds of the split."""
        rows = load_programmes()
        none = {n: 0.0 for n in spend.programmes() if rows[n].family == "health"}
        payers = {} if self.state_and_local >= MOST_TOTAL else self.payer_limits()
        return allocate.Limits(most={} if self.health else none, payer_most=payers)

    def payer_limits(self) -> dict[str, float]:
        """The limit on state and local money, for each of the two."""
        return dict.fromkeys(PAYERS[1:], self.state_and_local)


@cache
def _measured() -> allocate.Response:
    """What programmes do, simulated once a kernel."""
    return spend.response()


class Budget(Live):
    """A split that answers every move: at once where effects add up, then simulated.

    Attributes
    ----------
    wish : what the controls ask for
    split : the split on screen
    judged : the last one simulated, with greedy and, if it keeps to the limits, today's split
    """

    def __init__(self, total: float = 2_000.0) -> None:
        super().__init__()
        self.layout.flex_flow = "column"
        money = Range("Extra money a year", 50, MOST_TOTAL, 50, "million USD", "For all levers")
        self.total = Control(money, total, lambda value: self._choose(total=value))
        why = "No limit at the right end"
        limit = Range("State, local: at most, each", 0, MOST_TOTAL, 50, "million USD", why)
        self.limit = Control(limit, MOST_TOTAL, lambda v: self._choose(state_and_local=v))
        self.criterion = w.Dropdown(
            options=list(CRITERIA.items()),
            description="Best means:",
            style={"description_width": "92px"},
            layout={"width": "420px"},
        )
        self.health = w.Checkbox(value=True, description="Health programmes too", indent=False)
        self.criterion.observe(lambda change: self._choose(criterion=change["new"]), "value")
        self.health.observe(lambda change: self._choose(health=change["new"]), "value")
        self.verdict = w.HTML("", layout={"min_height": "84px"})
        self.judged: spend.Judged | None = None
        self.wish = Wish(total)
        self.split = self._best(self.wish)
        tables = self._tables(self.split, self.wish)
        chart = pictures.bars("million USD a year", len(self.split))
        self.figure = Figure("budget", chart, tables, "bars")
        controls = [self.total, self.limit, self.criterion, self.health]
        self.children = [*controls, self.status, self.figure, self.verdict]
        self.runner.wish(self.wish)

    def _choose(self, **changes: Any) -> None:
        with self._lock:
            self.wish = replace(self.wish, **changes)
            self.runner.wish(self.wish)

    def _best(self, wish: Wish) -> dict[str, float]:
        return allocate.best_split(_measured(), wish.total, wish.limits(), wish.criterion)

    def _draw(self, wish: Wish, rests: bool) -> None:
        if rests:
            self._simulate(wish)
            self.say("")
            return
        self.split = self._best(wish)
        self.figure.update(self._tables(self.split, wish))
        self.verdict.value = ""  # that of another split
        self.say("Effects added up; the simulation follows.")

    def _simulate(self, wish: Wish) -> None:
        measuring, limits = _measured(), wish.limits()
        greedy = allocate.greedy(measuring, wish.total, limits)
        splits = {"this split": self.split, "cheapest first": greedy}
        today = allocate.afford(measuring, spend.todays_split(wish.total), wish.total)
        by = allocate.excess(measuring, today, wish.total, limits)
        broken = [name for name, over in by.items() if over > allocate.DOLLAR]
        if not broken:
            splits["as today"] = today
        self.judged = spend.judge(splits, measuring, draws=JUDGED_DRAWS)
        self.verdict.value = _said(self.judged, broken)

    def _tables(self, split: Mapping[str, float], wish: Wish) -> pictures.Tables:
        rows, families = load_parameters(), load_programmes()
        money = np.array([round(each, 3) for each in split.values()])
        table = pictures.bars_table(
            [rows[name].label for name in split],
            np.minimum(money, 0),
            money,
            np.maximum(money, 0),
            [FAMILY_COLOURS[families[name].family] for name in split],
        )
        goal = next(words for words, name in CRITERIA.items() if name == wish.criterion)
        left = wish.total - float(money.sum())
        said = pictures.words(
            f"Where {whole(wish.total)} million USD more a year would go",
            f"Best means: {goal}. Blue: border; purple: abroad;",
            f"orange: internal; green: health. Left for prisons: {whole(left)} million.",
        )
        return {"bars": table, "words": said}


def _said(judged: spend.Judged, broken: Sequence[str]) -> str:
    """The simulated comparison in words, and the limits that today's split would break."""
    lines, rows = [], load_parameters()
    for row in judged.table().itertuples():
        band = f"{number(row.low, 2)} to {number(row.high, 2)}"
        lines.append(
            f"<b>{row.split}</b>: {number(row.gain, 2)} deaths averted ({band}), "
            f"{number(row.prison_years, 2)} prison-years; {row.against_the_best}"
        )
    if broken:
        limits = "; ".join(rows[n].label if n in rows else f"{n} money" for n in broken)
        lines.append(f"<b>as today</b>: not compared, as it breaks the limits on {limits}")
    if judged.flat:
        lines.append("<b>Flat</b>: these splits are indistinguishable.")
    elif not judged.settled:
        lines.append("<b>Not settled</b>: the best on average is not shown to be better.")
    return "<div aria-live='polite' style='line-height:1.4'>" + "<br>".join(lines) + "</div>"


def show(total: float = 2_000.0) -> Any:
    """The live budget, to be displayed as the last value of a cell."""
    return Budget(total)
