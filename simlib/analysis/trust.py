"""How far the model was off before, read from the results of its studies.

The studies are commands of :mod:`simlib.study`; what they found is shipped as small tables.
"""

from functools import cache
from pathlib import Path

import pandas as pd

from simlib.errors import InputError, unknown
from simlib.inputs.observed import RECORD, load_observed
from simlib.inputs.tables import DATA

RESULTS = DATA / "study"
STUDIES = (
    "backtest",
    "backtest_by_year",
    "backtest_cases",
    "contraction",
    "coverage",
    "coverage_check",
    "drift",
    "knockouts",
    "left_out",
)
BELONGS = ("model", "settings")
"""Columns that say which model and which run a table belongs to."""
MODEL = "this model"
LEVELS = (50, 80, 95)
"""Intervals that are judged [%]."""


def result(name: str, folder: Path = RESULTS) -> pd.DataFrame:
    """A shipped table.

    Raises
    ------
    InputError
        When there is no such table, or it does not say which model it belongs to.
    """
    if name not in STUDIES:
        raise InputError(f"result {unknown(name, STUDIES)}")
    return _read(folder / f"{name}.csv").copy()


@cache
def _read(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, encoding="utf-8")
    except (OSError, ValueError) as problem:
        raise InputError(f"{path.name}: cannot be read as a table: {problem}") from problem
    if not set(BELONGS) <= set(table.columns) or table.empty:
        raise InputError(f"{path.name}: does not say which model it belongs to")
    return table


def past_errors(folder: Path = RESULTS) -> pd.DataFrame:
    """What the model would have said before, and what happened; one row a forecast.

    Columns: `known_until` and `years_ahead`, the year forecast (`begins` and `ends`, decimal
    years), `forecast` with its 80 % interval `low` to `high`, what `happened` [deaths in twelve
    months], `error` [share, forecast over what happened] and whether the interval `held`.
    """
    cases = result("backtest_cases", folder)
    own = cases[cases["forecaster"] == MODEL]
    begins = own["origin"] + own["years_ahead"] - 1
    return pd.DataFrame(
        {
            "known_until": own["origin"],
            "years_ahead": own["years_ahead"],
            "begins": begins,
            "ends": begins + 1,
            "forecast": own["median"],
            "low": own["low_80"],
            "high": own["high_80"],
            "happened": own["happened"],
            "error": own["median"] / own["happened"] - 1,
            "held": own["happened"].between(own["low_80"], own["high_80"]),
        }
    ).reset_index(drop=True)


def counted() -> pd.Series:
    """Deaths in the twelve months before the end of each quarter, by that date [decimal year]."""
    series = load_observed()[RECORD]
    return pd.Series(series.values, series.end).rolling(4).sum().dropna()


def date_in_words(when: float) -> str:
    """A date for a reader [decimal year]: the end of a year, or its middle."""
    month = round((when % 1) * 12)
    return f"the end of {int(when) - 1}" if month == 0 else f"mid-{int(when)}"


def in_words(folder: Path = RESULTS) -> tuple[str, ...]:
    """The same in a few sentences, for a panel."""
    errors, judged = past_errors(folder), result("backtest", folder).set_index("forecaster")
    held, all_of = int(errors["held"].sum()), len(errors)
    off = errors["error"].abs().groupby(errors["years_ahead"]).agg(["size", "median"])
    middling = (
        f"of the {each['size']:.0f} forecasts {_years(ahead)} ahead the middling one was off by "
        f"{100 * each['median']:.0f} %"
        for ahead, each in (next(off.iterrows()), *off.tail(1).iterrows())
    )
    score, wider = judged["wis_log"], judged.loc[MODEL, "wider_by"]
    rivals = score[~score.index.str.startswith(MODEL)]
    beaten = [name for name, each in rivals.items() if each > score[MODEL]]
    closer = judged.loc[rivals.index, "covered_80"].sub(0.8).abs()
    honester = closer[closer < abs(judged.loc[MODEL, "covered_80"] - 0.8)]
    said = [
        f"Calibrated {errors['known_until'].nunique()} times on what was known at an earlier date, "
        f"the model made {all_of} forecasts of a year's deaths. Its 80 % intervals held what "
        f"happened in {held} of them; honest ones hold about {0.8 * all_of:.0f}.",
        f"{', '.join(middling).capitalize()}: too few to say which is harder.",
        f"Weighted interval score: better than {len(beaten)} of {len(rivals)} forecasters that "
        f"know nothing of drugs ({', '.join(rivals.index)}). "
        f"Intervals nearer to what they claim: {', '.join(honester.index) or 'none of them'}.",
    ]
    if wider > 1:
        said.append(
            f"To have been honest, its bands would have had to be {wider:.1f} times as wide."
        )
    return tuple(said)


def _years(count: int) -> str:
    return "1 year" if count == 1 else f"{count} years"
