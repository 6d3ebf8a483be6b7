"""Figures of comparisons: words fit and keep apart at every width, numbers beside a figure are those drawn, bytes repeat."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image

from sim.comparison.results import Tornado
from sim.plots.comparison.cells import RANK_FILL
from sim.plots.comparison.figure import ComparisonFigure
from sim.plots.comparison.on_axes import ON_AXES
from sim.plots.comparison.sheet import (
    COLOURS,
    LEAST_POINTS,
    broken,
    looks,
    shortened,
    squeezed,
    text_width,
    without_titles,
)
from sim.plots.comparison.survival_curves import SPAN_COLOURS, in_force
from sim.plots.comparison.tornado import HIGH_FILL
from sim.plots.figures import Kind, csv_bytes, file_stem, kinds_of, limited
from sim.plots.labels import Box, overlaps
from sim.plots.style import LEVEL_COLOURS, OKABE_ITO, look_of, pdf_bytes, png_bytes, rgb_of, svg_bytes, typography
from sim.text import interval_text
from tests.plots.made_comparison import LONG, compared
from tests.plots.test_pictures import distances
from tests.plots.test_scene import CONFUSED, as_seen

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


def symbols_of(figure: Figure) -> np.ndarray:
    """Return the boxes of the markers that are seen, f8 [n, 4]: of lines, and of collections of shapes such as towns."""
    boxes, pixel = [np.zeros((0, 4))], figure.dpi / 72
    for axes in figure.axes:
        marked = [line for line in axes.lines if line.get_marker() not in ("", "None", None)]
        spots = [
            (line.get_transform().transform(line.get_xydata().astype(float)), line.get_markersize() / 2)
            for line in marked
        ]
        for shapes in (part for part in axes.collections if isinstance(part, PathCollection)):
            at = shapes.get_offset_transform().transform(shapes.get_offsets())
            reach = np.abs(shapes.get_paths()[0].vertices).max()
            spots.append((at, reach * np.sqrt(np.resize(shapes.get_sizes(), len(at)))))
        seen = axes.get_window_extent()
        for at, radius in spots:
            inside = (at >= (seen.x0, seen.y0)).all(axis=1) & (at <= (seen.x1, seen.y1)).all(axis=1)
            half = np.broadcast_to(radius, len(at))[inside, None] * pixel
            boxes.append(np.hstack([at[inside] - half, at[inside] + half]))
    return np.vstack(boxes)


@pytest.mark.parametrize(("number", "width_mm"), [(1, 125.0), (2, 180.0), (5, 85.0)])
@pytest.mark.parametrize("name", [*KEPT, "ranking"])
def test_words_are_large_enough_inside_and_apart_on_a_sheet_that_a_page_holds(
    name: str, number: int, width_mm: float
) -> None:
    if name not in kinds_of(compared(LONG[:number])):
        pytest.skip("is not of so many scenarios")
    figure = drawn(name, number, width_mm).figure
    assert figure.get_figheight() * 25.4 <= 200
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
    edge = 0.3 * figure.dpi / 72
    symbols = symbols_of(figure) + np.array([edge, edge, -edge, -edge])
    for text, box in zip(texts, tight, strict=True):
        assert not overlaps(Box(*box), symbols).any(), f"{text} covers a symbol"


@pytest.mark.parametrize("width_mm", [85.0, 120.0, 180.0])
def test_a_figure_has_the_width_asked_for(width_mm: float) -> None:
    assert drawn("differences", 2, width_mm).figure.get_figwidth() * 25.4 == pytest.approx(width_mm)


@pytest.mark.parametrize("name", KEPT)
def test_no_scenario_is_left_out(name: str) -> None:
    table, letters = drawn(name, 5).table, [look.letter for look in looks(LONG).values()]
    figure = drawn(name, 5).figure
    words = " ".join(text.get_text().replace("\n", " ") for text in texts_of(figure))
    told = set(table["scenario"])
    if name == "inputs" or name.startswith("tornado"):  # what lies within chance is in the table, not in the figure
        moved = {t.scenario for t in compared(LONG).inputs.tornados if any(bar.above_noise for bar in t.bars)}
        letters = [look.letter for look in looks(LONG).values() if look.name in moved]
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
    words = " ".join(text.get_text() for text in texts_of(drawn("differences", 2, 180.0).figure))
    assert "+17 (+9 to +25)" in words, "shares of runs in percentage points"
    level = compared(LONG[:2]).forest[0].difference.reference
    assert f"{100 * level:.0f} %" in words, "the mean in the reference stands beside the name"


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


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return a colour, red, green, blue 0..255, in CIELAB (D65), in which a distance of 2 to 3 can just be seen."""
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])
    x, y, z = (np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in to_xyz @ linear / (0.9505, 1, 1.0888))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize(
    "colours", [COLOURS, LEVEL_COLOURS, SPAN_COLOURS, OKABE_ITO], ids=["scenarios", "levels", "ends", "sides"]
)
def test_colours_stay_apart_for_the_colour_blind(colours: tuple[str, ...]) -> None:
    for one, other in combinations(colours, 2):
        for kind, matrix in CONFUSED.items():
            apart = np.linalg.norm(lab(as_seen(one, matrix)) - lab(as_seen(other, matrix)))
            assert apart > 8, (one, other, kind)


@pytest.mark.parametrize("colours", [LEVEL_COLOURS[1:], SPAN_COLOURS], ids=["levels", "ends"])
def test_what_only_colour_tells_is_apart_in_grey(colours: tuple[str, ...]) -> None:
    light = sorted(lab(np.array(rgb_of(colour), float))[0] for colour in colours)
    assert np.diff(light).min() > 10


@pytest.mark.parametrize("name", ["difference_map", "flows", "outcomes"])
def test_pictures_of_studies_keep_the_colours_of_sides_exactly(name: str) -> None:
    figure = drawn(name, 1 if name == "outcomes" else 2, 180.0).figure
    colours = list(look_of(compared().models[LONG[0]]).colours.values())
    with Image.open(io.BytesIO(png_bytes(figure))) as reduced:
        full = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")  # type: ignore[attr-defined]
        shown = [colour for colour, off in zip(colours, distances(full, colours), strict=True) if off == 0]
        assert shown
        assert max(distances(reduced, shown)) <= 2


@pytest.mark.parametrize("name", ["differences", "difference_map", "agreement_causes", "outcomes"])
def test_vector_files_have_text_as_text_and_nothing_that_lies_outside(name: str) -> None:
    made = drawn(name, 1 if name == "outcomes" else 2, 125.0)
    root = ET.fromstring(svg_bytes(made.figure))
    space = "{http://www.w3.org/2000/svg}"
    words = "".join("".join(text.itertext()) for text in root.iter(f"{space}text")).replace(" ", "")
    assert made.title.replace(" ", "") in words, "a title is words, not outlines"
    clips = {part.get("id") for part in root.iter(f"{space}clipPath")}
    used = {part.get("clip-path", "").removeprefix("url(#").removesuffix(")") for part in root.iter()} - {""}
    assert used <= clips
    assert not list(root.iter(f"{space}image")), "no pixels in a vector file"
    assert not [part for part in root.iter() if part.tag.endswith(("foreignObject", "script", "mask", "filter"))]


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


@pytest.mark.parametrize("form", list(ON_AXES))
def test_a_comparison_draws_on_the_callers_axes(form: str) -> None:
    whats = {
        "<quantity>": "HTS_towns", "<statistic>": "clash_days", "<scenario>": LONG[0], "<level>": "3",
    }  # fmt: skip
    name = form.replace("convergence-<statistic>", "convergence-deaths_rebels")
    for hole, what in whats.items():
        name = name.replace(hole, what)
    axes = Figure().subplots()
    assert compared().plot(name, ax=axes) is axes
    assert axes.lines or axes.collections
    assert axes.get_xlabel()
    with pytest.raises(KeyError):
        compared().plot(f"{form.partition('-')[0]}-nothing", ax=axes)


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


def test_a_ranking_numbers_the_ranks_that_are_open_and_its_bars_are_those_of_its_table() -> None:
    comparison = compared(LONG[:4])
    made = kinds_of(comparison)["ranking"].draw(comparison, width_mm=180.0)
    shown = [text.get_text() for text in texts_of(made.figure)]
    for row in made.table.itertuples():
        text = f"{row.first_rank}" if row.first_rank == row.last_rank else f"{row.first_rank}\u2013{row.last_rank}"
        assert text in shown
    share = made.table.filter(like="probability_rank").to_numpy()
    bars = [patch for patch in made.figure.findobj(Rectangle) if patch.get_facecolor() == to_rgba(RANK_FILL)]
    tallest = max(bar.get_height() for bar in bars)
    assert tallest / share.max() == pytest.approx(min(bar.get_height() for bar in bars) / share.min())


def test_inputs_within_chance_are_not_drawn() -> None:
    comparison = compared(LONG[:2])
    made = kinds_of(comparison)["inputs"].draw(comparison, width_mm=180.0)
    shown = {text.get_text() for text in texts_of(made.figure)}
    for tornado in comparison.inputs.tornados:
        for bar in tornado.bars:
            assert bar.above_noise == (bar.label in shown) or any(
                other.label == bar.label and other.above_noise for t in comparison.inputs.tornados for other in t.bars
            )
    nothing = replace(
        comparison, inputs=replace(comparison.inputs, tornados=tuple(map(within_chance, comparison.inputs.tornados)))
    )
    for name in ("inputs", "tornado-clash_days"):
        made = kinds_of(nothing)[name].draw(nothing, width_mm=85.0)
        assert made.title.startswith("No input moves")
        assert not [patch for patch in made.figure.findobj(Rectangle) if patch.get_facecolor() == to_rgba(HIGH_FILL)]


def within_chance(tornado: Tornado) -> Tornado:
    return replace(tornado, bars=tuple(replace(bar, above_noise=False) for bar in tornado.bars))


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
