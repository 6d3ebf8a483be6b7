"""`run.py hindcast`: forecasts of weekly events from many origins, beside a Hawkes process fitted before each."""

from __future__ import annotations

import json
import shlex
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.errors import Fault, InputError
from sim.text import plural

if TYPE_CHECKING:
    import pandas as pd

    from sim.study.store import Study
    from sim.validation.hindcast import Record, Summary
    from sim.validation.observed import Sides

FOLDER = "hindcast"
RUN_UP = 28
WEEK = 7


def hindcast(
    study: Annotated[
        Path,
        typer.Argument(
            help="Folder of a study whose scenarios begin on the origins.", metavar="STUDY", show_default=False
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
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder that is written; STUDY/hindcast if left out.")
    ] = None,
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="Draw no figure.")] = False,
) -> None:
    """Score weekly events foreseen from rolling origins against a record, beside a Hawkes process."""
    from sim.cli.locate import check_folder, find_study
    from sim.cli.score import free_folder
    from sim.validation.event_files import Area
    from sim.validation.hindcast import origins_of, read_record, summary, table_of

    result = find_study(study)
    _whole_weeks(run_up, result)
    free_folder(out)
    check_folder(out or result.folder, "--out")
    models = list(result.scenarios.values())
    first, last = min(model.start for model in models), until.date() if until else None
    record = read_record(observed, _sides(models[0].map), first, last, Area.of(result.geography()))
    origins = origins_of(result, record, run_up)
    table = table_of(origins)
    print_hindcast(result, table, summary(table), record)
    words = ["python", "run.py", "hindcast", str(study), "--observed", str(observed)]
    words += ["--run-up", str(run_up)] if run_up != RUN_UP else []
    words += ["--until", until.date().isoformat()] if until else []
    words += ["--out", str(out)] if out else []
    made_of = _made_of(result, observed, record, table, shlex.join(words))
    folder = _write(result, table, made_of, out, no_pictures)
    print(f"\nwritten: {folder / 'hindcast.csv'}, hindcast.json{'' if no_pictures else ', hindcast.png and .svg'}")


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


def _made_of(study: Study, observed: Path, record: Record, table: pd.DataFrame, command: str) -> dict[str, Any]:
    from sim import __version__
    from sim.study.manifest import now
    from sim.validation.hindcast import by_ahead, summary

    hashes = {key: study.manifest.get(key) for key in ("digest", "program", "defaults", "posterior", "scenarios")}
    return {
        "simulated": True,
        "sim": __version__,
        "study": study.name,
        "hashes": hashes,
        "observed": {observed.name: record.sha256},
        "read": list(record.notes),
        "record_until": record.until.isoformat(),
        "summary": {key: value if value == value else None for key, value in summary(table)._asdict().items()},
        "by_weeks_ahead": by_ahead(table).to_dict("records"),
        "command": command,
        "scored": now(),
    }


def _write(study: Study, table: pd.DataFrame, made_of: dict[str, Any], out: Path | None, no_pictures: bool) -> Path:
    from sim.cli.score import own_folder
    from sim.results.write import write_text

    with own_folder(study.folder, FOLDER, out) as (partial, final):
        write_text(partial / "hindcast.csv", table.to_csv(index=False, lineterminator="\n"))
        if not no_pictures:
            _draw(study, table, made_of, partial)
        write_text(partial / "hindcast.json", json.dumps(made_of, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return final


def _draw(study: Study, table: pd.DataFrame, made_of: dict[str, Any], folder: Path) -> None:
    from sim.files import write_whole
    from sim.plots.score_figures import hindcast_stamp, rolling_figure
    from sim.plots.style import png_bytes, svg_bytes
    from sim.validation.hindcast import summary

    evidence = max(model.evidence_until for model in study.scenarios.values())
    stamp = hindcast_stamp(
        study.name, int(table["model_runs"].min()), date.fromisoformat(made_of["record_until"]), evidence
    )
    drawn = rolling_figure(table, summary(table), stamp)
    write_whole(folder / "hindcast.png", png_bytes(drawn.figure))
    write_whole(folder / "hindcast.svg", svg_bytes(drawn.figure))


def print_hindcast(study: Study, table: pd.DataFrame, scores: Summary, record: Record) -> None:
    """Print mean scores by origin and by weeks ahead, and who does better."""
    from sim.cli.console import console
    from sim.validation.hindcast import by_ahead

    out = console()
    out.print(f"SIMULATED. {study.question}", style="bold")
    out.print(f"{plural(scores.origins, 'origin')}, {plural(scores.weeks, 'week')}; the record ends on {record.until}")
    for line in record.notes:
        out.print(line)
    if study.partial:
        out.print(f"note: the study is not complete: {study.done} of {plural(study.planned, 'run')}.")
    last = max(model.evidence_until for model in study.scenarios.values())
    if last.isoformat() >= table["origin"].min():
        out.print(
            f"note: the scenarios' evidence ends on {last}, after the first origin: the model was fitted to weeks that are "
            "scored here, the Hawkes process was not."
        )
    runs_used = table.groupby("origin")["model_runs"].first()
    out.print(
        f"The forecast of an origin is made by {runs_used.min()} to {plural(int(runs_used.max()), 'run')}: those most like the record before it."
    )
    out.print()
    means = table.groupby("origin", sort=True)[
        ["observed", "model_mean", "hawkes_mean", "model_crps", "hawkes_crps"]
    ].mean()
    out.print(
        _table(
            "By origin: means over its weeks",
            "origin",
            means.reset_index().itertuples(index=False),
            list(means.columns),
        )
    )
    ahead = by_ahead(table)
    out.print(_table("By weeks ahead", "weeks ahead", ahead.itertuples(index=False), list(ahead.columns[1:])))
    better = "no worse than" if scores.model <= scores.hawkes else "worse than"
    out.print(
        f"Mean CRPS of weekly events: model {scores.model:.3g}, {better} the Hawkes process, {scores.hawkes:.3g}; Hawkes less model is "
        f"{scores.gain:.2g} (above 0 favours the model), 90 % band {scores.low:.2g} to {scores.high:.2g} over origins.",
        style="bold",
    )


def _table(title: str, first: str, rows: Any, columns: list[str]) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    for row in rows:
        table.add_row(str(row[0]), *(f"{value:.3g}" for value in row[1:]))
    return table
