"""The world and its record by hand: a small record made up here, parameters set one by one."""

import numpy as np
import pytest

from simlib import world
from simlib.inputs import record
from simlib.inputs.observed import RECORD, Observed, Series
from simlib.model import custody
from simlib.model import today as conditions
from simlib.model.future import Drivers, Lanes

END = 2024.0


def series(name: str, first: float, *values: float, months: int = 12) -> Series:
    """One value a period, from the start of `first` on."""
    start = first + np.arange(len(values)) * months / 12
    words = ("",) * len(values)
    return Series(
        name,
        "",
        words,
        start,
        start + months / 12,
        np.array(values, dtype=float),
        np.array(words),
        (words,) * len(values),
        words,
        words,
    )


def made(*several: Series) -> Observed:
    return Observed({each.name: each for each in several})


OBSERVED = made(
    series(RECORD, END - 0.5, 9000.0, 9000.0, months=3),
    series("naloxone_kits", 2013, 1e5, 3e5, 5e5),
    series("buprenorphine_patients", 2013, 4e5, 6e5),
    series("methadone_patients", 2013, 3e5, 3e5),
    series("opioid_prescribed_mme", 2012, 300.0, 200.0, 100.0),
    series("drug_arrests", 2013, 1.6e6, 1e6, 8e5),
    series("scan_share_cars", 2013, 0.02, 0.1),
    series("scan_share_trucks", 2013, 0.2, 0.4),
    series("pill_fentanyl_mg", 2019, 1.5, 2.0, 2.5, 3.0, 3.5),
    series("powder_purity", 2019, 10.0, 20.0, 30.0, 40.0, 50.0),
    series("cbp_seized", 2018.75, 1000.0, 2000.0, 4000.0, 8000.0),
)
DRAW = {
    "population": 3e8,
    "naloxone_growth_since_record": 0.1,
    "treatment_growth_since_record": 0.05,
    "entry_2013": 1e5,
    "entry_decline": 0.1,
    "pandemic_effect": 0.3,
    "pandemic_start": 2020.25,
    "pandemic_end": 2022.5,
    "shock_onset": 2022.5,
    "shock_depth": 0.75,
    "shock_decline_months": 12.0,
    "shock_plateau_months": 6.0,
    "shock_recovery_months": 24.0,
    "shock_never_months": 120.0,
    "fentanyl_onset": 2013.5,
    "arrival_years": 0.5,
    "east_midpoint": 2016.0,
    "east_scale": 1.0,
    "west_midpoint": 2020.0,
    "west_scale": 1.0,
    "east_share": 0.6,
    "pill_share": 0.5,
    "purity_link": 0.5,
    "potency_drift_before_purity": 0.02,
    "tablet_mg": 100.0,
    "prescription_deaths_2013": 12000.0,
    "consumption_g_per_user": 4.0,
    "heroin_death_rate": 0.01,
    "exposed_people": 5e6,
    "other_death_rate_general": 0.008,
    "active_users_2013": 1e6,
    "remission_rate": 0.06,
    "relapse_rate": 0.15,
    "treatment_leaving_rate": 1.2,
    "treatment_to_remission_share": 0.1,
    "possession_arrest_rate": 0.4,
    "possession_custody_share": 0.5,
    "possession_years_served": 0.25,
    "selling_custody_rate": 0.02,
    "selling_years_served": 2.0,
    "other_custody_rate": 0.1,
    "other_years_served": 0.3,
    "seized_ceiling": 0.95,
}


def draws(**changed: float) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in (DRAW | changed).items()}


def driven(*times: float, **changed: float) -> Drivers:
    when = np.array(times)
    return world.drivers(draws(**changed), OBSERVED, when, np.zeros((len(when), 1)))


# --- drivers --------------------------------------------------------------------------------------


def test_services_grow_on_from_their_last_count_until_the_record_ends() -> None:
    """The last count of kits is of mid-2015, so they grow for eight and a half years."""
    times = np.array([2014.0, 2015.5, 2017.5, END, 2040.0])
    kits = world.kits_per_100k(draws(), OBSERVED, times)[:, 0] * 3e8 / 1e5
    full = 5e5 * 1.1**8.5
    np.testing.assert_allclose(kits, [2e5, 5e5, 5e5 * 1.21, full, full])
    places = world.treatment_places(draws(), OBSERVED, times)[:, 0]
    full = 9e5 * 1.05**9.5
    np.testing.assert_allclose(places, [8e5, 9e5 * 1.05, 9e5 * 1.05**3, full, full])


def test_new_users_become_fewer_until_the_record_ends() -> None:
    found = driven(2013.0, 2018.0, END, 2035.0)
    years = np.array([0, 5, 11, 11])
    np.testing.assert_allclose(found.entry[:, 0], 1e5 * np.exp(-0.1 * years))
    np.testing.assert_allclose(found.born_exposed, 5e6 * 0.008 + found.entry)


def test_the_pandemic_adds_risk_and_fades_over_its_last_year() -> None:
    found = driven(2020.2, 2020.3, 2021.4, 2022.0, 2022.6)
    added = np.log(found.circumstances / found.fentanyl_share)[:, 0]
    np.testing.assert_allclose(added, [0, 0.3, 0.3, 0.15, 0], atol=1e-12)


def test_fentanyl_comes_in_two_waves_and_not_before_its_onset() -> None:
    share = driven(2013.2, 2013.75, 2016.0, 2030.0).fentanyl_share[:, 0]

    def waves(t: float) -> float:
        return 0.6 / (1 + np.exp(2016 - t)) + 0.4 / (1 + np.exp(2020 - t))

    assert 0 < share[0] < 1e-12
    np.testing.assert_allclose(share[1:], [waves(2013.75) / 2, waves(2016.0), waves(2030.0)])


def test_what_follows_the_share_of_fentanyl() -> None:
    found = driven(2017.0, 2030.0)
    share = found.fentanyl_share
    np.testing.assert_allclose(found.heroin_deaths, 0.01 * (1 - share))
    np.testing.assert_allclose(found.kg_per_user, 0.004 * share * np.exp(found.log_potency_trend))


def test_what_was_counted_is_held_after_the_last_count() -> None:
    found = driven(2013.5, 2014.0, 2030.0)
    np.testing.assert_allclose(found.arrests[:, 0], [2, 1.625, 1])
    np.testing.assert_allclose(found.prescription_deaths[:, 0], [12000, 9000, 6000])
    np.testing.assert_allclose(found.scan_cars[:, 0], [0.02, 0.06, 0.1])
    np.testing.assert_allclose(found.scan_trucks[:, 0], [0.2, 0.3, 0.4])


def test_potency_follows_seized_purity_until_the_shock_and_drifts_before() -> None:
    """Means of three years, the ends doubled: pills 5/3, 2, ... mg, powder 40/3, 20, ... %."""
    found = driven(2016.0, 2019.5, 2021.5, 2022.5, 2030.0)
    pills = np.array([5 / 3, 5 / 3, 2.5, 3.0]) / 1.5
    powder = np.array([40 / 3, 40 / 3, 30, 40]) / 10
    trend = 0.5 * (0.5 * np.log(pills) + 0.5 * np.log(powder))
    by_hand = [trend[0] - 0.06, *trend[1:], trend[3]]
    np.testing.assert_allclose(found.log_potency_trend[:, 0], by_hand)
    pure = 0.5 * pills * 1.5 / 100 + 0.5 * powder * 10 / 100
    found = world.pure_share(draws(), OBSERVED, np.array([2016.0, 2019.5, 2021.5, 2022.5, 2030.0]))
    np.testing.assert_allclose(found[:, 0], [*pure, pure[3]])


def test_the_shock_lasts_to_the_end_of_the_record_and_a_plateau_beyond() -> None:
    """Down over 2022.5 to 2023.5, at the bottom to 2024.5, back over two years."""
    found = driven(2022.0, 2023.0, 2024.4, 2025.5, 2026.6)
    np.testing.assert_allclose(found.shock[:, 0], [1, 0.5, 0.25, 0.5, 1])
    never = driven(2024.4, 2040.0, shock_recovery_months=121.0)
    np.testing.assert_allclose(never.shock[:, 0], 0.25)


def test_a_decline_that_outlasts_the_record_has_its_plateau_after_its_end() -> None:
    slow = draws(shock_decline_months=48.0)
    np.testing.assert_allclose(world.shock_bottom(slow, OBSERVED), 0.5)
    np.testing.assert_allclose(world.shock_bottom(draws(), OBSERVED), 0.5 + 0.5)


# --- people and anchors ---------------------------------------------------------------------------


def test_the_first_boxes_are_in_balance_with_active_use() -> None:
    (treated,) = world.treatment_places(draws(), OBSERVED, np.array([world.HISTORY_START]))[0]
    assert treated == 7e5
    first = conditions.first_people(world.draw(draws()), treated)
    np.testing.assert_allclose(first.active, 1e6)
    np.testing.assert_allclose(first.treatment, treated)
    np.testing.assert_allclose(first.exposed, 5e6)
    held = [1e6 * 0.4 * 0.5 * 0.25, 1e6 * 0.02 * 2, 1e6 * 0.1 * 0.3]
    np.testing.assert_allclose([first.possession[0], first.selling[0], first.other[0]], held)
    np.testing.assert_allclose(first.remission, (1e6 * 0.06 + treated * 1.2 * 0.1) / 0.15)
    few = conditions.first_people(world.draw(draws(active_users_2013=2e5)), treated)
    np.testing.assert_allclose(few.treatment, 2e5)  # no more are treated than use


def test_possession_follows_arrests_and_selling_does_not() -> None:
    possession, selling, other = custody.custody_rates(world.draw(draws()), np.array([0.25]))
    np.testing.assert_allclose([possession[0], selling[0], other[0]], [0.05, 0.02, 0.1])


ANCHORS = {
    "border_seized_share": 0.1,
    "domestic_seized_share": 0.19,
    "wholesale_share_of_domestic": 0.25,
    "protected_share_border": 0.2,
    "protected_share_wholesale": 0.1,
    "protected_share_retail": 0.3,
    "port_share": 0.9,
    "truck_share": 0.25,
    "online_share": 0.2,
    "scanning_share_of_seizures": 0.3,
    "net_fatality_2020": 0.06,
    "naloxone_efficiency": 0.002,
    "naloxone_effect": 0.9,
    "witnessed_share": 0.5,
    "emergency_call": 0.6,
    "medics_in_time": 0.5,
    "overdose_rate": 0.1,
    "nondependent_share": 0.2,
}


def test_lanes_by_hand() -> None:
    """What is not seized of the protected share passes in lanes of its own."""
    a = world.anchors(draws(**ANCHORS), OBSERVED)
    passing = 0.81**0.25, 0.81**0.75  # of the domestic share, a quarter at wholesale in logs
    corrupted, wholesale, retail = 0.2 * 0.9, 0.1 * passing[0], 0.3 * passing[1]
    lanes = [
        (1 - corrupted) * 0.9 * 0.75,
        (1 - corrupted) * 0.9 * 0.25,
        (1 - corrupted) * 0.1,
        corrupted,
        1 - wholesale,
        wholesale,
        (1 - retail) * 0.8,
        (1 - retail) * 0.2,
        retail,
    ]
    np.testing.assert_allclose([weight[0] for weight in a.weights], lanes)
    scanned = lanes[0] * 0.1 + lanes[1] * 0.4
    np.testing.assert_allclose(a.detection, 0.3 * 0.1 / scanned)
    inside = -np.log(1 - (1 - passing[0]) / lanes[4])
    sold = -np.log(1 - (1 - passing[1]) / (1 - retail))
    np.testing.assert_allclose(a.open_wholesale, inside)
    np.testing.assert_allclose(a.open_retail, sold)
    hazards = Lanes(*(float(hazard[0]) for hazard in a.hazards))
    cars, trucks, between = hazards[:3]
    detected = [-np.log(1 - 0.3 * 0.1 / scanned * share) for share in (0.1, 0.4)]
    np.testing.assert_allclose([cars - between, trucks - between], detected)
    passed = [weight * np.exp(-hazard) for weight, hazard in zip(lanes, hazards, strict=True)]
    np.testing.assert_allclose(np.sum(passed[:4]), 0.9)
    np.testing.assert_allclose([hazards.wholesale, hazards.street, hazards.online],
                               [inside, *[sold] * 2])  # fmt: skip
    assert hazards.corrupted == hazards.wholesale_protected == hazards.retail_protected == 0


def test_deaths_of_the_reference_are_shared_between_dependent_and_occasional_users() -> None:
    """Net fatality is that of 2020; a fifth of all deaths are of people without dependence."""
    a = world.anchors(draws(**ANCHORS), OBSERVED)
    dependent = 1e6 * 0.1 * 0.06
    occasional = 5e6 * a.exposed_rate * 0.06
    np.testing.assert_allclose(occasional / (occasional + dependent), 0.2)
    kits = 5e5 * 1.1**5 / 3e8 * 1e5
    used = 1 - np.exp(-0.002 * kits)
    rescued = 0.5 * (1 - (1 - used * 0.9) * (1 - 0.6 * 0.5))
    np.testing.assert_allclose(a.untreated_fatality, [0.06 / (1 - rescued)])


# --- the record of seizures -----------------------------------------------------------------------


def test_pure_kilograms_seized_by_hand() -> None:
    """Purity of the middle of the fiscal year; years before it was known are left out."""
    start, end, seen = record.border_seizures(draws(), OBSERVED)
    np.testing.assert_allclose(start, [2018.75, 2019.75, 2020.75, 2021.75])
    np.testing.assert_allclose(end - start, 1)
    pills = np.array([1.5, 1.875, 2.375, 2.875]) / 100
    powder = np.array([0.10, 0.175, 0.275, 0.375])
    gross = np.array([1e3, 2e3, 4e3, 8e3])
    np.testing.assert_allclose(np.exp(seen[:, 0]), gross * 0.5 * (pills + powder))


def _flows(shipped: float) -> dict[str, np.ndarray]:
    time = np.arange(2018, 2024, 0.25) + 0.125
    made_kg = np.full((len(time), 1, 1), shipped)
    return {
        "time": time[:, None, None],
        "produced_kg": made_kg,
        "seized_border_kg": 0.1 * made_kg,
    }


def test_detection_drifts_to_the_record_and_what_passes_stays() -> None:
    found = record.with_recorded_detection(_flows(1000.0), draws(), OBSERVED)
    start, end, seen = record.border_seizures(draws(), OBSERVED)
    kept = record.by_period(found, "seized_border_kg", start, end)
    np.testing.assert_allclose(np.diff(np.log(kept), axis=0), np.diff(seen, axis=0), atol=0.02)
    np.testing.assert_allclose(found["produced_kg"] - found["seized_border_kg"], 900.0)
    np.testing.assert_allclose(found["seized_border_kg"][-4:], 100.0)


def test_detection_never_finds_more_than_its_ceiling() -> None:
    """Where the record asks for more than can be seized, the ceiling's share is."""
    flat = _flows(1000.0)
    found = record._detected(flat, np.full((24, 1, 1), np.log(30.0)), np.array([0.95]))
    np.testing.assert_allclose(found["produced_kg"], 900 / 0.05)
    np.testing.assert_allclose(found["seized_border_kg"], 900 / 0.05 - 900)


@pytest.mark.parametrize(
    ("when", "value"), [(2010.0, 1.0), (2019.0, 1.0), (2019.5, 2.0), (2020.5, 5.0), (2030.0, 7.0)]
)
def test_drift_is_linear_between_years_and_flat_outside(when: float, value: float) -> None:
    middle, values = np.array([2019.0, 2020.0, 2021.0]), np.array([[1.0], [3.0], [7.0]])
    np.testing.assert_allclose(record._between(np.array([when]), middle, values), [[value]])


def test_sums_and_means_over_a_period_take_the_steps_within() -> None:
    flows = {"time": np.arange(6)[:, None, None] + 0.5, "x": np.arange(6.0)[:, None, None]}
    np.testing.assert_allclose(
        record.by_period(flows, "x", np.array([0, 2]), np.array([2, 6])), [[1], [14]]
    )
    np.testing.assert_allclose(record.mean_over(flows, "x", 2, 4), [2.5])
