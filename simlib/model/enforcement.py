"""Enforcement: money -> intensity -> hazards of the lanes -> seizures and arrests.

A lane is a way past one stage; lanes of one stage share one flow. Each function takes plain
numbers; arrays of many futures work alike.
"""

from typing import Any, NamedTuple

from simlib.model.functions import Number, exp, log1p, maximum, minimum, power
from simlib.model.future import Anchors, Draw, Drivers, Future, Lanes, Stages, toward


class Intensity(NamedTuple):
    """Pressure of each enforcement programme relative to today's [-]."""

    port_scanning: Number = 1.0
    port_officers: Number = 1.0
    between_ports: Number = 1.0
    border_integrity: Number = 1.0
    precursor_control: Number = 1.0
    cartel_operations: Number = 1.0
    drug_units: Number = 1.0
    organised_crime: Number = 1.0
    cyber_units: Number = 1.0
    police_integrity: Number = 1.0


STEADY = Intensity()
"""No programme moved."""


def intensity(change: Number, budget: Number, exponent: Number, offset: Number) -> Number:
    """Relative intensity of a programme, 1 at today's spending.

    ``I = ((S/B + o) / (1 + o)) ** g``: diminishing returns, and ``g = 0`` means money buys nothing.

    Parameters
    ----------
    change : [million USD per year], spending that has taken effect, minus today's
    budget : [million USD per year], today's spending B (poorly known, therefore sampled)
    exponent : [-], 0-0.8
    offset : [-], keeps intensity above zero when a programme is abolished
    """
    ratio = maximum(1 + change / budget, 0)
    return power((ratio + offset) / (1 + offset), exponent)


def intensities(p: Draw, money: Any) -> Intensity:
    """Event 1: what each programme's money amounts to, one line a programme.

    Parameters
    ----------
    p : a draw
    money : change of spending in force by programme [million USD per year]
    """
    scale, offset = p.budget_scale, p.intensity_offset
    border = maximum(p.effect_exponent_border, 0)
    abroad = maximum(p.effect_exponent_abroad, 0)
    internal = maximum(p.effect_exponent_internal, 0)
    return Intensity(
        intensity(money.port_scanning, p.budget_port_scanning * scale, border, offset),
        intensity(money.port_officers, p.budget_port_officers * scale, border, offset),
        intensity(money.between_ports, p.budget_between_ports * scale, border, offset),
        intensity(money.border_integrity, p.budget_border_integrity * scale, border, offset),
        intensity(money.precursor_control, p.budget_precursor_control * scale, abroad, offset),
        intensity(money.cartel_operations, p.budget_cartel_operations * scale, abroad, offset),
        intensity(money.drug_units, p.budget_drug_units * scale, internal, offset),
        intensity(money.organised_crime, p.budget_organised_crime * scale, internal, offset),
        intensity(money.cyber_units, p.budget_cyber_units * scale, internal, offset),
        intensity(money.police_integrity, p.budget_police_integrity * scale, internal, offset),
    )


def scan_hazard(scan_share: Number, detection: Number, ceiling: Number) -> Number:
    """Seizure hazard from scanning a share of vehicles, ``-ln(1 - detection * scan)``.

    Parameters
    ----------
    scan_share : [share of vehicles], 0-1
    detection : [probability of detection given a scan], 0-1
    ceiling : [share], the most that scanning can find, below 1: some always passes
    """
    return -log1p(-minimum(minimum(scan_share, 1) * detection, ceiling))


def hazards(p: Draw, a: Anchors, scan_cars: Number, scan_trucks: Number, i: Intensity) -> Lanes:
    """Seizure hazard of every lane [-]; nothing is ever found in the corrupted and protected ones.

    Parameters
    ----------
    a : today's anchors of the draw
    scan_cars, scan_trucks : share of vehicles scanned without new policy
    """
    officers = a.open_border * i.port_officers
    none = 0 * officers
    return Lanes(
        scan_hazard(scan_cars * i.port_scanning, a.detection, p.seized_ceiling) + officers,
        scan_hazard(scan_trucks * i.port_scanning, a.detection, p.seized_ceiling) + officers,
        a.open_border * i.between_ports,
        none,
        a.open_wholesale * i.organised_crime,
        none,
        a.open_retail * i.drug_units,
        a.open_retail * i.cyber_units,
        none,
    )


def lane_seizes(weight: Number, hazard: Number) -> Number:
    """Share of a stage's flow that is seized in one lane, ``w (1 - exp(-h))``."""
    return weight * (1 - exp(-hazard))


def seized_shares(w: Lanes, h: Lanes, ceiling: Number) -> Stages:
    """Share of the flow seized at each stage, ``s = sum_l w_l (1 - exp(-h_l))``, at most ceiling.

    Parameters
    ----------
    w : [share of the stage's flow]
    h : hazard [-]; that of corrupted and protected lanes is 0
    ceiling : [share], the most that can be seized (0.95)
    """
    border = lane_seizes(w.cars, h.cars) + lane_seizes(w.trucks, h.trucks)
    border = border + lane_seizes(w.between, h.between)
    retail = lane_seizes(w.street, h.street) + lane_seizes(w.online, h.online)
    return Stages(
        minimum(border, ceiling),
        minimum(lane_seizes(w.wholesale, h.wholesale), ceiling),
        minimum(retail, ceiling),
    )


def pressure_met(w: Lanes, h: Lanes) -> Stages:
    """Pressure that the average kilo meets at each stage, ``sum_l w_l h_l``; arrests follow it."""
    return Stages(
        w.cars * h.cars + w.trucks * h.trucks + w.between * h.between,
        w.wholesale * h.wholesale,
        w.street * h.street + w.online * h.online,
    )


def ratio(one: Stages, other: Stages) -> Stages:
    """Ratio, stage by stage."""
    return Stages(
        one.border / other.border, one.wholesale / other.wholesale, one.retail / other.retail
    )


def passed(seized: Stages) -> Number:
    """Share of what is shipped that is left after all stages."""
    return (1 - seized.border) * (1 - seized.wholesale) * (1 - seized.retail)


def summed(each: Stages) -> Number:
    """Sum over stages."""
    return each.border + each.wholesale + each.retail


def sheltered_weights(w: Lanes, h: Lanes, now: Lanes, i: Intensity, strength: Number) -> Lanes:
    """Lane weights that traffic moves toward: lanes where pressure was not added.

    ``w_l ~ w_l0 exp(-strength (h_l - h_l0))`` within each stage; integrity programmes shrink what
    the corrupted and protected lanes are open to. Weights of a stage add up to one.

    Parameters
    ----------
    w, now : weights and hazards of today
    h : hazards
    strength : [-], 0 = traffic never moves
    """
    cars = w.cars * exp(-strength * (h.cars - now.cars))
    trucks = w.trucks * exp(-strength * (h.trucks - now.trucks))
    between = w.between * exp(-strength * (h.between - now.between))
    corrupted = w.corrupted / i.border_integrity
    border = cars + trucks + between + corrupted
    wholesale = w.wholesale * exp(-strength * (h.wholesale - now.wholesale))
    wholesale_protected = w.wholesale_protected / i.police_integrity
    inland = wholesale + wholesale_protected
    street = w.street * exp(-strength * (h.street - now.street))
    online = w.online * exp(-strength * (h.online - now.online))
    retail_protected = w.retail_protected / i.police_integrity
    retail = street + online + retail_protected
    return Lanes(
        cars / border,
        trucks / border,
        between / border,
        corrupted / border,
        wholesale / inland,
        wholesale_protected / inland,
        street / retail,
        online / retail,
        retail_protected / retail,
    )


def moved(now: Lanes, wanted: Lanes, kept: Number) -> Lanes:
    """Lane weights a step later: traffic takes time to move."""
    return Lanes(
        toward(now.cars, wanted.cars, kept),
        toward(now.trucks, wanted.trucks, kept),
        toward(now.between, wanted.between, kept),
        toward(now.corrupted, wanted.corrupted, kept),
        toward(now.wholesale, wanted.wholesale, kept),
        toward(now.wholesale_protected, wanted.wholesale_protected, kept),
        toward(now.street, wanted.street, kept),
        toward(now.online, wanted.online, kept),
        toward(now.retail_protected, wanted.retail_protected, kept),
    )


def halfway(one: Lanes, other: Lanes) -> Lanes:
    """Lane weights in the middle of a step."""
    return moved(one, other, 0.5)


class Searched(NamedTuple):
    """What is found in a step, and where traffic goes."""

    seized: Stages
    """Share of what enters each stage."""
    met: Stages
    """Pressure met by the average kilo, which arrests follow."""
    weights: Lanes
    """At the end of the step."""


def search(f: Future, d: Drivers, i: Intensity, now: Lanes) -> Searched:
    """Event 2: traffic moves between lanes, and what is found there.

    Parameters
    ----------
    now : lane weights at the start of the step
    """
    h = hazards(f.p, f.a, d.scan_cars, d.scan_trucks, i)
    wanted = sheltered_weights(f.a.weights, h, f.a.hazards, i, f.p.displacement_strength)
    after = moved(now, wanted, f.kept.traffic)
    within = halfway(now, after)
    seized = seized_shares(within, h, f.p.seized_ceiling)
    return Searched(seized, pressure_met(within, h), after)
