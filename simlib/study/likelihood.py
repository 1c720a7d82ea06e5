"""How likely the record is under each draw.

Counts carry an autocorrelated model error on the log hazard beside their own noise, so that 48
quarters are not mistaken for 48 independent witnesses. Anchors are single numbers with a spread.
Seizures speak only through yearly changes, because their detection drifts.
"""

from collections.abc import Callable, Mapping

import numpy as np

from simlib import world
from simlib.inputs.arrays import Array, Draws, Flows
from simlib.inputs.observed import RECORD, Observed, Series
from simlib.inputs.record import border_seizures, by_period, mean_over

BLOCK = 500


def _residuals(p: Draws, flows: Flows, observed: Observed) -> tuple[Array, Array]:
    """Log of observed over modelled quarterly deaths, and the share of them due to fentanyl."""
    series = observed[RECORD]
    modelled = by_period(flows, "deaths_fentanyl", series.start, series.end)
    residual = np.log(series.values)[:, None] - np.log(modelled)
    background = p["background_deaths"] * (series.end - series.start)[:, None]
    return residual, 1 - background / modelled


def last_residual(p: Draws, flows: Flows, observed: Observed) -> Array:
    """Model error on the log hazard at the end of the record: mean of the last two quarters."""
    residual, share = _residuals(p, flows, observed)
    return (residual[-2:] / share[-2:]).mean(axis=0)


def deaths_one_ahead(p: Draws, flows: Flows, observed: Observed) -> Array:
    """Log density of each quarter's deaths given all earlier quarters, shape (quarters, draws).

    Normal in logs: AR(1) model error on what fentanyl adds, and count noise.
    """
    residual, share = _residuals(p, flows, observed)
    noise = 1 / observed[RECORD].values + p["count_spread"][:, None] ** 2
    apart = np.abs(np.subtract.outer(np.arange(len(residual)), np.arange(len(residual))))
    found = np.empty_like(residual)
    for block in range(0, residual.shape[1], BLOCK):
        part = slice(block, block + BLOCK)
        spread = (p["model_error_sd"][part] * share[:, part]).T
        correlation = p["model_error_correlation"][part, None, None] ** apart
        covariance = spread[:, :, None] * spread[:, None, :] * correlation
        covariance[:, np.arange(len(residual)), np.arange(len(residual))] += noise[part]
        found[:, part] = normal_one_ahead(residual[:, part].T, covariance).T
    return found


def quarterly_deaths(p: Draws, flows: Flows, observed: Observed) -> Array:
    """Log density of all quarters together, shape (draws,)."""
    return deaths_one_ahead(p, flows, observed).sum(axis=0)


def normal_one_ahead(residual: Array, covariance: Array) -> Array:
    """Log density of each element of a multivariate normal given those before it, one row a draw.

    The Cholesky factor's rows are the regressions on what went before; the sum over a row is the
    joint log density.
    """
    factor = np.linalg.cholesky(covariance)
    white = np.linalg.solve(factor, residual[..., None])[..., 0]
    log_root = np.log(np.diagonal(factor, axis1=1, axis2=2))
    return -0.5 * (white**2 + np.log(2 * np.pi)) - log_root


def any_opioid_deaths(p: Draws, flows: Flows, observed: Observed) -> Array:
    """Yearly deaths from any opioid other than those already counted as T40.4."""
    series, synthetic = observed["deaths_any_opioid"], observed.yearly("deaths_synthetic_opioids")
    others = by_period(flows, "deaths_any_opioid", series.start, series.end) - by_period(
        flows, "deaths_fentanyl", series.start, series.end
    )
    counted = series.values - np.array([synthetic[int(year)] for year in series.start])
    return _anchor(np.log(others), np.log(counted)[:, None], p["other_opioid_spread"])


def purity_fall(p: Draws, flows: Flows, observed: Observed) -> Array:
    """Fall of seized purity since the shock, as far as street potency follows it.

    Compared on the street's scale, hence the Jacobian ``log(link)``.
    """
    pill, powder = observed["pill_fentanyl_mg"], observed["powder_purity"]
    found = np.zeros(len(p["purity_link"]))
    end = world.record_end(observed)
    early = np.where(powder.end <= end - 1, powder.values, 0)  # what is explained sets no base
    base = (powder.start >= np.floor(powder.start[np.argmax(early)])) & (early > 0.9 * early.max())
    when = (powder.start[base].min(), powder.end[base].max())
    before = np.log(mean_over(flows, "potency_ratio", *when))
    for last in (end - 0.5, end):
        late = (powder.start >= last - 0.5) & (powder.end <= last)
        if not late.any():
            continue
        fell = [np.log(s.values[late].mean() / s.values[base].mean()) for s in (pill, powder)]
        seized = p["pill_share"] * fell[0] + (1 - p["pill_share"]) * fell[1]
        street = np.log(mean_over(flows, "potency_ratio", last - 0.5, last)) - before
        found += _anchor(street, p["purity_link"] * seized, p["purity_spread"])
        found += np.log(np.maximum(p["purity_link"], np.finfo(float).tiny))
    return found


def fentanyl_waves(p: Draws, flows: Flows, observed: Observed) -> Array:
    """Fentanyl share of the market: laboratory samples, then seizures from the second wave on."""
    laboratory = observed["fentanyl_penetration_nflis_share"]
    seized = observed["fentanyl_share_of_fentanyl_and_heroin_seized"]
    late = seized.start > laboratory.end.max() - 1 / 12
    time = np.concatenate([laboratory.middle, seized.middle[late]])
    share = np.concatenate([laboratory.values, seized.values[late]])
    inside = time >= world.HISTORY_START
    modelled = world.fentanyl_share(p, time[inside])
    return _anchor(modelled, share[inside][:, None], p["wave_spread"])


def seizure_changes(p: Draws, flows: Flows, observed: Observed) -> Array:
    """Year-to-year changes of pure kilograms seized at the border; detection drifts."""
    start, end, seen = border_seizures(p, observed)
    modelled = np.log(by_period(flows, "seized_border_kg", start, end))
    return _anchor(np.diff(modelled, axis=0), np.diff(seen, axis=0), p["detection_drift"])


def anchors(p: Draws, flows: Flows, observed: Observed) -> Array:
    """People at risk, kilograms consumed and removed inside the country, street price."""
    users = observed["chronic_heroin_users"]
    at_risk = np.log(mean_over(flows, "active_years", 2016, 2017) / flows["dt"])
    consumed = np.log(mean_over(flows, "consumed_kg", 2021, 2024) / flows["dt"])
    removed = observed["dea_doses_removed"]
    inside = mean_over(flows, "seized_wholesale_kg", 2022, 2025)
    inside = np.log((inside + mean_over(flows, "seized_retail_kg", 2022, 2025)) / flows["dt"])
    end = world.record_end(observed)
    street = mean_over(flows, "price_ratio", end - 0.5, end)
    street = np.log(street * mean_over(flows, "potency_ratio", end - 0.5, end))
    return (
        _anchor(at_risk, np.log(users.values[-1]), p["users_spread"])
        + _anchor(consumed, np.log(p["consumption_anchor_kg"]), p["consumption_spread"])
        + _anchor(inside, np.log(_pure_kg(removed)), p["removed_spread"])
        + _anchor(street, np.zeros(1), p["street_price_spread"])
    )


def _pure_kg(doses: Series) -> float:
    """Kilograms in DEA's doses of 2 mg, mean over the years given."""
    return float(np.mean(doses.values)) * DOSE_MG


DOSE_MG = 2.0
"""Milligrams in DEA's dose; millions of doses times milligrams are kilograms."""


def _anchor(modelled: Array, seen: Array, spread: Array) -> Array:
    """Log density of independent normals, summed over all but the draws."""
    z = (modelled - seen) / spread
    logs = -0.5 * z**2 - np.log(spread) * np.ones_like(z) - 0.5 * np.log(2 * np.pi)
    return logs.reshape(-1, logs.shape[-1]).sum(axis=0)


TERMS: Mapping[str, Callable[[Draws, Flows, Observed], Array]] = {
    "quarterly_deaths": quarterly_deaths,
    "any_opioid_deaths": any_opioid_deaths,
    "purity_fall": purity_fall,
    "fentanyl_waves": fentanyl_waves,
    "seizure_changes": seizure_changes,
    "anchors": anchors,
}


def log_likelihood(p: Draws, flows: Flows, observed: Observed) -> Array:
    """Sum of all terms, shape (draws,); a draw with no finite value is impossible."""
    total = sum(term(p, flows, observed) for term in TERMS.values())
    return np.where(np.isfinite(total), total, -np.inf)
