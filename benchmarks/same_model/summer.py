"""summer: every stock a compartment, its change a month an inflow; JAX, all draws at once.

Its own flows take a share of the compartment they leave at the start of a month. The model takes
it from those who arrive in the month too, so nothing but net inflows says the same. Compartments
cannot be negative: the one logarithm among the stocks is stored with a distance from zero.
"""

import operator
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from numpy.typing import NDArray
from summer2 import CompartmentalModel
from summer2.parameters import CompartmentValues, Function, Parameter, Time

from same_model import equations, translate
from same_model.given import Given, Told, main, timed, told

FEW = 100
"""Draws run one by one."""
COUNTED = "deaths_so_far"
ABOVE_ZERO = {"log_tolerance": 32.0}
FUNCTIONS: dict[str, Any] = {
    "exp": jnp.exp,
    "log": jnp.log,
    "expm1": jnp.expm1,
    "min": jnp.minimum,
    "max": jnp.maximum,
    "choose": jnp.where,
    "DT": equations.DT,
    "SMALL_HAZARD": equations.SMALL_HAZARD,
}


def changes(constants: list[str], moving: list[str]) -> Callable[..., Any]:
    """Change of every compartment within a month, as a function of them and of what is given."""
    model = translate.model()
    variables = {name: translate.code(value) for name, value in model.variables.items()}
    following = {name: translate.code(value) for name, value in model.following.items()}

    def change(compartments: Any, month: Any, *given: Any) -> Any:
        known = FUNCTIONS | dict(zip(constants, given, strict=False))
        series = given[len(constants) :]
        now = month.astype(int)
        known |= {name: each[now] for name, each in zip(moving, series, strict=True)}
        for i, name in enumerate(following):
            known[name] = compartments[i] - ABOVE_ZERO.get(name, 0.0)
        for name, code in variables.items():
            known[name] = eval(code, known)
        added = [eval(code, known) - known[name] for name, code in following.items()]
        return jnp.stack([*added, known[model.deaths]])

    return change


def built(constants: list[str], moving: list[str], months: int) -> CompartmentalModel:
    """The model; what a draw is given are its parameters."""
    stocks = [*translate.STOCKS, COUNTED]
    model = CompartmentalModel((0, months), stocks, [])
    given = [Parameter(name) for name in (*constants, *moving)]
    change = Function(changes(constants, moving), [CompartmentValues, Time, *given])
    for i, name in enumerate(stocks):
        inflow = Function(operator.getitem, [change, i])
        model.add_importation_flow(f"change_{name}", inflow, name, False)
    model.set_initial_population({name: Parameter(f"initial_{name}") for name in stocks})
    return model


def measure(given: Given) -> Iterator[Told]:
    """One compiled call a draw, and one for all draws."""
    jax.config.update("jax_enable_x64", True)
    moving, constants = given.moving(), given.constants()
    draws = {name: jnp.asarray(each) for name, each in constants.items()}
    draws |= {name: jnp.asarray(given.months[name].T) for name in moving}
    first = given.stocks | {COUNTED: np.zeros(given.deaths.shape[1])}
    for name, each in first.items():
        draws[f"initial_{name}"] = jnp.asarray(each + ABOVE_ZERO.get(name, 0.0))
    model = built(list(constants), moving, len(given.deaths))
    arrays = {name: np.asarray(each) for name, each in draws.items()}
    one = {name: each[0] for name, each in draws.items()}
    runner = model.get_runner(one, solver="euler", jit=False)

    def counted(p: dict[str, Any]) -> Any:
        return runner.function(p)["outputs"][:, -1]

    by_draw, at_once = jax.jit(counted), jax.jit(jax.vmap(counted))

    def one_by_one() -> NDArray[np.float64]:
        each = [{name: values[i] for name, values in arrays.items()} for i in range(FEW)]
        return np.diff([np.asarray(by_draw(p)) for p in each], axis=1).T

    deaths, taken = timed(one_by_one)
    yield told("summerepi2", "run by run", deaths, given.first(FEW), taken)
    deaths, taken = timed(lambda: np.diff(np.asarray(at_once(draws)), axis=1).T)
    yield told("summerepi2", "all draws at once, by JAX's vmap", deaths, given, taken)


if __name__ == "__main__":
    main(measure)
