"""The ledger: what each policy brings and costs, against one of them, on the same draws."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from simlib.compare import Comparison, compare
from simlib.errors import InputError, unknown
from simlib.inputs.arrays import Array
from simlib.inputs.tables import PAYERS
from simlib.results import Ensemble, check_ensemble

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
    note : what a reader needs to know of it
    """

    name: str
    label: str
    unit: str
    of: Callable[[Comparison], Array | float | None]
    best: int = 0
    note: str = ""


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
        "mean_deaths_averted",
        "Deaths averted, mean",
        "deaths",
        lambda compared: float(np.mean(compared.averted)),
    ),
    Row(
        "mean_money",
        "Programmes and prisons, mean",
        "million USD",
        lambda compared: float(np.mean(compared.spent_musd)),
    ),
    Row(
        "cost_per_death_averted",
        "Cost per death averted",
        "USD",
        lambda compared: compared.cost_per_death_averted,
        -1,
        "mean money over mean deaths averted, the two rows above; neither is discounted",
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
        "each death averted counts in full, whenever the person would have died otherwise",
    ),
    Row(
        "net_benefit_qaly",
        "Net benefit, by the value of a quality-adjusted life year",
        "million USD, present value",
        lambda compared: compared.net_benefit_musd("qaly"),
        1,
        "counts only years lived until the projection ends, so of a life saved late next to "
        "nothing: far below the value of a statistical life",
    ),
)
"""The two net benefits value the same lives in two ways and must never be added."""
NOTES: Mapping[str, str] = {row.name: row.note for row in ROWS if row.note}


def ledger(
    ensemble: Ensemble,
    against: str | Mapping[str, str] | None = None,
    rivals: Collection[str] | None = None,
) -> pd.DataFrame:
    """What each policy changes over the projection, and which is best in each row.

    Parameters
    ----------
    ensemble : of two policies or more
    against : name of the policy that the others are compared with, by default the first; or for
        each policy that is told the name of its own reference
    rivals : policies among which the best is marked; by default all

    Returns
    -------
    DataFrame
        A row for each line and policy: row, label, unit, policy, low90, median, high90, best.
        Single numbers, such as means of money and ratios of means, have no range; where there is
        no number (no death averted, no money spent) all three are missing. `best` marks the one
        policy that is better than all its rivals by its median.

    Raises
    ------
    InputError
        When there is no policy of such a name.
    """
    check_ensemble("ensemble", ensemble)
    if not isinstance(against, Mapping):
        reference = ensemble.policies[0] if against is None else against
        against = {name: reference for name in ensemble.policies if name != reference}
        if reference not in ensemble.policies:
            raise InputError(f"against: {unknown(reference, ensemble.policies)}")
    compared = {
        name: compare(ensemble, policy=name, against=reference)
        for name, reference in against.items()
    }
    chosen = tuple(compared if rivals is None else rivals)
    return pd.DataFrame([line for row in ROWS for line in _lines(row, compared, chosen)])


def _lines(
    row: Row, compared: Mapping[str, Comparison], rivals: Collection[str]
) -> list[dict[str, Any]]:
    ranges = {name: _range(row.of(each)) for name, each in compared.items()}
    middles = {name: row.best * ranges[name][1] for name in compared if name in rivals}
    most = max((each for each in middles.values() if not np.isnan(each)), default=None)
    first = [name for name, middle in middles.items() if middle == most]
    best = first if row.best and len(first) == 1 and len(middles) > 1 else []
    about: dict[str, Any] = {"row": row.name, "label": row.label, "unit": row.unit}
    return [
        about | {"policy": name} | dict(zip(ENDS, ends, strict=True)) | {"best": name in best}
        for name, ends in ranges.items()
    ]


def _range(value: Array | float | None) -> tuple[float, float, float]:
    """5 %, 50 % and 95 % quantiles; one number has no range."""
    if value is None:
        return np.nan, np.nan, np.nan
    if np.ndim(value) == 0:
        return np.nan, float(value), np.nan
    low, middle, high = (float(end) for end in np.quantile(value, RANGE) + 0.0)  # no "-0.0"
    return low, middle, high
