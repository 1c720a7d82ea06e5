"""Why an outcome moved: two products that hold in every draw, factor by factor.

``kg consumed = produced x share past the border x past wholesale x past retail x stock change``;
``deaths = people x overdoses each x deaths per overdose``.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simlib.errors import InputError, is_finite, shown
from simlib.inputs.arrays import Array
from simlib.results import QUANTILES, Ensemble, check_ensemble, quantiles
from simlib.world import STAGES

BANDS = ("low90", "low50", "median", "high50", "high90")


@dataclass(frozen=True, eq=False)
class Identity:
    """A product and its factors over the same years.

    Attributes
    ----------
    title : of the product
    names, units : of the factors, and last of the product
    policies : names
    values : factors and last their product, shape (factors + 1, policies, draws)
    """

    title: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    policies: tuple[str, ...]
    values: Array

    def change(self, reference: int = 0) -> Array:
        """Each factor over the reference policy's in the same draw; ratios multiply out too."""
        return self.values / self.values[:, reference : reference + 1]

    def table(self, reference: int = 0) -> pd.DataFrame:
        """Level and change of each factor under each policy but the reference.

        Returns
        -------
        DataFrame
            factor, unit, policy, level and reference_level (medians), and low90 to high90 of the
            change [percent].
        """
        others = [i for i in range(len(self.policies)) if i != reference]
        change = 100 * (quantiles(self.change(reference), QUANTILES).astype(float) - 1)
        level = np.median(self.values, axis=-1)
        rows = [
            {
                "factor": name,
                "unit": unit,
                "policy": self.policies[i],
                "level": level[f, i],
                "reference_level": level[f, reference],
            }
            | dict(zip(BANDS, change[:, f, i], strict=True))
            for f, (name, unit) in enumerate(zip(self.names, self.units, strict=True))
            for i in others
        ]
        return pd.DataFrame(rows)


def kilograms(ensemble: Ensemble, start: int | None = None) -> Identity:
    """Pure kilograms consumed as what is produced times what passes each stage.

    Parameters
    ----------
    ensemble : of one or more policies
    start : first projected year that counts; by default all do

    Raises
    ------
    InputError
        When `start` is no projected year.
    """
    produced = _sum(ensemble, "produced_kg", start)
    left, passed = produced, []
    for stage in STAGES:
        after = left - _sum(ensemble, f"seized_{stage}_kg", start)
        passed.append(after / left)
        left = after
    consumed = _sum(ensemble, "consumed_kg", start)
    return Identity(
        "Kilograms consumed",
        ("produced", *(f"passed {stage}" for stage in STAGES), "from stock", "consumed"),
        ("pure kg", *["share"] * len(STAGES), "ratio", "pure kg"),
        ensemble.policies,
        np.stack([produced, *passed, consumed / left, consumed]),
    )


def deaths(ensemble: Ensemble, start: int | None = None) -> Identity:
    """Deaths as people in dependent use times overdoses of each times deaths per overdose.

    People are those in active use or treatment; overdoses of occasional users are counted in
    "overdoses each". Deaths are those from fentanyl and what replaces it, without the background
    of pharmaceutical deaths, which no policy here moves.

    Parameters
    ----------
    ensemble : of one or more policies
    start : first projected year that counts; by default all do

    Raises
    ------
    InputError
        When `start` is no projected year.
    """
    years = _sum(ensemble, "people_active", start) + _sum(ensemble, "people_in_treatment", start)
    overdoses = _sum(ensemble, "overdoses", start)
    died = _sum(ensemble, "deaths_illicit", start)
    return Identity(
        "Deaths from fentanyl and its substitutes",
        ("people in dependent use", "overdoses each", "deaths per overdose", "deaths"),
        ("person-years", "per person-year", "share", "deaths"),
        ensemble.policies,
        np.stack([years, overdoses / years, died / overdoses, died]),
    )


def _sum(ensemble: Ensemble, outcome: str, start: int | None) -> Array:
    """An outcome added up over the projected years from `start`, shape (policies, draws)."""
    check_ensemble("ensemble", ensemble)
    years = ensemble.projected_years
    if start is not None and (not is_finite(start) or not years[0] <= start <= years[-1]):
        raise InputError(f"start: {shown(start)} is no year from {years[0]} to {years[-1]}")
    by_year = ensemble.projected(outcome)
    return np.asarray(by_year[years >= (years[0] if start is None else start)].sum(axis=0))
