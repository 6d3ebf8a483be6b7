"""The small charts: what they say, that texts fit, that days stand one above the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from xml.etree import ElementTree

import numpy as np
import pytest

from sim.pages.history import Accord, Snapshot
from sim.pages.svg import text_width
from sim.plots.map.state import MapState
from sim.plots.style import INK, LEVEL_COLOURS, FactionStyles
from sim.viewer.charts import LEFT, RIGHT, Axis, agreements_chart, deaths_chart, ladder_chart, towns_chart

SVG = "{http://www.w3.org/2000/svg}"
START = date(2018, 10, 1)
DAYS = 90
LOOK = FactionStyles(
    ("A", "B", "G"),
    {"A": "Alpha <&>", "B": "Brigade with a very long name", "G": "Government"},
    {"A": "#D55E00", "B": "#009E73", "G": "#0072B2"},
    {"A": "circle", "B": "square", "G": "pentagon"},
    {},
)


@dataclass(frozen=True, eq=False)
class Curves:
    towns: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
    runs: int
    wanted: int


def morning(day: int, accords: tuple[Accord, ...] = ()) -> Snapshot:
    state = MapState(day, START + timedelta(days=day), (), (), np.zeros(0, bool), {}, ())
    between = {("A", "B"): 2, ("B", "G"): 3} if day % 10 == 1 else {}
    level = 3 if 20 <= day < 40 else 0
    return Snapshot(
        day, state.date, state, (), np.zeros((0, 3), int), accords, {"A": 10 + day // 30, "B": 20, "G": 0},
        {("A", "B"): level, ("A", "G"): 0}, sum(between.values()), int(day == 15), between, "", (),
    )  # fmt: skip


MORNINGS = [morning(day) for day in range(DAYS + 1)]
ACCORD = Accord(
    "A-B", ("A", "B"), "Alpha / Bravo", ("truce", "no expansion"), "on all fronts", "", 30, 60, 2, "M", False
)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def charts(width: int, mornings: list[Snapshot], until: int) -> list[str]:
    return [
        towns_chart(LOOK, mornings, until, DAYS, None, width),
        agreements_chart(morning(until, (ACCORD,) * 9), LOOK, width),
        ladder_chart(mornings, until, DAYS, LOOK, width),
        deaths_chart(mornings, until, DAYS, START, LOOK, width),
    ]


@pytest.mark.parametrize("width", [360, 420, 620])
@pytest.mark.parametrize("until", [0, 45, DAYS])
def test_texts_are_readable_and_keep_inside(width: int, until: int) -> None:
    for chart in charts(width, MORNINGS, until):
        root = ElementTree.fromstring(chart)
        assert float(root.get("width", 0)) == width
        for text in root.iter(f"{SVG}text"):
            size = float(text.get("font-size", 0))
            assert size >= 11
            wide = text_width(text.text or "", size, text.get("font-weight") == "bold")
            x = float(text.get("x", 0))
            left = {"end": x - wide, "middle": x - wide / 2}.get(text.get("text-anchor", ""), x)
            assert left >= -1
            assert left + wide <= width + 1
            assert 0 < float(text.get("y", 0)) <= float(root.get("height", 0))


@pytest.mark.parametrize("until", [0, 1])
def test_a_run_that_has_just_begun_is_drawn(until: int) -> None:
    for chart in charts(380, MORNINGS[: until + 1], until):
        ElementTree.fromstring(chart)


def test_days_stand_one_above_the_other_in_the_charts_over_time() -> None:
    towns, _agreements, ladder, deaths = charts(400, MORNINGS, 45)
    x = LEFT + 45 * (400 - RIGHT - LEFT) / DAYS
    mark = re.compile(rf'd="M([\d.]+) [\d.]+V[\d.]+" stroke="{INK}" stroke-width="1.2"')
    for chart in (towns, ladder, deaths):
        assert [float(at) for at in mark.findall(chart)] == [pytest.approx(x, abs=0.06)]


def test_towns_are_named_with_their_number_on_the_day_shown_and_later_days_are_pale() -> None:
    now = towns_chart(LOOK, MORNINGS, 35, DAYS, None)
    shown = " ".join(texts(now))
    assert "Alpha <&> 11" in shown
    assert re.search(r"Brigade\S*… 20", shown)
    assert "Government" not in shown  # it never held any
    assert now.count('stroke-opacity=".35"') == 2
    assert towns_chart(LOOK, MORNINGS, DAYS, DAYS, None).count('stroke-opacity=".35"') == 0


def test_the_band_is_drawn_below_the_run_and_says_how_many_seeds_there_are() -> None:
    flat = np.ones(DAYS + 1)
    band = Curves({"A": (5 * flat, 10 * flat, 40 * flat), "G": (0 * flat, 0 * flat, 0 * flat)}, 50, 200)
    with_band = towns_chart(LOOK, MORNINGS, 45, DAYS, band)
    assert "grey: 5 to 95 % of 50 of 200 seeds" in texts(with_band)
    assert with_band.count("fill-opacity") == 1
    assert with_band.index("fill-opacity") < with_band.index(LOOK.colours["A"])
    assert "40" in texts(with_band)  # the axis reaches the band
    whole = towns_chart(LOOK, MORNINGS, 45, DAYS, Curves(band.towns, 200, 200))
    assert "grey: 5 to 95 % of 200 seeds" in texts(whole)


def test_the_end_of_the_evidence_is_marked_where_it_lies_in_the_run() -> None:
    assert "the evidence ends here" in towns_chart(LOOK, MORNINGS, 1, DAYS, None, evidence=date(2018, 10, 31))
    assert "the evidence ends here" not in towns_chart(LOOK, MORNINGS, 1, DAYS, None, evidence=date(2019, 10, 31))


def test_agreements_tell_age_time_left_violations_and_terms() -> None:
    chart = agreements_chart(morning(3, (ACCORD,)), LOOK, 420)
    assert {"30 d, 60 left · 2 violations", "truce, no expansion (mediated by M)", "1 in force"} <= set(texts(chart))
    bars = [float(width) for width in re.findall(r'<rect y="[\d.]+" width="([\d.]+)" height="4"', chart)]
    assert bars == [pytest.approx(420 * 30 / 90)] * 2
    assert "none in force" in texts(agreements_chart(morning(3), LOOK))
    assert "and 2 more, signed later" in texts(agreements_chart(morning(3, (ACCORD,) * 9), LOOK))


def test_the_ladder_has_a_strip_for_each_pair_that_left_calm() -> None:
    chart = ladder_chart(MORNINGS, 30, DAYS, LOOK, 400)
    shown = texts(chart)
    assert "1 pair calm throughout" in shown
    assert shown.count("3 local clash") == 2  # the level of the day, and the key
    axis = Axis(START, DAYS, 400)
    strips = re.findall(rf'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="14" fill="{LEVEL_COLOURS[3]}"', chart)
    assert [float(x) for x, _wide in strips] == [
        pytest.approx(axis.x(20), abs=0.06),
        pytest.approx(axis.x(31), abs=0.06),
    ]
    assert sum(float(wide) for _x, wide in strips) == pytest.approx(20 * axis.step, abs=0.2)


def test_deaths_are_summed_by_week_up_to_the_day_shown_with_civilians_apart() -> None:
    chart = deaths_chart(MORNINGS, 25, DAYS, START, LOOK, 400)
    shown = texts(chart)
    assert {"15 fighters, 1 civilians", "A – B 6", "B – G 9", "civilians 1"} <= set(shown)
    titles = [element.text for element in ElementTree.fromstring(chart).iter(f"{SVG}title")]
    weeks = [f"week {week}: {told}" for week in (1, 2, 3) for told in ("B – G 3", "A – B 2")]
    assert [title for title in titles if title in weeks] == weeks
    assert "week 3: 1 civilians" in titles
    assert "week 4: B – G 3" not in titles
