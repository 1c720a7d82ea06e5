"""Events 1 and 2: what policy alone does in a month, whatever the market does."""

from typing import Any

from simlib.model import custody, enforcement, market, overdose, supply
from simlib.model.functions import maximum
from simlib.model.future import Bought, Drivers, Future, Pressed, Stages, Stocks
from simlib.units import PER_100K, USD_PER_MILLION


def bought(f: Future, d: Drivers, levers: Any) -> Bought:
    """What there is of health measures, with what money buys: a line a programme."""
    p = f.p
    places = levers.treatment * USD_PER_MILLION / p.treatment_cost
    kits = levers.naloxone * USD_PER_MILLION / p.kit_cost / p.population * PER_100K
    rescued = overdose.rescue(p, maximum(d.kits_per_100k + kits, 0))
    return Bought(
        prevention=enforcement.intensity(
            levers.prevention, p.budget_prevention, p.effect_exponent_prevention, p.intensity_offset
        ),
        places=maximum(d.treatment_places + places * (1 - p.treatment_crowding_out), 0),
        fatality=f.a.untreated_fatality * (1 - rescued),
        reentry=levers.reentry_treatment * USD_PER_MILLION / p.reentry_cost,
    )


def press(f: Future, d: Drivers, levers: Any, now: Stocks) -> Pressed:
    """Events 1 and 2: what policy alone does in a step, whatever the market does.

    Parameters
    ----------
    levers : changes in force in the middle of the step, a field a lever
        [million USD per year; for sentences share of time served]
    now : stocks at its start
    """
    p = f.p
    i = enforcement.intensities(p, levers)
    searched = enforcement.search(f, d, i, now.weights)
    possession, selling = 1 + levers.sentence_possession, 1 + levers.sentence_selling
    arrests = enforcement.ratio(searched.met, f.today.arrests)
    punished = Stages(arrests.border, arrests.wholesale * selling, arrests.retail * selling)
    mean = enforcement.summed(punished) / len(punished)
    entry, release = custody.rates(p, d, arrests.retail, possession, selling)
    local = f.projected * p.local_harm * (arrests.retail - 1)
    return Pressed(
        seized=searched.seized,
        passed=enforcement.passed(searched.seized),
        premium=supply.premiums(f, punished),
        iron=market.iron_law(mean, p.iron_law_exponent * f.projected),
        circumstances=d.circumstances * (1 + local),
        cheaper=1 - p.vacuum_cheaper_handling * supply.added(i.cartel_operations),
        entry=entry,
        release=release,
        health=bought(f, d, levers),
        weights=searched.weights,
        capacity=supply.capacities_next(f, now.capacity, i),
        sellers=custody.sellers_next(f, d, now.sellers, arrests, selling),
    )
