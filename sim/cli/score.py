"""`run.py score`: a study held against what was observed, beside simple forecasts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.options import AsJson, StudyFolder, print_written
from sim.errors import Fault, InputError
from sim.text import plural, shell

if TYPE_CHECKING:
    from sim.study.store import Study
    from sim.validation.measures import Measure
    from sim.validation.questions import Answer
    from sim.validation.scores import Scores

FOLDER = "score"


def score(
    study: StudyFolder,
    observed: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of observations: observed.yaml, control.csv, weekly.csv, agreements.csv, places.csv. Left out: "
            "questions are answered, and nothing is scored.",
        ),
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Yes/no questions; those of scenarios/questions for the scenario if left out."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder that is written; STUDY/score if left out.")
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(metavar="NAME", help="Scenario of the study; its first if left out.")
    ] = None,
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="Draw no figures.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score a study against observations, beside baselines, and answer yes/no questions: tables, files, figures."""
    from sim.cli.console import print_json
    from sim.cli.locate import check_folder, find_study

    result = find_study(study)
    free_folder(out)
    check_folder(out or result.folder, "--out")
    words = ["score", str(study)]
    options = {"--observed": observed, "--questions": questions, "--out": out, "--scenario": scenario}
    words += [part for option, value in options.items() if value for part in (option, str(value))]
    folder, files = _score(result, observed, questions, scenario, out, no_pictures, shell(*words), as_json)
    if as_json:
        contents = {name.removesuffix(".json"): json.loads(text) for name, text in files.items() if ".json" in name}
        print_json({"simulated": True, **contents, "written": folder})
        return
    names = list(files)
    pictures = "" if no_pictures else " and figures/"
    print_written(f"\nwritten: {folder / names[0]}, {', '.join(names[1:])}{pictures}", folder)


def _score(
    study: Study,
    observed: Path | None,
    questions: Path | None,
    name: str | None,
    out: Path | None,
    no_pictures: bool,
    command: str,
    quiet: bool,
) -> tuple[Path, dict[str, str]]:
    """Score, or answer questions alone; print the results, unless quiet, and write them. Return the folder and texts by file."""
    from sim.validation import scores as scoring
    from sim.validation.questions import as_data, questions_csv

    files: dict[str, str] = {}
    scores = None
    if observed is not None:
        scores, made_of = scoring.score_study(study, observed, name, questions)
        head, answers = made_of["questions"], list(scores.answers)
        if not quiet:
            print_scores(scores, made_of)
        files |= {"scores.json": scoring.scores_json(scores), "scores.csv": scoring.scores_csv(scores)}
        files["scoring.json"] = _json({**made_of, "command": command})
    else:
        chosen = scoring.chosen_scenario(study, name)
        asked = scoring.asked_of(study, chosen, questions)
        if asked is None:
            message = f"is needed, or --questions FILE: scenarios/questions has no {chosen}.yaml"
            raise InputError([Fault("--observed", None, "", message)])
        head, answers = asked.head, scoring.answer_questions(study, chosen, asked)
    if head is not None:
        if not quiet:
            print_answers(head, answers)
        files |= {
            "questions.json": _json({**as_data(head, answers), "command": command}),
            "questions.csv": questions_csv(answers),
        }
    return _write(study, files, scores, head, answers, name, out, no_pictures), files


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def print_answers(head: dict[str, Any], answers: list[Answer]) -> None:
    """Print yes/no questions: chance of yes of the model and of the baselines, and the outcome if it is known."""
    from rich.table import Table

    from sim.cli.console import console
    from sim.validation.baselines import baseline_text
    from sim.validation.forecasts import MODEL
    from sim.validation.questions import best_answer

    table = Table(title=f"SIMULATED. {head['title']}: chance of yes", title_justify="left", box=None, pad_edge=False)
    for column in ("question", "model", "baselines", "outcome", "nearest baseline"):
        table.add_column(column, justify="right" if column == "model" else "left")
    for answer in answers:
        rivals = [chance for name, chance in answer.chances.items() if name != MODEL]
        between = f"{min(rivals):.2f} to {max(rivals):.2f}" if rivals else "–"
        outcome = {None: "open", True: "yes", False: "no"}[answer.outcome]
        best = best_answer(answer)
        nearest = "–" if best is None else f"{baseline_text(best)} {answer.chances[best]:.2f}"
        own = f"{answer.chances[MODEL]:.2f}" if MODEL in answer.chances else "–"
        table.add_row(answer.question.ask, own, between, outcome, nearest)
    out = console()
    out.print()
    out.print(table)


def free_folder(out: Path | None) -> None:
    """Raise InputError where the folder asked for holds something already."""
    if out is not None and out.is_dir() and any(out.iterdir()):
        raise InputError([Fault("--out", None, "", f"{out} is not empty; nothing is overwritten, take another folder")])


@contextmanager
def own_folder(parent: Path, name: str, out: Path | None) -> Iterator[tuple[Path, Path]]:
    """Give a hidden new folder to write in, and its final name: `out`, or else a free one beginning with `name` in `parent`."""
    from sim.results.write import whole_folder

    if out is not None:
        parent, name = out.absolute().parent, out.absolute().name
        if out.is_dir():
            out.rmdir()  # empty: the whole folder takes its name
    with whole_folder(parent, name) as pair:
        yield pair


def _write(
    study: Study,
    files: dict[str, str],
    scores: Scores | None,
    head: dict[str, Any] | None,
    answers: list[Answer],
    name: str | None,
    out: Path | None,
    no_pictures: bool,
) -> Path:
    """Write the files and draw the figures, scores.json last; return the folder."""
    from sim.results.write import write_text
    from sim.validation.scores import chosen_scenario

    scenario = study.scenarios[chosen_scenario(study, name)]
    with own_folder(study.folder, FOLDER, out) as (partial, final):
        for file in sorted(files, key=lambda file: file == "scores.json"):
            write_text(partial / file, files[file])
        if not no_pictures:
            from sim.plots.score_figures import draw_answers, draw_scores

            if scores is not None:
                draw_scores(scores, scenario, study.geography(), partial)
            if head is not None:
                draw_answers(head["title"], answers, scenario, study.done, partial)
    return final


def print_scores(scores: Scores, made_of: dict[str, Any]) -> None:
    """Print all scores as tables, then where the model loses."""
    from sim.cli.console import console
    from sim.validation.scores import losses, verdict, wrong_calls

    out = console()
    out.print(
        f"SIMULATED. {made_of['study']}, {plural(made_of['runs'], 'run')}; evidence ends {made_of['evidence_until']}",
        style="bold",
    )
    hashes = made_of["hashes"]
    out.print(
        f"defaults {hashes['defaults'][:16]}, posterior {(hashes['posterior'] or 'none')[:16]}, study {hashes['study'][:16]}: noted before scoring"
    )
    for note in made_of["notes"]:
        out.print(f"note: {note}")
    for primary in (True, False):
        measures = [measure for measure in scores.measures if measure.primary == primary]
        if measures:
            out.print()
            out.print(_table(measures, "Primary" if primary else "Secondary"))
    out.print(
        "Lower is better, but for the area (higher) and coverage (near its level). Scores of all baselines: scores.csv."
    )
    if bands := _bands(scores):
        out.print(bands)
    out.print()
    out.print(verdict(scores), style="bold")
    for line in losses(scores):
        out.print(f"  {line}")
    if len(scores.outcome.towns):
        out.print(f"Calls that were wrong: {len(wrong_calls(scores))} of {plural(len(scores.outcome.towns), 'town')}.")


def _table(measures: list[Measure], title: str) -> Any:
    """Return a table of the model's scores beside those of the best baseline of each measure."""
    from rich.table import Table

    from sim.validation.forecasts import MODEL

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for column in ("model", "best baseline", ""):
        table.add_column(column, justify="left" if column == "best baseline" else "right")
    table.add_column("model beats it")
    for measure in measures:
        best = measure.best_baseline()
        named, score = ("none", "–") if best is None else (best.replace("_", " "), _number(measure.cells[best].score))
        table.add_row(measure.name, _number(measure.cells[MODEL].score), named, score, measure.verdict())
    return table


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "–"


def _bands(scores: Scores) -> str:
    """Say the model's bands beside those of the first baseline that has them."""
    from sim.validation.forecasts import MODEL

    bands = []
    for measure in scores.measures:
        own = measure.cells[MODEL]
        if math.isfinite(own.low):
            bands.append(f"{measure.name} {own.low:.2g} to {own.high:.2g}")
    return (
        f"90 % bands of the model's, groups of the start drawn with replacement: {'; '.join(bands)}." if bands else ""
    )
