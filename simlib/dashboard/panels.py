"""The two panels of controls, never mixed: what a government does, how the world works."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from html import escape
from typing import Any, cast

import ipywidgets as w

from simlib.charts.style import BORDER, INTERNAL, spoken
from simlib.dashboard import catalogue
from simlib.dashboard.controls import NOT_PINNED, Control, Range
from simlib.dashboard.folds import Fold, button
from simlib.dashboard.spending import SERIES
from simlib.dashboard.state import POLICY, Scenario
from simlib.inputs.parameters import load_parameters

Key = tuple[str, str]
"""Group and name of a control."""
PIN_WORDS = {
    "assumptions": (
        "Assumptions",
        f"how the world works; not pinned: {NOT_PINNED}",
        "The six that matter most",
    ),
    "judgement": ("Judgement", "when one is better, and what a life is worth", "Five values"),
}
"""Title, explanation and fold of each panel of pins."""
SWITCHES = {
    "equal_money": "The same money for both strategies",
    "count_prison": "Added prison cost is paid from it",
}
HEALTH_MOST = 5_000.0
"""Health programmes may get this much more [million USD a year], or twice today's budget."""
NET_BENEFITS = ("net_benefit_vsl", "net_benefit_qaly")
VALUES = {
    "vsl": ("net_benefit_vsl",),
    "value_per_qaly": ("net_benefit_qaly",),
    "discount_rate": NET_BENEFITS,
}
"""Judgements that enter the picture of these outcomes only."""

NO_MONEY = "changes nothing while the extra money is 0"
ONLY_ONE = "the only one: any weight above 0 means all the money"
LEDGER_ONLY = "moves only the ledger and net benefit"
OWN_TOTALS = "each strategy has money of its own"
NO_NEW_POLICY = "changes nothing while there is no new policy"
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

    def _control(self, group: str, name: str, **options: Any) -> Control:
        """A control that stands at its lowest value, or is unset, until a scenario is shown."""
        found = limits(group, name)
        value = None if "unset" in options else found.low
        choose, about = partial(self._choose, group, name), partial(self._about, group, name)
        self.controls[group, name] = Control(found, value, choose, about=about, **options)
        return self.controls[group, name]

    def show(self, scenario: Scenario, notes: Mapping[Key, str]) -> None:
        """Set all controls to a scenario."""
        for (group, name), control in self.controls.items():
            if group == POLICY:
                control.show(getattr(scenario, name))
            elif group == "own_total":
                control.show(scenario.money(name))
            else:
                control.show(getattr(scenario, group).get(name))
        self.hint(notes)

    def hint(self, notes: Mapping[Key, str]) -> None:
        """Say beside the controls which of them can move nothing."""
        for key, control in self.controls.items():
            control.note = notes.get(key, "")


class PolicyPanel(Panel):
    """What a government does: money, start, split of the money, sentences, health money.

    Attributes
    ----------
    switches : equal_money and count_prison, by name
    preset : shipped policy drawn as a line of its own
    contents : what is in each shipped policy, that which is drawn unfolded
    outside : what is said beside the switch of the prison cost
    parts : what each programme of a strategy gets, in words, by strategy
    """

    def __init__(self, choose: Choose, about: About, reset: Callable[[], None]) -> None:
        super().__init__(choose, about, reset, "Reset policy")
        self.parts = {group: w.HTML() for group in catalogue.STRATEGIES}
        wide = {"layout": {"width": "auto"}}
        self.switches = {
            name: w.Checkbox(value=True, description=label, indent=False, **wide)
            for name, label in SWITCHES.items()
        }
        self.preset = w.Dropdown(
            options=[("none", ""), *((catalogue.preset(n).title, n) for n in catalogue.presets())],
            description="Add a line:",
            tooltip="Draws a shipped policy as a line of its own",
            style={"description_width": "72px"},
            **wide,
        )
        self.contents, self.outside = w.HTML(), w.HTML()
        for name, switch in {**self.switches, "preset": self.preset}.items():
            switch.observe(partial(self._switched, name), "value")
        totals = [(POLICY, "total"), *(("own_total", name) for name in catalogue.STRATEGIES)]
        self.children = [
            headline("Policy", "what a government does"),
            *(self._control(*key) for key in totals),
            self.switches["equal_money"], self._control(POLICY, "start"),
            self.switches["count_prison"], self.outside,
            *(self._fold(group) for group in TITLES),
            self.preset, self.contents, self.reset,
        ]  # fmt: skip

    def show(self, scenario: Scenario, notes: Mapping[Key, str]) -> None:
        """Set all controls to a scenario."""
        super().show(scenario, notes)
        for name, switch in self.switches.items():
            switch.value = getattr(scenario, name)
        self.preset.value = scenario.preset
        self.contents.value = _contents(scenario.preset)
        for (group, name), control in self.controls.items():
            if group == "own_total" or name == "total":
                shared = name == "total"
                control.layout.display = "" if shared == scenario.equal_money else "none"

    def hint(self, notes: Mapping[Key, str]) -> None:
        """Say beside the controls what moves nothing, and which of them break the total."""
        super().hint(notes)
        said = notes.get((POLICY, "count_prison"), "")
        self.outside.value = f"<div class='simlib-small' role='status'>{escape(said)}</div>"

    def _switched(self, name: str, change: dict[str, Any]) -> None:
        self._choose(POLICY, name, change["new"])

    def _fold(self, group: str) -> Fold:
        rows: list[w.Widget] = [self._control(group, name) for name in catalogue.names(group)]
        rows += [self.parts[group]] if group in self.parts else []
        return Fold(TITLES[group], rows, is_open=group == "border")


class PinsPanel(Panel):
    """Rows of the parameter table: what is moved is pinned, the others keep their spread.

    Parameters
    ----------
    group : of the scenario, whose names these are
    first : names on screen from the start; others appear when they are pinned
    """

    def __init__(
        self,
        group: str,
        first: Iterable[str],
        choose: Choose,
        about: About,
        reset: Callable[[], None],
    ) -> None:
        super().__init__(choose, about, reset, f"Reset {group}")
        self._group, self._first = group, tuple(first)
        rows = {load_parameters()[name].label: name for name in catalogue.names(group)}
        others = {label: name for label, name in rows.items() if name not in self._first}
        self._rows = w.VBox()
        self.more = w.Dropdown(
            options=[("another one ...", ""), *sorted(others.items())], layout={"width": "auto"}
        )
        self.more.observe(self._pin, "value")
        title, words, fold = PIN_WORDS[group]
        below = Fold(fold, [self._rows, *([self.more] if others else [])])
        self.children = [headline(title, words), below, self.reset]

    def show(self, scenario: Scenario, notes: Mapping[Key, str]) -> None:
        """Set all controls to a scenario; one for each row that is pinned."""
        names = dict.fromkeys((*self._first, *getattr(scenario, self._group)))
        for name in names:
            if (self._group, name) not in self.controls:
                middle = load_parameters()[name].value
                self._control(self._group, name, unset=NOT_PINNED, middle=middle)
        self._rows.children = [self.controls[self._group, name] for name in names]
        super().show(scenario, notes)

    def _pin(self, change: dict[str, Any]) -> None:
        """Pin one more row at its central value."""
        if change["new"]:
            self._choose(self._group, change["new"], load_parameters()[change["new"]].value)
            self.more.value = ""


def limits(group: str, name: str) -> Range:
    """The range of a control, with its named positions."""
    budgets = {family: catalogue.todays_budgets(family) for family in catalogue.STRATEGIES}
    if name == "start":
        first, last, unit = cast(tuple[float, float, str], catalogue.bounds(name))
        years = Range("First year", first, last, 1, unit, "In force in full after a year")
        return years.named(("soonest", first), ("latest", last))
    if name == "total" or group == "own_total":
        label = "Extra money a year" if name == "total" else f"Extra money: {SERIES[name]}"
        why = "A total that is spent each year; today's budgets, where named, are assumed"
        border, inside = (sum(each.values()) for each in budgets.values())
        return Range(label, 0, catalogue.MOST_MONEY, 50, "million USD", why).named(
            ("none", 0.0), ("+50 % border", border / 2), ("double border", border),
            ("+50 % internal", inside / 2),
        )  # fmt: skip
    row = load_parameters()[name]
    if group == "health":
        return Range.of(row, high=max(HEALTH_MOST, load_parameters()[f"budget_{name}"].value))
    if group not in budgets:
        return Range.of(row)
    today = catalogue.todays_split(group)[name]
    why = "Only the ratio between the programmes counts; at first as today's budgets"
    times = (("cut", 0.0), ("current", 1.0), ("+50 %", 1.5), ("double", 2.0))
    return Range(row.label, 0, catalogue.MOST_WEIGHT, 1, "parts of the money", why).named(
        *((word, round(today * factor, 2)) for word, factor in times)
    )


def _contents(preset: str) -> str:
    """What is in each shipped policy, to be unfolded; that of this name is."""
    return "".join(
        f"<details class='simlib-small'{' open' if name == preset else ''}>"
        f"<summary>{escape(catalogue.preset(name).title)}</summary>"
        f"{escape(spoken(catalogue.preset_words(name)))}</details>"
        for name in catalogue.presets()
    )


def headline(name: str, words: str) -> w.HTML:
    """The head of a panel."""
    return w.HTML(f"<p class='simlib-head-line'>{name} <small>- {words}</small></p>")


def idle(scenario: Scenario) -> dict[Key, str]:
    """Why moving a control changes nothing that is drawn, by group and name.

    A control that is missing may move something. One that is named moves nothing until another
    control is moved; only a programme that stands alone does when its weight becomes 0.
    """
    return dict(_reasons(scenario))


def _reasons(scenario: Scenario) -> Iterator[tuple[Key, str]]:
    spent = {name: scenario.money(name) > 0 for name in catalogue.STRATEGIES}
    moved = any(scenario.health.values()) or any(scenario.sentences.values())
    if len(scenario.own_total) == len(catalogue.STRATEGIES):
        yield (POLICY, "total"), OWN_TOTALS
    if not any(spent.values()):
        yield (POLICY, "count_prison"), NO_MONEY
        if not moved:
            yield (POLICY, "start"), NO_NEW_POLICY
    for group in catalogue.STRATEGIES:
        weights = getattr(scenario, group)
        sharing = [name for name, weight in weights.items() if weight]
        for name in weights:
            if not spent[group]:
                yield (group, name), NO_MONEY
            elif sharing == [name]:
                yield (group, name), ONLY_ONE
        if not scenario.preset and not (spent[group] and sharing):
            yield ("assumptions", f"effect_exponent_{group}"), NO_MONEY
    for name, outcomes in VALUES.items():
        if scenario.outcome not in outcomes:
            yield ("judgement", name), LEDGER_ONLY
