"""Observed events as logs: UCDP GED and ACLED columns, sides, windows, and faults with their lines. All rows are invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from docs import campaign_constants
from docs.places import best_weight, earlier_events, log_score
from sim.errors import InputError
from sim.files import SCENARIOS
from sim.geography.maps import load_map
from sim.validation.observed import observe, read_events, read_holds, read_log
from sim.validation.pattern_file import FOLDER, read_patterns
from sim.validation.pattern_nulls import Towns

START = date(2018, 2, 18)
SIDES = (["HTS", "Hay'at Tahrir al-Sham"], ["Ahrar al-Sham", "Sham Legion"])
GED = """\
id,date_start,date_end,side_a,side_b,location,where_prec,latitude,longitude,deaths_a,deaths_b,deaths_civilians,best
1,2018-02-20,2018-02-20,Ahrar al-Sham,HTS,Onetown,1,36.0,37.0,3,1,0,4
2,2018-02-19 00:00:00.000,2018-02-21 00:00:00.000,HTS,"13th Division, Sham Legion",Twotown,2,36.1,37.1,2,5,1,8
3,2018-02-22,2018-02-22,HTS,Government of Syria,Onetown,1,36.0,37.0,9,9,0,18
4,2018-02-23,2018-03-01,Ahrar al-Sham,HTS,a province,4,36.0,37.0,0,0,0,7
5,2018-02-17,2018-02-17,Ahrar al-Sham,HTS,Onetown,1,36.0,37.0,1,1,0,2
6,2018-03-20,2018-03-20,Ahrar al-Sham,HTS,Onetown,1,36.0,37.0,1,1,0,2
7,2018-02-24,2018-02-24,Whites,Hay'at Tahrir al-Sham,Onetown,1,36.0,37.0,1,1,0,2
"""
ACLED = """\
event_date,actor1,assoc_actor_1,actor2,assoc_actor_2,location,latitude,longitude,geo_precision,fatalities
20 February 2018,Hayat Tahrir al Sham,,Ahrar al Sham,,Onetown,36.0,37.0,1,4
2018-02-21,Unidentified,,Hayat Tahrir al Sham,,Onetown,36.0,37.0,1,3
2018-02-22,Opposition Rebels,Ahrar al-Sham,Hay'at Tahrir al Sham,,Twotown,36.1,37.1,3,1
2018-02-23,Ahrar al Sham,,Hayat Tahrir al Sham,,Onetown,36.0,37.0,1,0
"""


def written(folder: Path, text: str, name: str = "events.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_ged_rows_between_the_sides_in_the_window_make_a_log(tmp_path: Path) -> None:
    log = read_log(written(tmp_path, GED), START, 30, SIDES)
    assert log.day.tolist() == [1, 2, 5]
    assert log.end.tolist() == [3, 2, 11]
    assert log.place.tolist() == ["Twotown", "Onetown", "a province"]
    assert log.deaths.tolist() == [8, 4, 7]
    assert log.summary.tolist() == [False, False, True]
    assert log.losses is not None
    assert log.losses.tolist() == [[2, 5], [1, 3], [0, 0]]  # of the first side, whichever column it stands in


def test_if_all_fight_all_events_between_any_two_count_and_no_side_has_losses(tmp_path: Path) -> None:
    path = written(tmp_path, GED)
    assert read_log(path, START, 30, [*SIDES, ["Absent"]]).day.tolist() == read_log(path, START, 30, SIDES).day.tolist()
    all_fight = read_log(path, START, 30, [*SIDES, ["Whites"]])
    assert all_fight.day.tolist() == [1, 2, 5, 6]
    assert all_fight.losses is None
    assert all_fight.group is None


def test_without_sides_all_rows_of_the_window_count(tmp_path: Path) -> None:
    assert len(read_log(written(tmp_path, GED), START, 30)) == 5


def test_acled_rows_are_read_by_their_own_columns(tmp_path: Path) -> None:
    log = read_log(written(tmp_path, ACLED), START, 30, SIDES)
    assert log.day.tolist() == [2, 4]
    assert log.deaths.tolist() == [4, 1]
    assert log.summary.tolist() == [False, True]
    assert log.losses is not None
    assert not log.losses.any()


def test_a_name_matches_whole_words_only(tmp_path: Path) -> None:
    text = GED.replace("Ahrar al-Sham,HTS,Onetown,1,36.0,37.0,3", "Ahrar al-Shamal,HTS,Onetown,1,36.0,37.0,3")
    assert len(read_log(written(tmp_path, text), START, 30, SIDES)) == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2018-02-20,2018", "20.02.18 or so,2018", r"events\.csv:2: date_start: '20\.02\.18 or so' is not a date"),
        (",36.1,37.1", ",north,37.1", r"events\.csv:3: latitude: 'north' is not a number"),
        ("date_start", "begun", "is neither of UCDP GED nor of ACLED; columns needed"),
        (GED, "", "events\\.csv: is empty"),
    ],
)
def test_what_cannot_be_read_is_reported_with_its_line(old: str, new: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        read_log(written(tmp_path, GED.replace(old, new)), START, 30, SIDES)
    with pytest.raises(InputError, match="no such file"):
        read_log(tmp_path / "none.csv", START, 30)


def test_logs_are_joined_in_order_of_days(tmp_path: Path) -> None:
    files = [written(tmp_path, GED), written(tmp_path, ACLED, "acled.csv")]
    one, other = (read_log(file, START, 30, SIDES) for file in files)
    both = read_events(files).log(START, 30, SIDES)
    assert both.day.tolist() == sorted([*one.day.tolist(), *other.day.tolist()])
    assert int(both.deaths.sum()) == int(one.deaths.sum() + other.deaths.sum())


def test_agreements_of_the_map_are_holds_censored_at_the_windows_end() -> None:
    holds = read_holds(SCENARIOS / "maps" / "greater_idlib" / "ceasefires.csv", START, 256)
    assert holds.days.tolist() == [2, 6, 1, 7, 155, 1, 15, 5, 1]
    assert holds.censored.tolist() == [False] * 8 + [True]
    short = read_holds(SCENARIOS / "maps" / "greater_idlib" / "ceasefires.csv", START, 100)
    assert short.days[-1] == 100 - short.signed[-1]
    assert bool(short.censored[-1])


def test_the_observed_figures_are_those_that_the_files_can_give(tmp_path: Path) -> None:
    file = FOLDER / "greater_idlib.yaml"
    found, notes, logs = observe([written(tmp_path, GED)], read_patterns(file), file)
    assert found["P1_deaths_per_event_mean"] == pytest.approx(
        np.mean([2, 8, 4, 2])
    )  # 17, 19 and 20 February and 20 March; no summary
    assert not {"P11_towns_changed", "P12_government_deaths_after"} & set(found)
    assert any("Not computed from the files" in note and "P11 towns changed" in note for note in notes)
    assert found["P6_hold_days_median"] == 6
    assert found["P6_ended_within_7_share"] == pytest.approx(0.741, abs=0.001)
    assert logs["record"].deaths.tolist() == [2, 8, 4, 7, 2]


ROUND = """\
date_start,side_a,side_b,location,where_prec,latitude,longitude,best
2017-03-01,Ahrar al-Sham,HTS,Onetown,1,36.0,37.0,1
2018-03-01,Ahrar al-Sham,HTS,Onetown,1,36.0,37.0,1
2018-03-02,Ahrar al-Sham,HTS,Onetown,1,36.0,37.0,4
2018-03-03,HTS,Ahrar al-Sham,Onetown,1,36.0,37.0,4
2018-03-04,"Suqour al-Sham Brigades, Syrian Liberation Front",HTS,Onetown,1,36.0,37.0,1
2018-03-05,HTS,Nour al-Din al-Zenki,Onetown,1,36.0,37.0,1
2018-03-06,"13th Division, Sham Legion",HTS,Onetown,1,36.0,37.0,1
"""
STATE = """\
date_start,side_a,side_b,location,where_prec,latitude,longitude,best
2018-01-01,Government of Syria,Syrian insurgents,Onetown,1,36.0,37.0,60
2018-02-25,Government of Syria,Syrian insurgents,Onetown,1,36.0,37.0,9
"""


def test_figures_of_rounds_are_read_from_the_names_of_sides(tmp_path: Path) -> None:
    file, files = FOLDER / "greater_idlib.yaml", [written(tmp_path, ROUND), written(tmp_path, STATE, "state.csv")]
    late = ROUND.replace("2018-03-0", "2018-02-0")
    found = observe(files, read_patterns(file), file).figures
    assert found["P16_two_largest_events_share"] == 1.0
    assert found["P19_target_share"] == pytest.approx(5 / 6)  # the Front, by its name or by its groups
    assert found["P20_half_deaths_days"] == pytest.approx((2 + 1) / 2)  # 8 of 12 in two days; the single event
    assert found["P22_sisters_fighting_share"] == pytest.approx(3 / 4)  # Suqour, Sham Legion, 13th Division
    assert found["P24_pressure_below_share"] == 1.0  # 9 in 30 days, 60 in the 29 before
    before = observe([written(tmp_path, late, "late.csv")], read_patterns(file), file)
    assert before.figures["P19_target_share"] == pytest.approx(3 / 6)  # not yet merged
    assert "P24_pressure_below_share" not in before.figures


def test_an_aligned_window_of_a_record_begins_at_its_own_largest_round(tmp_path: Path) -> None:
    file, declared = FOLDER / "greater_idlib.yaml", read_patterns(FOLDER / "greater_idlib.yaml")
    early = ROUND.replace("2018-03-0", "2017-08-0").replace("2017-03-01", "2018-06-30")
    logs = observe([written(tmp_path, early)], declared, file).logs
    assert logs["year"].day.tolist() == [0, 1, 2, 3, 4, 5]  # from 1 August 2017, 258 days
    alone = ROUND.replace("2017-03-01,Ahrar al-Sham,HTS,Onetown,1,36.0,37.0,1\n", "")
    late = observe([written(tmp_path, alone)], declared, file).logs["year"]
    assert late.day[0] == 13  # no room for 258 days from March: as declared, from 16 February 2018


def test_the_script_of_constants_measures_each_pair_of_sides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "id,date_start,latitude,longitude,best,side_a,side_b,location"
    rows = [
        "1,2016-02-01,36.0,37.0,20,HTS,Whites,Onetown",
        "2,2016-02-02,36.1,37.1,6,Whites,HTS,Twotown",  # the same pair
        "3,2016-02-02,36.1,37.1,24,HTS,Blues,Twotown",  # another, with too few deaths
        "4,2016-02-09,36.2,37.2,1,HTS,Whites,Threetown",
        "5,2018-02-01,36.0,37.0,90,HTS,Whites,Onetown",  # of later days
    ]
    campaign_constants.main([str(written(tmp_path, "\n".join([head, *rows])))])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        "9 days; places of the first two days 2, of the first seven 2; from the eighth day on 1 "
    )
    assert lines[1].startswith("1 campaigns of 2 pairs of sides")
    assert "C4_later_events_a_day 0.5 events a day" in lines


def test_the_weight_of_a_forecast_of_places_is_that_which_scores_best_over_earlier_events() -> None:
    model, alike = np.array([0.5, 0.5, 0.0]), np.full(3, 1 / 3)
    assert log_score(alike, np.array([2, 2, 1])) == pytest.approx(np.log(3))
    assert best_weight(model, alike, np.array([2, 2, 1])) == pytest.approx(0.4)  # 4 log(1/3 + w/6) + log((1 - w)/3)
    assert best_weight(model, alike, np.array([1, 1, 1])) == 0
    assert best_weight(model, alike, np.array([1, 3, 0])) == 1


def test_events_on_the_forecasts_first_day_are_not_earlier_ones(tmp_path: Path) -> None:
    towns = Towns.of(load_map("greater_idlib"))
    where = {name: (towns.lat[row], towns.lon[row]) for row, name in enumerate(towns.name)}
    head = "id,date_start,latitude,longitude,best,side_a,side_b,location"
    days = {"1": ("2018-09-30", "Saraqib"), "2": ("2018-10-01", "Kafr Hamra"), "3": ("2016-11-30", "Kafr Hamra")}
    rows = [f"{number},{day},{where[t][0]},{where[t][1]},3,HTS,Ahrar al-Sham,{t}" for number, (day, t) in days.items()]
    file = written(tmp_path, "\n".join([head, *rows]))
    counts = earlier_events(file, date(2016, 12, 1), date(2018, 10, 1), towns, "greater_idlib")
    assert dict(zip(towns.name[counts > 0], counts[counts > 0].tolist(), strict=True)) == {"Saraqib": 1}
