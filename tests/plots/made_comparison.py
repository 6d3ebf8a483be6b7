"""A comparison made by hand on the map of the case: numbers of every kind, so that every figure can be drawn."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from sim.comparison import results as c
from sim.comparison.outcomes import HolderRow, NumberRow, Outcomes
from sim.comparison.over_draws import DrawDifference, OverDraws
from sim.engine.kinds import LEVELS
from sim.load import read
from sim.statistics.inference import Difference, wilson

SCENARIOS = Path(__file__).parents[2] / "scenarios"
DAYS = 180
LONG = (
    "kafr_hamra", "strong_mediator_with_guarantors_and_a_very_long_name_that_goes_on", "no expansion enforced by Turkey",
    "hts_withdraws_from_dmz", "coalition united under one command, monitors in every sector of the zone",
)  # fmt: skip
CODES = ("HTS", "NLF", "GOV", "SNA", "MIXED", "NEUTRAL")
NAMES = dict(zip(CODES, ("HTS", "NLF", "Loyalists", "SNA", "contested", "neutral"), strict=True))
INPUTS = (
    "rules.clash.rate", "factions.HTS.groups.HTS.fighters", "factions.NLF.groups.Ahrar al-Sham.fighters",
    "rules.truce.propensity.of_the_weaker_side", "zone.depth_km", "rules.agreement.hold_days_median",
    "factions.HTS.doctrine.expansion", "rules.reinforcement.reach_km", "rules.fatigue.half_life_days", "dummy",
)  # fmt: skip


def difference(
    statistic: str, label: str, unit: str, value: float, half: float, pairs: int = 200, reference: float = 12.0
) -> Difference:
    resolved = abs(value) > half
    return Difference(
        statistic, label, unit, pairs, reference, reference + value, value, value - half, value + half, resolved,
        None if resolved else 400, 0.62, 0.41,
    )  # fmt: skip


def forest_row(scenario: str, found: Difference) -> c.ForestRow:
    verdict = (
        ("higher" if found.difference > 0 else "lower") if found.resolved else "not resolved; about 400 more runs would"
    )
    spread = 2.5 * max(abs(found.difference), 0.1)
    return c.ForestRow(scenario, found, verdict, found.difference / spread, found.low / spread, found.high / spread)


def _forest(others: tuple[str, ...]) -> tuple[c.ForestRow, ...]:
    statistics = (
        ("holder.Kafr Hamra=HTS", "HTS holds Kafr Hamra at the end", "share of runs", 0.17, 0.08, 0.54),
        ("deaths_rebels", "deaths among rebels", "deaths", -31.0, 12.0, 412.0),
        ("agreement_days_held_median", "median hold of agreements", "days", 2.4, 6.1, 21.0),
        ("clash_days", "days with clashes", "days", -0.2, 4.0, 38.0),
    )
    rows = []
    for name, label, unit, value, half, reference in statistics:
        for i, other in enumerate(others):
            found = difference(name, label, unit, value * (1 - 0.55 * i), half, reference=reference)
            rows.append(forest_row(other, found))
    return tuple(rows)


def _control(scenarios: tuple[str, ...], towns: tuple[str, ...]) -> c.ControlResult:
    rng = np.random.default_rng(5)
    T, C, days = len(towns), len(CODES), np.array([0, 30, 60, 90, 120, 150, DAYS])
    base = rng.dirichlet([0.25, 0.3, 0.5, 0.05, 0.05, 0.05], T)
    shares = {}
    for i, name in enumerate(scenarios):
        moved = rng.dirichlet(np.full(C, 0.4), T)
        weight = (
            (0.35 * i * (rng.random(T) < 0.3))[:, None] * np.linspace(0, 1, len(days))[:, None, None] / len(scenarios)
        )
        shares[name] = (1 - weight) * base + weight * moved
    contrasts = tuple(_contrast(shares[scenarios[0]], shares[other], other) for other in scenarios[1:])
    entropy = {name: -(s * np.log(s + 1e-12)).sum(-1) / np.log(C) for name, s in shares.items()}
    return c.ControlResult(
        days, towns, tuple(t.split(" (")[0] for t in towns), CODES, NAMES, dict.fromkeys(scenarios, 200), shares,
        {name: s.argmax(-1) for name, s in shares.items()}, entropy, contrasts,
        "Shares of 200 matched runs; hatched: not resolved at a false discovery rate of 5 % for the whole map.",
    )  # fmt: skip


def _first_clashes(scenarios: tuple[str, ...], towns: tuple[str, ...]) -> c.FirstClashes:
    rng = np.random.default_rng(8)
    chance = rng.random(len(towns)) ** 3
    first = {
        n: np.where(rng.random((200, len(towns))) < chance, rng.integers(0, DAYS, (200, len(towns))), -1)
        for n in scenarios
    }
    return c.FirstClashes(towns, tuple(t.split(" (")[0] for t in towns), DAYS, first)


def _contrast(reference: np.ndarray, other: np.ndarray, name: str) -> c.ControlContrast:
    found = other - reference
    resolved = np.abs(found) > 0.06
    largest = np.abs(found).argmax(-1)
    code = np.where(np.abs(found).max(-1) > 0, largest, -1)
    return c.ControlContrast(
        name, 200, found, found - 0.06, found + 0.06, np.where(resolved, 0.001, 0.4), resolved, code, resolved.any(-1),
        f"Control differs in {int(resolved.any(-1)[-1].sum())} of {found.shape[1]} towns at the end.",
    )  # fmt: skip


def _distributions(scenarios: tuple[str, ...]) -> tuple[c.Distribution, ...]:
    rng = np.random.default_rng(4)
    rows = (("clash_days", "days with clashes", "days", 12.0), ("campaigns", "campaigns", "campaigns", 0.3))
    return tuple(
        c.Distribution(name, label, unit, {each: rng.poisson(mean, 200).astype(float) for each in scenarios})
        for name, label, unit, mean in rows
    )


def _fan_difference(reference: c.Fan, fan: c.Fan) -> c.FanDifference:
    mean = fan.mean - reference.mean
    half = 0.02 * np.abs(fan.mean)
    return c.FanDifference(fan.scenario, 200, mean, mean - half, mean + half, np.abs(mean) > half)


def _fans(scenarios: tuple[str, ...]) -> tuple[c.FanPanel, ...]:
    days = np.arange(DAYS + 1)
    panels = []
    for key, label, unit, top in (
        ("deaths_total", "deaths among rebels so far", "deaths", 900.0),
        ("HTS_towns", "towns HTS holds", "towns", 90.0),
    ):
        fans = []
        for i, name in enumerate(scenarios):
            middle = top * (0.3 + 0.06 * i) * (1 - np.exp(-days / 60)) + 0.1 * top
            half = np.array([0.1, 0.22, 0.36])[:, None] * middle * np.sqrt(days / DAYS)
            fans.append(c.Fan(name, 200, middle, middle - half, middle + 1.3 * half, middle * 1.05))
        panels.append(
            c.FanPanel(
                key,
                label,
                unit,
                days,
                tuple(fans),
                tuple(_fan_difference(fans[0], fan) for fan in fans[1:]),
                "Bands hold 50, 80 and 95 % of 200 runs a scenario; line: median.",
            )
        )
    return tuple(panels)


def _holding(scenarios: tuple[str, ...]) -> c.AgreementSurvival:
    days, risk_days = np.arange(121), np.arange(0, 121, 20)
    curves = []
    for i, name in enumerate(scenarios):
        share = np.exp(-days / (25.0 + 9 * i))
        ended = 1 - share
        half = 0.12 * np.sqrt(share * ended)
        found = tuple(
            c.EndCause(label, ended * part, int(900 * part))
            for label, part in (("broken by HTS", 0.5), ("broken by NLF", 0.3), ("expired", 0.2))
        )
        curves.append(c.HoldingCurve(
            name, 200, 1834, 1200, 300, 334, share, share - half, share + half, np.round(1834 * share[risk_days]).astype(int), found,
            17.3 + 6 * i, 15.0 + 6 * i, 20.0 + 6 * i, f"In {name} half the agreements have ended after {17 + 6 * i} days.",
        ))  # fmt: skip
    rows = tuple(
        forest_row(o, difference("hold", "mean hold up to 120 days", "days", 4.0 - 3 * i, 2.0))
        for i, o in enumerate(scenarios[1:])
    )
    return c.AgreementSurvival(
        days,
        risk_days,
        120,
        tuple(curves),
        rows,
        {name: np.array([[0, 0, 20, 0], [0, 30, 40, 1], [1, 5, DAYS, 2]]) for name in scenarios},
        "Kaplan-Meier; bands 95 %, pointwise, by resampling 200 runs a scenario.",
    )


def _ladder(scenarios: tuple[str, ...]) -> c.LadderResult:
    days, share, reach = np.arange(DAYS + 1), {}, []
    for i, name in enumerate(scenarios):
        weights = np.exp(-((np.arange(6)[None] - (1.5 + 0.3 * i + 1.2 * np.sin(days / 30)[:, None])) ** 2) / 2)
        share[name] = weights / weights.sum(1, keepdims=True)
    for level in range(1, 6):
        for i, name in enumerate(scenarios):
            reached = (1 - 0.13 * level) * (1 - np.exp(-days / (12.0 * level + 6 * i)))
            reach.append(
                c.ReachCurve(
                    level,
                    name,
                    reached,
                    np.maximum(reached - 0.05, 0),
                    reached + 0.05,
                    int(200 * reached[-1]),
                    200,
                    30.0,
                )
            )
    return c.LadderResult(
        days,
        tuple(LEVELS),
        share,
        dict.fromkeys(scenarios, 200),
        tuple(reach),
        "Shares of 200 runs a scenario; bands 95 % (Wilson).",
    )


def _inputs(scenarios: tuple[str, ...]) -> c.Inputs:
    rng = np.random.default_rng(3)
    n = len(INPUTS)
    splits, tornados, planes, indices = [], [], [], []
    for statistic, label, unit, size in (
        ("deaths_rebels", "deaths among rebels", "deaths", 120.0),
        ("clash_days", "days with clashes", "days", 14.0),
    ):
        for name in scenarios:
            part = float(rng.uniform(0.1, 0.8))
            splits.append(
                c.VarianceSplit(
                    name, statistic, label, 200, part, max(part - 0.12, 0), min(part + 0.12, 1), 1 - part, "regression"
                )
            )
            effects = size * np.sort(rng.exponential(1, n))[::-1] * np.where(np.arange(n) % 3 == 1, -1, 1)
            bars = tuple(
                c.Bar(path, path.removeprefix("rules.").replace("_", " "), "", 0.1, 0.9, 400 - e / 2, 400 + e / 2, e, e - size / 4, e + size / 4, abs(e) > size,
                      min(0.05 + abs(e) / 400, 1.0))
                for path, e in zip(INPUTS, effects, strict=True)
            )  # fmt: skip
            tornados.append(
                c.Tornado(
                    name,
                    statistic,
                    label,
                    unit,
                    400.0,
                    200,
                    size,
                    size * 0.3,
                    bars,
                    f"200 runs, {n} inputs; chance alone reaches {size:g}",
                )
            )
            star = np.abs(effects)
            labels = tuple(bar.label for bar in bars)
            planes.append(
                c.MorrisPlane(
                    name,
                    statistic,
                    label,
                    INPUTS,
                    labels,
                    effects,
                    star,
                    star * rng.uniform(0.3, 1.2, n),
                    star * 0.2,
                    size * 0.5,
                    20,
                    "20 trajectories; whiskers 95 %.",
                )
            )
            first = star / star.sum() * 0.7
            indices.append(
                c.SobolIndices(
                    name,
                    statistic,
                    label,
                    INPUTS,
                    labels,
                    first,
                    first * 0 + 0.05,
                    first * 1.4,
                    first * 0 + 0.08,
                    0.06,
                    64,
                    "Base sample of 64 points.",
                )
            )
    return c.Inputs("halton", tuple(splits), tuple(tornados), tuple(planes), tuple(indices), "200 runs a scenario.")


def _rankings(scenarios: tuple[str, ...]) -> tuple[c.Ranking, ...]:
    count = len(scenarios)
    rng = np.random.default_rng(5)
    rows = []
    for statistic, label, unit in (
        ("deaths_rebels", "deaths among rebels", "deaths"),
        ("clash_days", "days with clashes", "days"),
    ):
        first = np.minimum(np.arange(count) + 1, count - 1)
        rows.append(
            c.Ranking(
                statistic, label, unit, 200, scenarios, 400.0 - np.arange(count), rng.dirichlet(np.ones(count), count), first,
                np.minimum(first + 1, count),
            )
        )  # fmt: skip
    return tuple(rows) if count > 2 else ()


def _outcomes(scenario: str) -> Outcomes:
    ends = (("NLF", 135), ("HTS", 50), ("GOV", 12), ("MIXED", 3))
    holders = []
    for town in ("Kafr Hamra", "Darat Izza", "Sheikh Khader"):
        for code, holds in ends:
            low, high = (float(end) for end in wilson(holds, 200))
            holders.append(HolderRow(town, code, NAMES[code], holds, 200, low, high))
    number = NumberRow("deaths among rebels", "deaths", 200, 233.0, 174.0, 14.0, 689.0)
    return Outcomes(
        scenario, 200, (number,), tuple(holders), ("Kafr Hamra at the end: NLF in 135 of 200 runs (61 to 74 %).",)
    )


def _convergence(scenarios: tuple[str, ...]) -> tuple[c.Convergence, ...]:
    runs, curves = np.arange(5, 201, 5), []
    for statistic, label, unit in (
        ("deaths_rebels", "deaths among rebels", "deaths"),
        ("holder", "HTS holds Kafr Hamra at the end", "share of runs"),
    ):
        for i, name in enumerate(scenarios):
            scale = 0.001 if unit.startswith("share") else 1.0
            estimate = scale * (412.0 if i == 0 else -30.0 + 14 * i) * (1 + 0.6 * np.cos(runs / 9) / runs)
            curves.append(c.Convergence(name, statistic, label, unit, runs, estimate, scale * 250 / np.sqrt(runs)))
    return tuple(curves)


def _over_draws(others: tuple[str, ...]) -> OverDraws:
    """Return differences that nearly all draws share, that hang on an input, and that are the same in every draw."""
    rng, rows = np.random.default_rng(9), []
    for statistic, label, unit, value, spread in (
        ("holder.Kafr Hamra=HTS", "HTS holds Kafr Hamra at the end", "share of runs", 0.17, 0.05),
        ("deaths_rebels", "deaths among rebels", "deaths", -31.0, 40.0),
        ("agreement_days_held_median", "median hold of agreements", "days", 0.4, 0.0),
    ):
        for i, other in enumerate(others):
            means = value * (1 - 0.4 * i) + spread * rng.normal(size=400)
            mean, half = float(means.mean()), 0.3 * abs(value)
            share = float(np.mean(np.sign(means) == np.sign(mean)))
            rows.append(
                DrawDifference(
                    other,
                    statistic,
                    label,
                    unit,
                    2000,
                    mean,
                    mean - half,
                    mean + half,
                    spread,
                    0.8 * spread,
                    1.2 * spread,
                    3 * spread,
                    share,
                    share - 0.04,
                    min(share + 0.04, 1.0),
                    abs(mean) > half,
                    INPUTS[i],
                    -0.41,
                    means,
                )
            )
    return OverDraws(
        400, tuple(rows), "Simulated, over 400 draws of the inputs from a posterior; 95 % by resampling draws."
    )


@cache
def compared(scenarios: tuple[str, ...] = LONG[:2], map_of: str = "kafr_hamra") -> c.Comparison:
    """Return a comparison of so many scenarios by name."""
    loaded, geography = read(SCENARIOS / f"{map_of}.yaml", [f"days={DAYS}"])
    towns = tuple(place.name for place in geography.places)
    others = scenarios[1:]
    forest = _forest(others)
    item = c.InputChange(
        "policy",
        "policies",
        None,
        "Turkey mediates",
        "",
        "A policy is added: Turkey mediates, chance of an agreement x2.",
    )
    examples = tuple(
        c.Example(
            kind, name, 7 + i, 107 + i, "nearest to the means of all headline statistics",
            f"python run.py watch {loaded.name} --seed {107 + i}", {"deaths_rebels": 402.0, "holder.Kafr Hamra": "HTS"},
        )
        for name in scenarios for i, kind in enumerate(("most typical", "most extreme"))
    )  # fmt: skip
    return c.Comparison(
        name="ceasefire_policies", question="Does a strong mediator keep Kafr Hamra out of HTS's hands?", scenarios=scenarios,
        titles={name: name.replace("_", " ") for name in scenarios}, models=dict.fromkeys(scenarios, loaded.scenario),
        geography=geography, single=False, partial=False, notes=("2 runs of 1,000 failed; they count in the denominator.",),
        changes=tuple(c.ScenarioChanges(o, f"{o} differs from {scenarios[0]} in 1 policy.", (item,)) for o in others),
        answers=tuple(
            c.Answer(
                row.scenario, row.difference.statistic,
                f"{row.difference.label}: {row.difference.difference:+.2g} in {row.scenario}, {row.verdict}.", row.difference,
            )
            for row in forest
        ),
        forest=forest, forest_note="Differences over 200 matched runs with 95 % bootstrap intervals (BCa).",
        distributions=_distributions(scenarios),
        control=_control(scenarios, towns), fans=_fans(scenarios), holding=_holding(scenarios), ladder=_ladder(scenarios),
        inputs=_inputs(scenarios), convergence=_convergence(scenarios), examples=examples,
        methods=c.Methods(
            tuple(c.ScenarioRuns(name, 200, 199, 1, 198, 0.005) for name in scenarios), "halton", len(INPUTS) - 1, "1 to 200",
            tuple((o, "deaths_rebels", 0.62, 0.41) for o in others), {"python": "3.11", "sim": "0.1"},
            ("Each replicate is a matched pair: the same seed and the same inputs in every scenario.",),
        ),
        folder="outputs/ceasefire_policies", labels={place.name: place.name.split(" (")[0] for place in geography.places},
        rankings=_rankings(scenarios), first_clashes=_first_clashes(scenarios, towns),
        over_draws=_over_draws(others) if others else None,
        outcomes=None if others else _outcomes(scenarios[0]),
    )  # fmt: skip
