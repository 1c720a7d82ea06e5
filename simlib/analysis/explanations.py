"""Why deaths fell in 2023-24: the rival explanations, and the answers under each of them.

An explanation is named for the parameters that carry its effect in the past; the same parameters
drive its lever in the projection. Under one explanation those of its rivals are held at the low
end of their range, where they have no effect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simlib import simulation
from simlib.compare import verdict
from simlib.errors import InputError, unknown
from simlib.inputs import record, sampling
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import Parameters, load_parameters
from simlib.inputs.policy import Policy
from simlib.inputs.posterior import Posterior, shipped_posterior
from simlib.results import Ensemble
from simlib.strategies import Strategy, equal_money

ENDS = (0.05, 0.5, 0.95)
DEATHS = "deaths_synthetic_opioids"
FIT_FROM = 2019
MIXTURE = "The weighted mixture"
RULES: Mapping[str, float | None] = {
    "Additive: a dollar at the border is a dollar on the street": 0.0,
    "Multiplicative: a per cent at the border is a per cent on the street": 1.0,
    "Anything between, as in the shipped ensemble": None,
}
"""Transmission rules by the weight of the multiplicative rule; None leaves its prior.

Costs follow their observed trend in the past, so the record cannot tell the rules apart: they
weigh the same by construction, and each has the same posterior of all other parameters.
"""


@dataclass(frozen=True)
class Explanation:
    """One account of the fall.

    Attributes
    ----------
    title : for readers
    carried_by : parameters that carry its effect; held low wherever it is switched off
    """

    title: str
    carried_by: tuple[str, ...] = ()


EXPLANATIONS: Mapping[str, Explanation] = {
    "supply_shock": Explanation("Supply shock", ("shock_depth",)),
    "port_scanning": Explanation("Port scanning"),
    "depletion": Explanation("Depletion of people at risk", ("frailty_variance",)),
    "naloxone_and_treatment": Explanation(
        "Naloxone and treatment",
        ("naloxone_growth_since_record", "treatment_growth_since_record"),
    ),
    "all_together": Explanation("All of them together"),
}
"""By name. Scanning needs no switch: its coverage is an input, and even at the top of their ranges
its parameters move the fall of 2022-24 by about one per cent of deaths (a test holds this). What
is named for it has all its rivals switched off."""
EVERYTHING = "all_together"


def held(explanation: str, parameters: Parameters) -> dict[str, float]:
    """Parameters that an explanation holds at the low end of their range, by name.

    Raises
    ------
    InputError
        When there is no such explanation.
    """
    if explanation not in EXPLANATIONS:
        raise InputError(f"explanation {unknown(explanation, EXPLANATIONS)}")
    if explanation == EVERYTHING:
        return {}
    rivals = (rival for name, rival in EXPLANATIONS.items() if name != explanation)
    return {name: parameters[name].low for rival in rivals for name in rival.carried_by}


def weights(posterior: Posterior | None = None) -> pd.DataFrame:
    """How well each explanation forecast 2022-24, and what that makes it weigh.

    Returns
    -------
    DataFrame
        explanation, title, weight and its error, stacking (the weight before it is drawn toward
        equal), behind and behind_error (log density of all forecasts behind the best), others
        (log density of what other series say about the fall, behind the best).
    """
    found = _in_order(posterior or shipped_posterior())
    table = pd.DataFrame(
        {
            "explanation": list(found),
            "title": [EXPLANATIONS[name].title for name in found],
            **{
                column: [each[column] for each in found.values()]
                for column in ("weight", "error", "stacking", "behind", "behind_error")
            },
            "others": [each["log_predictive"][-1] for each in found.values()],
        }
    )
    table["others"] -= table["others"].max()
    return table


def forecasts(posterior: Posterior | None = None) -> pd.DataFrame:
    """Log density of each quarter's deaths, forecast from all earlier ones: tidy table."""
    shown = posterior or shipped_posterior()
    return pd.concat(
        pd.DataFrame(
            {
                "quarter": shown.about["forecast_quarters"],
                "title": EXPLANATIONS[name].title,
                "log_density": each["log_predictive"][1:-1],
            }
        )
        for name, each in _in_order(shown).items()
    )


def fit(draws: int) -> pd.DataFrame:
    """What each explanation itself says about yearly deaths, without the model error.

    Parameters
    ----------
    draws : of each explanation

    Returns
    -------
    DataFrame
        title, year, counted, low, median, high [deaths a year]; 90 % of the draws lie between.
    """
    observed = load_observed()
    years = {y: count for y, count in observed.yearly(DEATHS).items() if y >= FIT_FROM}
    start = np.array(list(years), dtype=float)
    rows = []
    for title, posterior in _posteriors().items():
        p = sampling.draw(load_parameters(), draws, posterior=posterior)
        flows = simulation.history(p, observed).flows
        deaths = record.by_period(flows, "deaths_fentanyl", start, start + 1)
        found = np.quantile(deaths, ENDS, axis=1).T
        rows += [(title, y, years[y], *each) for y, each in zip(years, found, strict=True)]
    return pd.DataFrame(rows, columns=["title", "year", "counted", "low", "median", "high"])


def answers(
    strategies: Sequence[Strategy], total_musd: float, draws: int = simulation.DRAWS
) -> pd.DataFrame:
    """Which of two strategies saves more lives: under each explanation, then in the mixture.

    Both spend the same total under each explanation; what they cost in prisons there is paid
    from it.

    Parameters
    ----------
    strategies : the two
    total_musd : [million USD a year]
    draws : of each explanation, and of the mixture

    Returns
    -------
    DataFrame
        title, verdict, one column named for each strategy with its chance to be better by more
        than the margin, low, median, high (deaths of the second strategy minus deaths of the
        first over the projection: above 0 the first is better), status_quo (median deaths in the
        last year without new policy).

    Raises
    ------
    InputError
        When there are not two strategies, or `equal_money` cannot keep the total.
    """
    return _answers(
        strategies,
        total_musd,
        draws,
        {title: {"posterior": posterior} for title, posterior in _posteriors().items()},
    )


def answers_by_rule(
    strategies: Sequence[Strategy], total_musd: float, draws: int = simulation.DRAWS
) -> pd.DataFrame:
    """The same in the mixture under each transmission rule, see `RULES`."""
    pinned = {
        title: {} if weight is None else {"pass_through_weight": weight}
        for title, weight in RULES.items()
    }
    worlds = {title: {"assumptions": rule} for title, rule in pinned.items()}
    return _answers(strategies, total_musd, draws, worlds)


def _in_order(posterior: Posterior) -> dict[str, Any]:
    """What is known of each explanation, in the order of `EXPLANATIONS`."""
    found = posterior.about["explanations"]
    return {name: found[name] for name in EXPLANATIONS if name in found}


def _posteriors() -> dict[str, Posterior]:
    """Posterior of each explanation by title, then the mixture."""
    shipped = shipped_posterior()
    each = {EXPLANATIONS[name].title: shipped.only(name) for name in _in_order(shipped)}
    return each | {MIXTURE: shipped}


def _answers(
    strategies: Sequence[Strategy],
    total_musd: float,
    draws: int,
    worlds: Mapping[str, Mapping[str, Any]],
) -> pd.DataFrame:
    """A row for each world, given by its title and what `simulate` must know of it."""
    if len(strategies) != 2:
        raise InputError(f"strategies: {len(strategies)} given; allowed: two")
    rows = []
    for title, options in worlds.items():
        policies, _ = equal_money(strategies, total_musd, **options)
        ensemble = simulation.simulate([None, *policies], draws, **options)
        rows.append({"title": title} | _answer(ensemble, *policies))
    return pd.DataFrame(rows)


def _answer(ensemble: Ensemble, first: Policy, second: Policy) -> dict[str, Any]:
    found = verdict(ensemble, first.name, second.name)
    low, median, high = found.gap
    return {
        "verdict": {each.name: each.title for each in (first, second)}.get(found.word, found.word),
        first.title: found.chances[0],
        second.title: found.chances[1],
        "low": low,
        "median": median,
        "high": high,
        "status_quo": float(np.median(ensemble.yearly("deaths_fentanyl")[-1, 0])),
    }
