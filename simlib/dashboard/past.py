"""How far the model was off before, as a page below the picture."""

import html

from simlib import trust
from simlib.errors import InputError

HEADS = ("known until", "years ahead", "forecast", "8 in 10", "happened", "off by", "held")


def past() -> str:
    """Sentences and a row for each forecast of the back-tests, as HTML."""
    try:
        errors, said = trust.past_errors(), trust.in_words()
    except InputError as problem:
        return f"<p class='simlib-error'>{html.escape(str(problem))}</p>"
    words = "".join(f"<p>{html.escape(text)}</p>" for text in said)
    heads = "".join(f"<th scope='col'>{head}</th>" for head in HEADS)
    rows = "".join(
        f"<tr><th scope='row'>{row.known_until:.0f}</th><td>{row.years_ahead:.0f}</td>"
        f"<td>{row.forecast:,.0f}</td><td>{row.low:,.0f} to {row.high:,.0f}</td>"
        f"<td>{row.happened:,.0f}</td><td>{row.error:+.0%}</td>"
        f"<td>{'yes' if row.held else 'no'}</td></tr>"
        for row in errors.itertuples()
    )
    table = f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"
    caption = "<caption>Deaths in twelve months, forecast and counted</caption>"
    whole = f"<table class='simlib-table'>{caption}{table}</table>"
    return f"<div class='simlib-said'>{words}{whole}</div>"
