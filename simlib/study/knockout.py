"""What the fit and the answer rest on: ``python -m simlib.study.knockout``.

The record is fitted again without one of its series, or with one mechanism switched off, and the
same two strategies are compared again under the posterior found.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from simlib import simulation, world
from simlib.compare import verdict
from simlib.inputs.arrays import Array
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import STATUS_QUO, Policy
from simlib.inputs.record import by_period
from simlib.inputs.tables import load_programmes
from simlib.strategies import Strategy, equal_money
from simlib.study import commands, likelihood
from simlib.study.forecast import forecast
from simlib.study.pieces import Piece, perform_all
from simlib.study.refit import Effort, as_piece, from_piece, refit, witness_of

TOTAL_MUSD = 1000.0
"""Money of each strategy a year [million USD]: the dashboard's."""
FAMILIES = ("border", "internal")
YEARLY = "deaths_synthetic_opioids"
FITTED_FROM = 2016
"""First year of the largest yearly error; before it counts are small."""
AT_ONCE, NEVER = 1e-3, 1e4
"""Lags [months] that stand for none and for no adaptation at all."""
ALMOST_NOTHING = 1e-9

SERIES: Mapping[str, tuple[str, ...]] = {
    "nothing": (),
    "nothing, other seed": (),
    "nothing, third seed": (),
    "seizures": ("seizure_changes",),
    "purity": ("purity_fall",),
    "any-opioid deaths": ("any_opioid_deaths",),
    "fentanyl share": ("fentanyl_waves",),
    "anchors": ("anchors",),
}
"""Terms of the likelihood left out. The seeds show what the sampler alone moves."""

MECHANISMS: Mapping[str, Mapping[str, float]] = {
    "displacement": {"displacement_strength": 0},
    "replacement: none": {"shipment_lag_months": NEVER},
    "replacement: within a month": {"shipment_lag_months": 1},
    "swamping": {"swamping_exponent": 0},
    "transmission: dollar for dollar": {"pass_through_weight": 0},
    "transmission: in proportion": {"pass_through_weight": 1},
    "punishment raises price": {"punishment_elasticity": ALMOST_NOTHING},
    "dilution": {"weaker_share": 0},
    "substitution": {"substitution_share": 0},
    "tolerance lags": {"tolerance_up_months": AT_ONCE, "tolerance_down_months": AT_ONCE},
    "frailty": {"frailty_variance": 0},
    "rescue": {"witnessed_share": 0},
    "risk after release": {"post_release_first_month": 1, "post_release_later": 1},
    "protection by treatment": {"moud_risk_ratio": 1},
    "corrupted lanes": {f"protected_share_{stage}": ALMOST_NOTHING for stage in world.STAGES},
    "scanning": {"scanning_share_of_seizures": 0},
    "supply shock": {"shock_depth": 0},
    "pandemic": {"pandemic_effect": 0},
    "capacity knocked down": {
        "knockdown_organised_crime": 0,
        "knockdown_cartel_operations": 0,
        "shock_precursor_share": 0,
    },
    "local harm": {"local_harm": 0},
}
"""Values that switch a mechanism off, or push it to one end; some lie outside the range."""


Variant = tuple[tuple[str, ...], Mapping[str, float]]


def variants() -> dict[str, Variant]:
    """What is left out and what is held, by the key of the piece."""
    left_out: dict[str, Variant] = {f"series {name}": (terms, {}) for name, terms in SERIES.items()}
    held: dict[str, Variant] = {
        f"mechanism {name}": ((), values) for name, values in MECHANISMS.items()
    }
    return left_out | held


def strategies() -> list[Policy]:
    """Border and internal at equal money, each split as today's central budgets are."""
    programmes, parameters = load_programmes(), load_parameters()
    split = []
    for family in FAMILIES:
        budgets = {
            name: parameters[f"budget_{name}"].value
            for name, row in programmes.items()
            if row.family == family and f"budget_{name}" in parameters
        }
        split.append(Strategy(family, family, budgets))
    return equal_money(split, TOTAL_MUSD)[0]


def perform(key: str, seed: int, effort: Effort) -> Piece:
    """Posterior of one variant."""
    parameters, observed = load_parameters(), load_observed()
    left_out, held = variants()[key.replace("_", " ")]
    own = seed + ("other" in key) + 2 * ("third" in key)
    return as_piece(refit(witness_of(observed, left_out), parameters, observed, effort, own, held))


def answer(key: str, piece: Piece, policies: Sequence[Policy], seed: int) -> dict[str, Any]:
    """Fit of the record and answer under the posterior of a variant.

    Parameters
    ----------
    policies : the border and the internal strategy
    """
    parameters, observed = load_parameters(), load_observed()
    _, held = variants()[key.replace("_", " ")]
    last = int(np.ceil(world.record_end(observed))) + simulation.PROJECTED_YEARS - 1
    together = [STATUS_QUO, *policies]
    ahead = forecast(from_piece(piece), parameters, observed, seed, last, held, together)
    found = verdict(ahead, *FAMILIES)
    return {
        "without": key.split("_", 1)[1].replace("_", " "),
        "log_evidence": float(piece["log_evidence"]),
        "gap_low": found.gap[0],
        "gap": found.gap[1],
        "gap_high": found.gap[2],
        "within": found.within,
        **{f"chance_{n}": c for n, c in zip(FAMILIES, found.chances, strict=True)},
        **{f"beats_{n}": c for n, c in zip(FAMILIES, found.beats_status_quo, strict=True)},
        **_fit(ahead.parameters),
        "verdict": found.word,
    }


def _fit(p: Mapping[str, Array]) -> dict[str, float]:
    """How well the record of deaths is met: mean log likelihood, largest error of a year."""
    observed = load_observed()
    flows = simulation.history(p, observed).flows
    series = observed[YEARLY]
    whole = (series.start >= FITTED_FROM) & (series.end <= world.record_end(observed) + 1 / 24)
    modelled = by_period(flows, "deaths_fentanyl", series.start[whole], series.end[whole])
    error = np.median(modelled, axis=-1) / series.values[whole] - 1
    worst = int(np.argmax(np.abs(error)))
    return {
        "log_likelihood_deaths": float(likelihood.quarterly_deaths(p, flows, observed).mean()),
        "largest_error": float(error[worst]),
        "largest_error_year": float(series.start[whole][worst]),
    }


def table(found: Mapping[str, Piece], kind: str, seed: int) -> pd.DataFrame:
    """Fit and answer of the variants of one kind, one row each."""
    policies = strategies()
    rows = [
        answer(key, piece, policies, seed) for key, piece in found.items() if key.startswith(kind)
    ]
    return pd.DataFrame(rows)


def main() -> None:
    """Fit and compare again, without each series and without each mechanism."""
    run = commands.chosen(commands.parser("knockout", main.__doc__).parse_args())
    keys = [name.replace(" ", "_") for name in variants()]
    work = partial(perform, seed=run.seed, effort=run.effort)
    found = perform_all(work, keys, run.pieces_of("knockout"), run.workers, "variants")
    commands.write(table(found, "series", run.seed), "left_out", run)
    commands.write(table(found, "mechanism", run.seed), "knockouts", run)


if __name__ == "__main__":
    main()
