"""Controls that can move nothing in the present view, told by rule without simulating."""

from collections.abc import Iterator

from simlib.dashboard.catalogue import STRATEGIES
from simlib.dashboard.state import Scenario

POLICY = "policy"
"""The group of the controls that stand above the programmes: total, start, count_prison."""
Key = tuple[str, str]
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
NO_POLICY = "changes nothing while there is no new policy"


def idle(scenario: Scenario) -> dict[Key, str]:
    """Why moving a control changes nothing that is drawn, by group and name.

    A control that is missing may move something. One that is named moves nothing until another
    control is moved; only a programme that stands alone does when its weight becomes 0.
    """
    return dict(_reasons(scenario))


def _reasons(scenario: Scenario) -> Iterator[tuple[Key, str]]:
    spent = {name: scenario.money(name) > 0 for name in STRATEGIES}
    moved = any(scenario.health.values()) or any(scenario.sentences.values())
    if len(scenario.own_total) == len(STRATEGIES):
        yield (POLICY, "total"), OWN_TOTALS
    if not any(spent.values()):
        yield (POLICY, "count_prison"), NO_MONEY
        if not moved:
            yield (POLICY, "start"), NO_POLICY
    for group in STRATEGIES:
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
