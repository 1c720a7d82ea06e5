"""The ledger: what each policy brings and costs, against one of them, on the same draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simlib.compare import Comparison
from simlib.errors import InputError, unknown
from simlib.results import PAYERS, Ensemble, check_ensemble

Array = NDArray[np.float64]

RANGE = (0.05, 0.5, 0.95)
ENDS = ("low90", "median", "high90")
NONE_AVERTED = "none averted"


@dataclass(frozen=True)
class Row:
    """One line of the ledger.

    Attributes
    ----------
    name, label, unit : the unit "share" is of draws
    of : number by draw, shape (draws,), of which median and 90 % range are told; or one number;
        or None where there is none
    best : 1 where more is better, -1 where less is, 0 where that is for the reader to say
    """

    name: str
    label: str
    unit: str
    of: Callable[[Comparison], Array | float | None]
    best: int = 0


def _averted(outcome: str, compared: Comparison) -> Array:
    return -compared.total(outcome)


def _total(outcome: str, compared: Comparison) -> Array:
    return compared.total(outcome)


def _paid(payer: str, compared: Comparison) -> float:
    return compared.spending_by_payer[payer] + compared.prison_by_payer[payer]


ROWS = (
    Row("deaths_averted", "Deaths averted", "deaths", partial(_averted, "deaths_fentanyl"), 1),
    Row(
        "nonfatal_averted",
        "Non-fatal overdoses averted",
        "overdoses",
        partial(_averted, "nonfatal_overdoses"),
        1,
    ),
    Row(
        "chance_better",
        "Chance that any death is averted",
        "share",
        lambda compared: float(np.mean(compared.averted > 0)),
        1,
    ),
    Row(
        "cost_per_death_averted",
        "Cost per death averted",
        "USD",
        lambda compared: compared.cost_per_death_averted,
        -1,
    ),
    Row(
        "programme_money",
        "Programme money",
        "million USD",
        partial(_total, "programme_spending_musd"),
    ),
    Row("prison_money", "Prison money", "million USD", partial(_total, "prison_cost_musd"), -1),
    Row("care_money", "Money for treatment", "million USD", partial(_total, "care_cost_musd")),
    *(
        Row(
            f"paid_{payer}",
            f"Programmes and prisons paid by {payer} government",
            "million USD",
            partial(_paid, payer),
        )
        for payer in PAYERS
    ),
    Row("prison_years", "Years in prison", "person-years", partial(_total, "prison_years"), -1),
    Row(
        "imposed_per_dollar",
        "Cost imposed on the trade per programme dollar",
        "USD",
        lambda compared: compared.imposed_per_dollar,
        1,
    ),
    Row("qalys", "Quality-adjusted life years gained", "QALY", partial(_total, "qalys"), 1),
    Row(
        "net_benefit_vsl",
        "Net benefit, by the value of a statistical life",
        "million USD, present value",
        lambda compared: compared.net_benefit_musd("vsl"),
        1,
    ),
    Row(
        "net_benefit_qaly",
        "Net benefit, by the value of a quality-adjusted life year",
        "million USD, present value",
        lambda compared: compared.net_benefit_musd("qaly"),
        1,
    ),
)
"""The two net benefits value the same lives in two ways and must never be added."""


def ledger(ensemble: Ensemble, against: str | None = None) -> pd.DataFrame:
    """What each policy changes over the projection, and which is best in each row.

    Parameters
    ----------
    ensemble : of two policies or more
    against : name of the policy that the others are compared with; by default the first

    Returns
    -------
    DataFrame
        A row for each line and policy: row, label, unit, policy, low90, median, high90, best.
        Single numbers, such as means of money and ratios of means, have no range; where there is
        no number (no death averted, no money spent) all three are missing. `best` marks the one
        policy that is better than all others by its median.

    Raises
    ------
    InputError
        When there is no policy of that name.
    """
    check_ensemble("ensemble", ensemble)
    reference = ensemble.policies[0] if against is None else against
    if reference not in ensemble.policies:
        raise InputError(f"against: {unknown(reference, ensemble.policies)}")
    base = ensemble.policies.index(reference)
    others = [name for name in ensemble.policies if name != reference]
    compared = [
        Comparison(ensemble, base, ensemble, ensemble.policies.index(name)) for name in others
    ]
    found = [line for row in ROWS for line in _lines(row, others, compared)]
    return pd.DataFrame(found)


def _lines(row: Row, names: Sequence[str], compared: Sequence[Comparison]) -> list[dict[str, Any]]:
    ranges = [_range(row.of(each)) for each in compared]
    middles = row.best * np.array([middle for _, middle, _ in ranges])
    best = middles == np.nanmax(middles, initial=-np.inf)
    if not row.best or best.sum() != 1 or len(names) == 1:
        best = np.zeros(len(names), dtype=bool)
    about: dict[str, Any] = {"row": row.name, "label": row.label, "unit": row.unit}
    return [
        about | {"policy": name} | dict(zip(ENDS, ends, strict=True)) | {"best": bool(first)}
        for name, ends, first in zip(names, ranges, best, strict=True)
    ]


def _range(value: Array | float | None) -> tuple[float, float, float]:
    """5 %, 50 % and 95 % quantiles; one number has no range."""
    if value is None:
        return np.nan, np.nan, np.nan
    if np.ndim(value) == 0:
        return np.nan, float(value), np.nan
    low, middle, high = (float(end) for end in np.quantile(value, RANGE) + 0.0)  # no "-0.0"
    return low, middle, high
