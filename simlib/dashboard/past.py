"""How far the model was off before, as a page below the picture."""

import calendar
import html

from simlib.analysis import trust
from simlib.errors import InputError

HEADS = ("known until", "twelve months forecast", "deaths forecast", "forecast, 8 in 10",
         "deaths counted", "forecast off by", "count within it")  # fmt: skip


def twelve_months(begins: float) -> str:
    """The twelve months from a date [decimal year], as months of the calendar."""
    year, month = divmod(round(12 * begins), 12)
    if month == 0:
        return f"January to December {year}"
    names = calendar.month_name
    return f"{names[month + 1]} {year} to {names[month]} {year + 1}"


def past() -> str:
    """Sentences and a row for each forecast of the back-tests, as HTML."""
    try:
        errors, said = trust.past_errors(), trust.in_words()
    except InputError as problem:
        return f"<p class='simlib-error'>{html.escape(str(problem))}</p>"
    words = "".join(f"<p>{html.escape(text)}</p>" for text in said)
    heads = "".join(f"<th scope='col'>{head}</th>" for head in HEADS)
    rows = "".join(
        f"<tr><th scope='row'>{trust.date_in_words(row.known_until)}</th>"
        f"<td>{twelve_months(row.begins)}</td>"
        f"<td>{row.forecast:,.0f}</td><td>{row.low:,.0f} to {row.high:,.0f}</td>"
        f"<td>{row.happened:,.0f}</td><td>{100 * row.error:+.0f} %</td>"
        f"<td>{'yes' if row.held else 'no'}</td></tr>"
        for row in errors.itertuples()
    )
    table = f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"
    caption = "<caption>Deaths in twelve months, forecast and counted</caption>"
    whole = f"<table class='simlib-table'>{caption}{table}</table>"
    return f"<div class='simlib-said'>{words}{whole}</div>"
