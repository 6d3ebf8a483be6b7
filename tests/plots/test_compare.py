"""Figures of comparisons: words fit and keep apart at every width, numbers beside a figure are those drawn, bytes repeat."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from sim.plots.comparison.figure import ComparisonFigure
from sim.plots.comparison.sheet import LEAST_POINTS, broken, looks, shortened, squeezed, text_width, without_titles
from sim.plots.comparison.survival_curves import in_force
from sim.plots.figures import Kind, csv_bytes, file_stem, kinds_of, limited
from sim.plots.labels import Box, overlaps
from sim.plots.style import pdf_bytes, png_bytes, rgb_of, svg_bytes, typography
from sim.text import interval_text
from tests.plots.made_comparison import LONG, compared

NAMES = tuple(kinds_of(compared()))
KEPT = [name for name in NAMES if not name.startswith("probability_map") or name.endswith("HTS")]


@cache
def drawn(name: str, number: int = 2, width_mm: float = 85.0) -> ComparisonFigure:
    comparison = compared(LONG[:number])
    return kinds_of(comparison)[name].draw(comparison, width_mm=width_mm)


@cache
def texts_of(figure: Figure) -> list[Text]:
    """Return the texts that are seen: ticks outside an axis's range are not."""
    with typography():
        FigureCanvasAgg(figure).draw()
    found = []
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible() and text.get_window_extent().width > 0:
            found.append(text)
    hidden = set()
    for axes in figure.axes:
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            low, high = min(low, high), max(low, high)
            edge = 1e-9 * (high - low)
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not low - edge <= tick.get_loc() <= high + edge or not axes.axison:
                    hidden |= {id(tick.label1), id(tick.label2)}
    return [text for text in found if id(text) not in hidden]


def box_of(text: Text) -> Box:
    seen = text.get_window_extent()
    return Box(seen.x0, seen.y0, seen.x1, seen.y1)


@pytest.mark.parametrize(("number", "width_mm"), [(2, 180.0), (5, 85.0)])
@pytest.mark.parametrize("name", KEPT)
def test_words_are_large_enough_inside_and_apart(name: str, number: int, width_mm: float) -> None:
    figure = drawn(name, number, width_mm).figure
    texts = texts_of(figure)
    assert min(text.get_fontsize() for text in texts) >= LEAST_POINTS
    wide, tall = figure.bbox.width, figure.bbox.height
    boxes = [box_of(text) for text in texts]
    for text, box in zip(texts, boxes, strict=True):
        assert box.left >= -1, text
        assert box.right <= wide + 1, text
        assert box.bottom >= -1, text
        assert box.top <= tall + 1, text
    slack = 0.8 * figure.dpi / 72  # leading inside a text's box
    tight = np.array([(b.left + slack, b.bottom + slack, b.right - slack, b.top - slack) for b in boxes])
    for i, box in enumerate(tight):
        hit = overlaps(Box(*box), tight[:i].reshape(-1, 4))
        assert not hit.any(), (texts[i], [texts[j] for j in np.flatnonzero(hit)])


@pytest.mark.parametrize("width_mm", [85.0, 120.0, 180.0])
def test_a_figure_has_the_width_asked_for(width_mm: float) -> None:
    assert drawn("differences", 2, width_mm).figure.get_figwidth() * 25.4 == pytest.approx(width_mm)


@pytest.mark.parametrize("name", KEPT)
def test_no_scenario_is_left_out(name: str) -> None:
    table, letters = drawn(name, 5).table, [look.letter for look in looks(LONG).values()]
    figure = drawn(name, 5).figure
    words = " ".join(text.get_text().replace("\n", " ") for text in texts_of(figure))
    told = set(table["scenario"])
    of_differences = name in ("differences", "differences_by_day", "agreement_hold", "difference_map", "over_draws")
    assert told == set(LONG[1:] if of_differences else LONG)
    for letter in letters[1:] if of_differences else letters:
        assert re.search(rf"\b{letter}\b", words), letter


@pytest.mark.parametrize("name", ["differences", "fan-HTS_towns", "agreement_survival", "probability_map-HTS"])
def test_pictures_and_captions_say_what_they_are(name: str) -> None:
    made = drawn(name)
    assert "200" in made.caption, "how many runs"
    with Image.open(io.BytesIO(png_bytes(made.figure))) as picture:
        assert picture.info["Description"].startswith("SIMULATED · ceasefire_policies")
    svg = svg_bytes(made.figure).decode()
    ET.fromstring(svg)
    assert "SIMULATED" in svg
    assert "evidence ends 31 Oct 2018" in svg
    assert b"SIMULATED".hex() in pdf_bytes(made.figure).hex() or b"\xfe\xff\x00S\x00I\x00M" in pdf_bytes(made.figure)


@pytest.mark.parametrize("name", ["difference_map", "agreement_survival"])
def test_the_same_comparison_gives_the_same_bytes(name: str) -> None:
    one, two = drawn.__wrapped__(name), drawn.__wrapped__(name)
    assert png_bytes(one.figure) == png_bytes(two.figure)
    assert svg_bytes(one.figure) == svg_bytes(two.figure)
    assert pdf_bytes(one.figure) == pdf_bytes(two.figure)
    assert csv_bytes(one.table) == csv_bytes(two.table)


def read_back(made: ComparisonFigure) -> pd.DataFrame:
    """Return a figure's CSV as a table; its numbers as Python reads them, to the last digit."""
    text = csv_bytes(made.table).decode("utf-8")
    table, cells = (pd.read_csv(io.StringIO(text), dtype=kind) for kind in (None, str))
    exact = {name: [float(cell) for cell in cells[name]] for name in table.select_dtypes("float")}
    return table.assign(**exact)


def test_the_fan_draws_the_numbers_of_its_csv() -> None:
    made = drawn("fan-deaths_total", 5)
    table = read_back(made)
    panels = [axes for axes in made.figure.axes if axes.axison]
    upper, lower = panels[:4], panels[4:]
    assert (len(upper), len(lower)) == (4, 4), "each scenario over the reference, its difference below"
    assert len({axes.get_ylim() for axes in upper}) == 1, "one scale"
    reference = table[table["scenario"] == LONG[0]]
    for axes, below, name in zip(upper, lower, LONG[1:], strict=True):
        rows = table[table["scenario"] == name]
        curves = [np.asarray(line.get_ydata()) for line in axes.lines]
        assert any(np.array_equal(curve, rows["median"]) for curve in curves)
        assert any(np.array_equal(curve, reference["median"]) for curve in curves)
        bands = [c.get_paths()[0].vertices[:, 1] for c in axes.collections if isinstance(c, PolyCollection)]
        for band, course in zip(bands, (reference, rows), strict=True):
            assert (band.max(), band.min()) == (course["high_80"].max(), course["low_80"].min())
        assert any(np.array_equal(line.get_ydata(), rows["difference"]) for line in below.lines)


def test_the_title_of_a_fan_says_the_difference_at_the_end_and_its_interval() -> None:
    made = drawn("fan-HTS_towns", 2)
    last = read_back(made).iloc[-1]
    text = interval_text(last["difference"], last["difference_low"], last["difference_high"])
    assert text in made.title
    assert text in " ".join(" ".join(text.get_text() for text in texts_of(made.figure)).split())


def test_the_forest_draws_the_numbers_of_its_csv() -> None:
    made = drawn("differences", 5)
    table = read_back(made)
    markers = [line for axes in made.figure.axes for line in axes.lines if line.get_linestyle() == "None"]
    markers = [line for line in markers if np.isfinite(line.get_xdata()[0])]
    drawn_rows = sorted((line.get_xdata()[0], line.get_markerfacecolor() != "#FFFFFF") for line in markers)
    assert drawn_rows == sorted(
        (scaled, bool(sure)) for scaled, sure in zip(table["scaled"], table["resolved"], strict=True)
    )
    words = " ".join(text.get_text() for text in texts_of(drawn("differences", 2).figure))
    assert "+17 (+9 to +25)" in words, "shares of runs in percentage points"


def test_the_strips_draw_a_point_for_each_row_of_their_csv() -> None:
    made, results = drawn("over_draws", 5, 180.0), compared(LONG).over_draws
    assert results is not None
    panels = [axes for axes in made.figure.axes if axes.axison and axes.lines]
    strips = [line for axes in panels for line in axes.lines if line.get_marker() == "o" and line.get_alpha()]
    assert len(strips) == len(results.rows) == made.table.groupby(["statistic", "scenario"]).ngroups
    for line, row in zip(strips, results.rows, strict=True):
        scale = 100 if row.unit == "share of runs" else 1
        assert np.array_equal(line.get_xdata(), scale * row.means)
        rows = made.table[(made.table["statistic"] == row.statistic) & (made.table["scenario"] == row.scenario)]
        assert np.array_equal(rows["difference"], row.means)
        assert np.ptp(line.get_ydata()) < 1, "strips do not run into each other"


def test_the_survival_draws_the_numbers_of_its_csv() -> None:
    made = drawn("agreement_survival")
    table = read_back(made)
    lines = {
        line.get_color(): line
        for axes in made.figure.axes
        if axes.axison
        for line in axes.lines
        if len(line.get_ydata()) > 1 and line.get_linewidth() == 1.5
    }
    for name, look in looks(LONG[:2]).items():
        rows = table[table["scenario"] == name]
        np.testing.assert_array_equal(lines[look.line.colour].get_ydata(), rows["share"])
        told = [f"{int(n):,}" for n in rows["at_risk"].dropna()]
        words = [text.get_text() for text in texts_of(made.figure)]
        assert told[0] in words
        assert told[-1] in words


def test_causes_and_those_in_force_make_the_whole() -> None:
    table = read_back(drawn("agreement_causes", 5))
    np.testing.assert_allclose(table.groupby(["scenario", "days_held"])["share"].sum(), 1.0)


def test_towns_without_a_resolved_difference_are_white_and_unnamed() -> None:
    comparison = compared()
    contrast = comparison.control.contrasts[0]
    equal = replace(contrast, difference=contrast.difference * 0)
    sure = replace(contrast, town_resolved=np.ones_like(contrast.town_resolved))
    tinted, named = [], []
    for changed in (contrast, equal, sure):
        control = replace(comparison.control, contrasts=(changed,))
        figure = kinds_of(comparison)["difference_map"].draw(replace(comparison, control=control), width_mm=85.0).figure
        cells = [c for axes in figure.axes for c in axes.collections if isinstance(c, PolyCollection)]
        fills = np.vstack([c.get_facecolors() for c in cells])
        tinted.append(int((fills[:, :3] < 0.99).any(axis=1).sum()))
        named.append(sum(bool(re.search(r" \+\d+$", text.get_text())) for text in texts_of(figure)))
    gainer = contrast.difference[-1].argmax(axis=1)
    coloured = (contrast.difference[-1].max(axis=1) >= 0.005) & (gainer != comparison.control.codes.index("NEUTRAL"))
    assert tinted == [int((coloured & contrast.town_resolved[-1]).sum()), 0, int(coloured.sum())]
    assert named[1] == 0
    assert 0 < named[0] <= tinted[0]


def test_a_map_is_of_the_day_asked_for() -> None:
    comparison = compared()
    kind = kinds_of(comparison)["difference_map"]
    assert set(kind.draw(comparison, width_mm=85.0).table["day"]) == {180}
    near = kind.draw(comparison, width_mm=85.0, day=65)
    assert set(near.table["day"]) == {60}
    assert "day 60" in near.caption


def test_a_single_run_each_has_no_intervals_and_no_forest() -> None:
    comparison = replace(compared(), single=True, forest=(), convergence=())
    names = kinds_of(comparison)
    assert "differences" not in names
    assert "convergence" not in names
    assert "difference_map" in names


def test_a_study_that_is_not_complete_says_so_in_each_figure() -> None:
    comparison = replace(compared(), partial=True)
    kind: Kind = kinds_of(comparison)["escalation_strip"]
    words = " ".join(text.get_text() for text in texts_of(kind.draw(comparison, width_mm=180.0).figure))
    assert "The study is not complete." in words


def test_scenarios_are_distinguishable_in_grey_too() -> None:
    found = list(looks([f"s{i}" for i in range(20)]).values())
    assert len({(look.line.colour, look.line.dashes) for look in found}) == 20
    assert len({look.letter for look in found}) == 20
    for look in found[:8]:
        grey = np.dot(rgb_of(look.line.colour), (0.299, 0.587, 0.114))
        assert grey < 130, "dark enough on white"
    assert len({(look.line.dashes, look.line.marker) for look in found[:8]}) == 8


def test_texts_break_by_their_width() -> None:
    lines = broken("a_long_name_without_any_space_in_it and words", 0.8, 7.0)
    assert "".join(lines).replace(" ", "") == "a_long_name_without_any_space_in_itandwords"
    assert all(text_width(line, 7.0) <= 0.8 for line in lines)
    assert shortened("word", 3.0, 7.0) == "word"
    assert text_width(shortened("many words " * 9, 1.0, 7.0), 7.0) <= 1.0
    middle = squeezed("factions.NLF.groups.Ahrar al-Sham.fighters", 1.3, 7.0)
    assert middle.startswith("fac")
    assert middle.endswith("fighters")


def test_names_of_files_are_plain() -> None:
    assert file_stem("tornado-holder.Kafr Hamra=HTS") == "tornado-holder.Kafr_Hamra_HTS"


def test_statistics_and_mornings_can_be_chosen() -> None:
    comparison = compared(LONG[:3])
    few = limited(comparison, ["clash_days"], (10, 40))
    assert {row.difference.statistic for row in few.forest} <= {"clash_days"}
    assert [each.statistic for each in few.distributions] == ["clash_days"]
    panel, whole = few.fans[0], comparison.fans[0]
    assert panel.days.tolist() == list(range(10, 41))
    np.testing.assert_array_equal(panel.fans[0].low, whole.fans[0].low[:, 10:41])
    np.testing.assert_array_equal(panel.differences[0].mean, whole.differences[0].mean[10:41])
    for share in few.ladder.share.values():
        assert len(share) == 31
    with pytest.raises(KeyError, match="clash_dys"):
        limited(comparison, ["clash_dys"])
    with pytest.raises(ValueError, match="not in the comparison"):
        limited(comparison, (), (9000, 9001))


def test_a_figure_may_go_without_its_title_and_is_then_lower() -> None:
    comparison = compared()
    kind = kinds_of(comparison)["fan-HTS_towns"]
    with without_titles():
        bare = kind.draw(comparison, width_mm=85.0)
    titled = kind.draw(comparison, width_mm=85.0)
    assert bare.title == titled.title
    assert bare.figure.get_figheight() < titled.figure.get_figheight()
    assert not any(len(text.get_text()) > 12 and text.get_text() in titled.title for text in texts_of(bare.figure))


@pytest.mark.parametrize("name", ["differences", "fan-HTS_towns", "distribution-clash_days", "agreement_survival"])
def test_a_comparison_draws_on_the_callers_axes(name: str) -> None:
    axes = Figure().subplots()
    assert compared().plot(name, ax=axes) is axes
    assert axes.lines
    assert axes.get_xlabel()


def test_a_figure_that_is_not_there_is_refused_with_those_that_are() -> None:
    comparison = compared()
    with pytest.raises(KeyError, match="differences"):
        comparison.plot("difference_map", ax=Figure().subplots())
    with pytest.raises(KeyError, match="difference_map"):
        comparison.table("diference_map")
    assert len(comparison.table("differences")) == len(comparison.forest)


def test_a_heatmap_writes_a_number_in_each_cell_that_is_resolved_and_in_no_other() -> None:
    comparison = compared(LONG[:4])
    made = kinds_of(comparison)["heatmap"].draw(comparison, width_mm=180.0)
    numbers = [text for text in texts_of(made.figure) if re.fullmatch(r"[+\u2212][\d.,]+", text.get_text())]
    assert len(numbers) == sum(row.difference.resolved and np.isfinite(row.scaled) for row in comparison.forest)


@pytest.mark.parametrize("width_mm", [85.0, 125.0, 180.0])
@pytest.mark.parametrize(
    "name", ["differences", "distributions", "difference_map", "fan-HTS_towns", "agreement_survival"]
)
def test_sheets_are_at_most_200_mm_tall(name: str, width_mm: float) -> None:
    assert drawn(name, 2, width_mm).figure.get_figheight() * 25.4 <= 200


def test_flows_sum_to_the_towns_of_each_holder() -> None:
    comparison = compared(LONG[:2])
    table = kinds_of(comparison)["flows"].draw(comparison, width_mm=180.0).table
    for name in comparison.scenarios:
        rows = table[table["scenario"] == name]
        assert rows["towns"].sum() == pytest.approx(len(comparison.control.towns))
        ends = rows.groupby("end")["towns"].sum()
        shares = comparison.control.shares[name][-1].sum(axis=0)
        assert [ends[code] for code in comparison.control.codes] == pytest.approx(shares.tolist())


def test_the_strip_has_a_line_an_agreement_and_the_share_of_mornings_under_one() -> None:
    made, runs = drawn("agreement_strip", 2, 180.0), 200
    lines = [c for axes in made.figure.axes for c in axes.collections if isinstance(c, LineCollection)]
    assert sum(len(c.get_segments()) for c in lines) == len(made.table) == 6
    force = in_force(compared().holding.spans[LONG[0]], runs, 181)
    assert force.sum() == 21 + 11 + 176
    assert f"{force.mean():.1%}".split(".")[0] in made.title
