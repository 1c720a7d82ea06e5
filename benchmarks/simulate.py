"""How long a simulation and its quantiles take: ``python benchmarks/simulate.py``."""

import statistics
import time

import simlib
from simlib import Policy

POLICIES = [
    None,
    Policy.constant("border", {"port_scanning": 500.0, "port_officers": 500.0}),
    Policy.constant("internal", {"drug_units": 500.0, "organised_crime": 500.0}),
]
OUTCOMES = ("deaths_fentanyl", "overdoses", "price_pure", "consumed_kg", "prison_years", "qalys")
RUNS = 7


def seconds(draws: int) -> float:
    """Median time of three policies over the default horizon with six outcomes' quantiles [s]."""
    simlib.simulate(POLICIES, draws=draws)
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        ensemble = simlib.simulate(POLICIES, draws=draws)
        for outcome in OUTCOMES:
            ensemble.quantiles(outcome)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


if __name__ == "__main__":
    for draws in (1, 100, 150, 1000, 4000):
        took = seconds(draws)
        print(f"{draws:5d} draws x 3 policies: {1000 * took:6.0f} ms, {draws / took:8.0f} draws/s")
