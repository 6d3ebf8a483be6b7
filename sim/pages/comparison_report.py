"""report.html of a comparison: one self-contained page, figures inside, every number from the comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim import __version__
from sim.comparison.control import first_clash_table
from sim.files import write_whole
from sim.pages.comparison_document import comparison_document
from sim.pages.scripts import data_uri, environment, live_parts, pack_document
from sim.plots.comparison.figure import difference_text, figure_text, looks_of, runs_text, stamp_of, unit_of
from sim.plots.figures import FIGURES, REPORT_MM, Kind, csv_bytes, file_stem, kinds_of, write_figure
from sim.plots.style import evidence_line
from sim.statistics.inference import SHARE, UNRESOLVED_RULE
from sim.statistics.summary import STATISTICS, base_name, label
from sim.study.executors import in_parallel
from sim.text import day_text, plural, result_text, shell, with_unit

if TYPE_CHECKING:
    from sim.comparison.results import Comparison, ForestRow

GROUPS = {"policies": "Policies", "rules": "Rules", "inputs": "Inputs", "other": "Other"}
MOST_STARTS = 6  # towns of the table of where fighting begins
MOST_TOWNS = 40  # rows of the table of towns that differ
EMBEDDED = {
    "differences": 2,
    "draws": 1,
    "control": 1,
    "first_clashes": 1,
    "fans": 2,
    "holding": 2,
    "ladder": 1,
    "inputs": 2,
    "convergence": 1,
}
"""how many figures of a section stand in the page, so that it can be mailed; it links to the files of the others"""


@dataclass(frozen=True)
class ReportFigure:
    """A figure in the report: its kind, the stem of its files, its caption and, if it stands in the page, its picture."""

    kind: Kind
    stem: str
    caption: str
    picture: bytes  # WebP or PNG; empty: the page links to the file


def comparison_report(comparison: Comparison, figures: Sequence[ReportFigure], command: str) -> str:
    """Return the page."""
    first = comparison.models[comparison.reference]
    days = max(model.days for model in comparison.models.values())
    alive = not comparison.single and bool(comparison.control.contrasts)
    page = environment().get_template("two_runs.html.j2" if comparison.two_runs else "compare.html.j2")
    return page.render(
        comparison=comparison,
        looks=list(looks_of(comparison).values()),
        version=__version__,
        stamp=stamp_of(comparison),
        evidence=evidence_line(first),
        evidence_day=day_text(first.evidence_until),
        forecast=first.start + timedelta(days=days) > first.evidence_until,
        period=f"{day_text(first.start)} to {day_text(first.start + timedelta(days=days))}",
        runs_text=runs_text(comparison),
        groups=GROUPS,
        figures=_by_section(figures),
        compared_text=_compared_text(comparison),
        scenarios_text=plural(len(comparison.scenarios), "scenario"),
        forest=[_forest_row(comparison, row) for row in comparison.forest],
        towns=[_towns(comparison, i) for i in range(len(comparison.control.contrasts))],
        first_clashes=_first_clashes(comparison),
        holding=_holding(comparison),
        hold_differences=[_forest_row(comparison, row) for row in comparison.holding.differences],
        reach=_reach(comparison),
        examples=_examples(comparison),
        correlation=_correlation(comparison),
        credits=getattr(comparison.geography, "credits", ""),
        command=command,
        figure_command=shell("figure", comparison.folder) if comparison.folder else "",
        unresolved_rule=UNRESOLVED_RULE,
        outcome_rows=_outcome_rows(comparison),
        draw_rows=_draw_rows(comparison),
        live=live_parts(pack_document(comparison_document(comparison)), "player", "compare") if alive else {},
    )


def _compared_text(comparison: Comparison) -> str:
    """Return what is compared: "2 scenarios compared", or the runs of the only scenario."""
    if len(comparison.scenarios) > 1:
        return f"{plural(len(comparison.scenarios), 'scenario')} compared"
    return f"{plural(comparison.control.runs[comparison.reference], 'run')} of one scenario"


def _by_section(figures: Sequence[ReportFigure]) -> dict[str, list[dict[str, str]]]:
    sections: dict[str, list[dict[str, str]]] = {}
    for figure in figures:
        sections.setdefault(figure.kind.section, []).append(
            {
                "about": figure.kind.about,
                "stem": figure.stem,
                "image": data_uri(figure.picture) if figure.picture else "",
                "alt": f"SIMULATED. {figure.caption}",
            }
        )
    return sections


def value_text(value: float, unit: str) -> str:
    """Say a mean with its unit; a share of runs in percent."""
    return f"{100 * value:.3g} %" if unit == SHARE and np.isfinite(value) else figure_text(value)


def _forest_row(comparison: Comparison, row: ForestRow) -> dict[str, Any]:
    difference = row.difference
    look = looks_of(comparison)[row.scenario]
    return {
        "label": with_unit(difference.label, unit_of(difference)), "letter": look.letter, "scenario": row.scenario,
        "reference": value_text(difference.reference, difference.unit), "other": value_text(difference.other, difference.unit),
        "difference": difference_text(difference), "verdict": row.verdict, "pairs": f"{difference.pairs:,}", "resolved": difference.resolved,
    }  # fmt: skip


def _draw_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the differences over draws of a posterior as rows of text; none in other designs."""
    names = looks_of(comparison)
    return [
        {
            "label": row.unit_label, "letter": names[row.scenario].letter, "scenario": row.scenario, "resolved": row.resolved,
            "numbers": [text.replace("-", "−") for text in row.number_texts()], "verdict": row.verdict_text,
        }
        for row in (comparison.over_draws.rows if comparison.over_draws is not None else ())
    ]  # fmt: skip


def _outcome_rows(comparison: Comparison) -> list[dict[str, str]]:
    """Return the numbers of the only scenario as rows of text."""
    if comparison.outcomes is None:
        return []
    return [
        {
            "label": with_unit(row.label, row.unit),
            "mean": figure_text(row.mean), "median": figure_text(row.median), "runs": f"{row.runs:,}",
            "band": f"{figure_text(row.low)} to {figure_text(row.high)}",
        }
        for row in comparison.outcomes.numbers
    ]  # fmt: skip


def _towns(comparison: Comparison, number: int) -> dict[str, Any]:
    """Return the towns whose control at the end is resolved to differ, largest difference first."""
    control, contrast = comparison.control, comparison.control.contrasts[number]
    size = np.abs(contrast.difference[-1]).max(axis=1)
    chosen = [int(i) for i in np.argsort(-size, kind="stable") if contrast.town_resolved[-1][i]]
    rows = []
    for town in chosen[:MOST_TOWNS]:
        code = int(contrast.code[-1][town])
        low, high = contrast.low[-1][town, code], contrast.high[-1][town, code]
        rows.append(
            {
                "town": control.towns[town], "holder": control.names[control.codes[code]],
                "reference": f"{100 * control.shares[comparison.reference][-1][town, code]:.0f} %",
                "other": f"{100 * control.shares[contrast.scenario][-1][town, code]:.0f} %",
                "difference": f"{100 * contrast.difference[-1][town, code]:+.0f} [{100 * low:+.0f}, {100 * high:+.0f}]".replace("-", "−"),
            }
        )  # fmt: skip
    return {
        "scenario": contrast.scenario, "sentence": contrast.sentence, "rows": rows, "left": len(chosen) - len(rows),
        "pairs": contrast.pairs, "letter": looks_of(comparison)[contrast.scenario].letter,
    }  # fmt: skip


def _first_clashes(comparison: Comparison) -> list[dict[str, str]]:
    """Return the towns in which fighting begins most often in some scenario, as rows of text, a row a town and scenario."""
    clashes, names = comparison.first_clashes, looks_of(comparison)
    if clashes is None:
        return []
    table = first_clash_table(clashes, clashes.days - 1)
    most = table.groupby("town")["opened_share"].max().sort_values(ascending=False, kind="stable")[:MOST_STARTS]
    label = dict(zip(clashes.towns, clashes.labels, strict=True))

    def share(row: Any, column: str) -> str:
        ends = (100 * getattr(row, f"{column}_{end}") for end in ("share", "low", "high"))
        return "{:.0f} % ({:.0f} to {:.0f})".format(*ends)

    return [
        {
            "town": label[town], "letter": names[row.scenario].letter, "scenario": row.scenario, "opened": share(row, "opened"),
            "reached": share(row, "reached"), "median": f"day {figure_text(row.median_day)}",
        }
        for town in most.index
        for row in table[table["town"] == town].itertuples()
    ]  # fmt: skip


def _holding(comparison: Comparison) -> list[dict[str, Any]]:
    names = looks_of(comparison)
    rows = []
    for curve in comparison.holding.curves:
        low, high = figure_text(curve.median_low), figure_text(curve.median_high)
        rows.append(
            {
                "letter": names[curve.scenario].letter, "scenario": curve.scenario, "agreements": f"{curve.agreements:,}",
                "broken": f"{curve.broken:,}", "expired": f"{curve.expired:,}", "in_force": f"{curve.in_force:,}",
                "median": "over half still hold" if np.isnan(curve.median) else f"{figure_text(curve.median)} [{low}, {high}]",
                "sentence": curve.sentence, "runs": f"{curve.runs:,}",
            }
        )  # fmt: skip
    return rows


def _reach(comparison: Comparison) -> list[dict[str, str]]:
    names = looks_of(comparison)
    return [
        {
            "level": f"{curve.level} {comparison.ladder.levels[curve.level]}", "letter": names[curve.scenario].letter,
            "scenario": curve.scenario, "reached": f"{curve.reached:,} of {curve.runs:,}",
            "median": "fewer than half do" if np.isnan(curve.median) else f"morning of day {figure_text(curve.median)}",
        }
        for curve in comparison.ladder.reach
    ]  # fmt: skip


def _examples(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "kind": example.kind, "scenario": example.scenario, "seed": str(example.seed), "why": example.why,
            "command": example.command,
            "values": "; ".join(_value(name, value) for name, value in example.values.items()),
        }
        for example in comparison.examples
    ]  # fmt: skip


def _value(name: str, value: float | str) -> str:
    base = base_name(name)
    if base not in STATISTICS:
        return f"{name} {result_text(value)}"
    return f"{label(name)}: {result_text(value, STATISTICS[base].unit)}"


def _correlation(comparison: Comparison) -> list[dict[str, str]]:
    names = {row.difference.statistic: row.difference.label for row in comparison.forest}
    return [
        {
            "scenario": scenario, "statistic": names.get(statistic, statistic), "correlation": figure_text(round(value, 2)),
            "ratio": figure_text(round(ratio, 2)),
        }
        for scenario, statistic, value, ratio in comparison.methods.correlation
    ]  # fmt: skip


OVER_DRAWS = "over_draws.csv"  # the table of differences over draws of a posterior
OUTCOMES = "outcomes.csv"  # the numbers and holders of an only scenario


FigureProgress = Callable[[str], None]


class FigureTask(NamedTuple):
    """A figure to draw: its name, the folder of its files, and whether the page carries it."""

    name: str
    folder: Path
    embedded: bool


def draw_comparison(
    comparison: Comparison, folder: Path, command: str, progress: FigureProgress | None = None, workers: int = 1
) -> list[Path]:
    """Write report.html, figures/ and over_draws.csv or outcomes.csv if there are any; return the files.

    `command` repeats the comparison; `workers`: processes that draw, with one all is drawn in this process.
    """
    written: list[Path] = []
    figures: list[ReportFigure] = []
    kinds, tasks = kinds_of(comparison), []
    room = dict(EMBEDDED)
    for kind in kinds.values():
        room[kind.section] = room.get(kind.section, 0) - 1
        tasks.append(FigureTask(kind.name, folder / FIGURES, embedded=room[kind.section] >= 0))
    drawn = in_parallel(_draw, comparison, tasks, workers, __name__)
    for kind, (files, caption, picture) in zip(kinds.values(), drawn, strict=True):
        if progress:
            progress(kind.name)
        written += files
        figures.append(ReportFigure(kind, file_stem(kind.name), caption, picture))
    if comparison.over_draws is not None:
        written.append(write_whole(folder / OVER_DRAWS, csv_bytes(comparison.over_draws.table)))
    if comparison.outcomes is not None:
        written.append(write_whole(folder / OUTCOMES, csv_bytes(comparison.outcomes.table)))
    page = comparison_report(comparison, figures, command)
    written.append(write_whole(folder / "report.html", page.encode("utf-8")))
    return written


def _draw(comparison: Comparison, task: FigureTask) -> tuple[list[Path], str, bytes]:
    """Draw a figure; return its files, its caption, and the picture that the page carries, empty if it carries none."""
    drawn, stem = kinds_of(comparison)[task.name].draw(comparison, width_mm=REPORT_MM), file_stem(task.name)
    files, picture = write_figure(drawn, task.folder, stem, task.embedded)
    return files, drawn.caption, picture
