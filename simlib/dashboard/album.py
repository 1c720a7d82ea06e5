"""How far the model was off before: as pictures drawn beforehand, and as a table in words."""

import calendar

import ipywidgets
from altair import TopLevelMixin
from jinja2 import Template

from simlib.analysis import trust
from simlib.charts import export
from simlib.charts import trust as pictures
from simlib.errors import InputError

PAST = Template(
    """<div class='simlib-said'>{% for text in sentences %}<p>{{ text }}</p>{% endfor %}
<table class='simlib-table'><caption>Deaths in twelve months, forecast and counted</caption>
<thead><tr>{% for head in ("known until", "twelve months forecast", "deaths forecast",
    "forecast, 8 in 10", "deaths counted", "forecast off by", "count within it") -%}
<th scope='col'>{{ head }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in rows %}<tr><th scope='row'>{{ date(row.known_until) }}</th>
<td>{{ months(row.begins) }}</td><td>{{ "{:,.0f}".format(row.forecast) }}</td>
<td>{{ "{:,.0f} to {:,.0f}".format(row.low, row.high) }}</td>
<td>{{ "{:,.0f}".format(row.happened) }}</td><td>{{ "{:+.0f} %".format(100 * row.error) }}</td>
<td>{{ "yes" if row.held else "no" }}</td></tr>{% endfor %}</tbody></table></div>""",
    autoescape=True,
)
PROBLEM = Template("<p class='simlib-error'>{{ problem }}</p>", autoescape=True)


def picture(chart: TopLevelMixin, described: str) -> ipywidgets.HTML:
    """One picture, with a description for readers who do not see it."""
    return ipywidgets.HTML(_svg(chart, described))


def _svg(chart: TopLevelMixin, described: str) -> str:
    return export(chart.to_dict() | {"description": described}, "svg").decode()


def past_forecasts() -> ipywidgets.VBox:
    """What the model would have said at each origin of the back-tests, and what happened.

    A list to choose the origin from and, below it, the picture chosen.
    """
    cases, counted = trust.result("backtest_cases"), trust.counted()
    own = cases[cases["forecaster"] == trust.MODEL]
    drawn = {}
    for origin, rows in own.groupby("origin"):
        name = trust.date_in_words(float(origin))
        chart = pictures.forecasts(rows, counted, float(origin))
        drawn[name] = _svg(chart, f"Deaths forecast from {name} and counted since.")
    origins = list(drawn)
    choice = ipywidgets.Dropdown(
        options=origins,
        description="What was known until",
        style={"description_width": "initial"},
    )
    shown = ipywidgets.HTML(drawn[origins[0]])
    choice.observe(lambda change: shown.set_trait("value", drawn[change["new"]]), "value")
    return ipywidgets.VBox([choice, shown])


def past() -> str:
    """Sentences and a row for each forecast of the back-tests, as HTML."""
    try:
        rows = trust.past_errors().itertuples()
        return PAST.render(
            sentences=trust.in_words(), rows=rows, date=trust.date_in_words, months=twelve_months
        )
    except InputError as problem:
        return PROBLEM.render(problem=problem)


def twelve_months(begins: float) -> str:
    """The twelve months from a date [decimal year], as months of the calendar."""
    year, month = divmod(round(12 * begins), 12)
    if month == 0:
        return f"January to December {year}"
    names = calendar.month_name
    return f"{names[month + 1]} {year} to {names[month]} {year + 1}"
