"""The ledger: worked by hand on a made ensemble; its table, its page, its place in the files."""

import io
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from test_compare import made

import simlib
from simlib.analysis.ledger import ROWS, ledger
from simlib.charts.style import spoken
from simlib.compare import compare
from simlib.dashboard import Scenario, compute, phrases
from simlib.dashboard.catalogue import BORDER_NAME, INTERNAL_NAME
from simlib.dashboard.ledger_page import ledger_html
from simlib.dashboard.spending import SERIES
from simlib.errors import InputError
from simlib.inputs.tables import PAYERS


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    deaths = [[100, 200, 300, 400], [90, 190, 290, 390], [100, 195, 310, 400]]
    flows = {
        "overdoses": [50.0, 40.0, 45.0],
        "deaths_illicit": [5.0, 4.0, 5.0],
        "spending_musd": [0.0, 4.0, 4.0],
        "spending_federal_musd": [0.0, 3.0, 0.0],
        "spending_state_musd": [0.0, 1.0, 4.0],
        "custody_user_years": [0.0, 200.0, 20.0],
    }
    ensemble = made(deaths, flows)
    p = {**ensemble.parameters, "treatment_cost": np.full(4, 8_000.0)}
    return ledger(replace(ensemble, parameters=p)).set_index(["row", "policy"])


def test_numbers_worked_by_hand(found: pd.DataFrame) -> None:
    """Two projected years; ten deaths fewer in each draw and year under the first policy."""
    assert found.loc[("deaths_averted", "one"), "median"] == 20
    assert found.loc[("nonfatal_averted", "one"), "median"] == 18
    assert found.loc[("chance_better", "two"), "median"] == 0.25
    assert found.loc[("programme_money", "one"), "median"] == 8
    assert found.loc[("prison_money", "one"), "median"] == pytest.approx(20)  # 400 x 50,000 USD
    assert found.loc[("prison_years", "two"), "median"] == 40
    prison = 20 * 0.15
    assert found.loc[("paid_federal", "one"), "median"] == pytest.approx(6 + prison)
    discounted = (4 + 10) * (1 + 1 / 1.25)
    cost = found.loc[("cost_per_death_averted", "one"), "median"]
    assert cost == pytest.approx((4 + 10) * 2 * 1e6 / 20)
    lives = 10 * (1 + 1 / 1.25) * 10
    net = found.loc[("net_benefit_vsl", "one"), "median"]
    assert net == pytest.approx(lives - discounted)


def test_the_best_of_a_row_is_marked_once_and_only_where_it_is_better(found: pd.DataFrame) -> None:
    best = found["best"].groupby("row").sum()
    assert best.max() == 1
    assert found.loc[("deaths_averted", "one"), "best"]
    assert found.loc[("prison_years", "two"), "best"]
    assert best["programme_money"] == 0  # more is not worse
    assert best["imposed_per_dollar"] == 0  # the same under both


def test_no_death_averted_has_no_cost(found: pd.DataFrame) -> None:
    assert np.isnan(found.loc[("cost_per_death_averted", "two"), "median"])
    assert found.loc[("cost_per_death_averted", "one"), "best"]


@pytest.fixture(scope="module")
def real() -> simlib.Ensemble:
    return simlib.simulate([None, "border_surge", "treatment_and_naloxone"], draws=60)


def test_it_agrees_with_the_comparison(real: simlib.Ensemble) -> None:
    table = ledger(real).set_index(["row", "policy"])
    summary = compare(real, policy="border_surge").summary()
    of = table.xs("border_surge", level="policy")
    assert of.loc["deaths_averted", ["low90", "median", "high90"]].tolist() == [
        summary["deaths_averted_low"],
        summary["deaths_averted"],
        summary["deaths_averted_high"],
    ]
    for ours, theirs in (
        ("chance_better", "chance_that_any_are_averted"),
        ("cost_per_death_averted", "cost_per_death_averted_usd"),
        ("imposed_per_dollar", "imposed_per_dollar"),
    ):
        assert of.loc[ours, "median"] == summary[theirs]


def test_against_another_policy_the_signs_turn(real: simlib.Ensemble) -> None:
    table = ledger(real, "border_surge").set_index(["row", "policy"])["median"]
    forth = ledger(real).set_index(["row", "policy"])["median"]
    for row in ("deaths_averted", "programme_money", "qalys"):
        assert table[row, "status_quo"] == pytest.approx(-forth[row, "border_surge"])
    with pytest.raises(InputError, match="did you mean 'border_surge'"):
        ledger(real, "border_surge_")


def test_payers_add_up_to_programmes_and_prisons(real: simlib.Ensemble) -> None:
    table = ledger(real).set_index(["row", "policy"])["median"]
    compared = compare(real, policy="border_surge")
    spent = compared.total("programme_spending_musd") + compared.total("prison_cost_musd")
    paid = sum(table[f"paid_{payer}", "border_surge"] for payer in ("federal", "state", "local"))
    assert paid == pytest.approx(spent.mean())


class Cells(HTMLParser):
    """Tags, and the scopes of headers."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scopes: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.scopes += [value for name, value in attrs if name == "scope" and value]


def test_the_page_has_headers_and_says_what_is_best(real: simlib.Ensemble) -> None:
    table = ledger(real)
    page = ledger_html(table, {"border_surge": "<b>Surge</b>"}, "Against status quo")
    cells = Cells(page)
    assert cells.tags.count("caption") == 1
    assert cells.scopes.count("row") == len(ROWS)
    assert cells.scopes.count("col") == 3
    assert cells.tags.count("td") == 2 * len(ROWS)
    assert "<b>Surge" not in page
    assert page.count("(best)") == table["best"].sum() > 3


def test_each_policy_may_have_a_reference_and_rivals_of_its_own(real: simlib.Ensemble) -> None:
    own = ledger(real, {"treatment_and_naloxone": "border_surge", "border_surge": "status_quo"}, ())
    assert not own["best"].any()
    told = own.set_index(["row", "policy"])["median"]
    compared = compare(real, policy="treatment_and_naloxone", against="border_surge")
    middle = np.median(compared.averted)
    assert told["deaths_averted", "treatment_and_naloxone"] == middle


@pytest.mark.parametrize("health", [{}, {"naloxone": 300.0}])
def test_cost_per_death_divides_from_the_rows_above_it(health: dict[str, float]) -> None:
    """Everywhere the same number: ledger, words, cost view, and a reader's own division."""
    scenario = Scenario(total=2000.0, sentences={"sentence_selling": 0.2}, health=health)
    shown = compute.picture(replace(scenario, outcome="cost_per_death_averted"), 60, details=True)
    rows = shown.ledger.set_index(["row", "policy"])["median"]
    last = shown.tables["lines"].groupby("series")["median"].last()
    for name, label in SERIES.items():
        cost = rows["cost_per_death_averted", name]
        mean = rows["mean_money", name] / rows["mean_deaths_averted", name]
        assert cost == pytest.approx(1e6 * mean)
        assert last[label] == pytest.approx(mean, rel=1e-5)
        assert f"{phrases.dollars(cost)} ({label})" in shown.tables["words"].iloc[0]["title"]
        said = next(t for t in shown.verdict if t.startswith(phrases.capital(label)))
        assert f"costs {spoken(phrases.dollars(cost))} on average" in said
        paid = sum(rows[f"paid_{payer}", name] for payer in PAYERS)
        assert paid == pytest.approx(rows["mean_money", name])
    page = compute.ledger_page(shown)
    assert "the two rows above; neither is discounted" in page
    assert "counts only years lived until the projection ends" in page


def test_files_hold_the_ledger() -> None:
    shown = compute.picture(Scenario(total=500.0), 50, details=True)
    text = compute.export(shown, "csv").decode()
    notes = compute.export(shown, "txt").decode()
    assert "total = 500.0" in notes.splitlines()
    assert "Extra money 500 million USD" in notes
    rows = pd.read_csv(io.StringIO(text)).query("panel == 'ledger'")
    assert set(rows["row"]) == {row.name for row in ROWS}
    assert set(rows["series"]) == {"border-focused", "internal enforcement"}
    np.testing.assert_allclose(rows["median"], shown.ledger["median"], rtol=1e-12)
    page = compute.export(shown, "html").decode()
    assert "<table class='simlib-ledger'>" in page
    assert shown.verdict[1] in page
    assert "total = 500.0" in page


def test_the_verdict_says_the_numbers_of_the_ledger() -> None:
    shown = compute.picture(Scenario(total=3000.0), 200, details=True)
    table = shown.ledger.set_index(["policy", "row"])["median"]
    for policy, label in ((BORDER_NAME, "Border-focused"), (INTERNAL_NAME, "Internal enforcement")):
        said = next(text for text in shown.verdict if text.startswith(label))
        lives, prison = (
            spoken(phrases.people(table[policy, row])) for row in ("deaths_averted", "prison_years")
        )
        assert f"about {lives} deaths averted" in said
        assert f"spend {prison} more years in prison" in said


def test_a_drag_computes_neither_ledger_nor_identities() -> None:
    shown = compute.picture(Scenario(), 50)
    assert shown.ledger is None
    assert shown.identities == ()
    assert compute.ledger_page(shown) == ""
