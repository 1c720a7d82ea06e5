"""Forecasts from any posterior and any record, by the loop that makes the shipped projections."""

from collections.abc import Mapping, Sequence

from simlib import simulation, world
from simlib.inputs import sampling
from simlib.inputs.arrays import Array
from simlib.inputs.observed import Observed
from simlib.inputs.parameters import Parameters
from simlib.inputs.policy import Policy
from simlib.inputs.posterior import Posterior
from simlib.results import Ensemble
from simlib.study.refit import NOTHING

NO_DRIFT = {"forecast_drift_sd": 0.0}
"""Without the drift beyond the record, which no posterior knows of."""
STATUS_QUO = Policy(name="status_quo", title="Status quo")


def forecast(
    posterior: Posterior,
    parameters: Parameters,
    observed: Observed,
    seed: int,
    last: int,
    held: Mapping[str, float] = NOTHING,
    policies: Sequence[Policy] = (STATUS_QUO,),
) -> Ensemble:
    """History and projection of every row of a posterior, with model error.

    Parameters
    ----------
    last : last calendar year of the projection
    held : values by name that override posterior and prior, even outside a parameter's range
    """
    sample = sampling.sample(
        parameters,
        len(posterior.residual),
        seed,
        held,
        posterior,
        record_quarters=world.record_quarters(observed),
    )
    return simulation.project(policies, simulation.begin(sample, observed, last))


def quarterly_deaths(ensemble: Ensemble) -> Array:
    """Projected deaths by quarter under the first policy, shape (quarters, draws)."""
    deaths = ensemble.projection["deaths_fentanyl"][:, 0]
    return deaths.reshape(-1, simulation.STEPS_PER_YEAR // 4, deaths.shape[-1]).sum(axis=1)
