"""What a step carries forward, and what its events hand to each other."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simlib.people import People

Array = NDArray[np.float64]
Draws = Mapping[str, Array]
Levers = Mapping[str, Array]
"""Planned change by lever at mid-step, shape (steps, policies, 1); absent where never moved."""


class Standing(NamedTuple):
    """Stocks that policy alone moves, at a step's bound; neither market nor people touch them."""

    reached: Mapping[str, Array]
    """Money that has taken effect, by lever moved [million USD per year]."""
    weights: Array
    """Lane weights, shape (lanes, policies, draws)."""
    capacity: Array
    """Precursors, production, distribution; shape (3, policies, draws)."""
    sellers: Array
    """Non-using sellers in custody by stage, shape (3, policies, draws)."""


class Slow(NamedTuple):
    """Stocks that rates depend on; shape (policies, draws)."""

    active: Array
    treatment: Array
    shipments: Array
    volume: Array
    """Trailing volume of all illicit opioid doses."""
    substituted: Array
    lived_hazard: Array

    def half_a_step_on(self, before: "Slow") -> "Slow":
        """Mid-step values, straight on from the step before: second-order accurate."""
        return Slow(*(1.5 * now - 0.5 * old for now, old in zip(self, before, strict=True)))


class State(NamedTuple):
    """Stocks at a step's bound; shape (policies, draws) unless said."""

    standing: Standing
    people: People
    shipments: Array
    volume: Array
    substituted: Array
    lived_hazard: Array
    stock_kg: Array
    log_tolerance: Array
    before: Slow | None = None
    """The slow stocks one step earlier; None at the start."""

    def slow(self) -> Slow:
        """Stocks that rates depend on, at this bound."""
        people = self.people
        market = (self.shipments, self.volume, self.substituted, self.lived_hazard)
        return Slow(people.active, people.treatment, *market)


class Today(NamedTuple):
    """What costs are compared with: conditions at the end of the record; shape (..., 1, draws)."""

    prices: Array
    """Production, landed, wholesale, retail [USD per pure kg]."""
    handling: Array
    risk: Array
    sigma: Array
    arrests: Array
    volume: Array


class Pressure(NamedTuple):
    """What policy alone does in each step; shape (steps, policies, draws) or broadcasting to it."""

    seized: Array
    """Share seized by stage, shape (steps, 3, policies, draws)."""
    passing: Array
    """Share of what is shipped that is left after each stage, same shape."""
    arrests: Array
    """Arrests a kilo relative to today by stage, same shape."""
    premium: Array
    """Risk premium relative to today by stage, before the size of the market; 1 in the record."""
    iron: Array
    """Potency relative to today under the iron law of prohibition."""
    circumstances: Array
    """Overdoses per person relative to the reference, market and tolerance apart."""
    cheaper: Array
    """Production cost relative to today after a power vacuum."""
    capacity: Array
    """Precursors, production, distribution; shape (steps, 3, policies, draws)."""
    entry: Array
    """Rate of entering custody from active use by offence [per year], shape (steps, 3, ...)."""
    release: Array
    """Rate of release by offence [per year], same shape."""
    seller_years: Array
    """Non-using sellers in custody within the step [persons]."""
    prevention: Array
    """Intensity of prevention."""
    places: Array
    """Treatment places."""
    fatality: Array
    """Deaths per overdose, after rescue."""
    reentry: Array
    """Releases a year covered with medication beyond today's [persons per year]."""

    def at(self, step: int) -> "Pressure":
        """One step's values."""
        return Pressure(*(series[step] for series in self))


class Market(NamedTuple):
    """What the market does within a step."""

    flows: Mapping[str, Array]
    price: Array
    doses: Array
    log_potency: Array
    stock_kg: Array
    shipments: Array
    volume: Array
    substituted: Array
    """Stocks at the step's end."""


class Risk(NamedTuple):
    """Overdose risk within a step; rates per person-year of active use."""

    fentanyl: Array
    substitutes: Array
    exposed: Array
    log_tolerance: Array
    fatal: Array
    """Deaths per person-year of active use from any illicit opioid."""


class Release(NamedTuple):
    """Release from custody within a step."""

    covered: Array
    """Share released with medication."""
    extra_risk: Array
    """Person-years at active-use risk added a year by releases, per person in active use."""
