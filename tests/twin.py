"""A twin of the model under the status quo: plain Python, one draw, explicit Euler at a fine step.

Written from the design and the docstrings, not from the code; it calls no mechanism of `simlib`.
The observed series (scanning, arrests, treatment places, kits, trend of potency) are fed in.
"""

from collections.abc import Callable, Mapping
from math import exp, log

START = 2013.0
OFFENCES = ("possession", "selling", "other")


def fentanyl_share(p: Mapping[str, float], t: float) -> float:
    """Two waves after a short arrival."""
    east = 1 / (1 + exp(-(t - p["east_midpoint"]) / p["east_scale"]))
    west = 1 / (1 + exp(-(t - p["west_midpoint"]) / p["west_scale"]))
    arrived = min(max((t - p["fentanyl_onset"]) / p["arrival_years"], 0), 1)
    return max(arrived * (p["east_share"] * east + (1 - p["east_share"]) * west), 2.2e-16)


def shock(p: Mapping[str, float], t: float, end: float) -> float:
    """Production left: a fall straight in logs, a plateau past the record, a way back."""
    decline, recovery = p["shock_decline_months"] / 12, p["shock_recovery_months"] / 12
    bottom = p["shock_onset"] + decline
    rise = max(bottom, end) + p["shock_plateau_months"] / 12
    down = min(max((t - p["shock_onset"]) / decline, 0), 1)
    back = 0.0
    if p["shock_recovery_months"] <= p["shock_never_months"]:
        back = min(max((t - rise) / recovery, 0), 1)
    return (1 - p["shock_depth"]) ** (down - back)


class Supply:
    """Lanes and costs."""

    def __init__(self, p: Mapping[str, float], scan: tuple[float, float]) -> None:
        kept = 1 - p["domestic_seized_share"]
        wholesale = 1 - kept ** p["wholesale_share_of_domestic"]
        self.seized0 = (p["border_seized_share"], wholesale, 1 - kept / (1 - wholesale))
        stages = ("border", "wholesale", "retail")
        safe = [
            p[f"protected_share_{s}"] * (1 - x) for s, x in zip(stages, self.seized0, strict=True)
        ]
        ports = (1 - safe[0]) * p["port_share"]
        online = (1 - safe[2]) * p["online_share"]
        self.now = [
            [ports * (1 - p["truck_share"]), ports * p["truck_share"],
             (1 - safe[0]) * (1 - p["port_share"]), safe[0]],
            [1 - safe[1], safe[1]],
            [1 - safe[2] - online, online, safe[2]],
        ]  # fmt: skip
        self.first = [list(lanes) for lanes in self.now]
        found = self.first[0][0] * scan[0] + self.first[0][1] * scan[1]
        caught = p["scanning_share_of_seizures"] * self.seized0[0]
        self.detection = min(caught / found, 1)
        by_scan = [-log(1 - self.detection * share) for share in scan]
        self.open = [
            self._completing(self.seized0[0], self.first[0][:3], [*by_scan, 0.0]),
            self._completing(self.seized0[1], self.first[1][:1], [0.0]),
            self._completing(self.seized0[2], self.first[2][:2], [0.0, 0.0]),
        ]
        self.p, self.hazards0 = p, self.hazards(scan)
        self.arrests0 = self.arrests(self.hazards0)

    @staticmethod
    def _completing(seized: float, weights: list[float], known: list[float]) -> float:
        """By bisection: the hazard that brings the seized share to today's."""
        low, high = 0.0, 20.0
        for _ in range(80):
            h = (low + high) / 2
            got = sum(w * (1 - exp(-k - h)) for w, k in zip(weights, known, strict=True))
            low, high = (h, high) if got < seized else (low, h)
        return low

    def hazards(self, scan: tuple[float, float]) -> list[list[float]]:
        border, wholesale, retail = self.open
        cars, trucks = (-log(1 - self.detection * min(share, 1)) + border for share in scan)
        return [[cars, trucks, border, 0.0], [wholesale, 0.0], [retail, retail, 0.0]]

    def arrests(self, hazards: list[list[float]]) -> list[float]:
        pairs = zip(self.now, hazards, strict=True)
        return [sum(w * h for w, h in zip(*stage, strict=True)) for stage in pairs]

    def seized(self, hazards: list[list[float]]) -> list[float]:
        pairs = zip(self.now, hazards, strict=True)
        return [sum(w * (1 - exp(-h)) for w, h in zip(*stage, strict=True)) for stage in pairs]

    def move(self, hazards: list[list[float]], dt: float) -> None:
        pace = log(2) / (self.p["displacement_half_life_months"] / 12)
        for lanes, first, now, old in zip(
            self.now, self.first, hazards, self.hazards0, strict=True
        ):
            aim = [
                w * exp(-self.p["displacement_strength"] * (h - h0))
                for w, h, h0 in zip(first, now, old, strict=True)
            ]
            for i, wanted in enumerate(aim):
                lanes[i] += (wanted / sum(aim) - lanes[i]) * pace * dt


class Costs:
    """Costs of the trade, relative to those at the end of the record."""

    def __init__(self, p: Mapping[str, float], seized: list[float], volume: float) -> None:
        self.p, self.volume = p, volume
        prices = [p["retail_price"]]
        for stage, s in zip(("retail", "wholesale", "border"), seized[::-1], strict=True):
            prices.insert(0, p[f"input_ratio_{stage}"] * prices[0] * (1 - s))
        self.prices = prices
        added = [prices[i + 1] * (1 - seized[i]) - prices[i] for i in range(3)]
        shares = [p[f"risk_share_{s}"] for s in ("border", "wholesale", "retail")]
        self.risk = [a * share for a, share in zip(added, shares, strict=True)]
        self.handling = [a - r for a, r in zip(added, self.risk, strict=True)]
        passed, at_retail = 1.0, 0.0
        for r, s in zip(self.risk[::-1], seized[::-1], strict=True):
            passed *= 1 - s
            at_retail += p["prison_part_of_risk"] * r / passed
        self.sigma = p["punishment_elasticity"] * prices[3] / at_retail

    def ratio(self, seized: list[float], arrests: list[float], volume: float) -> float:
        p, limit = self.p, self.p["swamping_limit"]
        thin = min(max(self.volume / volume, 1 / limit), limit) ** p["swamping_exponent"]
        chain, own = self.prices[0], 1.0
        for i in range(3):
            prison = p["prison_part_of_risk"] * arrests[i] ** self.sigma
            risk = self.risk[i] * (prison + 1 - p["prison_part_of_risk"]) * thin
            chain = (chain + self.handling[i] + risk) / (1 - seized[i])
            alone = (self.prices[i] + self.handling[i] + risk) / (1 - seized[i])
            own *= alone / self.prices[i + 1]
        theta = p["pass_through_weight"]
        return own**theta * (chain / self.prices[3]) ** (1 - theta)


def rescued(p: Mapping[str, float], kits: float) -> float:
    used = 1 - exp(-p["naloxone_efficiency"] * kits)
    missed = (1 - used * p["naloxone_effect"]) * (1 - p["emergency_call"] * p["medics_in_time"])
    return p["witnessed_share"] * (1 - missed)


def run(
    p: Mapping[str, float], fed: Callable[[float], Mapping[str, float]], end: float, last: float,
    per_year: int = 480,
) -> dict[int, dict[str, float]]:  # fmt: skip
    """Yearly deaths (T40.4), kg consumed and people by box under the status quo."""
    dt, first = 1 / per_year, fed(START)
    today = fed(end)
    supply, costs = Supply(p, (today["scan_cars"], today["scan_trucks"])), None
    untreated = p["net_fatality_2020"] / (1 - rescued(p, fed(2020.5)["kits_per_100k"]))
    odds = p["nondependent_share"] / (1 - p["nondependent_share"])
    exposed_rate = odds * p["overdose_rate"] * p["active_users_2013"] / p["exposed_people"]
    active, exposed = p["active_users_2013"], p["exposed_people"]
    treated = min(first["treatment_places"], active)
    entry_rates = [
        p["possession_arrest_rate"] * p["possession_custody_share"],
        p["selling_custody_rate"],
        p["other_custody_rate"],
    ]
    served = [p[f"{o}_years_served"] for o in OFFENCES]
    held = [active * r * y for r, y in zip(entry_rates, served, strict=True)]
    leave, to_off = p["treatment_leaving_rate"], p["treatment_to_remission_share"]
    off = (active * p["remission_rate"] + treated * leave * to_off) / p["relapse_rate"]
    shipped = 1 / ((1 - p["border_seized_share"]) * (1 - p["domestic_seized_share"]))
    most = shipped
    stock = substituted = lived = 0.0
    tolerance, volume = first["log_potency_trend"], active + p["moud_risk_ratio"] * treated
    lag, general = p["shipment_lag_months"] / 12, p["other_death_rate_general"]
    extra_years = (p["post_release_first_month"] - 1) / 12
    extra_years += (p["post_release_later"] - 1) * 11 / 12
    extra_years *= 1 - p["reentry_coverage_today"] * p["reentry_effect"]
    years: dict[int, dict[str, float]] = {}
    for step in range(round((last - START) * per_year)):
        t = START + (step + 0.5) * dt
        d = fed(t)
        share = fentanyl_share(p, t)
        hazards = supply.hazards((d["scan_cars"], d["scan_trucks"]))
        seized, arrests = supply.seized(hazards), supply.arrests(hazards)
        if costs is None and t > end:
            costs, punished = Costs(p, seized, volume), arrests
        base = punished if costs else supply.arrests0
        arrests = [a / b for a, b in zip(arrests, base, strict=True)]
        cost = costs.ratio(seized, arrests, volume) if costs else 1.0
        pressure = sum(arrests) / 3 if costs else 1.0
        harm = 1 + p["local_harm"] * (arrests[2] - 1) if costs else 1.0
        users = active + p["moud_risk_ratio"] * treated
        trend = users * p["consumption_g_per_user"] / 1e3 * share * exp(d["log_potency_trend"])
        passed = (1 - seized[0]) * (1 - seized[1]) * (1 - seized[2])
        capacity = min(p["slack_production"] * shock(p, t, end), p["slack_distribution"])
        delivered = min(shipped, capacity * most) * trend * passed
        wanted = cost ** -p["demand_elasticity"]
        eaten = min(delivered + stock / dt, wanted * trend)
        met = eaten / (wanted * trend)
        scarce = min(met ** (-1 / p["short_price_elasticity"]), p["price_ceiling"])
        weaker = scarce ** -p["weaker_share"] * pressure ** p["iron_law_exponent"]
        doses, price = eaten / trend / weaker, cost * scarce
        target = max(wanted - stock / (lag * trend), 0) / passed
        potency = d["log_potency_trend"] + log(weaker)
        short, long = p["potency_short_elasticity"], p["potency_long_elasticity"]
        risk = exp(short * (potency - tolerance) + long * tolerance)
        pandemic = 0.0
        if t >= p["pandemic_start"]:
            pandemic = p["pandemic_effect"] * min(max(p["pandemic_end"] - t, 0), 1)
        around = exp(pandemic) * harm
        level = p["overdose_rate"] * share * around / (1 + p["frailty_variance"] * lived)
        fatality = untreated * (1 - rescued(p, d["kits_per_100k"]))
        by_fentanyl = level * doses ** p["dose_exponent"] * risk * fatality
        by_others = level * substituted * p["substitute_risk"] * fatality
        by_heroin = p["heroin_death_rate"] * (1 - share)
        fatal = by_fentanyl + by_others + by_heroin
        of_exposed = exposed_rate * share * around * doses ** p["dose_exponent"]
        of_exposed *= exp(short * potency) * fatality
        rates = [entry_rates[0] * d["arrests"] * arrests[2], entry_rates[1] * arrests[2],
                 entry_rates[2]]  # fmt: skip
        out = sum(h / y for h, y in zip(held, served, strict=True))
        exposure = active + out * extra_years + treated * p["moud_risk_ratio"]
        counted = exposure * (by_fentanyl + by_others * p["substitute_synthetic_share"])
        counted += exposed * of_exposed + p["background_deaths"]
        less = p["arrest_ratio_in_treatment"]
        room = min(d["treatment_places"], p["treatment_reach"] * (active + treated))
        into_treatment = room * (leave + less * sum(rates))
        stop = p["remission_rate"] * price ** p["quit_price_elasticity"]
        begin = exposed * d["entry"] / p["exposed_people"]
        begin *= price ** -p["initiation_price_elasticity"]
        covered, stay_off = p["reentry_coverage_today"], p["remission_at_release"]
        year = years.setdefault(
            int(t), dict.fromkeys(("deaths", "consumed_kg", "active", "treated", "held", "off"), 0)
        )
        for name, value in zip(
            year, (counted, eaten, active, treated, sum(held), off), strict=True
        ):
            year[name] += value * dt
        other = p["other_death_rate_active"]
        d_active = (
            begin + treated * leave * (1 - to_off) + out * (1 - covered) * (1 - stay_off)
            + off * p["relapse_rate"] - into_treatment - active * (sum(rates) + stop + other)
            - (active + out * extra_years) * fatal
        )  # fmt: skip
        d_treated = into_treatment + out * covered - treated * (
            leave + less * sum(rates) + fatal * p["moud_risk_ratio"]
            + other * p["moud_other_death_ratio"]
        )  # fmt: skip
        d_off = active * stop + treated * leave * to_off + out * (1 - covered) * stay_off
        d_off -= off * (p["relapse_rate"] + general)
        d_exposed = p["exposed_people"] * general + d["entry"] - begin
        d_exposed -= exposed * (of_exposed + general)
        held = [
            h + dt * (r * (active + less * treated) - h * (1 / y + general))
            for h, r, y in zip(held, rates, served, strict=True)
        ]
        others = 1 - share + share * substituted
        volume += dt * (users * (share * doses + others) - volume) / p["volume_memory_years"]
        lived += dt * (fatal - d["entry"] / active * lived)
        active, treated = active + dt * d_active, treated + dt * d_treated
        off, exposed = off + dt * d_off, exposed + dt * d_exposed
        stock += dt * (delivered - eaten)
        substituted += (
            dt
            * (p["substitution_share"] * (1 - met) - substituted)
            / (p["substitution_lag_months"] / 12)
        )
        shipped += dt * (target - shipped) / lag
        slow = p["tolerance_up_months" if potency > tolerance else "tolerance_down_months"] / 12
        tolerance += dt * (potency - tolerance) / slow
        supply.move(hazards, dt)
    return years
