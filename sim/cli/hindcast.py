"""`run.py hindcast`: forecasts of weekly events from many origins, beside baselines made from the record before each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.options import print_written
from sim.errors import Fault, InputError
from sim.text import plural, shell

if TYPE_CHECKING:
    import pandas as pd

    from sim.plots.comparison.figure import ComparisonFigure
    from sim.study.store import Study
    from sim.validation.hindcast import Summary
    from sim.validation.observed import Sides
    from sim.validation.past_record import Record

FOLDER = "hindcast"
RUN_UP = 28
WEEK = 7


def hindcast(
    studies: Annotated[
        list[Path],
        typer.Argument(
            help="Folders of studies whose scenarios begin on the origins; several differ in their seed alone.",
            metavar="STUDY...",
            show_default=False,
        ),
    ],
    observed: Annotated[
        Path,
        typer.Option(metavar="FILE.csv", help="Record of events, UCDP GED or ACLED-style, that begins well before."),
    ],
    until: Annotated[
        datetime | None,
        typer.Option(
            metavar="DAY", formats=["%Y-%m-%d"], help="Last day of the record; that of its last event if left out."
        ),
    ] = None,
    run_up: Annotated[
        int,
        typer.Option(metavar="DAYS", min=0, max=364, help="Days of each scenario before its origin, whole weeks."),
    ] = RUN_UP,
    power: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, max=10_000, help="Take N runs as the truth, to see what the weeks can show; 0: none."
        ),
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder that is written; STUDY/hindcast if left out.")
    ] = None,
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="Draw no figures.")] = False,
) -> None:
    """Score weekly events foreseen from rolling origins against a record, beside baselines."""
    from sim.cli.locate import check_folder, find_study
    from sim.cli.score import free_folder
    from sim.validation.event_files import Area
    from sim.validation.hindcast import joined
    from sim.validation.past_record import read_record

    by_label = joined([find_study(study) for study in studies])
    result = next(iter(by_label.values()))
    _whole_weeks(run_up, result)
    free_folder(out)
    check_folder(out or result.folder, "--out")
    models = list(result.scenarios.values())
    first, last = min(model.start for model in models), until.date() if until else None
    record = read_record(observed, _sides(models[0].map), first, last, Area.of(result.geography()))
    table = _scored_weeks(by_label, record, run_up)
    powers = _powers(result, record, power, run_up) if power else None
    print_hindcast(by_label, table, record)
    if powers is not None:
        _print_power(powers)
    words = ["hindcast", *map(str, studies), "--observed", str(observed)]
    words += ["--run-up", str(run_up)] if run_up != RUN_UP else []
    words += ["--power", str(power)] if power else []
    words += ["--until", until.date().isoformat()] if until else []
    words += ["--out", str(out)] if out else []
    made_of = _made_of(by_label, observed, record, table, powers, shell(*words))
    folder = _write(result, table, powers, made_of, out, no_pictures)
    pictures = "" if no_pictures else " and pictures"
    powered = "" if powers is None else ", power.csv"
    print_written(f"\nwritten: {folder / 'hindcast.csv'}, hindcast.json{powered}{pictures}", folder)


def _scored_weeks(studies: dict[str, Study], record: Record, run_up: int) -> pd.DataFrame:
    from sim.validation.hindcast import origins_of, table_of

    origins = []
    for number, (label, study) in enumerate(studies.items(), start=1):
        _print_progress(
            f"study {number} of {len(studies)} ({label}): forecasts of {plural(len(study.scenarios), 'origin')}"
        )
        origins += origins_of(study, record, run_up, label=label)
    return table_of(origins)


def _powers(study: Study, record: Record, truths: int, run_up: int) -> pd.DataFrame:
    from sim.validation.hindcast import power

    def report(done: int) -> None:
        _print_progress(f"power: truths forecast at {done} of {plural(len(study.scenarios), 'origin')}")

    return power(study, record, truths, run_up, progress=report)


def _print_progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _sides(map_name: str) -> Sides | None:
    """Return the names of the sides whose events count, as the map's patterns declare them; None, for all, without patterns."""
    from sim.validation.observed import sides_named
    from sim.validation.pattern_file import FOLDER as PATTERNS
    from sim.validation.pattern_file import read_patterns

    path = PATTERNS / f"{map_name}.yaml"
    return sides_named(read_patterns(path), path) if path.is_file() else None


def _whole_weeks(run_up: int, study: Study) -> None:
    days = min(model.days for model in study.scenarios.values())
    if run_up % WEEK or run_up + WEEK > days:
        message = f"needs whole weeks that leave a week or more of {plural(days, 'day')}, got {run_up}"
        raise InputError([Fault("--run-up", None, "", message)])


def _made_of(
    studies: dict[str, Study],
    observed: Path,
    record: Record,
    table: pd.DataFrame,
    powers: pd.DataFrame | None,
    command: str,
) -> dict[str, Any]:
    from sim import __version__
    from sim.study.manifest import now
    from sim.validation.hindcast import by_ahead, by_origin, power_summary, summary

    study, scores = next(iter(studies.values())), summary(table)
    hashes = {key: study.manifest.get(key) for key in ("program", "defaults", "posterior", "scenarios")}
    return {
        "simulated": True,
        "sim": __version__,
        "studies": {label: each.manifest["digest"] for label, each in studies.items()},
        "hashes": hashes,
        "observed": {observed.name: record.sha256},
        "read": list(record.notes),
        "record_until": record.until.isoformat(),
        "summary": {
            "weeks": scores.weeks,
            "origins": scores.origins,
            "model": scores.model,
            "best_baseline": scores.best.rival,
            "model_beats_it": scores.best.gain > 0,
            "gains": [_finite(gain._asdict()) for gain in scores.gains],
        },
        "by_origin": by_origin(table).to_dict("records"),
        "by_weeks_ahead": by_ahead(table).to_dict("records"),
        "power": None if powers is None else [power._asdict() for power in power_summary(powers)],
        "command": command,
        "scored": now(),
    }


def _finite(numbers: dict[str, Any]) -> dict[str, Any]:
    """Return numbers with None for those that are not there."""
    return {key: None if value != value else value for key, value in numbers.items()}


def _write(
    study: Study,
    table: pd.DataFrame,
    powers: pd.DataFrame | None,
    made_of: dict[str, Any],
    out: Path | None,
    no_pictures: bool,
) -> Path:
    from sim.cli.score import own_folder
    from sim.results.write import write_text

    with own_folder(study.folder, FOLDER, out) as (partial, final):
        write_text(partial / "hindcast.csv", table.to_csv(index=False, lineterminator="\n"))
        if powers is not None:
            write_text(partial / "power.csv", powers.to_csv(index=False, lineterminator="\n"))
        if not no_pictures:
            _draw(study, table, powers, made_of, partial)
        write_text(partial / "hindcast.json", json.dumps(made_of, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return final


def _draw(
    study: Study, table: pd.DataFrame, powers: pd.DataFrame | None, made_of: dict[str, Any], folder: Path
) -> None:
    from sim.files import write_whole
    from sim.plots.hindcast_figures import gains_figure, hindcast_stamp, power_figure, rolling_figure
    from sim.plots.style import png_bytes, svg_bytes
    from sim.validation.hindcast import summary

    evidence, scores = max(model.evidence_until for model in study.scenarios.values()), summary(table)
    stamp = hindcast_stamp(
        study.name, int(table["model_runs"].min()), date.fromisoformat(made_of["record_until"]), evidence
    )
    figures: dict[str, ComparisonFigure] = {
        "hindcast": rolling_figure(table, scores, stamp),
        "gains": gains_figure(table, scores, stamp),
    }
    if powers is not None:
        figures["power"] = power_figure(powers, scores, stamp)
    for name, drawn in figures.items():
        write_whole(folder / f"{name}.png", png_bytes(drawn.figure))
        write_whole(folder / f"{name}.svg", svg_bytes(drawn.figure))


def print_hindcast(studies: dict[str, Study], table: pd.DataFrame, record: Record) -> None:
    """Print mean scores by origin and by weeks ahead, and over which baselines the model gains."""
    from sim.cli.console import console
    from sim.validation.hindcast import by_ahead, by_origin, rivals_of, summary

    out, scores, study = console(), summary(table), next(iter(studies.values()))
    out.print(f"SIMULATED. {study.question}", style="bold")
    counts = (
        f"{plural(scores.origins, 'origin')}, {plural(scores.weeks, 'week')}, {plural(scores.studies, 'study seed')}"
    )
    out.print(f"{counts}; the record ends on {record.until}")
    for line in record.notes:
        out.print(line)
    for line in _notes(studies, table):
        out.print(line)
    out.print()
    names = ["model", *rivals_of(table)]
    means = by_origin(table)
    columns = ["observed", *(f"{name}_crps" for name in names), "gain_over_best"]
    rows = means[["origin", *columns]].itertuples(index=False)
    out.print(_table("By origin: events a week, mean CRPS", "origin", rows, columns))
    ahead = by_ahead(table)
    columns = ["weeks", *(f"{name}_crps" for name in names), "model_coverage_50", "model_coverage_90"]
    rows = ahead[["weeks_ahead", *columns]].itertuples(index=False)
    out.print(_table("By weeks ahead", "weeks ahead", rows, columns))
    _print_gains(scores)


def _notes(studies: dict[str, Study], table: pd.DataFrame) -> Iterator[str]:
    for label, study in studies.items():
        if study.partial:
            yield f"note: {label} is not complete: {study.done} of {plural(study.planned, 'run')}."
    last = max(model.evidence_until for study in studies.values() for model in study.scenarios.values())
    if last.isoformat() >= table["origin"].min():
        yield (
            f"note: the scenarios' evidence ends on {last}, after the first origin: the model was fitted to weeks that are "
            "scored here, the baselines were not."
        )
    runs = table.groupby(["study", "origin"])["model_runs"].first()
    yield f"The forecast of an origin is made by {runs.min()} to {plural(int(runs.max()), 'run')}: those most like the record before it."


def _print_gains(scores: Summary) -> None:
    from rich.table import Table

    from sim.cli.console import console
    from sim.validation.baselines import baseline_text

    table = Table(title="Gain of the model (above 0 favours it)", title_justify="left", box=None, pad_edge=False)
    table.add_column("over", no_wrap=True)
    for column in ("its CRPS", "gain", "90 % over origins", "range over seeds", "origins ahead"):
        table.add_column(column, justify="right")
    for gain in scores.gains:
        seeds = f"{gain.seed_low:.2g} to {gain.seed_high:.2g}" if scores.studies > 1 else "one seed"
        table.add_row(
            baseline_text(gain.rival), f"{gain.score:.3g}", f"{gain.gain:.2g}", f"{gain.low:.2g} to {gain.high:.2g}", seeds,
            f"{gain.ahead} of {scores.origins}",
        )  # fmt: skip
    out, best = console(), scores.best
    out.print(table)
    out.print(
        f"Mean CRPS of weekly events: model {scores.model:.3g}; the best baseline is {baseline_text(best.rival)}, {best.score:.3g}. "
        f"The model {'beats' if best.gain > 0 else 'does not beat'} it; the difference {_resolved(best.low, best.high)}.",
        style="bold",
    )


def _resolved(low: float, high: float) -> str:
    return "is resolved over origins" if low > 0 or high < 0 else "is not resolved: its band holds 0"


def _print_power(powers: pd.DataFrame) -> None:
    """Print how often a difference of the model's own making would be seen."""
    from sim.cli.console import console
    from sim.validation.baselines import baseline_text
    from sim.validation.hindcast import power_summary

    out = console()
    for power in power_summary(powers):
        out.print(
            f"Were the model true ({plural(power.truths, 'run')} as the truth), its gain over {baseline_text(power.rival)} would be "
            f"{power.gain:.2g} ({power.low:.2g} to {power.high:.2g}); these weeks would show it in {power.shown_better:.0%} of truths, "
            f"and the opposite in {power.shown_worse:.0%}."
        )


def _table(title: str, first: str, rows: Any, columns: list[str]) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column.removesuffix("_crps").replace("_", " "), justify="right")
    for row in rows:
        table.add_row(str(row[0]), *(f"{value:.3g}" for value in row[1:]))
    return table
