"""What a life costs: cost curve, cost-effectiveness plane, acceptability, ICERs, who pays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from simlib.analysis.allocate import Response
from simlib.compare import compare
from simlib.errors import check_name
from simlib.inputs.arrays import Array
from simlib.inputs.tables import PAYERS
from simlib.results import Ensemble, check_ensemble

EFFECTS = ("averted", "qalys")
DOMINATED, EXTENDED = "dominated", "extendedly dominated"
BANDS = (0.05, 0.25, 0.5, 0.75, 0.95)


def cost_curve(measuring: Response, years: float) -> pd.DataFrame:
    """Lives a million by programme and step of money, cheapest first, with bands.

    Each row is one step from a size to the next of one programme, so a programme that wears out
    appears again further down. Columns: programme, from_musd, to_musd [million USD a year], then
    quantiles of deaths averted per million USD spent over the projection.

    Parameters
    ----------
    years : in which the money is spent, for the sum over the projection
    """
    rows = []
    for name, sizes in measuring.sizes.items():
        for i in range(1, len(sizes)):
            gain = measuring.gains[name][i] - measuring.gains[name][i - 1]
            per_million = gain / ((sizes[i] - sizes[i - 1]) * years)
            bands = np.quantile(per_million, BANDS)
            rows.append((name, sizes[i - 1], sizes[i], *bands, per_million.mean()))
    bands = [f"q{100 * share:02.0f}" for share in BANDS]
    table = pd.DataFrame(rows, columns=["programme", "from_musd", "to_musd", *bands, "mean"])
    return table.sort_values("mean", ascending=False, ignore_index=True)


@dataclass(frozen=True)
class Ratio:
    """A strategy in the order of cost.

    Attributes
    ----------
    name : of the strategy
    cost, effect : means
    ratio : incremental cost per unit of effect against the strategy before; None for the cheapest
        and for the dominated
    status : "", "dominated" or "extendedly dominated"
    """

    name: str
    cost: float
    effect: float
    ratio: float | None
    status: str


def icers(names: Sequence[str], costs: Sequence[float], effects: Sequence[float]) -> list[Ratio]:
    """Incremental cost-effectiveness ratios in the standard form.

    Strategies are put in order of cost. One that costs no less and does no more than another is
    dominated; one that a mixture of two others beats is extendedly dominated. Ratios are taken
    between those that are left, and rise.
    """
    order = sorted(range(len(names)), key=lambda i: (costs[i], -effects[i]))
    status = dict.fromkeys(order, "")
    left: list[int] = []
    for i in order:
        if left and effects[i] <= effects[left[-1]]:
            status[i] = DOMINATED
            continue
        left.append(i)

    def ratio(before: int, after: int) -> float:
        return (costs[after] - costs[before]) / (effects[after] - effects[before])

    done = False
    while not done:
        done = True
        for before, middle, after in zip(left, left[1:], left[2:], strict=False):
            if ratio(before, middle) > ratio(middle, after):
                status[middle] = EXTENDED
                left.remove(middle)
                done = False
                break
    ratios = {after: ratio(before, after) for before, after in pairwise(left)}
    return [Ratio(names[i], costs[i], effects[i], ratios.get(i), status[i]) for i in order]


def icer_table(ensemble: Ensemble, effect: str = "averted") -> pd.DataFrame:
    """ICERs of the policies of an ensemble, the first being the reference.

    Parameters
    ----------
    effect : "averted" (deaths averted) or "qalys" (QALYs gained, discounted)

    Raises
    ------
    InputError
        When `effect` is neither.
    """
    costs, effects = plane(ensemble, effect)
    found = icers(ensemble.policies, [*costs.mean(-1)], [*effects.mean(-1)])
    return pd.DataFrame(
        {
            "policy": [each.name for each in found],
            "cost_musd": [each.cost for each in found],
            effect: [each.effect for each in found],
            "musd_per_unit": [each.ratio for each in found],
            "status": [each.status for each in found],
        }
    )


def plane(ensemble: Ensemble, effect: str = "averted") -> tuple[Array, Array]:
    """Cost [million USD] and effect of each policy, (policies, draws) each.

    Both are counted alike: with deaths averted neither is discounted, with QALYs both are.

    Parameters
    ----------
    effect : as for :func:`icer_table`

    Raises
    ------
    InputError
        When `effect` is none of those.
    """
    check_ensemble("ensemble", ensemble)
    check_name("effect", effect, EFFECTS)
    compared = [compare(ensemble, policy=name) for name in ensemble.policies]
    if effect == "averted":
        pairs = [(each.spent_musd, each.averted) for each in compared]
    else:
        pairs = [(each.cost_musd, each.discounted("qalys")) for each in compared]
    costs, effects = zip(*pairs, strict=True)
    return np.stack(costs), np.stack(effects)


def acceptability(costs: Array, effects: Array, willing_musd: Array) -> Array:
    """Chance that each policy has the highest net benefit, by what a unit of effect is worth.

    Parameters
    ----------
    costs, effects : shape (policies, draws)
    willing_musd : [million USD per unit of effect], shape (values,)

    Returns
    -------
    array, shape (values, policies); each row adds up to 1
    """
    benefit = willing_musd[:, None, None] * effects - costs
    best = benefit.argmax(axis=1)
    return np.stack([(best == i).mean(axis=-1) for i in range(len(costs))], axis=-1)


def who_pays(ensemble: Ensemble) -> pd.DataFrame:
    """Programme money and prison cost added over the projection by payer [million USD], means."""
    check_ensemble("ensemble", ensemble)
    rows: list[Mapping[str, object]] = []
    for name in ensemble.policies[1:]:
        compared = compare(ensemble, policy=name)
        for payer in PAYERS:
            rows.append(
                {
                    "policy": name,
                    "payer": payer,
                    "programmes_musd": compared.spending_by_payer[payer],
                    "prison_musd": compared.prison_by_payer[payer],
                }
            )
    return pd.DataFrame(rows)
