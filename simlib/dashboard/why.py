"""Why lines move: figures of the two identities and of the wedges, with what they say."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from simlib.analysis.identities import Identity
from simlib.analysis.wedges import Wedges
from simlib.charts import bars
from simlib.charts.style import BANDS, number, on_axis, percent
from simlib.dashboard.phrases import DIGITS, people
from simlib.inputs.parameters import load_parameters
from simlib.results import OUTCOMES, QUANTILES, quantiles

PAIRS_TOLD = 1
"""Interactions that are named in words: the largest."""


def identity_figure(identity: Identity, names: Mapping[str, str], footer: str) -> dict[str, Any]:
    """Change of each factor against no new policy, under each policy, with its range.

    Parameters
    ----------
    identity : from `simlib.analysis.identities`, whose first policy is the reference
    names : what each policy is called, the reference's included
    footer : source line

    Returns
    -------
    dict
        Specification for `simlib.charts.export`.
    """
    table = identity.table()
    series = table["policy"].map(names)
    rows = [
        f"{'= ' if factor == identity.names[-1] else '× ' if place else ''}{factor}"
        for place, factor in enumerate(identity.names)
    ]
    shown = table.assign(row=table["factor"].map(dict(zip(identity.names, rows, strict=True))))
    shown = shown.assign(series=series)[["row", "series", *BANDS]]
    changes, moved = [], []
    for policy in dict.fromkeys(table["policy"]):
        own = table[table["policy"] == policy].set_index("factor")["median"]
        product, factors = own.iloc[-1], own.iloc[:-1]
        changes.append(f"{names[policy]} {_percent(product)}")
        most = factors.abs().idxmax()
        if factors[most]:
            moved.append(f"{most} ({names[policy]} {_percent(factors[most])})")
    against = names[identity.policies[0]]
    words = {
        "title": f"{identity.title}: {', '.join(changes)}.",
        "subtitle": f"Against {against}, over the years of the policy. "
        + (f"What moved most: {', '.join(moved)}." if moved else "No factor moved."),
        "footer": f"Changes multiply out in every draw; their medians nearly do. {footer}",
        "axis": f"change against {against}, %",
    }
    return bars.figure(shown, words)


def _percent(value: float) -> str:
    said = on_axis(value, max(1.0, abs(value)), DIGITS)
    return f"{said if value <= 0 or said == '0' else '+' + said} %"


def wedges_figure(found: Wedges, policy: str, against: str, footer: str) -> dict[str, Any]:
    """What each lever adds to the difference, as steps that add up to it.

    Parameters
    ----------
    found : from `simlib.analysis.wedges.wedges`
    policy, against : what the two are called
    footer : source line

    Returns
    -------
    dict
        Specification for `simlib.charts.export`.
    """
    outcome, table = OUTCOMES[found.outcome], found.table()
    table = table.iloc[np.argsort(-table["share"].abs().to_numpy(), kind="stable")]
    begin = np.concatenate([[0.0], np.cumsum(table["share"])])
    labels = [load_parameters()[lever].label for lever in table["lever"]]
    steps = pd.DataFrame({"row": labels, "series": "", "begin": begin[:-1]})
    low, mean, high = (table[column].to_numpy() for column in ("low90", "share", "high90"))
    for band, values in zip(BANDS, (low, mean, mean, mean, high), strict=True):
        steps[band] = values
    steps["note"] = [f"· alone {number(alone, DIGITS)}" for alone in table["alone"]]
    total = quantiles(found.total[None], QUANTILES)[:, 0].astype(float)
    whole = {"row": "all together", "series": "", "begin": 0.0, "note": ""}
    whole |= dict(zip(BANDS, total, strict=True)) | {"median": float(found.total.mean())}
    unit = outcome.unit.removesuffix(" a year") if outcome.total else outcome.unit
    most = table.iloc[0]
    share = most["share"] / found.total.mean() if found.total.mean() else 0.0
    part = f" ({percent(share)})" if 0 < share <= 1 else ""
    words = {
        "title": f"{policy}: {_signed(found.total.mean())} {unit} on average, "
        f"the largest part through {labels[0].lower()}{part}.",
        "subtitle": f"{outcome.label}, against {against}, over the projection, mean of "
        f"{found.total.size} draws. Bar: what a lever adds; line: 9 in 10 futures. "
        f"{_interactions(found)}",
        "footer": f"Shares are averages over all orders of moving the levers. {footer}",
        "axis": f"{unit}, added up lever by lever",
    }
    return bars.figure(pd.concat([steps, pd.DataFrame([whole])], ignore_index=True), words)


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{people(value)}"


def _interactions(found: Wedges) -> str:
    """How much levers do together beyond each alone."""
    extra = float((found.total - found.alone.sum(axis=0)).mean())
    said = f"Acting together adds {_signed(extra)} to what each does alone"
    if found.together is None:
        worst = float(np.max(found.standard_error)) if found.standard_error is not None else 0.0
        return f"{said}; sampled orders, standard error up to {number(worst, DIGITS)}."
    rows = load_parameters()
    pairs = [
        f"{rows[first].label.lower()} with {rows[second].label.lower()} {_signed(together)}"
        for first, second, together in found.pairs().head(PAIRS_TOLD).itertuples(index=False)
    ]
    return f"{said}{': ' + ', '.join(pairs) if pairs else ''}."
