"""Two products that must hold in every draw, and say which factor moved."""

import numpy as np
import pytest

import simlib
from simlib.analysis import identities
from simlib.inputs.policy import Policy

START = 2027


@pytest.fixture(scope="module")
def ensemble() -> simlib.Ensemble:
    policies = [None, "border_surge", "article_proposal", "treatment_and_naloxone"]
    return simlib.simulate(policies, draws=80)


def summed(ensemble: simlib.Ensemble, outcome: str) -> np.ndarray:
    return ensemble.yearly(outcome)[ensemble.years >= START].sum(axis=0)


@pytest.mark.parametrize(
    ("identity", "outcome"),
    [(identities.kilograms, "consumed_kg"), (identities.deaths, "deaths_illicit")],
)
def test_factors_multiply_out_in_every_draw(ensemble, identity, outcome) -> None:
    found = identity(ensemble, START)
    np.testing.assert_allclose(found.values[:-1].prod(axis=0), found.values[-1], rtol=1e-12)
    np.testing.assert_allclose(found.values[-1], summed(ensemble, outcome), rtol=1e-12)
    change = found.change()
    np.testing.assert_allclose(change[:-1].prod(axis=0), change[-1], rtol=1e-12)
    assert (change[:, 0] == 1).all()
    assert np.abs(change[-1, 1:] - 1).max() > 0.001  # not a comparison of nothing with nothing


def by_step(ensemble, flow):
    """A flow by step, shape (steps, policies, draws)."""
    parts = np.broadcast_arrays(*(p[flow][:1] for p in (ensemble.history, ensemble.projection)))
    shape = parts[0].shape[1:]
    return np.concatenate(
        [
            np.broadcast_to(part[flow], (len(part[flow]), *shape))
            for part in (ensemble.history, ensemble.projection)
        ]
    )


def test_kilograms_are_neither_made_nor_lost_on_the_way(ensemble) -> None:
    """What is delivered and not consumed is stock; it begins at nothing, is never negative."""
    seized = sum(by_step(ensemble, f"seized_{s}_kg") for s in ("border", "wholesale", "retail"))
    produced, consumed = (by_step(ensemble, f"{what}_kg") for what in ("produced", "consumed"))
    stock = np.cumsum(produced - seized - consumed, axis=0)
    assert stock.min() > -1e-9 * produced.sum(axis=0).max()
    assert stock.max() > 0
    found = identities.kilograms(ensemble, START)
    from_stock = found.values[found.names.index("from stock")]
    first = np.flatnonzero(
        np.concatenate([ensemble.history["time"], ensemble.projection["time"]]).ravel() >= START
    )[0]
    change = stock[-1] - stock[first - 1]
    delivered = found.values[-1] / from_stock
    np.testing.assert_allclose(delivered - found.values[-1], change, atol=1e-6 * delivered.max())


def test_each_policy_moves_its_own_factor(ensemble) -> None:
    kilograms = identities.kilograms(ensemble, START).change()
    deaths = identities.deaths(ensemble, START).change()
    border, wholesale = (
        identities.kilograms(ensemble).names.index(f"passed {stage}")
        for stage in ("border", "wholesale")
    )
    surge = ensemble.policies.index("border_surge")
    assert (kilograms[border, surge] <= 1 + 1e-12).all()
    assert np.median(kilograms[border, surge]) < 0.999
    np.testing.assert_allclose(kilograms[wholesale, surge], 1, rtol=1e-9)
    naloxone = ensemble.policies.index("treatment_and_naloxone")
    assert np.median(deaths[2, naloxone]) < 0.99
    np.testing.assert_allclose(deaths[2, surge], 1, rtol=1e-9)


def test_the_table_tells_levels_and_changes(ensemble) -> None:
    found = identities.deaths(ensemble, START)
    table = found.table().set_index(["factor", "policy"])
    assert set(table.index.get_level_values("policy")) == set(ensemble.policies[1:])
    row = table.loc[("deaths", "border_surge")]
    assert row["reference_level"] == pytest.approx(np.median(summed(ensemble, "deaths_illicit")[0]))
    middle = 100 * (np.median(found.change()[-1, 1]) - 1)
    assert row["median"] == pytest.approx(middle, abs=1e-4)
    assert row["low90"] <= row["low50"] <= row["median"] <= row["high50"] <= row["high90"]


def test_nothing_done_moves_nothing() -> None:
    nothing = simlib.simulate([None, Policy("nothing")], draws=20)
    for identity in (identities.kilograms, identities.deaths):
        assert (identity(nothing).change() == 1).all()


def test_change_is_over_the_policy_that_is_chosen(ensemble) -> None:
    found, chosen = identities.deaths(ensemble, START), 2
    np.testing.assert_allclose(found.change(chosen), found.values / found.values[:, [chosen]])
    table = found.table(chosen).set_index(["factor", "policy"])
    assert ensemble.policies[chosen] not in table.index.get_level_values("policy")
    forth = table.loc[("deaths", "status_quo"), "median"]
    by_hand = np.median(found.values[-1, 0] / found.values[-1, chosen])
    assert forth == pytest.approx(100 * (by_hand - 1), abs=1e-4)
