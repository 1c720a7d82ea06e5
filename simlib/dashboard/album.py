"""Pictures drawn beforehand, and a control to choose among them."""

from collections.abc import Mapping

import ipywidgets
from altair import TopLevelMixin

from simlib.analysis import trust
from simlib.charts import export
from simlib.charts import trust as pictures


def album(label: str, pictures: Mapping[str, str]) -> ipywidgets.VBox:
    """A list to choose from and, below it, the picture chosen.

    Parameters
    ----------
    label : what is chosen
    pictures : SVG by the name shown in the list; the first is on screen at the beginning
    """
    names = list(pictures)
    style = {"description_width": "initial"}
    choice = ipywidgets.Dropdown(options=names, description=label, style=style)
    shown = ipywidgets.HTML(pictures[names[0]])
    choice.observe(lambda change: shown.set_trait("value", pictures[change["new"]]), "value")
    return ipywidgets.VBox([choice, shown])


def picture(chart: TopLevelMixin, described: str) -> ipywidgets.HTML:
    """One picture, with a description for readers who do not see it."""
    return ipywidgets.HTML(_svg(chart, described))


def _svg(chart: TopLevelMixin, described: str) -> str:
    return export(chart.to_dict() | {"description": described}, "svg").decode()


def past_forecasts() -> ipywidgets.VBox:
    """What the model would have said at each origin of the back-tests, and what happened."""
    cases, counted = trust.result("backtest_cases"), trust.counted()
    own = cases[cases["forecaster"] == trust.MODEL]
    drawn = {}
    for origin, rows in own.groupby("origin"):
        name = trust.date_in_words(float(origin))
        chart = pictures.forecasts(rows, counted, float(origin))
        drawn[name] = _svg(chart, f"Deaths forecast from {name} and counted since.")
    return album("What was known until", drawn)
