"""What is not known, by what a study could find out.

A theme is a set of parameter rows that one line of research would inform together. What the
record informs is one theme of its own, because its rows are fitted jointly.
"""

from collections.abc import Mapping

from simlib.analysis.believe import assumptions
from simlib.errors import check_name
from simlib.inputs.parameters import load_parameters
from simlib.inputs.posterior import shipped_posterior

RECORD = "All that is fitted to the record, and chance"
VALUES = "What lives and years are worth"

THEMES: Mapping[str, tuple[str, ...]] = {
    "How well money becomes pressure": ("effect_exponent_", "spending_lag_years"),
    "Today's budgets": ("budget_",),
    "How cost reaches the street price": (
        "pass_through_weight",
        "input_ratio_",
        "risk_share_",
        "prison_part_of_risk",
        "punishment_elasticity",
        "swamping_exponent",
        "retail_price",
    ),
    "How users answer to price": ("demand_elasticity", "iron_law_exponent"),
    "Whether the supply shock lasts": ("shock_plateau_months", "shock_recovery_months"),
    "How the trade is knocked down and recovers": (
        "knockdown_",
        "slack_distribution",
        "shock_precursor_share",
        "source_substitution_months",
        "recovery_months_",
        "vacuum_",
    ),
    "What arrests and sentences do to users": ("local_harm", "possession_custody_elasticity"),
    "What treatment, kits and prisons cost": (
        "treatment_cost",
        "treatment_crowding_out",
        "treatment_reach",
        "kit_cost",
        "reentry_cost",
        "prison_cost",
    ),
    VALUES: ("vsl", "value_per_qaly", "qaly_"),
}
"""Theme -> names of rows, or how the names of several rows begin."""


def free_parameters() -> dict[str, str]:
    """Theme by uncertain parameter that the record does not inform; independent of each other."""
    joint, rows = shipped_posterior().values, load_parameters()
    names = [n for n in assumptions() if n not in joint and rows[n].distribution != "fixed"]
    return {
        name: theme
        for theme, beginnings in THEMES.items()
        for name in names
        if name.startswith(beginnings)
    }


def members(theme: str) -> tuple[str, ...]:
    """Rows of a theme; of the record's theme, all that is fitted.

    Raises
    ------
    InputError
        When there is no such theme.
    """
    check_name("theme", theme, (RECORD, *THEMES))
    if theme == RECORD:
        return tuple(shipped_posterior().values)
    return tuple(name for name, of in free_parameters().items() if of == theme)


def movers() -> tuple[str, ...]:
    """Free parameters that can move deaths: all but what lives and years are worth."""
    return tuple(name for name, theme in free_parameters().items() if theme != VALUES)
