"""The two panels of controls, never mixed: what a government does, how the world works."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import ipywidgets as w

from simlib.chart_style import BORDER, INTERNAL
from simlib.dashboard import state
from simlib.dashboard.controls import Control, Range
from simlib.dashboard.idle import POLICY, Key
from simlib.dashboard.state import Scenario
from simlib.parameters import load_parameters

NOT_PINNED = "as the evidence says"
HEALTH_MOST = 5_000.0
"""Health programmes may get this much more [million USD a year], or twice today's budget."""
START_YEARS = 8
Choose = Callable[[str, str, Any], None]
"""Called with group, name and value of what a reader moved."""
About = Callable[[str, str], None]
"""Called with group and name when a reader asks for the page about a control."""

TITLES = {
    "border": f"{BORDER}: split of the money",
    "internal": f"{INTERNAL}: split of the money",
    "sentences": f"{INTERNAL}: longer sentences",
    "health": "In both strategies: extra health money",
}


def changed(scenario: Scenario, group: str, name: str, value: Any) -> Scenario:
    """The scenario with one control moved; `None` unpins an assumption."""
    if group == POLICY:
        whole = name == "start" and float(value).is_integer()
        return replace(scenario, **{name: int(value) if whole else value})
    table = {**getattr(scenario, group), name: value}
    return replace(scenario, **{group: {n: v for n, v in table.items() if v is not None}})


class Panel(w.VBox):
    """Controls with one reset of their own.

    Attributes
    ----------
    controls : by group and name
    reset : the button
    """

    def __init__(self, choose: Choose, about: About, reset: Callable[[], None], label: str) -> None:
        self.controls: dict[Key, Control] = {}
        self._choose, self._about = choose, about
        self.reset = button(label, reset)
        super().__init__()

    def _control(self, key: Key, limits: Range, value: Any, **options: Any) -> Control:
        def changed(value: Any) -> None:
            self._choose(*key, value)

        def about() -> None:
            self._about(*key)

        self.controls[key] = Control(limits, value, changed, about=about, **options)
        return self.controls[key]

    def show(self, scenario: Scenario, notes: Mapping[Key, str]) -> None:
        """Set all controls to a scenario."""
        for (group, name), control in self.controls.items():
            held = getattr(scenario, name) if group == POLICY else getattr(scenario, group)
            control.show(held if group == POLICY else held.get(name))
        self.hint(notes)

    def hint(self, notes: Mapping[Key, str]) -> None:
        """Say beside the controls which of them can move nothing."""
        for key, control in self.controls.items():
            control.note = notes.get(key, "")


class PolicyPanel(Panel):
    """What a government does: total, start, split of the money, sentences, health money.

    Attributes
    ----------
    prison : whether added prison cost is paid from the total
    parts : what each programme of a strategy gets, in words, by strategy
    """

    def __init__(
        self, scenario: Scenario, choose: Choose, about: About, reset: Callable[[], None]
    ) -> None:
        super().__init__(choose, about, reset, "Reset policy")
        self.parts = {group: w.HTML() for group in ("border", "internal")}
        self.prison = w.Checkbox(
            value=scenario.count_prison,
            description="Added prison cost is paid from it",
            indent=False,
            layout={"width": "100%"},
        )
        self.prison.observe(self._switched, "value")
        tabs = w.Accordion([self._group(scenario, g) for g in TITLES], selected_index=0)
        tabs.titles = tuple(TITLES.values())
        head = headline("Policy", "what a government does")
        self.children = [head, *self._above(scenario), self.prison, tabs, self.reset]

    def show(self, scenario: Scenario, notes: Mapping[Key, str]) -> None:
        """Set all controls to a scenario."""
        super().show(scenario, notes)
        self.prison.value = scenario.count_prison

    def _switched(self, change: dict[str, Any]) -> None:
        self._choose(POLICY, "count_prison", change["new"])

    def _above(self, scenario: Scenario) -> list[Control]:
        first = state.Scenario().start
        why = "The same for both strategies; today's budgets, where named, are assumed"
        total = Range("Extra money a year", 0, state.MOST_MONEY, 50, "million USD", why)
        border, inside = (todays_budget(family) for family in ("border", "internal"))
        total = total.named(
            ("none", 0.0), ("+50 % border", border / 2), ("double border", border),
            ("+50 % internal", inside / 2),
        )  # fmt: skip
        begins = Range("First year", first, first + START_YEARS, 1, "year", "In force after a year")
        begins = begins.named(("soonest", first), ("latest", first + START_YEARS))
        return [
            self._control((POLICY, "total"), total, scenario.total),
            self._control((POLICY, "start"), begins, scenario.start),
        ]

    def _group(self, scenario: Scenario, group: str) -> w.VBox:
        rows: list[w.Widget] = [
            self._control((group, name), _limits(group, name), value)
            for name, value in getattr(scenario, group).items()
        ]
        return w.VBox([*rows, self.parts[group]] if group in self.parts else rows)


class AssumptionPanel(Panel):
    """How the world works: a control that is moved is pinned, the others keep their spread."""

    def __init__(
        self, scenario: Scenario, choose: Choose, about: About, reset: Callable[[], None]
    ) -> None:
        super().__init__(choose, about, reset, "Reset assumptions")
        rows = []
        for name in state.ASSUMPTIONS:
            row, value = load_parameters()[name], scenario.assumptions.get(name)
            rows.append(
                self._control(
                    ("assumptions", name), Range.of(name), value, unset=NOT_PINNED, middle=row.value
                )
            )
        tabs = w.Accordion([w.VBox(rows)], selected_index=None)
        tabs.titles = ("The six that matter most",)
        head = headline("Assumptions", f"how the world works; not pinned: {NOT_PINNED}")
        self.children = [head, tabs, self.reset]


def todays_budget(family: str) -> float:
    """Today's central budget of a family of programmes [million USD a year]."""
    rows = load_parameters()
    return sum(rows[f"budget_{name}"].value for name in state.programmes(family))


def _limits(group: str, name: str) -> Range:
    """The range of one programme's control, with its named positions."""
    if group == "health":
        today = load_parameters()[f"budget_{name}"].value
        return Range.of(name, high=max(HEALTH_MOST, today))
    if group == "sentences":
        return Range.of(name)
    row, today = load_parameters()[name], state.todays_split(group)[name]
    why = "Only the ratio between the programmes counts; at first as today's budgets"
    weight = Range(row.label, 0, state.MOST_WEIGHT, 1, "parts of the money", why)
    times = (("cut", 0.0), ("current", 1.0), ("+50 %", 1.5), ("double", 2.0))
    return weight.named(*((word, round(today * factor, 2)) for word, factor in times))


def button(label: str, pressed: Callable[[], None], tooltip: str = "") -> w.Button:
    """A button as wide as its label."""
    made = w.Button(description=label, tooltip=tooltip, layout={"width": "auto"})
    made.on_click(lambda _: pressed())
    return made


def headline(name: str, words: str) -> w.HTML:
    """The head of a panel."""
    return w.HTML(f"<p class='simlib-head-line'>{name} <small>- {words}</small></p>")
