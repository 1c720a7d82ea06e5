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


ORIGINS = {
    origin: tuple(move for move in Moves._fields if move.startswith(origin + "_"))
    for origin in People._fields[:-2]
}
TO_CUSTODY = ("active_custody", "treatment_custody")


def chances(rates: Moves, dt: float) -> tuple[Moves, People]:
    """Chance of each move, and of leaving each box at all, within a step.

    A box with exit rates summing to H loses ``1 - exp(-H dt)`` of its people, split by rate:
    exits can never exceed the stock. Nobody leaves the dead.
    """
    moves, leaving = {}, {}
    for origin, names in ORIGINS.items():
        total: Array | float = 0.0
        for name in names:
            rate = getattr(rates, name)
            total = total + (rate.sum(axis=0) if name in TO_CUSTODY else rate)
        leaving[origin] = -np.expm1(-np.asarray(total) * dt)
        factor = leaving[origin] / np.maximum(total, np.finfo(float).tiny)
        for name in names:
            moves[name] = getattr(rates, name) * factor
    nobody = np.zeros(1)
    return Moves(**moves), People(**leaving, dead_overdose=nobody, dead_otherwise=nobody)


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


def step(
    people: People, chance: Moves, leaving: People, entries: Array
) -> tuple[People, People, People]:
    """Move everybody once; second-order accurate, and nobody is lost.

    A first pass finds the arrivals; exits are then taken from the stock plus half of them.

    Parameters
    ----------
    people : stocks at the start of the step
    chance, leaving : from `chances`
    entries : [persons], newly exposed in the step

    Returns
    -------
    after : People, stocks at the end of the step
    middle : People, stocks that were exposed to risk during the step
    arrived : People, arrivals within the step; its dead fields are the deaths
    """
    first = arrivals(people, chance, entries)
    middle = People(*(box + 0.5 * new for box, new in zip(people, first, strict=True)))
    arrived = arrivals(middle, chance, entries)
    boxes = zip(people, middle, leaving, arrived, strict=True)
    after = People(*(box - half * gone + new for box, half, gone, new in boxes))
    return after, middle, arrived


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
