"""The parameters of the model: the only reader of `parameters.csv`, which tests hold.

Each number of the model lives once, in a row of that table. The row feeds the sampler (through
:meth:`Parameter.quantile`), the sliders (range, label, unit, tooltip), the docs and the tests.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from simlib.errors import Faults, InputError, is_finite, shown, unknown
from simlib.inputs.tables import DATA, ByName, listed, read_rows

LEVER_GROUP = "lever"


def _uniform(u: np.ndarray, low: float, mode: float, high: float) -> np.ndarray:
    return low + u * (high - low)


def _triangular(u: np.ndarray, low: float, mode: float, high: float) -> np.ndarray:
    rising = low + np.sqrt(u * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - u) * (high - low) * (high - mode))
    return np.where(u * (high - low) < mode - low, rising, falling)


# Distribution -> (inverse of its cumulative distribution, whether it is one of the logarithm).
_INVERSES: dict[str, tuple[Callable[..., np.ndarray], bool]] = {
    "uniform": (_uniform, False),
    "triangular": (_triangular, False),
    "log_uniform": (_uniform, True),
    "log_triangular": (_triangular, True),
}
DISTRIBUTIONS = ("fixed", *_INVERSES)


@dataclass(frozen=True)
class Parameter:
    """One row of `parameters.csv`.

    Attributes
    ----------
    name, label, unit, group, note : str
        What the parameter is; `group` is a short word, `lever` for a policy lever.
    value, low, high : float
        Central value [unit] (the mode of a triangular distribution) and range.
    distribution : str
        One of `DISTRIBUTIONS`, over `low` to `high`.
    scope : str
        `history`, or `projection` for what cannot touch the simulated past.
    kind : str
        What kind of evidence it is: measured, derived, calibrated or assumed.
    source : tuple of str
        Ids in `sources.csv`.
    """

    name: str
    label: str
    value: float
    low: float
    high: float
    distribution: str
    unit: str
    group: str
    scope: str
    kind: str
    source: tuple[str, ...]
    note: str

    def quantile(self, u: np.ndarray | float) -> np.ndarray:
        """Value below which a share `u` of the distribution lies (the inverse of its CDF).

        Parameters
        ----------
        u : array, any shape [share, 0-1]

        Returns
        -------
        array [unit], the shape of `u`
            Within `low` and `high`; `value` throughout for a fixed parameter.

        Raises
        ------
        InputError
            When some `u` is not within 0-1.
        """
        u = np.asarray(u, dtype=float)
        if not np.all((u >= 0) & (u <= 1)):
            raise InputError(f"{self.name}: a share must lie within 0 and 1")
        if self.distribution == "fixed":
            return np.full(u.shape, self.value)
        inverse, logarithmic = _INVERSES[self.distribution]
        bounds = (self.low, self.value, self.high)
        x = np.exp(inverse(u, *np.log(bounds))) if logarithmic else inverse(u, *bounds)
        return np.clip(x, self.low, self.high)


class Parameters(ByName[Parameter]):
    """All parameters by name; immutable.

    Parameters
    ----------
    parameters : iterable of Parameter
        In the order in which they will be listed.
    """

    kind = "parameter"

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        super().__init__({parameter.name: parameter for parameter in parameters})

    def __repr__(self) -> str:
        return f"Parameters({len(self)} rows)"

    def select(
        self, *, group: str | None = None, scope: str | None = None, kind: str | None = None
    ) -> "Parameters":
        """The parameters of one group, scope or kind (or of those together).

        Raises
        ------
        InputError
            When no parameter has such a group, scope or kind.
        """
        chosen = list(self._by_name.values())
        for field, wanted in (("group", group), ("scope", scope), ("kind", kind)):
            if wanted is None:
                continue
            present = {getattr(parameter, field) for parameter in self._by_name.values()}
            if wanted not in present:
                raise InputError(f"{field} {unknown(wanted, present)}")
            chosen = [parameter for parameter in chosen if getattr(parameter, field) == wanted]
        return Parameters(chosen)

    def check(self, assumptions: Mapping[str, float]) -> dict[str, float]:
        """The reader's own values for some parameters, when all of them can be used.

        Parameters
        ----------
        assumptions : mapping of str to float
            Value [the parameter's unit] by name.

        Returns
        -------
        dict of str to float

        Raises
        ------
        InputError
            Naming each unknown parameter, each lever (a policy's business) and each value that
            is no finite number within the parameter's range.
        """
        if not isinstance(assumptions, Mapping):
            raise InputError(f"assumptions: must map names to numbers, not {shown(assumptions)}")
        faults = Faults("assumptions")
        faults.add_unknown("parameter", assumptions, self)
        for name in [name for name in assumptions if name in self]:
            value = assumptions[name]
            if self[name].group == LEVER_GROUP:
                faults.add(name, "is a lever; it belongs in a policy, not among the assumptions")
            elif fault := number_fault(value, self[name]):
                faults.add(name, fault)
        faults.raise_any()
        return {name: float(value) for name, value in assumptions.items()}


def number_fault(value: Any, parameter: Parameter) -> str | None:
    """Why `value` cannot stand for `parameter`: no finite number, or out of range; else None."""
    low, high = parameter.low, parameter.high
    allowed = f"allowed: {low:,.10g} to {high:,.10g} {parameter.unit}"
    if not is_finite(value):
        return f"{shown(value)} is no finite number; {allowed}"
    if value < low:
        return f"{shown(value)} is below the lower bound {low:,.10g}; {allowed}"
    if value > high:
        return f"{shown(value)} is above the upper bound {high:,.10g}; {allowed}"
    return None


@cache
def load_parameters(table: str = "parameters") -> Parameters:
    """The parameters of the model, or those of another shipped table, read once."""
    return Parameters(_read(row) for row in read_rows(DATA / f"{table}.csv"))


def _read(row: dict[str, str]) -> Parameter:
    numbers = {name: float(row[name] or row["value"]) for name in ("value", "low", "high")}
    return Parameter(**row | numbers | {"source": listed(row["source"])})  # type: ignore[arg-type]
