"""People: exposed, dependent use, treatment, custody, remission, dead.

Pure functions of arrays, draws on the last axis. Rates are per year, stocks are persons. Custody
has one box an offence (possession, selling, other), so each lever touches only its own; the
offences lead its arrays.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class People(NamedTuple):
    """Stocks of persons (or flows into them), shape (..., draws); custody (3, ..., draws)."""

    exposed: Array
    active: Array
    treatment: Array
    custody: Array
    remission: Array
    dead_overdose: Array
    dead_otherwise: Array

    def total(self) -> Array:
        """Everybody, the dead included [persons]."""
        return self.alive() + self.dead_overdose + self.dead_otherwise

    def alive(self) -> Array:
        """Everybody alive [persons]."""
        outside = self.exposed + self.active + self.treatment + self.remission
        return outside + self.custody.sum(axis=0)


class Moves(NamedTuple):
    """Rates [per year] - or chances within a step - of each move, named origin_destination."""

    exposed_active: Array
    exposed_overdose: Array
    exposed_other: Array
    active_treatment: Array
    active_custody: Array
    active_remission: Array
    active_overdose: Array
    active_other: Array
    treatment_active: Array
    treatment_custody: Array
    treatment_remission: Array
    treatment_overdose: Array
    treatment_other: Array
    custody_active: Array
    custody_treatment: Array
    custody_remission: Array
    custody_other: Array
    remission_active: Array
    remission_other: Array


def chances(rates: Moves, dt: float) -> Moves:
    """Chance of each move within a step.

    A box with exit rates summing to H loses ``1 - exp(-H dt)`` of its people, split by rate:
    exits can never exceed the stock.
    """
    origins: dict[str, list[str]] = {
        "exposed": [],
        "active": [],
        "treatment": [],
        "custody": [],
        "remission": [],
    }
    for move in Moves._fields:
        origins[move.split("_")[0]].append(move)
    found = {}
    for origin, moves in origins.items():
        total = sum(_by_origin(getattr(rates, move), origin, move) for move in moves)
        factor = -np.expm1(-total * dt) / np.maximum(total, np.finfo(float).tiny)
        for move in moves:
            found[move] = getattr(rates, move) * factor
    return Moves(**found)


def _by_origin(rate: Array, origin: str, move: str) -> Array:
    """Rate of leaving the origin: arrests for the three offences are summed."""
    return rate.sum(axis=0) if move.endswith("_custody") and origin != "custody" else rate


def arrivals(stock: People, chance: Moves, entries: Array) -> People:
    """Persons arriving in each box within a step, from the given stock.

    Parameters
    ----------
    stock : People
    chance : Moves, chances within the step
    entries : [persons], newly exposed in the step
    """
    custody = stock.custody
    return People(
        exposed=entries * np.ones_like(stock.exposed),
        active=stock.exposed * chance.exposed_active
        + stock.treatment * chance.treatment_active
        + np.sum(custody * chance.custody_active, axis=0)
        + stock.remission * chance.remission_active,
        treatment=stock.active * chance.active_treatment
        + np.sum(custody * chance.custody_treatment, axis=0),
        custody=stock.active * chance.active_custody + stock.treatment * chance.treatment_custody,
        remission=stock.active * chance.active_remission
        + stock.treatment * chance.treatment_remission
        + np.sum(custody * chance.custody_remission, axis=0),
        dead_overdose=stock.exposed * chance.exposed_overdose
        + stock.active * chance.active_overdose
        + stock.treatment * chance.treatment_overdose,
        dead_otherwise=stock.exposed * chance.exposed_other
        + stock.active * chance.active_other
        + stock.treatment * chance.treatment_other
        + np.sum(custody * chance.custody_other, axis=0)
        + stock.remission * chance.remission_other,
    )


def step(people: People, chance: Moves, entries: Array) -> tuple[People, People, People]:
    """Move everybody once; second-order accurate, and nobody is lost.

    A first pass finds the arrivals; exits are then taken from the stock plus half of them.

    Returns
    -------
    after : People, stocks at the end of the step
    middle : People, stocks that were exposed to risk during the step
    arrived : People, arrivals within the step; its dead fields are the deaths
    """
    first = arrivals(people, chance, entries)
    middle = People(*(box + 0.5 * new for box, new in zip(people, first, strict=True)))
    arrived = arrivals(middle, chance, entries)
    gone = _departures(middle, chance)
    after = (box - out + new for box, out, new in zip(people, gone, arrived, strict=True))
    return People(*after), middle, arrived


def _departures(stock: People, chance: Moves) -> People:
    """Persons leaving each box; nobody leaves the dead."""
    left = {}
    for origin in People._fields[:5]:
        moves = [move for move in Moves._fields if move.startswith(origin + "_")]
        share = sum(_by_origin(getattr(chance, move), origin, move) for move in moves)
        left[origin] = getattr(stock, origin) * share
    return People(**left, dead_overdose=np.zeros(1), dead_otherwise=np.zeros(1))


def treatment_entry(
    places: Array, reach: Array, in_need: Array, active: Array, leaving: Array
) -> Array:
    """Rate of entering treatment that keeps places filled [per year].

    Places turn over at the rate at which people leave; no more than a share ``reach`` of the
    people in need ever enters.

    Parameters
    ----------
    places : [places]
    reach : [share of active plus treated]
    in_need : [persons], active plus treated
    active : [persons]
    leaving : [per year], rate of leaving treatment by any way
    """
    return np.minimum(places, reach * in_need) * leaving / np.maximum(active, 1)


def custody_chance(multiplier: Array, elasticity: Array) -> Array:
    """Chance of custody given arrest relative to today when sentences change, ``m ** e`` [-]."""
    return multiplier**elasticity


def release_extra_years(first_month: Array, later: Array) -> Array:
    """Extra person-years at active-use risk that one release adds [years].

    Person-time, not a box: a month at relative risk ``first_month``, eleven at ``later``, both
    within people with dependent use.
    """
    return (first_month - 1) / 12 + (later - 1) * (1 - 1 / 12)


def sellers_next(sellers: Array, sentenced: Array, years: Array, dt: float) -> Array:
    """Non-using sellers in custody one step later, ``dS/dt = sentenced - S / years``.

    Parameters
    ----------
    sellers : [persons], shape (stages, ..., draws)
    sentenced : [persons per year]
    years : [years], time served
    """
    kept = np.exp(-dt / years)
    return sellers * kept + sentenced * years * (1 - kept)
