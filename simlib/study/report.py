"""The page on validation, written from the results: ``python -m simlib.study.report``."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from simlib.analysis import trust
from simlib.errors import InputError
from simlib.study.backtest import LOOK_AHEAD, MODEL, WITH_HINDSIGHT

PAGE = Path("docs") / "validation.md"
LEAST = 0.01
"""Chance of ranks as uneven as found below which a parameter is named."""
COVERED = {f"covered_{level}": f"{level} %" for level in trust.LEVELS}


def _markdown(table: pd.DataFrame, shown: Mapping[str, tuple[str, str]]) -> list[str]:
    """Rows of a table for a page: by column its heading and the format of its numbers."""
    lines = [
        "| " + " | ".join(heading for heading, _ in shown.values()) + " |",
        "|" + "---|" * len(shown),
    ]
    for row in table.to_dict("records"):
        cells = (format(row[name], form) for name, (_, form) in shown.items())
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


JUDGED = {
    "forecaster": ("forecaster", ""),
    "wis": ("score [deaths]", ",.0f"),
    "wis_log": ("score of logs", ".3f"),
    "bias_log": ("bias of logs", "+.2f"),
    "width_log_80": ("width of 80 % [log]", ".2f"),
    **{name: (heading, ".0%") for name, heading in COVERED.items()},
    "wider_by": ("should be wider by", ".1f"),
}
"""Columns of a table of forecasters."""
OF_CASE = {
    "known_until": ("known until", ""),
    "years_ahead": ("years ahead", "d"),
    "low": ("80 % from", ",.0f"),
    "forecast": ("forecast", ",.0f"),
    "high": ("80 % to", ",.0f"),
    "happened": ("happened", ",.0f"),
    "error": ("error", "+.0%"),
}
"""Columns of a table of forecasts."""


def _past(folder: Path) -> list[str]:
    errors, judged = trust.past_errors(folder), trust.result("backtest", folder)
    by_year = trust.result("backtest_by_year", folder)
    ahead = {"forecaster": ("forecaster", ""), "years_ahead": ("years ahead", "d")}
    return [
        " ".join(trust.in_words(folder)),
        "",
        "Weighted interval score: small is good. Coverage: what 50, 80 and 95 % intervals held. "
        f"There are {errors['known_until'].nunique()} origins, so these shares are themselves "
        "known roughly only. The drift beyond the record is at each origin the one estimated from "
        "the other origins.",
        "",
        *_markdown(judged, JUDGED),
        *_markdown(by_year, ahead | {k: v for k, v in JUDGED.items() if k != "forecaster"}),
        *_markdown(
            errors.assign(known_until=errors["known_until"].map(trust.date_in_words)), OF_CASE
        ),
        *_or_missing(_drift, folder),
        "**What the model could not unlearn:**",
        "",
        *(f"- {each}" for each in LOOK_AHEAD),
        "",
        "**Where we lose:**",
        "",
        *_losses(judged, by_year),
        "",
    ]


def _drift(folder: Path) -> list[str]:
    table = trust.result("drift", folder)
    everywhere, others = table.iloc[0], table["value"].iloc[1:]
    return [
        "**Drift of the log hazard beyond the record.** Maximum likelihood over blind forecasts: "
        f"{everywhere['value']:.2f} per square root of a year (95 % interval "
        f"{everywhere['low']:.2f} to {everywhere['high']:.2f}); leaving out one origin at a time, "
        f"{others.min():.2f} to {others.max():.2f}. The projection uses it, the calibration does "
        "not. Because it was added in answer to these back-tests, its good coverage here is no "
        "independent proof.",
        "",
    ]


def _losses(judged: pd.DataFrame, by_year: pd.DataFrame) -> list[str]:
    """Every comparison in which another does better, in words; hindsight does not count."""
    said = []
    tables = {"": judged} | {f", {y} year(s) ahead": t for y, t in by_year.groupby("years_ahead")}
    for when, rows in tables.items():
        table = rows.set_index("forecaster").drop(index=WITH_HINDSIGHT, errors="ignore")
        ours = table.loc[MODEL]
        for name, row in table.drop(index=MODEL).iterrows():
            if row["wis"] < ours["wis"]:
                said.append(f"{name}{when}: score {row['wis']:,.0f}, ours {ours['wis']:,.0f}.")
            for level in trust.LEVELS:
                held, own = row[f"covered_{level}"], ours[f"covered_{level}"]
                if abs(held - level / 100) < abs(own - level / 100):
                    said.append(
                        f"{name}{when}: {level} % intervals held {held:.0%}, ours {own:.0%}."
                    )
    return [f"- {each}" for each in said] or ["Nowhere in these comparisons."]


def _coverage(folder: Path) -> list[str]:
    table = trust.result("coverage", folder)
    parameters = table[table["kind"] == "parameter"]
    deaths = table[table["kind"] == "deaths"]
    uneven = parameters[parameters["p_even"] < LEAST]["quantity"]
    outside = parameters[~parameters["within_band"]]["quantity"]
    mean = ", ".join(f"{parameters[c].mean():.1%} of the {h} intervals" for c, h in COVERED.items())
    shown = {
        "quantity": ("quantity", ""),
        **{name: (heading, ".0%") for name, heading in COVERED.items()},
        "mean_rank": ("mean rank", ".2f"),
        "p_even": ("chance if even", ".3f"),
        "width_80": ("width of 80 %", ".2f"),
    }
    narrowest = parameters.sort_values("width_80").head(20)
    return [
        f"{table['records'].iloc[0]} synthetic records drawn from the prior of "
        f"{len(parameters)} parameters, each fitted with {table['settings'].iloc[0]}. "
        f"Over all of them the truth lay within {mean}. Ranks outside the 95 % band of an honest "
        f"posterior: {len(outside)} of {len(parameters)} parameters "
        f"({0.05 * len(parameters):.0f} expected by chance){_named(outside)}; "
        f"a chance below {LEAST:.0%}: {len(uneven)} "
        f"({LEAST * len(parameters):.0f} expected){_named(uneven)}.",
        "",
        "Width is that of the posterior's 80 % interval over the prior's (for deaths: over the "
        f"median): wide is not mistaken for honest. Deaths, and the {len(narrowest)} parameters "
        "that a record tells most about:",
        "",
        *_markdown(pd.concat([deaths, narrowest]), shown),
        *_or_missing(_check, folder),
    ]


def _check(folder: Path) -> list[str]:
    table = trust.result("coverage_check", folder)
    worst = table.sort_values("shift", ascending=False).head(3)
    each = zip(worst["quantity"], worst["shift"], strict=True)
    named = ", ".join(f"`{quantity}` ({shift:.2f})" for quantity, shift in each)
    return [
        f"**The sampler's own error.** {table['records'].iloc[0]} of the records were fitted again "
        "with more particles and moves. In standard deviations of the harder fit the fast "
        f"mode's means are off by {table['shift'].median():.2f} (median over quantities); most: "
        f"{named}. Its spread is {table['spread_ratio'].median():.2f} of the harder fit's.",
        "",
    ]


def _named(names: pd.Series) -> str:
    return f": {', '.join(f'`{name}`' for name in names)}" if len(names) else ""


ANSWER = {
    "without": ("without", ""),
    "log_likelihood_deaths": ("log likelihood of deaths", ".1f"),
    "largest_error": ("largest yearly error", "+.0%"),
    "largest_error_year": ("in", ".0f"),
    "gap_low": ("gap, 5 %", "+,.0f"),
    "gap": ("gap, median", "+,.0f"),
    "gap_high": ("gap, 95 %", "+,.0f"),
    "chance_border": ("border better", ".0%"),
    "chance_internal": ("internal better", ".0%"),
    "verdict": ("verdict", ""),
}


def _left_out(folder: Path) -> list[str]:
    return [
        "The record fitted again without one of its series. Gap: deaths averted by the border "
        "strategy less those averted by the internal one, over the projection, for the same money. "
        "The rows of other seeds show what the sampler alone moves.",
        "",
        *_markdown(trust.result("left_out", folder), ANSWER),
    ]


def _knockouts(folder: Path) -> list[str]:
    evidence = {"log_evidence": ("log evidence", ".1f")}
    left_out = trust.result("left_out", folder)
    whole = left_out[left_out["without"].str.startswith("nothing")]
    return [
        "The record fitted again with one mechanism switched off or pushed to one end. A log "
        "evidence well below that of the whole model speaks for the mechanism; compare the seeds.",
        "",
        *_markdown(pd.concat([whole, trust.result("knockouts", folder)]), ANSWER | evidence),
    ]


def _contraction(folder: Path) -> list[str]:
    table = trust.result("contraction", folder)
    shown = {
        "label": ("parameter", ""),
        "prior_50": ("prior median", ".5g"),
        "posterior_05": ("posterior, 5 %", ".5g"),
        "posterior_50": ("median", ".5g"),
        "posterior_95": ("95 %", ".5g"),
        "contraction": ("variance taken away", ".0%"),
        "shift": ("shift [sd of prior]", "+.2f"),
    }
    moved, still = table[table["moved"]], table[~table["moved"]]
    return [
        f"The record moved {len(moved)} of {len(table)} parameters.",
        "",
        *_markdown(moved, shown),
        f"**Not moved** ({len(still)}; what the model says about them is what was assumed): "
        + "; ".join(still["label"])
        + ".",
        "",
    ]


SECTIONS: Mapping[str, Callable[[Path], list[str]]] = {
    "How far off were we before?": _past,
    "Simulation-based calibration: do posterior and code agree?": _coverage,
    "Without one series of the record": _left_out,
    "Prior against posterior": _contraction,
    "Without one mechanism": _knockouts,
}


def _or_missing(section: Callable[[Path], list[str]], folder: Path) -> list[str]:
    try:
        return section(folder)
    except InputError:
        return ["*Not run yet.*", ""]


def page(folder: Path = trust.RESULTS) -> str:
    """The page as Markdown; a study that was not run is said to be missing."""
    lines = [
        "# Validation",
        "",
        "Written by `python -m simlib.study.report` from the tables in `simlib/data/study`; "
        "each table comes from a command of its own and says which model it belongs to.",
        "",
    ]
    for heading, section in SECTIONS.items():
        lines += [f"## {heading}", "", *_or_missing(section, folder)]
    return "\n".join(lines)


def main() -> None:
    """Write the page on validation."""
    parser = argparse.ArgumentParser(prog="python -m simlib.study.report")
    parser.add_argument("--to", type=Path, default=PAGE)
    path = parser.parse_args().to
    path.write_text(page(), encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
