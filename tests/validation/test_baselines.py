"""The simple forecasts: each does what its sentence says, and knows nothing of what comes after the start."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.files import SCENARIOS
from sim.geography.maps import Geography
from sim.load import read
from sim.scenario.schema import Scenario
from sim.statistics.conflict_log import Log
from sim.study.definition import read_definition
from sim.study.plan import make_plan
from sim.validation import baselines
from sim.validation.baselines import Known
from sim.validation.forecasts import MODEL, Forecast, can_fight
from sim.validation.outcome import Outcome, Relapse, Week, codes_of, start_codes
from sim.validation.past_record import BASELINES, Past, past_before, past_of
from sim.validation.pattern_estimators import Holds
from sim.validation.scores import past_holds

WEEKS = tuple(Week(7 * n, 7 * n + 6, 0, 0) for n in range(4))


def idlib(name: str = "hindcast_2018_11") -> tuple[Scenario, Geography]:
    loaded, geography = read(name)
    return loaded.scenario, geography


def outcome(scenario: Scenario, geography: Geography, *relapses: Relapse) -> Outcome:
    began = start_codes(scenario, geography)
    return Outcome(Path(), codes_of(scenario), 30, 60, began, began, WEEKS, relapses, ())


def made_past(mu: float = 0.1, branching: float = 0.5, lag: float = 3.0, excitation: float = 0.0) -> Past:
    return Past.model_validate(
        {
            "from": date(2018, 1, 1),
            "until": date(2018, 10, 31),
            "events": 50,
            "hawkes": {"mu_per_day": mu, "branching": branching, "lag_days": lag, "excitation": excitation},
            "weeks": {"events": [0, 0, 9, 0, 3], "deaths": [0, 0, 40, 0, 14]},
            "deaths_per_event": {"shares": [0.0, 0.5, 1.0], "deaths": [2.0, 2.0, 2.0]},
        }
    )


def log(days: list[int], length: int, deaths: int = 2) -> Log:
    day = np.array(days, dtype=np.int64)
    blank = np.zeros(len(day))
    return Log(
        day, day, np.full(len(day), "x", object), blank, blank, np.full(len(day), deaths), blank.astype(bool), length
    )


def test_nothing_changes() -> None:
    scenario, geography = idlib()
    relapse = Relapse("T", -1, None)
    found = outcome(scenario, geography, relapse)
    model = Forecast(MODEL, found.began, np.tile(found.began, (3, 1)))
    nothing = baselines.baselines(Known(scenario, geography, made_past(), None), found, model)[0]
    assert nothing.control is not None
    assert (nothing.control == found.began).all()
    assert nothing.events is not None
    assert nothing.events.tolist() == [[3.0] * 4]
    assert nothing.deaths is not None
    assert nothing.deaths.tolist() == [[14.0] * 4]
    assert nothing.holds["T"].rest == 1.0


def test_the_base_rate_of_changes_is_that_between_the_maps_earlier_dates() -> None:
    """To 1 November: of towns held by the NLF on either earlier date, one fell to HTS in October."""
    scenario, geography = idlib()
    rates = baselines.change_rates(scenario, geography)
    assert rates is not None
    order = codes_of(scenario)
    dates = sorted(geography.control)
    held = [start_codes(scenario.model_copy(update={"control_on": day}), geography) for day in dates]
    nlf, hts = order.index("NLF"), order.index("HTS")
    months = sum((held[n] == nlf).sum() * (dates[n + 1] - dates[n]).days / 30 for n in range(len(dates) - 1))
    fell = sum(((held[n] == nlf) & (held[n + 1] == hts)).sum() for n in range(len(dates) - 1))
    assert fell >= 1
    assert rates[nlf, hts] == pytest.approx(fell / months)
    assert np.diag(rates).sum() == 0


def test_the_base_rate_does_not_look_past_the_start() -> None:
    november, october = (baselines.change_rates(*idlib(f"hindcast_2018_{month}")) for month in (11, 10))
    scenario, _ = idlib()
    order = codes_of(scenario)
    assert november is not None
    assert october is not None
    assert november[order.index("NLF"), order.index("HTS")] > 0
    assert october[order.index("NLF"), order.index("HTS")] == 0  # Kafr Hamra fell in October


def test_towns_drawn_at_a_rate_change_at_that_rate() -> None:
    began = np.array([0] * 50 + [1] * 50)
    rates = np.array([[0.0, 0.3], [0.0, 0.0]])
    found = baselines.drawn_control(began, rates, 60, np.random.default_rng(1))
    assert np.mean(found[:, :50] == 1) == pytest.approx(1 - np.exp(-0.6), abs=0.01)
    assert (found[:, 50:] == 1).all()


def test_the_nearest_stronger_neighbour_takes_a_town_one_road_away() -> None:
    scenario, geography = idlib()
    began, order = start_codes(scenario, geography), codes_of(scenario)
    end = baselines.nearest_stronger(scenario, geography, began)
    names = [place.name for place in geography.places]
    assert (end != began).any()
    for town in np.flatnonzero(end != began):
        near = geography.adjacent[geography.adjacent_start[town] : geography.adjacent_start[town + 1]]
        assert order[end[town]] in {order[began[place]] for place in near}, names[town]
        assert order[began[town]] in {"NLF", "HTS", "OTHER"}
    assert (end[began == order.index("GOV")] == order.index("GOV")).all()


def test_the_strongest_rebel_takes_all_towns_of_rebels() -> None:
    """HTS with 10,000 that act as one is stronger than any group of the NLF, of which half does."""
    scenario, geography = idlib()
    began, order = start_codes(scenario, geography), codes_of(scenario)
    end = baselines.strongest_everywhere(scenario, began)
    taken = np.isin(began, [order.index(code) for code in ("HTS", "NLF", "OTHER", "MIXED")])
    assert (end[taken] == order.index("HTS")).all()
    assert (end[~taken] == began[~taken]).all()


def test_a_shuffled_map_changes_as_many_towns_of_each_code_in_other_places() -> None:
    began = np.array([0] * 30 + [1] * 30)
    control = np.tile(began, (200, 1))
    control[:, 0] = 1
    model = Forecast(MODEL, began, control)
    found = baselines.shuffled(model, np.random.default_rng(1))
    assert ((found != began).sum(axis=1) == 1).all()
    assert (found[:, 30:] == 1).all()
    assert np.mean(found[:, 0] == 1) == pytest.approx(1 / 30, abs=0.05)


def test_the_mean_of_a_hawkes_process_is_that_of_theory() -> None:
    """E N(0, t) grows with slope mu / (1 - n) and starts at n E0 / lag: m(t) solves a linear equation."""
    mu, n, lag, excited, days = 0.2, 0.6, 3.0, 4.0, 28
    drawn = baselines.hawkes(made_past(mu, n, lag, excited), WEEKS, np.random.default_rng(1))
    assert drawn is not None
    counts = drawn.events
    decay, level = (1 - n) / lag, mu / (1 - n)
    first = mu + n * excited / lag
    expected = level * days + (first - level) * (1 - np.exp(-decay * days)) / decay
    assert counts.sum(axis=1).mean() == pytest.approx(expected, rel=0.05)
    assert counts[:, 0].mean() > counts[:, 3].mean()  # it was excited and calms down


def two_level_past(active: float, excitation: float = 0.0) -> Past:
    """Return a past whose process has 0.1 or 1 events a day and no offspring; a level lasts 50 days."""
    figures = {
        "mu_per_day": [0.1, 1.0],
        "branching": [0.0, 0.0],
        "lag_days": 3.0,
        "become_active": 0.02,
        "become_calm": 0.02,
        "active": active,
        "excitation": excitation,
    }
    return Past.model_validate({**made_past().model_dump(by_alias=True), "two_level": figures})


def test_a_process_of_two_levels_goes_on_from_its_level() -> None:
    """The chance of the active level is 0.5 + (a - 0.5) 0.96^t, so that the mean of a week is a sum of seven such terms."""
    for active in (0.0, 1.0):
        drawn = baselines.two_level_hawkes(two_level_past(active), WEEKS, np.random.default_rng(1))
        assert drawn is not None
        for column, week in enumerate(WEEKS):
            share = [0.5 + (active - 0.5) * 0.96**day for day in range(week.first, week.last + 1)]
            assert drawn.events[:, column].mean() == pytest.approx(sum(0.1 + 0.9 * x for x in share), rel=0.06)


def test_weeks_of_the_base_rate_have_the_pasts_mean_and_variance() -> None:
    found = baselines.drawn_counts(2.0, 8.0, np.ones(50), np.random.default_rng(1))
    assert found.mean() == pytest.approx(2.0, rel=0.03)
    assert found.var() == pytest.approx(8.0, rel=0.06)
    poisson = baselines.drawn_counts(2.0, 1.0, np.ones(50), np.random.default_rng(1))
    assert poisson.var() == pytest.approx(2.0, rel=0.05)


def test_conflictology_draws_whole_weeks_of_the_last_year() -> None:
    """Of 60 weeks the first eight, with 100 events each, are too old; events and deaths stay together."""
    weeks = {"events": [100] * 8 + [0, 0, 0, 4] * 13, "deaths": [900] * 8 + [0, 0, 0, 7] * 13}
    past = Past.model_validate({**made_past().model_dump(by_alias=True), "weeks": weeks})
    drawn = baselines.conflictology(past, WEEKS, np.random.default_rng(1))
    assert drawn is not None
    assert drawn.deaths is not None
    pairs = set(zip(drawn.events.ravel().tolist(), drawn.deaths.ravel().tolist(), strict=True))
    assert pairs == {(0, 0.0), (4, 7.0)}
    assert np.mean(drawn.events == 4) == pytest.approx(0.25, abs=0.02)
    long = baselines.conflictology(past, (Week(0, 30, 0, 0),), np.random.default_rng(1))
    assert long is not None
    assert long.events.mean() == pytest.approx(31 / 7, rel=0.05)  # one event a week
    short = baselines.conflictology(past, (Week(0, 2, 0, 0),), np.random.default_rng(1))
    assert short is not None
    assert short.events.max() <= 4
    assert short.events.mean() == pytest.approx(3 / 7, rel=0.1)


def test_the_mixture_is_not_caught_by_a_quiet_year() -> None:
    weeks = {"events": [9, 3] + [0] * 60, "deaths": [20, 5] + [0] * 60}
    past = Past.model_validate({**made_past().model_dump(by_alias=True), "weeks": weeks})
    quiet = baselines.conflictology(past, WEEKS, np.random.default_rng(1))
    mixed = baselines.mixture(past, WEEKS, np.random.default_rng(1))
    assert quiet is not None
    assert mixed is not None
    assert quiet.events.max() == 0
    assert np.mean(mixed.events == 9) == pytest.approx(baselines.MIXTURE_SHARE / 2, rel=0.1)
    assert np.mean(mixed.events == 3) == pytest.approx(baselines.MIXTURE_SHARE / 2, rel=0.1)


def test_a_past_without_weeks_or_processes_makes_no_forecast_of_them() -> None:
    empty = {**made_past().model_dump(by_alias=True), "weeks": {"events": [], "deaths": []}, "hawkes": None}
    found = baselines.weekly_baselines(Past.model_validate(empty), WEEKS, (1,))
    assert set(found) == {"base_rate"}
    assert baselines.weekly_baselines(None, WEEKS, (1,)) == {}


def test_places_by_value_and_by_nothing() -> None:
    scenario, geography = idlib()
    began, order = start_codes(scenario, geography), codes_of(scenario)
    inside = can_fight(began, scenario)
    assert not inside[began == order.index("GOV")].any()
    assert inside[began == order.index("NLF")].all()
    chance = baselines.value_places(geography, inside)
    assert chance is not None
    assert chance.sum() == pytest.approx(1.0)
    value = np.array([town.value for town in geography.places])
    one, other = np.flatnonzero(inside & (value > 0))[:2]
    assert chance[one] / chance[other] == pytest.approx(value[one] / value[other])
    assert baselines.value_places(geography, np.zeros_like(inside)) is None


def test_the_day_after_the_latest_agreement_on_all_fronts_is_calm() -> None:
    definition, source = read_definition(SCENARIOS / "studies" / "rolling_2018.yaml")
    rolling = {name: loaded.scenario for name, loaded in make_plan(definition, source).scenarios.items()}
    assert baselines.calm_day(rolling["from_05_27"], date(2018, 5, 27)) == date(2018, 4, 25)
    assert baselines.calm_day(rolling["from_04_29"], date(2018, 4, 24)) == date(2018, 4, 2)  # the 24th is not past yet
    assert baselines.calm_day(rolling["from_10_14"], date(2018, 10, 14)) is None  # that of 8 October is of a sector
    assert baselines.calm_day(idlib("hindcast_2018_10")[0], date(2018, 10, 1)) is None


def test_agreements_of_the_base_rate_hold_as_past_ones_did() -> None:
    scenario, geography = idlib()
    holds = Holds(np.zeros(3, int), np.array([2.0, 20.0, 50.0]), np.array([False, False, True]))
    asked = outcome(scenario, geography, Relapse("T", -10, None))
    model = Forecast(MODEL, asked.began, asked.began[None])
    hold = baselines.baselines(Known(scenario, geography, None, holds), asked, model)[1].holds["T"]
    assert hold.first == 10  # the one that had ended by day 2 is no guide to one that is ten days old
    assert hold.rest == pytest.approx(0.5)
    assert hold.chance.sum() == pytest.approx(0.5)


def test_past_agreements_are_those_signed_before_the_start() -> None:
    scenario, geography = idlib("hindcast_2018_10")
    found = past_holds(scenario, geography)
    assert found is not None
    assert len(found.days) == 6  # agreements 1 to 6
    assert found.days.max() == 155


def test_the_past_is_the_latest_record_that_ends_before_the_start() -> None:
    october, november = (past_before("greater_idlib", date(2018, month, 1)) for month in (10, 11))
    assert october is not None
    assert november is not None
    assert (october.until, november.until) == (date(2018, 9, 30), date(2018, 10, 31))
    assert past_before("greater_idlib", date(2018, 9, 30)) is None
    assert past_before("two_valleys", date(2020, 3, 1)) is None


def test_figures_of_a_log() -> None:
    days = [0, 1, 1, 2, 30, 31, 33, 60, 60, 61]
    found = past_of(log(days, 63), date(2018, 1, 1), date(2018, 3, 4))
    assert found.weeks.events == [4, 0, 0, 0, 3, 0, 0, 0, 3]
    assert found.weeks.last == (3, 6)
    assert found.weeks.mean == pytest.approx(10 / 9)
    assert found.weeks.threshold("deaths", 0.5) == 0.0
    assert found.weeks.threshold("events", 1.0) == 4.0
    assert found.hawkes is not None
    times = np.array([0.5, 1.25, 1.75, 2.5, 30.5, 31.5, 33.5, 60.25, 60.75, 61.5])  # two of a day are spread over it
    assert found.hawkes.excitation == pytest.approx(np.exp(-(63 - times) / found.hawkes.lag_days).sum())
    assert past_of(log([1, 2], 20), date(2018, 1, 1), date(2018, 1, 20)).hawkes is None


def test_a_bad_file_of_figures_is_refused_with_its_line(tmp_path: Path) -> None:
    text = (BASELINES / "greater_idlib.yaml").read_text(encoding="utf-8")
    (tmp_path / "greater_idlib.yaml").write_text(text.replace("branching: 0.814", "branchng: 0.814"), encoding="utf-8")
    with pytest.raises(InputError, match=r"greater_idlib.yaml:\d+: past.0.hawkes"):
        past_before("greater_idlib", date(2018, 11, 1), tmp_path)
