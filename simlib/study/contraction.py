"""Prior against posterior: ``python -m simlib.study.contraction``.

In normal scores, where every prior is a standard normal: contraction is one minus the variance of
the posterior, shift its mean.
"""

import numpy as np
import pandas as pd
from scipy.special import ndtri

from simlib.inputs.arrays import Array
from simlib.inputs.parameters import Parameter, load_parameters
from simlib.inputs.posterior import Posterior, shipped_posterior
from simlib.study import build, commands

GRID = np.linspace(0, 1, 20_001)
MOVED = 0.1
"""Contraction and size of shift below which the record is said not to have moved a parameter."""


def normal_scores(parameter: Parameter, values: Array) -> Array:
    """Standard normal scores of values under the prior."""
    shares = np.interp(values, parameter.quantile(GRID), GRID)
    return ndtri(np.clip(shares, GRID[1] / 2, 1 - GRID[1] / 2))


def table(posterior: Posterior) -> pd.DataFrame:
    """Prior and posterior of every parameter that the record could inform, most moved first."""
    parameters, rows = load_parameters(), []
    for name in build.informed(parameters):
        parameter = parameters[name]
        scores = normal_scores(parameter, posterior.values[name])
        low, middle, high = np.quantile(posterior.values[name], (0.05, 0.5, 0.95))
        rows.append(
            {
                "parameter": name,
                "label": parameter.label,
                "unit": parameter.unit,
                "kind": parameter.kind,
                "prior_05": float(parameter.quantile(0.05)),
                "prior_50": float(parameter.quantile(0.5)),
                "prior_95": float(parameter.quantile(0.95)),
                "posterior_05": low,
                "posterior_50": middle,
                "posterior_95": high,
                "contraction": 1 - scores.var(),
                "shift": scores.mean(),
            }
        )
    found = pd.DataFrame(rows).sort_values("contraction", ascending=False)
    moved = (found["contraction"] > MOVED) | (found["shift"].abs() > MOVED)
    return found.assign(moved=moved).reset_index(drop=True)


def main() -> None:
    """Set the shipped posterior beside the prior."""
    run = commands.chosen(commands.parser("contraction", main.__doc__).parse_args())
    commands.write(table(shipped_posterior()), "contraction", run)


if __name__ == "__main__":
    main()
