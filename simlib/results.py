"""Results: outcomes by name with named dimensions (policy, time, draw).

An outcome is a function of the flows that the loop recorded. Quantiles are taken over draws of
calendar years; paired differences live in :mod:`simlib.compare`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simlib import money
from simlib.errors import InputError, check_name, is_finite, shown
from simlib.inputs.arrays import Array, Draws, Flows, closed, opened
from simlib.inputs.tables import PAYERS
from simlib.units import G_PER_KG, USD_PER_MILLION

if TYPE_CHECKING:
    import pandas as pd


QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Outcome:
    """What can be read off a simulation.

    Attributes
    ----------
    label, unit : for readers
    of : function of the flows of some steps and of the draws -> array (steps, policies, draws)
    total : whether a year's value is the sum of its steps, or their mean
    """

    label: str
    unit: str
    of: Callable[[Flows, Draws], Array]
    total: bool = True


def _flow(name: str) -> Callable[[Flows, Draws], Array]:
    return lambda flows, p: flows[name]


def _stock(name: str) -> Callable[[Flows, Draws], Array]:
    return lambda flows, p: flows[name] / flows["dt"]


def _price(flows: Flows, p: Draws) -> Array:
    years = np.clip(flows["time"], p["retail_price_trend_start"][0], p["retail_price_trend_end"][0])
    trend = (1 + p["retail_price_trend"]) ** (years - p["retail_price_trend_end"])
    return flows["price_ratio"] * trend * p["retail_price"] / G_PER_KG


def _potency(flows: Flows, p: Draws) -> Array:
    return flows["potency_ratio"] * np.exp(flows["log_potency_trend"])


def _street_price(flows: Flows, p: Draws) -> Array:
    """Price of what is sold as the same bag or pill: pure price times potency."""
    return _price(flows, p) * _potency(flows, p)


def _gross(flows: Flows, p: Draws) -> Array:
    return flows["seized_border_kg"] / (flows["purity"] * flows["potency_ratio"])


def _prison_years(flows: Flows, p: Draws) -> Array:
    return flows["custody_user_years"] + flows["custody_seller_years"]


def _prison_cost(flows: Flows, p: Draws) -> Array:
    years = _prison_years(flows, p)
    return years * p["prison_cost"] / USD_PER_MILLION


def _care_cost(flows: Flows, p: Draws) -> Array:
    return flows["treatment_years"] * p["treatment_cost"] / USD_PER_MILLION


def _revenue(flows: Flows, p: Draws) -> Array:
    return _price(flows, p) * G_PER_KG * flows["consumed_kg"] / USD_PER_MILLION


def _qalys(flows: Flows, p: Draws) -> Array:
    return money.qalys(
        (
            flows["active_years"],
            flows["treatment_years"],
            flows["custody_user_years"],
            flows["remission_years"] + flows["exposed_years"],
        ),
        (p["qaly_active"], p["qaly_treatment"], p["qaly_custody"], p["qaly_other"]),
    )


OUTCOMES: Mapping[str, Outcome] = {
    "deaths_fentanyl": Outcome(
        "Deaths from synthetic opioids (T40.4)", "deaths a year", _flow("deaths_fentanyl")
    ),
    "deaths_any_opioid": Outcome(
        "Deaths from any opioid", "deaths a year", _flow("deaths_any_opioid")
    ),
    "deaths_illicit": Outcome(
        "Deaths from fentanyl and its substitutes", "deaths a year", _flow("deaths_illicit")
    ),
    "overdoses": Outcome("Overdoses involving fentanyl", "overdoses a year", _flow("overdoses")),
    "nonfatal_overdoses": Outcome(
        "Non-fatal overdoses involving fentanyl",
        "overdoses a year",
        lambda flows, p: flows["overdoses"] - flows["deaths_illicit"],
    ),
    "price_pure": Outcome("Retail price of pure fentanyl", "USD per pure g", _price, False),
    "price_street": Outcome(
        "Price of a standard street dose, times its strength",
        "USD per g at 2019 strength",
        _street_price,
        False,
    ),
    "potency": Outcome("Street potency", "2019 = 1", _potency, False),
    "produced_kg": Outcome("Produced and shipped", "pure kg a year", _flow("produced_kg")),
    "seized_border_kg": Outcome(
        "Seized at the border", "pure kg a year", _flow("seized_border_kg")
    ),
    "seized_wholesale_kg": Outcome(
        "Seized at wholesale", "pure kg a year", _flow("seized_wholesale_kg")
    ),
    "seized_retail_kg": Outcome("Seized at retail", "pure kg a year", _flow("seized_retail_kg")),
    "seized_border_gross_kg": Outcome("Seized at the border, gross", "gross kg a year", _gross),
    "consumed_kg": Outcome("Consumed", "pure kg a year", _flow("consumed_kg")),
    "people_active": Outcome("People in dependent use", "persons", _stock("active_years"), False),
    "people_in_treatment": Outcome(
        "People in treatment (MOUD)", "persons", _stock("treatment_years"), False
    ),
    "people_in_custody": Outcome(
        "People with dependent use in custody", "persons", _stock("custody_user_years"), False
    ),
    "sellers_in_custody": Outcome(
        "Sellers without dependent use in custody",
        "persons",
        _stock("custody_seller_years"),
        False,
    ),
    "prison_years": Outcome("Person-years in custody", "person-years a year", _prison_years),
    "programme_spending_musd": Outcome(
        "Added programme spending", "million USD a year", _flow("spending_musd")
    ),
    **{
        f"spending_{payer}_musd": Outcome(
            f"Added programme spending, {payer}",
            "million USD a year",
            _flow(f"spending_{payer}_musd"),
        )
        for payer in PAYERS
    },
    "prison_cost_musd": Outcome("Prison spending", "million USD a year", _prison_cost),
    "care_cost_musd": Outcome("Spending on treatment", "million USD a year", _care_cost),
    "trade_revenue_musd": Outcome("Retail revenue of the trade", "million USD a year", _revenue),
    "qalys": Outcome("Quality-adjusted life years lived", "QALY a year", _qalys),
}


@dataclass(frozen=True, eq=False)
class Ensemble:
    """All draws of one or more policies, from the start of the history; its mappings read-only.

    Attributes
    ----------
    policies : names, the first is the reference of paired differences
    history, projection : flows by name, shape (steps, policies or 1, draws)
    parameters : draws by name, shape (draws,)
    about : scenario, data vintage, model version, seed
    """

    policies: tuple[str, ...]
    history: Flows
    projection: Flows
    parameters: Draws
    about: Mapping[str, Any] = field(default_factory=dict)
    _found: dict[tuple[int, str], Array] = field(default_factory=dict, init=False, repr=False)
    """Outcomes by year that were asked for, by part and name."""

    def __post_init__(self) -> None:
        for name in ("history", "projection", "parameters", "about"):
            object.__setattr__(self, name, MappingProxyType(getattr(self, name)))

    def __reduce__(self) -> tuple[type["Ensemble"], tuple[Any, ...]]:
        parts = (self.history, self.projection, self.parameters, self.about)
        return Ensemble, (self.policies, *map(opened, parts))

    @property
    def draws(self) -> int:
        """Number of draws."""
        return self.history["deaths_fentanyl"].shape[-1]

    @property
    def years(self) -> NDArray[np.int64]:
        """Complete calendar years of the record, then of the projection."""
        return np.concatenate([_years(part)[0] for part in self._parts()])

    @property
    def projected_years(self) -> NDArray[np.int64]:
        """Complete calendar years of the projection."""
        return _years(self.projection)[0]

    def yearly(self, outcome: str) -> Array:
        """An outcome by calendar year, shape (years, policies, draws) [outcome's unit].

        Raises
        ------
        InputError
            When there is no such outcome.
        """
        return np.concatenate([self._by_year(part, outcome) for part in self._parts()])

    def projected(self, outcome: str) -> Array:
        """The years of `yearly` that are projected, shape (years, policies, draws)."""
        return self._by_year(self.projection, outcome)

    def quantiles(self, outcome: str, q: Sequence[float] = QUANTILES) -> Array:
        """Quantiles over draws by calendar year, shape (len(q), years, policies).

        Raises
        ------
        InputError
            When there is no such outcome, or a share is not within 0 to 1.
        """
        return quantiles(self.yearly(outcome), q)

    def to_frame(self, outcome: str, q: Sequence[float] = QUANTILES) -> "pd.DataFrame":
        """Tidy table of yearly quantiles: year, policy, one column a quantile (q05 ...)."""
        import pandas as pd

        q = shares_checked(q)
        found = self.quantiles(outcome, q)
        columns: dict[str, Any] = {
            "year": np.repeat(self.years, len(self.policies)),
            "policy": list(self.policies) * len(self.years),
        }
        for share, values in zip(q, found, strict=True):
            whole, _, rest = f"{100 * share:.10g}".partition(".")
            columns[f"q{whole:>02}" + (f".{rest}" if rest else "")] = values.ravel()
        return pd.DataFrame(columns)

    def _parts(self) -> tuple[Flows, ...]:
        return tuple(part for part in (self.history, self.projection) if part["time"].size)

    def _all_policies(self, values: Array) -> Array:
        return np.broadcast_to(values, (len(values), len(self.policies), self.draws))

    def _by_year(self, part: Flows, outcome: str) -> Array:
        check_name("outcome", outcome, OUTCOMES)
        key = (id(part), outcome)
        if key not in self._found:
            described = OUTCOMES[outcome]
            values = described.of(part, self.parameters)
            _, starts, steps = _years(part)
            complete = values[: starts[-1] + steps]  # one whole year after the other
            summed = np.add.reduceat(complete, starts, axis=0)
            self._found[key] = closed(summed if described.total else summed / steps)
        return self._all_policies(self._found[key])


def _years(part: Flows) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Complete calendar years, the first step of each, steps a year."""
    steps = round(1 / float(part["dt"]))
    found, starts, counts = np.unique(
        np.floor(part["time"].ravel()).astype(int), return_index=True, return_counts=True
    )
    whole = counts == steps
    return found[whole], starts[whole], steps


def quantiles(values: Array, q: Sequence[float] = QUANTILES) -> Array:
    """Quantiles over the last axis, linear between draws; sorts once, in single precision.

    Parameters
    ----------
    values : draws on the last axis
    q : shares, 0 to 1

    Returns
    -------
    array, shape (len(q), ...)
    """
    ordered = np.sort(values.astype(np.float32), axis=-1)
    position = np.asarray(shares_checked(q)) * (ordered.shape[-1] - 1)
    low = np.floor(position).astype(int)
    high = np.minimum(low + 1, ordered.shape[-1] - 1)
    between = position - low
    found = ordered[..., low] * (1 - between) + ordered[..., high] * between
    return np.moveaxis(found, -1, 0)


def shares_checked(q: Sequence[float]) -> Sequence[float]:
    """The same shares, when all can be quantiles.

    Raises
    ------
    InputError
        Naming those that cannot.
    """
    several = q if isinstance(q, list | tuple | np.ndarray) else None
    if several is None or not len(several):
        raise InputError(f"q: {shown(q)} is no list of shares; allowed: one or more from 0 to 1")
    faults = [each for each in several if not is_finite(each) or not 0 <= each <= 1]
    if faults:
        raise InputError([f"q: {shown(each)} is no share; allowed: 0 to 1" for each in faults])
    return [float(each) for each in several]


def check_ensemble(name: str, value: Any) -> None:
    """Refuse what is no Ensemble, naming the argument."""
    if not isinstance(value, Ensemble):
        raise InputError(f"{name}: {shown(value)} is no Ensemble, as simulate returns it")
