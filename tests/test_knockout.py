"""Series left out and mechanisms switched off: names, and one of each when tiny."""

import numpy as np
import pytest
from scipy.special import ndtr

import simlib
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.posterior import Posterior, shipped_posterior
from simlib.study import build, contraction, knockout, likelihood
from simlib.study.forecast import forecast
from simlib.study.refit import Effort, refit, witness_of

ROWS, OBSERVED = load_parameters(), load_observed()


def test_what_is_left_out_and_held_exists() -> None:
    for terms in knockout.SERIES.values():
        assert set(terms) <= set(likelihood.TERMS)
    for values in knockout.MECHANISMS.values():
        assert values
        assert set(values) <= set(ROWS)


def _few(rows: int = 40) -> Posterior:
    found = shipped_posterior()
    values = {name: column[:rows] for name, column in found.values.items()}
    return Posterior(values, found.residual[:rows], found.about)


@pytest.mark.parametrize("name", knockout.MECHANISMS)
def test_a_mechanism_switched_off_leaves_finite_numbers_and_matters(name: str) -> None:
    policies = [knockout.STATUS_QUO, *_policies()]
    held = knockout.MECHANISMS[name]
    off, on = (
        forecast(_few(), ROWS, OBSERVED, 1, 2030, each, policies).projection["deaths_fentanyl"]
        for each in (held, {})
    )
    assert np.all(np.isfinite(off))
    assert not np.array_equal(off, on)


def _policies() -> list[simlib.Policy]:
    levers = ("port_scanning", "border_integrity", "organised_crime", "drug_units")
    together = dict.fromkeys(levers, 400.0) | {"cartel_operations": 400.0}
    return [simlib.Policy.constant("all", together | {"sentence_selling": 0.5})]


def test_a_term_left_out_is_left_out() -> None:
    found = shipped_posterior().take(5)
    p = build.draws_from(np.zeros((5, len(found))), tuple(found), ROWS) | found
    flows = simlib.simulation.history(p, OBSERVED).flows
    apart = witness_of(OBSERVED)(p, flows) - witness_of(OBSERVED, ("anchors",))(p, flows)
    np.testing.assert_allclose(apart, likelihood.anchors(p, flows, OBSERVED))


def test_refit_holds_what_it_is_told_and_is_the_same_again() -> None:
    held = {"frailty_variance": 0.0}
    effort = Effort(200, 1)
    found, again = (refit(witness_of(OBSERVED), ROWS, OBSERVED, effort, 3, held) for _ in range(2))
    assert set(build.informed(ROWS)) - set(found.posterior.values) == set(held)
    assert found.sample.log_evidence == again.sample.log_evidence
    assert len(found.posterior.residual) == 200
    p = {name: np.full(200, row.value) for name, row in ROWS.items() if row.group != "lever"}
    p |= dict(found.posterior.values) | {"frailty_variance": np.zeros(200)}
    flows = simlib.simulation.history(p, OBSERVED).flows
    residual = likelihood.last_residual(p, flows, OBSERVED)
    np.testing.assert_allclose(residual, found.posterior.residual)
    likely = witness_of(OBSERVED)(p, flows)
    np.testing.assert_allclose(sorted(likely), sorted(found.sample.log_likelihood))


def test_a_variant_from_end_to_end_when_tiny() -> None:
    piece = knockout.perform("series_purity", 1, Effort(200, 1))
    table = knockout.table({"series_purity": piece}, "series", 1)
    assert table["without"].tolist() == ["purity"]
    assert table["gap_low"].item() <= table["gap"].item() <= table["gap_high"].item()
    assert 2016 <= table["largest_error_year"].item() <= 2024


def test_contraction_of_known_draws() -> None:
    """Draws from the prior have not moved; half the spread takes three quarters of the variance."""
    rng, values = np.random.default_rng(1), {}
    for name in build.informed(ROWS):
        factor = 0.5 if name == "overdose_rate" else 1.0
        shares = ndtr(factor * rng.standard_normal(4000))
        values[name] = ROWS[name].quantile(shares)
    found = contraction.table(Posterior(values, np.zeros(4000), {})).set_index("parameter")
    assert found.loc["overdose_rate", "contraction"] == pytest.approx(0.75, abs=0.03)
    assert found["moved"].sum() == 1
    np.testing.assert_allclose(found["contraction"].drop("overdose_rate"), 0, atol=0.09)
