"""BPTK-Py: the equations in its modelling language, run by its Rust engine, one run a draw."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from BPTK_Py import Model
from BPTK_Py import sd_functions as sd
from BPTK_Py.modeling.model import load_rust_model
from numpy.typing import NDArray

from same_model import equations, translate
from same_model.given import Given, Told, main, timed, told

FUNCTIONS: dict[str, Any] = {
    "exp": sd.exp,
    "log": sd.ln,
    "min": sd.min,
    "max": sd.max,
    "expm1": lambda x: sd.exp(x) - 1,
    "choose": sd.If,
}


def built(given: Given) -> Any:
    """The model; constants and tables are set for each run."""
    months = len(given.deaths)
    model = Model(starttime=0.0, stoptime=float(months - 1), dt=1.0, name="simlib")
    known: dict[str, Any] = FUNCTIONS | {"DT": equations.DT}
    known["SMALL_HAZARD"] = equations.SMALL_HAZARD
    for name in [*given.constants(), *(f"initial_{stock}" for stock in given.stocks)]:
        known[name] = model.constant(name)
        known[name].equation = 1.0
    for name in given.moving():
        known[name] = model.converter(name)
        model.points[name] = [[0.0, 1.0], [1.0, 1.0]]
        known[name].equation = sd.lookup(sd.time(), name)
    known |= {stock: model.stock(stock) for stock in given.stocks}
    written = translate.model()
    for name, value in written.variables.items():
        known[name] = model.converter(name)
        known[name].equation = eval(translate.code(value), known)
    for stock, value in written.following.items():
        flow = model.biflow(f"change_{stock}")
        flow.equation = eval(translate.code(value), known) - known[stock]
        known[stock].initial_value = known[f"initial_{stock}"]
        known[stock].equation = flow
    return model


def measure(given: Given) -> Iterator[Told]:
    """One run after another on the Rust engine, the model loaded once."""
    engine = load_rust_model(built(given))
    constants, moving = given.constants(), given.moving()
    constants |= {f"initial_{name}": each for name, each in given.stocks.items()}
    listed = {
        name: [list(enumerate(path)) for path in given.months[name].T.tolist()] for name in moving
    }
    values = {name: each.tolist() for name, each in constants.items()}

    def run() -> NDArray[np.float64]:
        found = []
        for draw in range(given.deaths.shape[1]):
            for name, each in values.items():
                engine.set_constant(name, each[draw])
            for name, each in listed.items():
                engine.set_points(name, each[draw])
            deaths = engine.simulate(["died_counted"])["died_counted"]
            found.append([deaths[at] for at in sorted(deaths, key=float)])
        return np.array(found).T

    deaths, taken = timed(run)
    yield told("bptk-py", "Rust engine, run by run", deaths, given, taken)


if __name__ == "__main__":
    main(measure)
