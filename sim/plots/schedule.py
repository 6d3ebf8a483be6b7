"""The simulated day as a matrix: rules as rows in their order, tables as columns, marks for what is read and changed."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from sim import __version__
from sim.plots.style import INK, LEVEL_COLOURS, PAPER, QUIET, new_figure, typography
from sim.rule_catalogue import Step, is_on, tables_of, variant
from sim.scenario.parameters import Rules

COLUMN, ROW = 0.33, 0.36  # inches
LEFT, TOP, RIGHT, BOTTOM = 5.0, 1.85, 0.7, 0.75
WORDS = ("changed by a rule", "only read")  # columns that no rule changes stand last
CHANGED, READ = LEVEL_COLOURS[4], "#56616B"
BAND = "#F3F4F1"


def day_matrix(steps: Sequence[Step], rules: Rules, title: str) -> Figure:
    """Draw which step reads (ring), changes (disc) or reads and changes (disc in a ring) which table."""
    tables, moving = _columns(steps)
    width = LEFT + COLUMN * len(tables) + 0.35 * (moving < len(tables)) + RIGHT
    height = TOP + ROW * len(steps) + BOTTOM
    with typography():
        figure = new_figure(width, height)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(-height, 0)
        axes.set_axis_off()
        axes.text(0.25, -0.42, "One simulated day, from top to bottom", fontsize=15, fontweight="bold", va="center")
        axes.text(0.25, -0.74, f"Rules as in: {title}", fontsize=9.5, color=QUIET, va="center")
        places = [LEFT + COLUMN * (i + 0.5) + 0.35 * (i >= moving) for i in range(len(tables))]
        _heads(axes, tables, places, moving)
        for number, step in enumerate(steps):
            _row(axes, number, step, rules, dict(zip(tables, places, strict=True)), width)
        _key(axes, height)
        figure.text(
            0.25 / width, 0.12 / height, f"sim {__version__}, read off the rules' source", fontsize=7.5, color=QUIET
        )
        figure.set_label(f"One simulated day: which rule reads and changes which table · {title} · sim {__version__}")
    return figure


def _columns(steps: Sequence[Step]) -> tuple[list[str], int]:
    """Return the tables, those that some rule changes first, and how many those are."""
    tables = tables_of(steps)
    changed = [table for table in tables if any(table in step.writes for step in steps)]
    return [*changed, *(table for table in tables if table not in changed)], len(changed)


def _heads(axes: Axes, tables: list[str], places: list[float], moving: int) -> None:
    for table, x in zip(tables, places, strict=True):
        name = table.replace("daily.", "daily: ").replace("_", " ")
        axes.text(x + 0.03, -TOP + 0.1, name, fontsize=8.5, rotation=55, rotation_mode="anchor", ha="left", va="bottom")
    for first, last, word in ((0, moving, WORDS[0]), (moving, len(tables), WORDS[1])):
        if last > first:
            left, right = places[first] - COLUMN / 2, places[last - 1] + COLUMN / 2
            axes.plot([left + 0.05, right - 0.05], [-TOP, -TOP], color=QUIET, linewidth=0.8)
            foot = axes.get_ylim()[0] + BOTTOM - 0.08
            axes.text((left + right) / 2, foot, word, fontsize=8, color=QUIET, ha="center", va="top")


def _row(axes: Axes, number: int, step: Step, rules: Rules, places: dict[str, float], width: float) -> None:
    middle = -TOP - ROW * (number + 0.5)
    on = is_on(step, rules)
    if number % 2 == 0:
        axes.add_patch(
            Rectangle((0.15, middle - ROW / 2), width - 0.3, ROW, facecolor=BAND, edgecolor="none", zorder=0)
        )
    ink = INK if on else "#A9AFB4"
    axes.text(
        0.55,
        middle + 0.075,
        f"{step.id}",
        fontsize=8.8,
        fontweight="bold" if step.switch else "normal",
        color=ink,
        va="center",
    )
    axes.text(0.45, middle, str(number + 1), fontsize=8.8, color=QUIET, va="center", ha="right")
    form = variant(step, rules)
    state = "" if on and not form else f" [{form}]" if on else " [off]"
    words = axes.text(
        0.55, middle - 0.085, f"{step.title}{state}", fontsize=7.2, color=QUIET if on else ink, va="center"
    )
    room = LEFT - 0.65
    taken = words.get_window_extent().width / axes.figure.dpi
    if taken > room:
        words.set_fontsize(7.2 * room / taken)
    for table, x in places.items():
        _mark(axes, x, middle, table in step.reads, table in step.writes, on)


def _mark(axes: Axes, x: float, y: float, reads: bool, writes: bool, on: bool) -> None:
    if not (reads or writes):
        axes.add_patch(Circle((x, y), 0.015, facecolor="#D5D8DA", edgecolor="none"))
        return
    fade = 1.0 if on else 0.25
    if reads:
        axes.add_patch(Circle((x, y), 0.115, facecolor=PAPER, edgecolor=READ, linewidth=1.3, alpha=fade))
    if writes:
        axes.add_patch(Circle((x, y), 0.066, facecolor=CHANGED, edgecolor="none", alpha=fade))


def _key(axes: Axes, height: float) -> None:
    y = -height + 0.42
    for x, reads, writes, word in (
        (0.4, True, False, "reads"),
        (1.25, False, True, "changes"),
        (2.25, True, True, "reads and changes"),
    ):
        _mark(axes, x, y, reads, writes, on=True)
        axes.text(x + 0.2, y, word, fontsize=8.5, va="center_baseline")
