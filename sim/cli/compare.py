"""`run.py compare`: what a change does, and how sure that is: answers in words, figures and a page."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from sim.cli.options import AsJson, PrintOnly, folder_option, print_written, result_argument
from sim.files import OUTPUTS
from sim.text import shell

if TYPE_CHECKING:
    from sim.comparison.outcomes import Outcomes
    from sim.comparison.over_draws import OverDraws
    from sim.comparison.results import Comparison
    from sim.results.run import Run
    from sim.study.store import Study

STATE_FILE = "comparison.json"  # what a folder of a comparison was made of
FOLDER = "compare"


def compare(
    results: Annotated[
        list[Path],
        result_argument("Folder of a study, or of several studies or runs.", "STUDY | A B"),
    ],
    out: Annotated[Path | None, folder_option("Folder in which compare/ is made; the study's own if left out.")] = None,
    no_pictures: PrintOnly = False,
    as_json: AsJson = False,
) -> None:
    """Compare the scenarios of a study, of two studies, or two runs: differences with intervals, figures and a report."""
    from sim.cli.console import print_json
    from sim.cli.figure import say_lacking_letters_of
    from sim.cli.locate import check_folder, find_result
    from sim.comparison.compare import compare as compared

    sources = [find_result(word) for word in results]
    parent, name = _output_folder(sources, out)
    workers = 1
    if not no_pictures:
        check_folder(parent, "--out")
        workers = _start_workers(parent, name)
    print("comparing runs", file=sys.stderr, flush=True)
    comparison = compared(*sources)
    if not as_json:
        print_comparison(comparison)
    written = None
    if not no_pictures:
        say_lacking_letters_of(*sources)
        command = shell("compare", *results, *(("--out", out) if out else ()))
        written, line = _write(comparison, parent, name, command, workers)
        print_written(f"\n{line}", written, stderr=as_json)
    if as_json:
        print_json({**comparison_data(comparison), "written": written})


def _output_folder(sources: list[Study | Run], out: Path | None) -> tuple[Path, str]:
    """Return the folder in which the comparison's own is made, and the name of that."""
    from sim.results.run import slug

    if len(sources) == 1:
        return out or Path(sources[0].folder or OUTPUTS), FOLDER
    words = "-".join(slug(Path(source.folder or source.name).name) for source in sources)
    return out or OUTPUTS, f"{FOLDER}-{words}".encode()[:100].decode("utf-8", "ignore")


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison for other programs: what differs between scenarios, answers, and every statistic's difference."""
    curves = [
        {name: getattr(curve, name) for name in ("scenario", "agreements", "broken", "expired", "in_force", "sentence")}
        for curve in comparison.holding.curves
    ]
    return {
        "simulated": True,
        "question": comparison.question,
        "scenarios": comparison.scenarios,
        "runs": comparison.methods.runs,
        "notes": comparison.notes,
        "changes": comparison.changes,
        "answers": comparison.answers,
        "differences": comparison.forest,
        "agreements": curves,
        "outcomes": comparison.outcomes.sentences if comparison.outcomes is not None else None,
    }


def print_comparison(comparison: Comparison) -> None:
    """Print what differs between the scenarios, and the answers."""
    from sim.cli.console import console

    out = console()
    out.print(f"SIMULATED. {comparison.question}", style="bold")
    for line in comparison.notes:
        out.print(line)
    if comparison.two_runs:
        _print_two_runs(comparison)
        return
    for change in comparison.changes:
        out.print()
        out.print(change.sentence)
        for item in change.items[:8]:
            out.print(f"  {item.words}")
        if len(change.items) > 8:
            out.print(f"  and {len(change.items) - 8} more, all in the report")
    for contrast in comparison.control.contrasts:
        out.print(f"\n{contrast.scenario} against {comparison.reference}", style="underline")
        for answer in comparison.answers_of(contrast.scenario):
            out.print(answer.sentence, style="bold" if answer.difference.resolved else None)
        if contrast.sentence:
            out.print(contrast.sentence)
        if comparison.over_draws is not None:
            _print_over_draws(comparison.over_draws, contrast.scenario)
    if comparison.over_draws is not None:
        out.print(f"\n{comparison.over_draws.note}", style="dim")
    if comparison.outcomes is not None:
        _tell_outcomes(comparison.outcomes)
    out.print("\nHow long agreements hold", style="underline")
    for curve in comparison.holding.curves:
        out.print(curve.sentence)


def _print_two_runs(comparison: Comparison) -> None:
    """Print where each run first differs from the first one, and what followed."""
    from rich.table import Table

    from sim.cli.console import console

    out = console()
    for pair, change in zip(comparison.two_runs, comparison.changes, strict=True):
        out.print(f"\nA {pair.names[0]}; B {pair.names[1]}", style="underline")
        out.print(pair.branch or change.sentence)
        for item in change.items[:8]:
            out.print(f"  {item.words}")
        if pair.event is not None:
            out.print(f"First difference: day {pair.event.day} ({pair.event.date}).", style="bold")
            for letter, events in (("A", pair.event.first), ("B", pair.event.second)):
                out.print(f"  {letter}: {' '.join(events) or 'none of these'}")
        for sentence in pair.sentences:
            out.print(sentence)
        table = Table(box=None, pad_edge=False)
        for heading in ("", "A", "B"):
            table.add_column(heading, overflow="fold")
        for row in (*pair.towns, *pair.numbers):
            table.add_row(row.label, row.first, row.second)
        if table.row_count:
            out.print(table)


def _print_over_draws(differences: OverDraws, scenario: str) -> None:
    """Print which differences of a scenario from the reference nearly all draws of the posterior share."""
    from rich.table import Table

    from sim.cli.console import console
    from sim.comparison.over_draws import VERDICTS
    from sim.text import plural

    rows = differences.rows_of(scenario)
    table = Table(box=None, pad_edge=False)
    table.add_column(f"over {plural(differences.draws, 'draw')}")
    for heading in ("difference, 95 %", "SD of draws", "SD of seeds", "draws of its sign"):
        table.add_column(heading, justify="right", no_wrap=True)
    for verdict in VERDICTS:
        members = [row for row in rows if row.resolved and row.verdict_words == verdict]
        if members:
            table.add_row(f"{verdict}:", style="bold")
        for row in members:
            table.add_row(
                "  " + row.label + (f", {row.driver_text}" if row.driver_text else ""),
                *row.number_texts(between_interval=False),
            )
    for row in (row for row in rows if not row.resolved and row.differs):
        table.add_row(f"{row.label}: {row.verdict_text}", *row.number_texts(between_interval=False))
    out = console()
    out.print()
    if table.row_count:
        out.print(table)
    if unresolved := "; ".join(row.label for row in rows if not row.resolved and not row.differs):
        out.print(f"not resolved over the draws: {unresolved}", style="dim")


def _tell_outcomes(outcomes: Outcomes) -> None:
    """Print what the runs of the only scenario come to."""
    from rich.table import Table

    from sim.cli.console import console
    from sim.text import plural, three_digits

    out = console()
    out.print(f"\nOutcomes of {outcomes.scenario} in {plural(outcomes.runs, 'run')}", style="underline")
    for sentence in outcomes.sentences:
        out.print(sentence, style="bold")
    table = Table(box=None, pad_edge=False)
    table.add_column("statistic")
    for heading in ("mean", "median", "90 % of runs"):
        table.add_column(heading, justify="right")
    for row in outcomes.numbers:
        table.add_row(
            row.label,
            three_digits(row.mean),
            three_digits(row.median),
            f"{three_digits(row.low)} to {three_digits(row.high)}",
        )
    out.print(table)
    out.print("In brackets: Wilson's 95 % interval of the share of runs.", style="dim")


def _start_workers(parent: Path, name: str) -> int:
    """Return how many processes are to draw; what they need is imported from now on, if a report is likely to be drawn."""
    from sim.study.executors import drawing_workers, prepare

    workers = drawing_workers()
    if workers > 1 and not _earlier_folders(parent, name):
        prepare("sim.pages.comparison_report")
    return workers


def _write(comparison: Comparison, parent: Path, name: str, command: str, workers: int) -> tuple[Path, str]:
    """Write the report of a comparison, unless that of the same runs is there; return its folder, and a line on it."""
    from sim.pages.comparison_report import draw_comparison
    from sim.results.write import whole_folder, write_text

    state = _state(comparison)
    same = next((path for path in _earlier_folders(parent, name) if _read(path) == state), None)
    if same is not None:
        return same, f"the report of these same runs is there already: {same / 'report.html'}"
    with whole_folder(parent, name) as (partial, final):
        draw_comparison(comparison, partial, command, _print_progress, workers)
        write_text(partial / STATE_FILE, json.dumps(state | {"command": command}, indent=1, ensure_ascii=False) + "\n")
    return final, f"written: {final / 'report.html'}, and {final / 'figures'}"


def _earlier_folders(parent: Path, name: str) -> list[Path]:
    """Return the folders of earlier comparisons, newest name first."""
    return sorted((path.parent for path in parent.glob(f"{name}*/{STATE_FILE}")), reverse=True)


def _read(folder: Path) -> dict[str, Any]:
    """Return what a folder of a comparison was made of; nothing where that cannot be read."""
    try:
        state = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in state.items() if key != "command"} if isinstance(state, dict) else {}


def _state(comparison: Comparison) -> dict[str, Any]:
    """Return what decides the results of a comparison: its runs, and the version that compared them."""
    from sim import __version__

    return {
        "simulated": True,
        "sim": __version__,
        "name": comparison.name,
        "runs": [
            {"scenario": runs.scenario, "planned": runs.planned, "done": runs.done, "failed": runs.failed, "matched": runs.matched}
            for runs in comparison.methods.runs
        ],
        **({"two_runs": [pair.record() for pair in comparison.two_runs]} if comparison.two_runs else {}),
    }  # fmt: skip


def _print_progress(name: str) -> None:
    if sys.stderr.isatty():
        print(f"\rdrawing {name:<50}", end="", file=sys.stderr, flush=True)
