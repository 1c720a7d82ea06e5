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


class Chances(NamedTuple):
    """What happens to the people of each box within a step; the dead stay where they are."""

    moves: Moves
    """Chance of each move."""
    leaving: People
    """Chance of leaving each box at all."""
    present: People
    """Share of a step's arrivals in a box that are exposed to its exits."""


OFFENCES = 3
BOXES = {"exposed": 1, "active": 1, "treatment": 1, "custody": OFFENCES, "remission": 1}
"""Boxes of the living and how many places each has in stacked arrays."""
SMALL_HAZARD = np.finfo(float).eps ** 0.5
"""Below it half of the arrivals count as present: the exact share would be lost in rounding."""


def _places() -> tuple[dict[str, int | slice], dict[str, slice]]:
    """Rows of each move in stacked arrays, and of all moves out of each box."""
    rows: dict[str, int | slice] = {}
    leaving: dict[str, slice] = {}
    last = 0
    for move in Moves._fields:
        origin = move.split("_")[0]
        first, last = last, last + (OFFENCES if "custody" in move else 1)
        rows[move] = slice(first, last) if last > first + 1 else first
        leaving[origin] = slice(leaving.get(origin, slice(first, last)).start, last)
    return rows, leaving


ROWS, LEAVING = _places()


def _by_box(boxes: Array) -> People:
    """Values of the living by name, as views; nothing for the dead."""
    exposed, active, treatment = boxes[:3]
    nobody = np.zeros(1)
    return People(exposed, active, treatment, boxes[3:-1], boxes[-1], nobody, nobody)


def chances(rates: Moves, dt: float) -> Chances:
    """Chance of each move, and of leaving each box at all, within a step.

    A box with exit rates summing to H loses ``q = 1 - exp(-H dt)`` of its people, split by rate:
    exits can never exceed the stock. Of people who arrive evenly over the step a share
    ``1/q - 1/(H dt)`` counts as present, so that a box with steady arrivals is exact.
    """
    shape = np.broadcast_shapes(np.shape(rates.exposed_active), np.shape(rates.active_overdose))
    by_row = np.empty((LEAVING["remission"].stop, *shape))
    for move, rate in zip(Moves._fields, rates, strict=True):
        by_row[ROWS[move]] = rate
    exits = {box: by_row[LEAVING[box]].reshape(-1, n, *shape) for box, n in BOXES.items()}
    hazard = np.concatenate([rate.sum(axis=0) for rate in exits.values()]) * dt
    leaving = -np.expm1(-hazard)
    some = np.maximum(hazard, np.finfo(float).tiny)
    split = leaving / some * dt
    place = 0
    for rate in exits.values():
        rate *= split[place : place + rate.shape[1]]
        place += rate.shape[1]
    many = hazard > SMALL_HAZARD
    present = np.where(many, 1 / np.where(many, leaving, 1) - 1 / some, 0.5)
    moves = Moves(*(by_row[rows] for rows in ROWS.values()))
    return Chances(moves, _by_box(leaving), _by_box(present))


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


def step(people: People, chance: Chances, entries: Array) -> tuple[People, People, People]:
    """Move everybody once; second-order accurate, and nobody is lost.

    A first pass finds the arrivals; exits are then taken from the stock plus those of them that
    are present.

    Parameters
    ----------
    people : stocks at the start of the step
    chance : from `chances`
    entries : [persons], newly exposed in the step

    Returns
    -------
    after : People, stocks at the end of the step
    middle : People, stocks that were exposed to risk during the step
    arrived : People, arrivals within the step; its dead fields are the deaths
    """
    first = arrivals(people, chance.moves, entries)
    seen = zip(people, chance.present, first, strict=True)
    middle = People(*(box + present * new for box, present, new in seen))
    arrived = arrivals(middle, chance.moves, entries)
    boxes = zip(people, middle, chance.leaving, arrived, strict=True)
    after = People(*(box - there * gone + new for box, there, gone, new in boxes))
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


def sellers_rest(sentenced: Array, years: Array, dt: float) -> tuple[Array, Array]:
    """Where the number of non-using sellers in custody comes to rest, and what a step keeps.

    ``dS/dt = sentenced - S / years``.

    Parameters
    ----------
    sentenced : [persons per year], shape (stages, ..., draws)
    years : [years], time served

    Returns
    -------
    rest : [persons]
    kept : [share of the distance to rest that is left after a step]
    """
    return sentenced * years, np.exp(-dt / years)
