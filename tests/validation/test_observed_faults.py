"""Files of observed events that must not be read as they stand: each fault is refused with its line, or left out and counted."""

from __future__ import annotations

import os
import threading
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.files import SCENARIOS
from sim.geography.maps import load_map
from sim.validation.event_files import Area
from sim.validation.observed import Observation, observe, read_events, read_holds
from sim.validation.pattern_file import FOLDER, read_patterns

PATTERNS = FOLDER / "greater_idlib.yaml"
AREA = Area(35.2, 36.75, 35.9, 37.3)
START = date(2018, 2, 18)
GED = """\
id,date_start,date_end,side_a,side_b,location,where_prec,latitude,longitude,deaths_a,deaths_b,best
1,2018-03-02,2018-03-02,HTS,Ahrar al-Sham,Place A,1,36.20,36.75,2,1,3
2,2018-03-04,2018-03-05,HTS,Ahrar al-Sham,Place B,1,36.10,36.80,1,1,2
3,2018-03-05,2018-03-05,Nour al-Din al-Zenki,HTS,Place C,4,36.30,36.90,4,2,6
4,2018-10-20,2018-10-20,HTS,Ahrar al-Sham,Place A,1,36.20,36.75,1,0,1
"""
ACLED = """\
event_id_cnty,event_date,actor1,actor2,location,latitude,longitude,geo_precision,fatalities
SYR1,02 March 2018,Hayat Tahrir al Sham,Ahrar al Sham,Onetown,36.0,37.0,1,4
SYR2,2018-03-03,Hayat Tahrir al Sham,Ahrar al Sham,Onetown,36.0,37.0,1,0
"""
OLD_ACLED = '''\
data_id,iso,event_id_cnty,event_id_no_cnty,event_date,year,time_precision,event_type,actor1,assoc_actor_1,inter1,\
actor2,assoc_actor_2,inter2,location,latitude,longitude,geo_precision,source,notes,fatalities,timestamp
901,760,SYR1,1,29 October 2018,2018,1,Battles,Hayat Tahrir al Sham,,2,Opposition Rebels,NLF,2,Onetown,36.0,37.0,1,\
"SOHR; ""X""","Two lines
of notes",4,1541000000
'''
MARKED = "".join(f"{line},{'simulated' if n else 'code_status'}\n" for n, line in enumerate(GED.splitlines()))
FAR = "9,2018-06-21,2018-06-21,HTS,Ahrar al-Sham,Far town,1,32.62,36.10,20,20,40\n"


def written(folder: Path, text: str | bytes, name: str = "events.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def observed(folder: Path, *texts: str | bytes) -> Observation:
    """Return what some files give for the patterns of Greater Idlib."""
    files = [written(folder, text, f"events{n or ''}.csv") for n, text in enumerate(texts)]
    return observe(files, read_patterns(PATTERNS), PATTERNS, AREA)


def refused(folder: Path, *texts: str | bytes) -> str:
    """Return the faults of some files, without their folder."""
    with pytest.raises(InputError) as error:
        observed(folder, *texts)
    return str(error.value).replace(f"{folder.resolve()}/", "")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    return observed(tmp_path_factory.mktemp("good"), GED).figures


def test_the_area_is_that_of_the_map() -> None:
    assert Area.of(load_map("greater_idlib")) == pytest.approx(AREA, abs=0.03)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2,2018-03-04", "2,04/03/2018", "events.csv:3: date_start: '04/03/2018' is not a date in one certain order"),
        ("2018-03-05,HTS", "2018-03-03,HTS", "events.csv:3: date_end: '2018-03-03' is before date_start, 2018-03-04"),
        ("2018-03-05,HTS", "2028-03-05,HTS", "date_end: '2028-03-05' is more than 366 days after date_start"),
        ("2,2018-03-04", "2,1818-03-04", "date_start: '1818-03-04' is out of range, needs a year from 1946 to 2100"),
        ("2,2018-03-04", "2,", "events.csv:3: date_start: is empty"),
        (",1,1,2\n", ",1,1,-7\n", "events.csv:3: best: '-7' is not a whole number from 0 to 1000000"),
        (",1,1,2\n", ",1,1,inf\n", "events.csv:3: best: 'inf' is not a whole number"),
        (",1,1,2\n", ",1,1,2.7\n", "events.csv:3: best: '2.7' is not a whole number"),
        (",1,1,2\n", ",1,1,99999999999999999999\n", "events.csv:3: best: '99999999999999999999' is out of range"),
        (",1,1,2\n", ',1,1,"3,5"\n', "events.csv:3: best: '3,5' is not a whole number"),
        (",1,1,2\n", ",1,1,\n", "events.csv:3: best: is empty, needs a whole number from 0 to 1000000"),
        (",1,1,2\n", ",-1,1,2\n", "events.csv:3: deaths_a: '-1' is not a whole number"),
        (",1,1,2\n", ",1,nan,2\n", "events.csv:3: deaths_b: 'nan' is not a whole number"),
        ("Place B,1,", "Place B,0,", "events.csv:3: where_prec: '0' is out of range, needs a whole number from 1 to 7"),
        ("Place B,1,", "Place B,1.5,", "events.csv:3: where_prec: '1.5' is not a whole number"),
        ("36.10,", "96.10,", "events.csv:3: latitude: 96.10 is out of range, needs a number between -90 and 90"),
        ("36.80", "361.80", "events.csv:3: longitude: 361.80 is out of range, needs a number between -180 and 180"),
        ("36.10,", '"36,10",', "events.csv:3: latitude: '36,10' is not a number between -90 and 90 (write 36.10)"),
        ("36.10,", "nan,", "events.csv:3: latitude: 'nan' is not a number"),
        ("36.10,", ",", "events.csv:3: latitude: is empty"),
        ("36.10,36.80,1,1,2", "36.10,36.80,1,1,2,", "events.csv:3: has 13 cells, the header has 12 columns"),
        ("best", "best,best", "events.csv:1: best: appears 2 times among the columns"),
        ("side_b", "side_bb", "events.csv:1: side_bb: unknown column, did you mean 'side_b'?"),
        ("Place B", '"Place B', "events.csv:3: is not CSV: a quotation mark is not closed"),
        ("Place B", '"Place\nB"', "events.csv:3: location: goes on over several lines"),
        ("\n2,2018", "\n1,2018", "events.csv:3: id: '1' is the id of line 2 too, and the rows differ (first, last, place"),
        ("\n2,2018", "\nSIM-2,2018", "events.csv:3: this row is simulated (exported by this program)"),
    ],
)  # fmt: skip
def test_a_row_that_is_wrong_is_refused_with_its_line(old: str, new: str, words: str, tmp_path: Path) -> None:
    assert old in GED
    assert words in refused(tmp_path, GED.replace(old, new))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GED.splitlines()[0], "events.csv: has no events: there is nothing below the header"),
        (GED.splitlines()[0] + "\n\n\n", "has no events"),
        (GED.replace(",", ";"), "events.csv:1: header: columns are separated by commas, not by semicolons"),
        (GED.replace(",", "\t"), "not by tabs"),
        (GED.replace("best", "dead"), "is neither of UCDP GED nor of ACLED; columns needed: date_start"),
        (GED.replace("best", "dead"), "(for UCDP GED best is missing)"),
        (GED.replace("36.", "12."), "has no event on the map (35.2 to 36.75 N, 35.9 to 37.3 E, and 50 km around it)"),
        (ACLED.replace(",4\n", ",0\n"), "has no event with deaths in its 2 rows"),
        (GED.replace("HTS", "Tahrir"), "none of 4 events is between the sides declared (HTS, "),
        (GED.replace("HTS", "Tahrir"), "actors are Tahrir (4), Ahrar al-Sham (3)"),
        (GED.replace("2018-", "2011-"), "none of 4 events between the sides is in a window of the patterns (1 Dec 2016 to"),
        (GED.replace("2018-", "2011-"), "they are of 2 Mar 2011 to 20 Oct 2011"),
       (MARKED, "this row and 3 more are simulated"),
        (b"\x1f\x8b\x08\x00", "events.csv: is packed (gzip)"),
    ],
)  # fmt: skip
def test_a_file_without_a_use_is_refused(text: str | bytes, words: str, tmp_path: Path) -> None:
    assert words in refused(tmp_path, text)


@pytest.mark.parametrize(
    "zone", ["T00:00:00Z", "T23:00:00+03:00", " 00:00:00.000", "T00:00:00-05:00", " 00:00:00+00:00"]
)
def test_times_and_zones_leave_the_day_as_written(zone: str, good: dict[str, float], tmp_path: Path) -> None:
    text = "".join(
        ",".join(f"{cell}{zone}" if cell.startswith("2018-") else cell for cell in line.split(","))
        for line in GED.splitlines(keepends=True)
    )
    assert text.count(zone) == 8
    assert observed(tmp_path, text).figures == good


def test_events_elsewhere_are_left_out_and_counted(good: dict[str, float], tmp_path: Path) -> None:
    homs, azaz = FAR.replace("32.62,36.10", "34.73,36.71"), FAR.replace("32.62,36.10", "36.59,37.95")
    null_island = FAR.replace("32.62,36.10", "0,0")
    rows = [row.replace("9,", f"9{n},", 1) for n, row in enumerate((FAR, homs, azaz, null_island))]
    found = observed(tmp_path, GED + "".join(rows))
    assert found.figures == good
    assert "8 rows, 4 used" in found.notes[0]
    assert "4 more than 50 km off the map" in found.notes[0]


def test_events_near_the_map_and_of_its_country_count(tmp_path: Path) -> None:
    rows = [
        "5,2018-06-21,2018-06-21,HTS,NLF,Rastan,1,34.93,36.73,1,1,2\n",
        "6,2018-06-22,2018-06-22,HTS,NLF,Syria,6,35.0,38.0,1,1,2\n",  # the whole country has the point in its middle
    ]
    events = read_events([written(tmp_path, GED + "".join(rows))], AREA)
    assert len(events.log(START, 256)) == 6
    assert AREA.has(36.0, 37.0 + 360, 1.0)
    assert not AREA.has(36.0, -143.0, 50.0)


def test_exchanged_coordinates_are_named(tmp_path: Path) -> None:
    text = f"{GED.splitlines()[0]}\n1,2018-03-02,2018-03-02,HTS,NLF,Place A,1,37.20,35.50,2,1,3\n"
    assert "1 would be on it if latitude and longitude changed places" in refused(tmp_path, text)


def test_repeated_rows_count_once(good: dict[str, float], tmp_path: Path) -> None:
    body = GED.split("\n", 1)[1]
    twice = observed(tmp_path, GED + body.replace(",3\n", ",3.0\n"))
    assert twice.figures == good
    assert "8 rows, 4 used" in twice.notes[0]
    assert "4 there already under the same id" in twice.notes[0]
    other_release = GED.replace("best", "best,high").replace("\n", ",9\n").replace("high,9", "high")
    for second in (GED, other_release, GED.replace("\n1,", "\n1.0,")):
        both = observed(tmp_path, GED, second)
        assert both.figures == good
        assert "4 rows, 0 used. Left out: 4 there already under the same id." in both.notes[1]


def test_rows_of_one_id_that_differ_are_refused_across_files(tmp_path: Path) -> None:
    said = refused(tmp_path, GED, "\n" + GED.replace(",1,0,1\n", ",1,0,5\n"))
    assert "events1.csv:6: id: '4' is the id of line 5 of " in said
    assert "events.csv too, and the rows differ (deaths)" in said
    said = refused(tmp_path, ACLED.replace("SYR2", "SYR1"))
    assert "events.csv:3: event_id_cnty: 'SYR1' is the id of line 2 too" in said


def test_rows_without_an_id_are_counted_as_alike(tmp_path: Path) -> None:
    text = "\n".join(line.split(",", 1)[1] for line in [*GED.splitlines(), GED.splitlines()[1]]) + "\n"
    found = observed(tmp_path, text)
    assert "5 rows, 5 used" in found.notes[0]
    assert "1 row without an id counted though the same as another." in found.notes[0]
    assert "5 there already" in observed(tmp_path, text, text).notes[1]  # the file itself is given twice


def test_old_and_new_acled_and_other_headers_are_read(tmp_path: Path) -> None:
    log = read_events([written(tmp_path, OLD_ACLED)], AREA).log(START, 256, (["Hayat Tahrir al-Sham"], ["NLF"]))
    assert (log.day.tolist(), log.deaths.tolist()) == ([253], [4])
    assert read_events([written(tmp_path, ACLED)], AREA).files[0].no_deaths == 1
    text = "\ufeff# from UCDP\r\n" + GED.replace("date_start", "Date Start").replace("best", " BEST ").replace(
        "\n", "\r\n"
    )
    assert len(read_events([written(tmp_path, text)], AREA).log(START, 256)) == 4


def test_hxl_tags_below_the_header_are_left_out(tmp_path: Path) -> None:
    tags = ",".join(["#id"] * 12)
    assert len(read_events([written(tmp_path, GED.replace("\n1,", f"\n{tags}\n1,"))], AREA).log(START, 256)) == 4


def test_figures_not_in_the_files_are_named(tmp_path: Path) -> None:
    notes = observed(tmp_path, GED).notes
    assert "4 rows, 4 used, 2 Mar 2018 to 20 Oct 2018; actors: HTS (4), Ahrar al-Sham (3) and Nour" in notes[0]
    assert notes[1].startswith("Not computed from the files, and so as declared: ")
    assert "P12 government deaths before" in notes[1]
    with_others = (
        GED
        + "5,2018-03-02,2018-03-02,HTS,Whites,Place A,1,36.2,36.7,1,1,2\n"
        + ("6,2012-03-02,2012-03-02,HTS,NLF,Place A,1,36.2,36.7,1,1,2\n")
    )
    assert "Left out: 1 of other actors, 1 of other days." in observed(tmp_path, with_others).notes[0]


def test_a_pipe_is_read_once_for_all_windows(good: dict[str, float], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(GED,))
    writer.start()
    assert observe([pipe], read_patterns(PATTERNS), PATTERNS, AREA).figures == good
    writer.join()


def test_patterns_without_names_of_actors_are_refused(tmp_path: Path) -> None:
    declared = read_patterns(PATTERNS)
    nameless = declared.sides.model_copy(update={"first": declared.sides.first.model_copy(update={"names": []})})
    with pytest.raises(InputError, match=r"sides\.first\.names: has no name of an actor"):
        observe([written(tmp_path, GED)], declared.model_copy(update={"sides": nameless}), PATTERNS, AREA)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2018-03-09", "09.03.2018", "date_start: '09.03.2018' is not a date in one certain order"),
        (",41.0,", ",-41,", "hold_days_until_organised_relapse: -41 is out of range"),
        (",41.0,", ",long,", "hold_days_until_organised_relapse: 'long' is not a number"),
        ("date_start", "signed", "header: missing column date_start"),
    ],
)
def test_a_broken_table_of_agreements_is_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    text = (SCENARIOS / "maps" / "greater_idlib" / "ceasefires.csv").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(InputError) as error:
        read_holds(written(tmp_path, text.replace(old, new)), START, 256)
    assert words in str(error.value)


def test_many_faults_are_counted(tmp_path: Path) -> None:
    rows = [f"{n // 2},2018-03-{1 + n % 2:02},2018-03-02,HTS,NLF,A,1,36.2,36.7,1,1,2" for n in range(600)]
    with pytest.raises(InputError) as error:
        read_events([written(tmp_path, "\n".join([GED.splitlines()[0], *rows]))], AREA)
    assert len(error.value.faults) == 21
    assert str(error.value).endswith("and 280 more faults")


def test_a_fault_that_all_rows_have_is_reported_once(tmp_path: Path) -> None:
    rows = [f"{n},{1 + n % 9}/3/2018,2018-03-02,HTS,NLF,A,1,36.2,36.7,1,1,2" for n in range(300)]
    with pytest.raises(InputError) as error:
        read_events([written(tmp_path, "\n".join([GED.splitlines()[0], *rows]))], AREA)
    (fault,) = error.value.faults
    assert (fault.line, fault.key) == (2, "date_start")
    assert "day or month first" in fault.message
    assert fault.message.endswith("; 299 more rows like it")


def test_rows_of_a_window_do_not_depend_on_their_order(tmp_path: Path) -> None:
    lines = GED.splitlines()
    one = read_events([written(tmp_path, GED)], AREA).log(START, 256)
    other = read_events([written(tmp_path, "\n".join([lines[0], *reversed(lines[1:])]))], AREA).log(START, 256)
    for name in ("day", "end", "deaths", "place"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
