"""Every picture says SIMULATED, of what, with which seed and version; files parse; a run always gives the same bytes."""

from __future__ import annotations

import io
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from PIL import Image

from sim import __version__
from sim.pages.run_report import Recording, draw_all
from sim.plots.charts import spaced
from sim.plots.map.animation import DAY_MS, END_MS, HOLD_MS, encoder, film
from sim.plots.map.primitives import half, outline
from sim.plots.map.sheets import control_map, key_days, start_map, start_maps
from sim.plots.map.state import States
from sim.plots.style import OKABE_ITO, SHAPES, Palette, look_of, new_figure, png_bytes, rgb_of, svg_bytes
from sim.plots.timeline import offensives, timeline

WORDS = ("SIMULATED", "By hand", "seed 7", f"sim {__version__}", "evidence ends 31 Oct 2018")


def words_of(figure) -> str:  # type: ignore[no-untyped-def]
    return " ".join(text.get_text() for text in figure.texts)


def test_the_folder_holds_what_is_promised(drawn: Path, run) -> None:  # type: ignore[no-untyped-def]
    names = {str(path.relative_to(drawn)) for path in drawn.rglob("*") if path.is_file()}
    days = key_days(run)
    assert days[0] == 0
    assert days[-1] == 24
    assert len(days) <= 6
    assert names == {f"maps/control_day_{day:03d}.{end}" for day in days for end in ("png", "svg")} | {
        "maps/control.gif", "timeline.png", "timeline.svg", "report.html",
    }  # fmt: skip


def test_every_figure_carries_the_stamp(run, atlas) -> None:  # type: ignore[no-untyped-def]
    for figure in (control_map(run, 12, atlas=atlas), timeline(run)):
        assert all(word in words_of(figure) for word in WORDS)
    start = words_of(start_map(run.scenario, run.geography))
    assert "SIMULATED" in start
    assert "evidence ends 31 Oct 2018" in start


def test_png_and_svg_carry_the_stamp(drawn: Path) -> None:
    for path in drawn.rglob("*.png"):
        with Image.open(path) as picture:
            assert all(word in picture.info["Description"] for word in WORDS)
            assert f"sim {__version__}" in picture.info["Software"]
    for path in drawn.rglob("*.svg"):
        text = path.read_text(encoding="utf-8")
        ET.fromstring(text)
        assert all(word in text for word in WORDS)


def test_the_animation_has_a_frame_a_day(drawn: Path) -> None:
    path = drawn / "maps" / "control.gif"
    assert path.stat().st_size < 4_000_000
    with Image.open(path) as gif:
        assert gif.n_frames == 25
        assert b"SIMULATED" in gif.info["comment"]
        gif.seek(24)
        last = np.asarray(gif.convert("RGB"))
    assert len(np.unique(last.reshape(-1, 3), axis=0)) > 20


def test_two_drawings_of_a_run_are_the_same_bytes(drawn: Path, make, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("sim.pages.run_report.recorded", lambda _run: Recording())  # a run made by hand
    draw_all(make(), tmp_path)
    for path in sorted(drawn.rglob("*.*")):
        assert path.read_bytes() == (tmp_path / path.relative_to(drawn)).read_bytes(), path.name


def test_states_tell_changes_fighting_and_bases(run) -> None:  # type: ignore[no-untyped-def]
    states = States(run)
    names = [place.name for place in run.geography.places]
    hamra, izza, anadan, atarib = (names.index(n) for n in ("Kafr Hamra", "Darat Izza", "Anadan", "Atarib"))
    assert not states[0].changed.any()
    assert states[5].codes[hamra] == "NLF"
    assert states[6].codes[hamra] == "HTS"
    assert np.flatnonzero(states[24].changed).tolist() == sorted([hamra, izza, anadan])
    assert states[17].sides[izza] == ("NLF", "HTS")
    assert states[6].clashes == {hamra: 5}
    assert hamra not in states[13].clashes
    assert (hamra, "HTS") in states[5].bases
    assert (hamra, "HTS") not in states[6].bases, "a base in one's own town is none"
    assert (atarib, "HTS") in states[8].bases
    assert (atarib, "HTS") not in states[13].bases


def test_colours_come_from_the_scenario_else_from_the_cycle(scenario_with) -> None:  # type: ignore[no-untyped-def]
    group = {"groups": {"a group": {}}}
    look = look_of(scenario_with(factions={
        "A": {"role": "rebel", "colour": "#0072B2", **group}, "B": {"role": "rebel", "groups": {"b": {}}},
        "C": {"role": "rebel", "groups": {"c": {}}},
    }))  # fmt: skip
    assert look.colour("A") == "#0072B2"
    assert len(set(look.colours.values())) == 3
    assert len(set(look.shapes.values())) == 3


def test_frequent_colours_survive_the_palette() -> None:
    rng = np.random.default_rng(1)
    pixels = np.full((300, 300, 3), 255, np.uint8)
    pixels[50:200] = (244, 243, 239)
    pixels[200:260] = rng.integers(0, 256, (60, 300, 3))
    picture = Image.fromarray(pixels)
    palette = Palette.of(picture, [(240, 241, 238), (1, 2, 3)])
    back = np.asarray(palette.paint(palette.positions(picture)).convert("RGB"))
    assert (back[:200] == pixels[:200]).all()
    assert len(palette.colours) <= 255


def distances(picture: Image.Image, colours: list[str]) -> list[int]:
    """Return how far the nearest colour of a picture is from each colour, in the channel that is farthest off."""
    rgb = np.asarray(picture.convert("RGB")).astype(int)
    packed = np.unique(rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2])  # a number is sorted faster than a row
    pixels = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1)
    return [int(np.abs(pixels - np.array(rgb_of(colour))).max(axis=1).min()) for colour in colours]


def test_colours_that_share_a_bin_of_the_palette_are_all_exact() -> None:
    pixels = np.full((30, 30, 3), (16, 16, 16), np.uint8)
    pixels[3, 3], pixels[4, 4] = (17, 18, 19), (23, 16, 16)
    palette = Palette.of(Image.fromarray(pixels), [(17, 18, 19), (23, 16, 16)])
    back = np.asarray(palette.paint(palette.positions(Image.fromarray(pixels))).convert("RGB"))
    assert (back == pixels).all()


def test_colours_of_factions_and_scenarios_survive_in_a_crowded_picture() -> None:
    rng = np.random.default_rng(2)
    figure = new_figure(4, 4)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(rng.random((60, 60, 3)), extent=(0, 1, 0, 1), interpolation="nearest")
    colours = [*OKABE_ITO, "#0172B3", "#0071B1", "#8C8C8D"]
    for i, colour in enumerate(colours):
        axes.add_patch(Rectangle((0.08 * i, 0.5), 0.02, 0.02, facecolor=colour, edgecolor="none"))
        axes.plot([0.08 * i + 0.04], [0.2], marker="s", markersize=3, color=colour, markeredgecolor="none")
    picture = Image.open(io.BytesIO(png_bytes(figure)))
    assert distances(picture, colours) == [0] * len(colours)


def test_colours_of_factions_are_exact_in_every_picture_that_shows_them(drawn: Path, run, atlas) -> None:  # type: ignore[no-untyped-def]
    colours = list(look_of(run.scenario).colours.values())
    figure = timeline(run)
    with Image.open(io.BytesIO(png_bytes(figure))) as reduced:
        full = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")  # type: ignore[attr-defined]
        present = [colour for colour, off in zip(colours, distances(full, colours), strict=True) if off == 0]
        assert len(present) >= 3
        assert distances(reduced, present) == [0] * len(present)
    for path in (drawn / "maps").glob("*.png"):
        svg = path.with_suffix(".svg").read_text(encoding="utf-8").lower()
        shown = [colour for colour in colours if f": {colour.lower()}" in svg]
        with Image.open(path) as picture:
            assert distances(picture, shown) == [0] * len(shown), path.name
    with Image.open(drawn / "maps" / "control.gif") as animation:
        first = animation.convert("RGB")
        used = [colour for colour, off in zip(colours, distances(first, colours), strict=True) if off < 30]
        assert len(used) >= 3
        for number in (0, animation.n_frames // 2, animation.n_frames - 1):
            animation.seek(number)
            assert distances(animation, used) == [0] * len(used), number


@pytest.mark.parametrize("shape", SHAPES)
def test_halves_of_a_symbol_lie_on_their_sides(shape: str) -> None:
    assert half(shape, False).vertices[:, 0].max() <= 1e-9
    assert half(shape, True).vertices[:, 0].min() >= -1e-9
    assert abs(outline(shape).vertices).max() < 2


def test_start_maps_ring_what_differs(run, scenario_with) -> None:  # type: ignore[no-untyped-def]
    other = scenario_with(title="Another", control_on="2018-11-01")
    figure = start_maps((run.scenario, run.geography), (other, run.geography))
    assert words_of(figure).count("holders that differ are ringed: 1") == 2
    assert png_bytes(figure)[:4] == b"\x89PNG"


def test_offensives_are_stretches_of_days(run) -> None:  # type: ignore[no-untyped-def]
    assert offensives(run) == [(19, 25)]


def test_labels_at_the_end_of_lines_keep_apart() -> None:
    result = spaced([5, 5, 30, 6], 3)
    assert result == [5, 8, 30, 11]


def test_a_run_without_events_or_agreements_is_drawn(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    quiet = make()
    for name in ("events", "control_changes", "agreements"):
        setattr(quiet, name, getattr(quiet, name).iloc[:0])
    quiet.control_daily = quiet.control_daily.assign(
        **{t: quiet.control_daily[t].iloc[0] for t in ("Kafr Hamra", "Anadan", "Darat Izza")}
    )
    assert key_days(quiet) == [0, 24]
    svg_bytes(control_map(quiet, 24))
    svg_bytes(timeline(quiet))


def test_names_with_dollars_and_markup_are_drawn_as_they_are(make, scenario_with) -> None:  # type: ignore[no-untyped-def]
    run = make(scenario_with(title="$x_1$ <b>&amp;"))
    svg = svg_bytes(control_map(run, 0))
    ET.fromstring(svg)
    assert b"$x_1$" in svg


def test_the_stamp_fits_however_long_the_title(make, scenario_with) -> None:  # type: ignore[no-untyped-def]
    figure = control_map(make(scenario_with(title="A very long title of a scenario " * 2)), 0)
    boxes = [text.get_window_extent() for text in figure.texts[-3:]]
    assert boxes[1].x1 < boxes[2].x0
    assert boxes[0].x1 <= boxes[1].x0 + 2


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_video_has_the_frames_of_the_animation(drawn: Path, run, atlas, tmp_path: Path, kind: str) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("imageio_ffmpeg")
    file = film(run, tmp_path / f"control.{kind}", atlas)
    words = [encoder(), "-loglevel", "error", "-i", str(file), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    with Image.open(drawn / "maps" / "control.gif") as animation:
        wide, high = (side + side % 2 for side in animation.size)
    frames = subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout
    shown = np.frombuffer(frames, np.uint8).reshape(-1, high, wide, 3)
    assert len(shown) == HOLD_MS // DAY_MS + run.scenario.days - 1 + END_MS // DAY_MS
    with Image.open(drawn / "maps" / "control.gif") as animation:
        animation.seek(run.scenario.days)
        last = np.asarray(animation.convert("RGB"))
    gap = np.abs(shown[-1][: last.shape[0], : last.shape[1]].astype(int) - last)
    assert np.median(gap) <= 2
    assert gap.mean() < 6


def test_a_video_without_an_encoder_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys) -> None:  # type: ignore[no-untyped-def]
    from sim.cli.main import main

    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert main(["run", "kafr_hamra", "--video", "mp4"]) == 2
    assert "--video: needs an encoder: pip install" in " ".join(capsys.readouterr().err.split())
    assert main(["run", "kafr_hamra", "--video", "avi"]) == 2
    assert "--video: takes mp4 or webm, not 'avi'" in " ".join(capsys.readouterr().err.split())
