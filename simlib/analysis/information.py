"""What it is worth to know more before choosing.

Expected value of perfect information: how much better one would choose if every doubt were
settled first. Of partial information: if only some parameters were known. The latter needs the
mean value of each choice given those parameters, found by regression over the draws (Strong,
Oakley and Brennan 2014).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simlib.analysis.themes import RECORD, THEMES, members
from simlib.compare import compare
from simlib.inputs.arrays import Array
from simlib.results import Ensemble

FOLDS = 5
KNOTS = 5
PENALTIES = np.logspace(-2, 4, 13)
"""Strengths of smoothing among which cross-validation chooses."""

MOST_CROSSED = 8
"""Most parameters whose products of two are regressed on."""


LIVES = "lives"


@dataclass(frozen=True)
class Worth:
    """What knowing something is worth, in the unit of the values it was worked out from.

    Attributes
    ----------
    about : what would be known
    value : expected gain
    error : standard error over draws; the error of the regression is not in it
    changed : share of draws in which knowing it would change the choice
    """

    about: str
    value: float
    error: float
    changed: float


def choices(ensemble: Ensemble, valued_by: str = LIVES) -> Array:
    """Value of each policy over the first of them, shape (policies, draws).

    Parameters
    ----------
    valued_by : "lives" for deaths averted; "vsl" or "qaly" for net benefit [million USD]
    """
    compared = (compare(ensemble, policy=name) for name in ensemble.policies)
    if valued_by == LIVES:
        return np.stack([each.averted for each in compared])
    return np.stack([each.net_benefit_musd(valued_by) for each in compared])


def perfect(values: Array) -> Worth:
    """Expected value of perfect information.

    Parameters
    ----------
    values : of each choice in each draw, larger is better; shape (choices, draws)
    """
    return _worth("Everything", values)


def partial(values: Array, known: Mapping[str, Array], about: str, seed: int = 1) -> Worth:
    """Expected value of knowing some parameters, from 0 to that of perfect information.

    Each choice's value is regressed on the parameters. Fitted values are those of draws that the
    regression has not seen, so it cannot earn by fitting noise; where it predicts unseen draws
    worse than their mean does, nothing was learnt. A smooth fit to a few draws of great value may
    still promise more than knowing everything is worth on the same draws; it is cut there. (To
    value the choices by the draws themselves needs no cut, but was further off in such cases and
    no nearer in others.)

    Parameters
    ----------
    values : of each choice in each draw, shape (choices, draws)
    known : values by parameter, shape (draws,) each
    about : name of what would be known
    """
    features = np.stack(list(known.values()), axis=-1)
    fitted = np.zeros_like(values)
    for i in range(1, len(values)):  # the first choice is the reference: only differences matter
        fitted[i] = _predicted(features, values[i] - values[0], seed)
    fitted += (values.mean(axis=-1) - fitted.mean(axis=-1))[:, None]
    found, most = _worth(about, fitted), perfect(values)
    return found if found.value <= most.value else replace(most, about=about, changed=found.changed)


def _worth(about: str, values: Array) -> Worth:
    best = int(np.argmax(values.mean(axis=-1)))
    gain = values.max(axis=0) - values[best]
    error = float(gain.std() / np.sqrt(len(gain)))
    return Worth(about, float(gain.mean()), error, float(np.mean(gain > 0)))


def _predicted(features: Array, outcome: Array, seed: int) -> Array:
    """The outcome's mean given the features, at each draw, by a regression that did not see it."""
    from sklearn.model_selection import KFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    folds = KFold(FOLDS, shuffle=True, random_state=seed)
    regression = _regression(features.shape[-1], seed)
    with threadpool_limits(1):  # small problems: threads would only wait for each other
        fitted = cross_val_predict(regression, features, outcome, cv=folds)
    rivals = (np.full_like(outcome, outcome.mean()), fitted)
    return min(rivals, key=lambda each: float(np.mean((outcome - each) ** 2)))


def _regression(parameters: int, seed: int) -> Any:
    """Penalised splines and their parameters' products where they are few, else boosted trees.

    Products of many parameters would be too many to regress on; trees find those that matter.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.preprocessing import PolynomialFeatures, SplineTransformer, StandardScaler

    if parameters > MOST_CROSSED:
        return HistGradientBoostingRegressor(max_iter=60, max_depth=3, random_state=seed)
    curves = SplineTransformer(n_knots=KNOTS, knots="quantile")
    both = make_union(curves, PolynomialFeatures(2, interaction_only=True))
    return make_pipeline(StandardScaler(), both, StandardScaler(), RidgeCV(PENALTIES))


def by_theme(values: Array, parameters: Mapping[str, Array], seed: int = 1) -> list[Worth]:
    """Worth of settling each theme of :mod:`simlib.analysis.themes`, largest first.

    Parameters
    ----------
    values : of each choice in each draw, shape (choices, draws)
    parameters : draws by parameter
    """
    found = []
    for theme in (*THEMES, RECORD):
        known = {name: parameters[name] for name in members(theme)}
        found.append(partial(values, known, theme, seed))
    return sorted(found, key=lambda worth: -worth.value)
