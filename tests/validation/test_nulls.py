"""Nulls of the pattern card: seeded, fitted to the record, and unable to give what needs actors; town values."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.files import SCENARIOS
from sim.geography.maps import load_map
from sim.load import read
from sim.statistics.conflict_log import Log
from sim.validation.observed import Observation
from sim.validation.outcome import read_outcome
from sim.validation.past_record import past_before
from sim.validation.pattern_file import FOLDER, Patterns, find_patterns, read_patterns
from sim.validation.pattern_nulls import (
    NULLS,
    SMOOTHING,
    Towns,
    card_with_nulls,
    check_places,
    fit_nulls,
    null_card,
    null_logs,
    place_scores,
    places_of,
    weight_score,
)
from sim.validation.pattern_report import card_csv, null_lines
from sim.validation.pattern_samples import check_sides
from tests.validation.test_card import declared, told

TOWNS = Towns(
    np.array(["x", "y", "z"], object), np.array([36.0, 36.1, 36.2]), np.array([37.0, 37.0, 37.0]), np.array([0.5, 0.3, 0.2])
)  # fmt: skip
WEEKLY = "P8_weekly_mean"
SHIPPED = read_patterns(FOLDER / "greater_idlib.yaml")
assert SHIPPED.nulls is not None
FITTED = SHIPPED.nulls
FORECASTS = {
    "greater_idlib_2018_10": "hindcast_2018_10",
    "eastern_car_2017_07": "hindcast_car_2017_07",
    "eastern_car_2018_07": "hindcast_car_2018_07",
}


def placed(names: list[str]) -> Log:
    n = len(names)
    day = np.arange(n)
    row = [list(TOWNS.name).index(name) for name in names]
    return Log(day, day, np.array(names, object), TOWNS.lat[row], TOWNS.lon[row], np.ones(n, int), np.zeros(n, bool), n)


@pytest.mark.parametrize("name", NULLS)
def test_a_null_has_the_records_rate_tolls_and_town_values_and_repeats_with_its_seed(name: str) -> None:
    logs = list(null_logs(name, FITTED, TOWNS, 700, 100))
    assert np.mean([len(log) for log in logs]) == pytest.approx(154, rel=0.25)
    tolls, places = (np.concatenate([getattr(log, column) for log in logs]) for column in ("deaths", "place"))
    assert set(tolls) <= {deaths for deaths, _ in FITTED.tolls}
    assert np.mean(tolls) == pytest.approx(524 / 145, rel=0.1)
    assert np.mean(places == "x") == pytest.approx(0.5, abs=0.03)
    again, other = (list(null_logs(name, FITTED, TOWNS, 700, 100, seed)) for seed in (20181031, 2))
    assert all(
        (one.day == two.day).all() and (one.place == two.place).all() for one, two in zip(logs, again, strict=True)
    )
    assert [len(log) for log in logs] != [len(log) for log in other]
    assert all((np.diff(log.day) >= 0).all() for log in logs)


def test_no_null_gives_what_needs_actors() -> None:
    for name in NULLS:
        card = null_card(name, FITTED, SHIPPED, TOWNS, members=6)
        none = [row.pattern for row in card.rows if row.verdict == "none"]
        assert set(none) == {"P6", "P10", "P11", "P12", "P15", "P19", "P22", "P23", "P24", "P25"}
        assert card.verdicts["P19"] == "fail"
        assert card.joint is not None
        assert card.joint.shares["P19"] == card.joint.together == 0
        assert card.joint.given == ("P8", "P9", "P16")


def test_a_poisson_process_passes_its_mean_and_fails_the_variance_of_weeks() -> None:
    patterns = declared(
        {WEEKLY: {"observed": 1.54, "accept": [1.4, 1.7]}, "P7_branching": {"observed": 0.8, "accept": [0.6, 0.9]}}, 700
    )
    card = null_card("poisson", FITTED, patterns, TOWNS, members=30)
    assert card.verdicts == {"P8": "pass", "P7": "fail"}
    assert null_card("hawkes", FITTED, patterns, TOWNS, members=60).verdicts["P7"] == "pass"


def with_nulls(accept: list[float]) -> Patterns:
    return declared({WEEKLY: {"observed": 1.5, "accept": accept}}).model_copy(update={"nulls": FITTED})


def test_a_pattern_that_all_nulls_pass_tells_nothing_about_actors() -> None:
    runs = [told(list(range(0, 70, step))) for step in (4, 5, 6)]
    card = card_with_nulls(runs, with_nulls([0.5, 3]), TOWNS, members=20)
    assert [name for name, _ in card.nulls] == list(NULLS)
    assert card.tells_nothing == ["P8"]
    assert any("All nulls pass P8: this pattern tells nothing about actors." in line for line in null_lines(card))
    assert card.whole is None
    (cells,) = csv.DictReader(io.StringIO(card_csv(card)))
    assert (cells["hawkes_verdict"], cells["poisson_verdict"]) == ("pass", "pass")
    narrow = card_with_nulls(runs, with_nulls([50, 60]), TOWNS, members=20)
    assert narrow.tells_nothing == []


def test_without_fitted_nulls_a_card_has_none() -> None:
    card = card_with_nulls([told([1, 2]), told([3])], declared({WEEKLY: {"observed": 1, "accept": [0, 2]}}), TOWNS)
    assert card.nulls == ()
    assert card.tells_nothing == []


def test_nulls_are_fitted_anew_to_files_of_events() -> None:
    busy = next(null_logs("poisson", FITTED.model_copy(update={"poisson_per_day": 2.0}), TOWNS, 70))
    record = Observation({}, [], {"all": busy})
    card = card_with_nulls([told([1, 2]), told([3])], with_nulls([10, 18]), TOWNS, record, members=20)
    assert dict(card.nulls)["poisson"].verdicts == {"P8": "fail"}  # observed 1.5 below the band of about 14 a week
    assert dict(card.nulls)["poisson"].rows[0].median == pytest.approx(14, rel=0.2)
    assert null_lines(card)[0] == "Nulls are fitted to the files of events given."
    few = card_with_nulls(
        [told([1]), told([3])], with_nulls([1, 2]), TOWNS, Observation({}, [], {"all": placed(["x"])}), members=20
    )
    assert few.null_source == FITTED.source


def test_too_few_events_give_no_fit() -> None:
    assert fit_nulls(placed(["x", "y"]), "made") is None


def test_the_score_of_places_by_hand() -> None:
    places = {"x": 3, "z": 1}
    assert weight_score(TOWNS, places) == pytest.approx(-(3 * math.log(0.5) + math.log(0.2)) / 4)
    assert weight_score(TOWNS, places, uniform=True) == pytest.approx(math.log(3))
    share = np.array([8 + SMOOTHING, SMOOTHING, 2 + SMOOTHING]) / (10 + 3 * SMOOTHING)
    scores = place_scores([placed(["x"] * 4 + ["z"])] * 2, TOWNS, places)
    assert scores == pytest.approx(
        -(3 * np.log(share[0]) + np.log(share[2])) / 4
    )  # all resamples of equal logs are alike
    assert (place_scores([placed(["y"])], TOWNS, places) > scores.max()).all()


def test_places_are_given_to_the_nearest_town() -> None:
    log = placed(["x", "y", "y"])
    assert places_of(log, TOWNS) == {"x": 1, "y": 2}
    assert TOWNS.nearest(36.16, 37.01) == "z"


@pytest.mark.parametrize(("observed", "scenario"), FORECASTS.items())
def test_what_a_theatre_is_held_against_fits_its_scenarios_and_its_map(observed: str, scenario: str) -> None:
    loaded, geography = read(SCENARIOS / f"{scenario}.yaml")
    file = find_patterns(None, geography.name)
    theatre = read_patterns(file)
    check_sides(loaded.scenario, theatre, scenario)
    check_places(theatre, Towns.of(geography), file)
    outcome = read_outcome(SCENARIOS / "observed" / observed, loaded.scenario, geography)
    past = past_before(geography.name, loaded.scenario.start)
    assert past is not None
    assert past.until <= loaded.scenario.evidence_until < loaded.scenario.start
    assert sum(week.events for week in outcome.weeks) >= len(outcome.places) > 0


def test_a_town_that_the_map_does_not_have_is_reported_with_its_line(tmp_path: Path) -> None:
    file = find_patterns(None, "greater_idlib")
    towns = Towns.of(load_map("greater_idlib"))
    assert towns.weight.sum() == pytest.approx(1)
    check_places(SHIPPED, towns, file)
    wrong = tmp_path / "p.yaml"
    text = file.read_text(encoding="utf-8").replace("Darat Izza: 2", "Darat Iza: 2").replace("agreements: ../", "# ")
    wrong.write_text(text, encoding="utf-8")
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "Darat Iza:" in row)
    with pytest.raises(InputError) as error:
        check_places(read_patterns(wrong), towns, wrong)
    assert f"p.yaml:{line}: places.events.Darat Iza: the map has no such town, did you mean 'Darat Izza'?" in str(
        error.value
    )
