"""Which inputs matter: chance against uncertain inputs, tornado, Morris plane, Sobol indices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.comparison.matched_runs import DUMMY
from sim.plots.comparison.figure import (
    TALLEST_BODY,
    ComparisonFigure,
    Grid,
    asked,
    axis_label,
    figure_text,
    looks_of,
    signed,
    words_of,
)
from sim.plots.comparison.sheet import (
    EDGE,
    MM_PER_INCH,
    Mark,
    Sheet,
    Symbol,
    broken,
    shortened,
    squeezed,
    text_width,
    type_for,
)
from sim.plots.labels import Box, place_labels
from sim.plots.map.matplotlib_painter import HALO
from sim.plots.map.primitives import outline
from sim.plots.style import INK, PAPER, QUIET, typography
from sim.statistics.inference import POINTS, SHARE
from sim.text import capitalised, percent

if TYPE_CHECKING:
    from sim.comparison.results import Bar, Comparison, MorrisPlane, SobolIndices, Tornado, VarianceSplit

SPLIT = "Shares of the variance of each statistic over runs: unknown inputs, and chance"
UNKNOWN_FILL, CHANCE_FILL = "#2F5D73", "#D9D4C7"
HIGH_FILL, LOW_FILL = "#2F5D73", "#C9A66B"
MOST_NAMED = 8  # points of a plane
MOST_BLOCKS = 6  # of bars on a sheet
ROW = 0.17  # inches of a bar of a tornado
HEADED = 0.62  # inches of a block besides its bars
PAWN_ROOM = 0.36  # inches, right of the bars
AXIS_GAP = 4.0  # points, from the bars to the numbers below them


def most_bars(blocks: int) -> int:
    """Return how many bars of each block a sheet has room for; the table has all."""
    return max(1, min(12, int((TALLEST_BODY / max(blocks, 1) - HEADED) / ROW)))


def _left_out(inputs: int, blocks: int) -> str:
    drawn = most_bars(blocks)
    return f" The {drawn} largest of {inputs} inputs are drawn, the table has all." if inputs > drawn else ""


def _notes(comparison: Comparison, blocks: Sequence[Tornado | MorrisPlane | SobolIndices]) -> str:
    """Return the note of all blocks, or that of each behind its scenario's letter if they differ."""
    if len({block.note for block in blocks}) == 1:
        return blocks[0].note
    names = looks_of(comparison)
    letters = [names[block.scenario].letter if block.scenario in names else block.scenario for block in blocks]
    return " ".join(f"{letter}: {block.note}" for letter, block in zip(letters, blocks, strict=True))


def lettered(comparison: Comparison, scenario: str) -> str:
    """Return a scenario's letter and name; other texts ("B minus A") unchanged."""
    names = looks_of(comparison)
    return names[scenario].text if scenario in names else scenario


def splits(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw how much of each statistic's variance over runs comes from unknown inputs and how much from chance."""
    rows, sizes = comparison.inputs.splits, type_for(width_mm)
    inner = width_mm / MM_PER_INCH - 2 * EDGE
    lines: list[tuple[float, str, VarianceSplit | None]] = []
    y, groups = 0.0, [list(group) for _statistic, group in groupby(rows, key=lambda row: row.statistic)]
    groups.sort(key=lambda members: -max(np.nan_to_num(row.inputs) for row in members))
    tall = 0.17 * len(comparison.scenarios) + sizes.text * 1.28 / 72 + 0.05
    drawn = groups[: max(1, int((TALLEST_BODY - 0.3) / tall))]
    for members in drawn:
        for text in broken(members[0].label, inner, sizes.text, bold=True):
            lines.append((y + 0.07, text, None))
            y += sizes.text * 1.28 / 72
        for row in members:
            lines.append((y + 0.09, "", row))
            y += 0.17
        y += 0.05
    title = splits_statement(rows)
    note = f"{comparison.inputs.note} Whiskers: 95 % interval of the share of unknown inputs."
    if len(drawn) < len(groups):
        note += f" The {len(drawn)} statistics of {len(groups)} of which inputs explain most; the table has all."
    key = [Mark("unknown inputs", fill=UNKNOWN_FILL), Mark("chance", fill=CHANCE_FILL, hatch="....", edge=QUIET)]
    key += [Mark(look.text) for look in looks_of(comparison).values() if look.letter]
    with typography():
        sheet = Sheet(words_of(comparison, title, note, SPLIT), width_mm, y + 0.3, key)
        _splits(sheet, comparison, lines, y)
    columns = ("scenario", "statistic", "label", "runs", "inputs", "inputs_low", "inputs_high", "chance", "method")
    table = pd.DataFrame([{name: getattr(row, name) for name in columns} for row in rows])
    return ComparisonFigure(sheet.figure, table, title, f"{title}. {SPLIT}. {note}")


def splits_statement(rows: Sequence[VarianceSplit]) -> str:
    """Say how much of the spread unknown inputs explain at most: the title."""
    known = [row for row in rows if np.isfinite(row.inputs)]
    if not known:
        return "Chance and unknown inputs cannot be told apart"
    most = max(known, key=lambda row: row.inputs)
    where = f" in {most.scenario}" if len({row.scenario for row in rows}) > 1 else ""
    asked_of = "whether " if "=" in most.statistic else ""
    return f"Unknown inputs explain at most {percent(most.inputs)} of the spread, of {asked_of}{most.label}{where}"


def _splits(
    sheet: Sheet, comparison: Comparison, lines: Sequence[tuple[float, str, VarianceSplit | None]], tall: float
) -> None:
    left, right, points = 0.2, 0.5, sheet.type.small
    axes = sheet.axes(EDGE + left, 0, sheet.inner - left - right, tall)
    plain = sheet.blank(EDGE, 0, sheet.inner, tall)
    plain.patch.set_visible(False)
    names = looks_of(comparison)
    axes.set_xlim(0, 1)
    axes.set_ylim(tall, 0)
    axes.set_yticks([])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.spines["left"].set_visible(False)
    for y, heading, row in lines:
        if row is None:
            plain.text(0, -y, heading, fontsize=sheet.type.text, fontweight="bold", va="center")
            continue
        letter = names[row.scenario].letter if row.scenario in names else shortened(row.scenario, left, points)
        plain.text(0, -y, letter, fontsize=points, fontweight="bold", va="center_baseline")
        if not np.isfinite(row.inputs):
            axes.text(0.01, y, "cannot be told", fontsize=points, color=QUIET, va="center_baseline")
            continue
        axes.barh(y, row.inputs, 0.11, color=UNKNOWN_FILL, zorder=2)
        axes.barh(
            y,
            row.chance,
            0.11,
            left=row.inputs,
            facecolor=CHANCE_FILL,
            edgecolor=QUIET,
            hatch="....",
            linewidth=0.3,
            zorder=2,
        )
        if np.isfinite(row.inputs_low):
            axes.plot([row.inputs_low, row.inputs_high], [y, y], color=PAPER, linewidth=2.4, zorder=3)
            axes.plot([row.inputs_low, row.inputs_high], [y, y], color=INK, linewidth=1.0, zorder=4)
        plain.text(sheet.inner, -y, f"{100 * row.inputs:.0f} %", fontsize=points, va="center_baseline", ha="right")


def moving(tornado: Tornado) -> list[Bar]:
    """Return the bars of a tornado that are more than chance, the largest first."""
    return [bar for bar in tornado.bars if bar.above_noise]


CHANCE = (
    "Beyond chance: larger than the largest of all inputs in 19 of 20 shuffles of the runs, in statistics that stand control of the "
    "false discovery rate at 5 % over all statistics and scenarios (Benjamini and Hochberg 1995). The table has all inputs."
)


def tornado(comparison: Comparison, statistic: str, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw the inputs that move a statistic more than chance does, largest first, a block for each scenario in which any does."""
    every = [t for t in comparison.inputs.tornados if t.statistic == statistic]
    blocks = sorted((t for t in every if moving(t)), key=_strength, reverse=True)[:MOST_BLOCKS]
    sizes, inner = type_for(width_mm), width_mm / MM_PER_INCH - 2 * EDGE
    row, heads, tops, y = ROW, [], [], 0.0
    for block in blocks:
        head = broken(lettered(comparison, block.scenario), inner, sizes.text, bold=True)
        heads.append(head)
        tops.append(y + Sheet.tall(head, sizes.text) + 0.04)
        y = tops[-1] + min(len(moving(block)), most_bars(len(blocks))) * row + 0.34
    key = [
        Mark("input at its high end", fill=HIGH_FILL), Mark("at its low end", fill=LOW_FILL, hatch="////", edge=INK),
        Mark("what chance alone reaches", fill="#F1EFE9", edge=QUIET),
    ]  # fmt: skip
    title, note = _tornado_statement(comparison, every), _tornado_note(comparison, every)
    with typography():
        sheet = Sheet(words_of(comparison, title, note), width_mm, max(y, 0.05), key if blocks else ())
        for block, head, top in zip(blocks, heads, tops, strict=True):
            _tornado(sheet, block, moving(block)[: most_bars(len(blocks))], head, top, row, _common(blocks))
    return ComparisonFigure(sheet.figure, tornado_table(every), title, f"{title}. {note}")


def _strength(block: Tornado) -> float:
    """Return the largest effect as a multiple of what chance alone reaches."""
    return max(abs(bar.effect) for bar in block.bars) / (block.noise or 1.0)


def _tornado_statement(comparison: Comparison, blocks: Sequence[Tornado]) -> str:
    """Say which input moves the statistic most and by how much, or that none does: the title."""
    found = [(block, bar) for block in blocks for bar in moving(block)]
    if not found:
        return f"No input moves {asked(blocks[0].label, blocks[0].unit)} more than chance"
    block, bar = max(found, key=lambda pair: abs(pair[1].effect) / (pair[0].noise or 1.0))
    scale, unit = (100, POINTS) if block.unit == SHARE else (1, block.unit)
    size = f"{signed(float(f'{scale * bar.effect:.2g}'))} {unit}".rstrip()
    where = f" in {block.scenario}" if len(blocks) > 1 else ""
    return f"{capitalised(block.label)}: most with {bar.label}, {size} over its range{where}"


def _tornado_note(comparison: Comparison, blocks: Sequence[Tornado]) -> str:
    """Say how many runs and inputs each block has, where none is beyond chance, and what the signs mean."""
    parts = [
        f"{lettered(comparison, block.scenario)}: {block.note}{'' if moving(block) else ', no input beyond it'}."
        for block in blocks
    ]
    pawn = (
        "Bars: straight lines. PAWN: how far the statistic's distribution in a tenth of the input's range lies from that over all "
        "runs, 0 to 1, also if the effect is no straight line."
    )
    drawn = [pawn] if any(np.isfinite(bar.pawn) for block in blocks for bar in moving(block)) else []
    return " ".join([*parts, *drawn, CHANCE])


def tornado_table(blocks: Sequence[Tornado]) -> pd.DataFrame:
    """Return the bars of tornados as a table."""
    names = (
        "path",
        "label",
        "unit",
        "input_low",
        "input_high",
        "at_low",
        "at_high",
        "effect",
        "effect_low",
        "effect_high",
    )
    return pd.DataFrame(
        [
            {"scenario": block.scenario, "statistic": block.statistic, "runs": block.runs, "mean": block.mean, "noise": block.noise}
            | {name: getattr(bar, name) for name in names}
            | {"above_noise": int(bar.above_noise), "pawn": bar.pawn}
            for block in blocks
            for bar in block.bars
        ]
    )  # fmt: skip


def _common(blocks: Sequence[Tornado]) -> float:
    """Return the largest distance from the mean that any block shows."""
    far = [abs(v - b.mean) for b in blocks for bar in moving(b) for v in (bar.at_low, bar.at_high)]
    far += [b.noise / 2 for b in blocks if np.isfinite(b.noise)]
    return max([v for v in far if np.isfinite(v)], default=1.0) or 1.0


def _tornado(
    sheet: Sheet, block: Tornado, bars: Sequence[Bar], head: list[str], top: float, row: float, reach: float
) -> None:
    points = sheet.type.small
    room = min(0.5 * sheet.inner, max([text_width(bar.label, points) for bar in bars], default=0.5) + 0.06)
    tall = max(len(bars), 1) * row
    axes = sheet.axes(EDGE + room, top, sheet.inner - room - PAWN_ROOM, tall)
    axes.annotate(
        "\n".join(head), (0, 1), xycoords="axes fraction", xytext=(-room * 72, 3), textcoords="offset points",
        fontsize=sheet.type.text, fontweight="bold", va="bottom", linespacing=1.15, annotation_clip=False,
    )  # fmt: skip
    draw_bars(axes, block, bars)
    _pawn_column(axes, block, bars, points)
    labels = [squeezed(bar.label, room - 0.05, points) for bar in bars]
    axes.set_yticks(np.arange(len(bars)) + 0.5, labels, fontsize=points)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(max(len(bars), 1), 0)
    axes.set_xlim(-1.05 * reach, 1.05 * reach)
    axes.locator_params(axis="x", nbins=5)
    axis_label(axes, f"difference from the mean, {figure_text(block.mean)}", points)


def draw_bars(axes: Axes, block: Tornado, bars: Sequence[Bar]) -> None:
    """Draw bars from the mean of the statistic, a row each, over the band that chance alone reaches."""
    if np.isfinite(block.noise):
        axes.axvspan(-block.noise / 2, block.noise / 2, color="#F1EFE9", zorder=0, linewidth=0)
    for number, bar in enumerate(bars):
        y = number + 0.5
        for value, face, hatch in ((bar.at_high, HIGH_FILL, ""), (bar.at_low, LOW_FILL, "////")):
            axes.barh(
                y, value - block.mean, 0.62, facecolor=face, edgecolor=INK if hatch else face, hatch=hatch or None, linewidth=0.3,
                zorder=2,
            )  # fmt: skip
    axes.axvline(0, color=INK, linewidth=0.8, zorder=3)


def _pawn_column(axes: Axes, block: Tornado, bars: Sequence[Bar], points: float) -> None:
    """Write the PAWN index of each bar at the right edge; pale if it is not above the dummy's."""
    if not any(np.isfinite(bar.pawn) for bar in bars):
        return
    floor = next((bar.pawn for bar in block.bars if bar.path == DUMMY), 0.0)
    texts = [(f"{bar.pawn:.2f}", n + 0.5, 0.0, INK if bar.pawn > floor else QUIET) for n, bar in enumerate(bars)]
    texts.append(("PAWN", len(bars), -AXIS_GAP - points, INK))
    for text, y, below, colour in texts:
        axes.annotate(
            text, (1, y), xycoords=("axes fraction", "data"), xytext=(PAWN_ROOM * 72, below), textcoords="offset points",
            fontsize=points, color=colour, ha="right", va="center_baseline" if not below else "baseline", annotation_clip=False,
        )  # fmt: skip


def morris(comparison: Comparison, statistic: str, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw mean and spread of the elementary effects of inputs, with the floor that a dummy input sets."""
    planes = [p for p in comparison.inputs.morris if p.statistic == statistic]
    title = f"Size and spread of inputs' effects (Morris): {planes[0].label}"
    grid = Grid(
        width_mm,
        [lettered(comparison, p.scenario) for p in planes],
        2.3 if len(planes) < 3 else 1.15,
        2.1,
        left=0.42,
        bottom=0.32,
        most=2,
    )
    note = _notes(comparison, planes)
    key = [
        Mark("above the noise floor", symbols=_dot(UNKNOWN_FILL)), Mark("below it", symbols=_dot(PAPER)),
        Mark("noise floor (dummy input)", fill="#F1EFE9", edge=QUIET),
    ]  # fmt: skip
    with typography():
        sheet = Sheet(words_of(comparison, title, note), width_mm, grid.body, key)
        for axes, plane in zip(grid.panels(sheet), planes, strict=True):
            _plane(axes, plane, grid)
    return ComparisonFigure(sheet.figure, morris_table(planes), title, f"{title}. {note}")


def _dot(face: str) -> tuple[Symbol, ...]:
    return (Symbol(outline("circle"), 3.0, face, INK),)


def morris_table(planes: Sequence[MorrisPlane]) -> pd.DataFrame:
    """Return the Morris measures as a table."""
    parts = [
        pd.DataFrame(
            {
                "scenario": p.scenario, "statistic": p.statistic, "path": p.paths, "label": p.labels, "mu": p.mu,
                "mu_star": p.mu_star, "mu_star_half_width": p.mu_star_half_width, "sigma": p.sigma, "floor": p.floor,
                "trajectories": p.trajectories,
            }
        )
        for p in planes
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _plane(axes: Axes, plane: MorrisPlane, grid: Grid) -> None:
    points = grid.type.small
    most = float(np.nanmax([*plane.mu_star, plane.floor if np.isfinite(plane.floor) else 0.0, 1e-9]))
    tall = float(np.nanmax([*plane.sigma, 1e-9]))
    axes.set_xlim(0, 1.1 * most)
    axes.set_ylim(0, 1.15 * tall)
    if np.isfinite(plane.floor):
        axes.axvspan(0, plane.floor, color="#F1EFE9", linewidth=0, zorder=0)
        axes.axvline(plane.floor, color=QUIET, linewidth=0.7, linestyle=(0, (3, 2)), zorder=1)
    above = plane.mu_star > plane.floor if np.isfinite(plane.floor) else np.ones(len(plane.paths), bool)
    axes.errorbar(
        plane.mu_star, plane.sigma, xerr=plane.mu_star_half_width, fmt="none", ecolor=QUIET, elinewidth=0.6, zorder=2
    )
    for chosen, face in ((above, UNKNOWN_FILL), (~above, PAPER)):
        axes.plot(
            plane.mu_star[chosen], plane.sigma[chosen], "o", markersize=4.2, markerfacecolor=face, markeredgecolor=INK,
            markeredgewidth=0.6, zorder=3,
        )  # fmt: skip
    grid.ticks(axes, horizontal=4)
    named = [i for i in np.argsort(-plane.mu_star, kind="stable")[:MOST_NAMED] if above[i]]
    _name_points(axes, plane, named, points)
    axis_label(axes, "mean absolute effect (μ*); upwards: spread (σ)", points)


def _name_points(axes: Axes, plane: MorrisPlane, named: Sequence[int], points: float) -> None:
    at = axes.transData.transform(np.column_stack([plane.mu_star, plane.sigma]))
    seen, room = axes.get_window_extent(), axes.get_window_extent().width / axes.figure.dpi
    sizes, texts = np.zeros((len(at), 2)), {}
    for i in named:
        texts[i] = squeezed(plane.labels[i], 0.62 * room, points)
        sizes[i] = (text_width(texts[i], points) * axes.figure.dpi, points * 1.25 / 72 * axes.figure.dpi)
    pixel = axes.figure.dpi / 72
    radii = np.full(len(at), 3.2 * pixel)
    ends = np.column_stack([plane.mu_star - plane.mu_star_half_width, plane.mu_star + plane.mu_star_half_width])
    spans = axes.transData.transform(np.column_stack([ends.reshape(-1), np.repeat(plane.sigma, 2)]))[:, 0].reshape(
        -1, 2
    )
    whiskers = [Box(a, y - 0.6 * pixel, b, y + 0.6 * pixel) for (a, b), (_x, y) in zip(spans, at, strict=True)]
    frame = Box(seen.x0 + 1, seen.y0 + 1, seen.x1 + 4, seen.y1 - 1)
    placed = place_labels(
        at, sizes, radii, np.array(named, int), frame, whiskers, must=frozenset(int(i) for i in named)
    )
    for i, box in placed.items():
        x, y = axes.transData.inverted().transform((box.left, (box.bottom + box.top) / 2))
        axes.text(x, y, texts[i], fontsize=points, va="center_baseline", zorder=5, path_effects=HALO)


def sobol(comparison: Comparison, statistic: str, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw first-order and total Sobol indices with their 95 % intervals, a block for each scenario."""
    every = [s for s in comparison.inputs.sobol if s.statistic == statistic]
    blocks = every[:MOST_BLOCKS]
    sizes, inner = type_for(width_mm), width_mm / MM_PER_INCH - 2 * EDGE
    title = f"Sobol indices: {blocks[0].label}"
    row, heads, tops, y = ROW, [], [], 0.0
    for block in blocks:
        head = broken(lettered(comparison, block.scenario), inner, sizes.text, bold=True)
        heads.append(head)
        tops.append(y + Sheet.tall(head, sizes.text) + 0.04)
        y = tops[-1] + min(len(block.paths), most_bars(len(blocks))) * row + 0.34
    key = [
        Mark("total: with interactions", fill=CHANCE_FILL, edge=QUIET), Mark("first order: alone", fill=UNKNOWN_FILL),
        Mark("total index of the dummy input", fill="#F1EFE9", hatch="....", edge=QUIET),
    ]  # fmt: skip
    note = _notes(comparison, blocks)
    note += _left_out(max(len(block.paths) for block in blocks), len(blocks))
    note += " Whiskers: 95 % intervals. Indices are shares of variance; below 0 they are estimates of 0."
    with typography():
        sheet = Sheet(words_of(comparison, title, note), width_mm, y, key)
        for block, head, top in zip(blocks, heads, tops, strict=True):
            _sobol(sheet, block, most_bars(len(blocks)), head, top, row)
    return ComparisonFigure(sheet.figure, sobol_table(every), title, f"{title}. {note}")


def sobol_table(blocks: Sequence[SobolIndices]) -> pd.DataFrame:
    """Return Sobol indices as a table."""
    parts = [
        pd.DataFrame(
            {
                "scenario": s.scenario, "statistic": s.statistic, "path": s.paths, "label": s.labels, "first": s.first,
                "first_half_width": s.first_half_width, "total": s.total, "total_half_width": s.total_half_width,
                "floor": s.floor, "base": s.base,
            }
        )
        for s in blocks
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _sobol(sheet: Sheet, block: SobolIndices, most: int, head: list[str], top: float, row: float) -> None:
    points = sheet.type.small
    order = np.argsort(-np.nan_to_num(block.total), kind="stable")[:most]
    room = min(0.5 * sheet.inner, max(text_width(block.labels[i], points) for i in order) + 0.06)
    axes = sheet.axes(EDGE + room, top, sheet.inner - room - 0.08, len(order) * row)
    axes.annotate(
        "\n".join(head), (0, 1), xycoords="axes fraction", xytext=(-room * 72, 3), textcoords="offset points",
        fontsize=sheet.type.text, fontweight="bold", va="bottom", linespacing=1.15, annotation_clip=False,
    )  # fmt: skip
    if np.isfinite(block.floor):
        axes.axvspan(0, max(block.floor, 0), facecolor="#F1EFE9", hatch="....", edgecolor=QUIET, linewidth=0, zorder=0)
    for number, i in enumerate(order):
        for shift, value, half, face in (
            (0.3, block.first[i], block.first_half_width[i], UNKNOWN_FILL),
            (0.7, block.total[i], block.total_half_width[i], CHANCE_FILL),
        ):
            axes.barh(number + shift, value, 0.34, facecolor=face, edgecolor=INK, linewidth=0.3, zorder=2)
            axes.plot([value - half, value + half], [number + shift] * 2, color=INK, linewidth=0.8, zorder=3)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=4)
    axes.set_yticks(
        np.arange(len(order)) + 0.5, [squeezed(block.labels[i], room - 0.05, points) for i in order], fontsize=points
    )
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(order), 0)
    axes.set_xlim(min(-0.05, float(np.nanmin(block.first)) - 0.05), max(1.0, float(np.nanmax(block.total)) + 0.05))
    axis_label(axes, "share of variance", points)
