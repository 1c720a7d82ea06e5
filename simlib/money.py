"""Money: health programmes' reach, who pays, prison and care, QALYs, value of lives.

Pure functions of arrays, draws on the last axis. Money is 2024 US dollars.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from simlib.inputs.arrays import Array, Draws
from simlib.inputs.policy import Policy
from simlib.inputs.tables import PAYERS, load_programmes


def units_bought(money: Array, unit_cost: Array, crowding_out: Array) -> Array:
    """Places, kits or people reached by money, net of what would have been bought anyway.

    Parameters
    ----------
    money : [USD per year], negative for a cut
    unit_cost : [USD per unit and year]
    crowding_out : [share], 0-0.5
    """
    return money / unit_cost * (1 - crowding_out)


def discount_factor(years_ahead: Array, rate: Array) -> Array:
    """Weight of a year that lies ahead, ``(1 + r)^-t``; the past counts fully [-]."""
    return (1.0 + rate) ** -np.maximum(years_ahead, 0)


def qalys(people: tuple[Array, ...], weights: tuple[Array, ...]) -> Array:
    """Quality-adjusted person-years lived in the boxes [QALY].

    Parameters
    ----------
    people : [person-years], one array a box
    weights : [QALY per year], one array a box
    """
    return sum(
        (count * weight for count, weight in zip(people, weights, strict=True)),
        start=np.zeros_like(people[0]),
    )


def net_benefit(averted: Array, value: Array, cost: Array) -> Array:
    """Value of what was averted less its cost [USD]; by VSL *or* by QALY value, never both.

    Parameters
    ----------
    averted : [deaths] or [QALY]
    value : [USD per death] or [USD per QALY]
    cost : [USD]
    """
    return averted * value - cost


def spending(
    policies: Sequence[Policy],
    levers: Mapping[str, Array],
    p: Draws,
    time: Array,
    dt: float,
) -> dict[str, Array]:
    """Programme money by payer and step [million USD], shape (steps, policies, 1)."""
    nothing = np.zeros((len(time), len(policies), 1))
    paid = dict.fromkeys(PAYERS, nothing)
    programmes = load_programmes()
    for lever, money in levers.items():
        if not programmes[lever].payers:
            continue
        for payer, share in payer_shares(lever, programmes[lever].payers, p).items():
            paid[payer] = paid[payer] + money * share * dt
    total = sum(paid.values(), start=nothing)
    return {f"spending_{payer}_musd": each for payer, each in paid.items()} | {
        "spending_musd": total
    }


def payer_shares(lever: str, payers: Sequence[str], p: Draws) -> dict[str, float]:
    """Share of a programme's money by payer; the last payer takes the rest."""
    shares, rest = {}, 1.0
    for payer in payers[:-1]:
        shares[payer] = float(p[f"{lever}_{payer}_share"][0])
        rest -= shares[payer]
    return shares | {payers[-1]: rest}
