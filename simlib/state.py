"""What a step carries forward, and what its events hand to each other."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simlib.people import People

Array = NDArray[np.float64]
Draws = Mapping[str, Array]
Levers = Mapping[str, Array]
"""Planned change by lever at mid-step, shape (policies, 1); levers never moved are absent."""


class State(NamedTuple):
    """Stocks at a step's bound; shape (policies, draws) unless said."""

    people: People
    sellers: Array
    """Non-using sellers in custody by stage, shape (3, policies, draws)."""
    reached: Mapping[str, Array]
    """Money that has taken effect, by lever moved [million USD per year]."""
    weights: Array
    """Lane weights, shape (lanes, policies, draws)."""
    capacity: Array
    """Precursors, production, distribution; shape (3, policies, draws)."""
    shipments: Array
    stock_kg: Array
    volume: Array
    """Trailing volume of all illicit opioid doses."""
    substituted: Array
    log_tolerance: Array
    lived_hazard: Array


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
    """What enforcement does within a step."""

    intensity: Mapping[str, Array]
    hazards: Array
    weights: Array
    seized: Array
    """Share seized by stage, shape (3, policies, draws)."""
    arrests: Array
    """Arrests a kilo relative to today by stage, shape (3, policies, draws)."""


class Market(NamedTuple):
    """What the market does within a step."""

    flows: Mapping[str, Array]
    price: Array
    doses: Array
    log_potency: Array
    unmet: Array
    state: Mapping[str, Array]


class Risk(NamedTuple):
    """Overdose risk within a step; rates per person-year of active use."""

    fentanyl: Array
    substitutes: Array
    exposed: Array
    fatality: Array
    heroin_deaths: Array
    log_tolerance: Array

    def fatal(self) -> Array:
        """Deaths per person-year of active use from any illicit opioid."""
        return self.fatality * (self.fentanyl + self.substitutes) + self.heroin_deaths


class Custody(NamedTuple):
    """Custody within a step, offences or stages first."""

    entry: Array
    """Rate of entering from active use by offence [per year], shape (3, policies, draws)."""
    release: Array
    """Rate of release by offence [per year]."""
    covered: Array
    """Share released with medication."""
    extra_risk: Array
    """Person-years at active-use risk added a year by releases, per person in active use."""
    sellers: Array
    """Non-using sellers in custody at the step's end, shape (3, policies, draws)."""
