"""`run.py verify`: is a run, or a study, what this program makes of its manifest?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sim.record.verify import Verdict

DIFFERS = 1


def verify(
    folder: Annotated[
        Path, typer.Argument(help="Folder of a run or of a study.", metavar="RUN|STUDY", show_default=False)
    ],
    sample: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Of a study: only so many of its runs.", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing where all is identical.")] = False,
) -> None:
    """Make a run or a study again from its manifest and compare: exit code 0 where identical, 1 where not."""
    from sim.cli.locate import find_folder
    from sim.cli.run import compiling
    from sim.errors import Fault, InputError
    from sim.study.kind import Kind, kind_of

    place = find_folder(folder, Kind.RUN, Kind.STUDY)
    study = kind_of(place) is Kind.STUDY
    if sample is not None and not study:
        raise InputError([Fault("--sample", None, "", "belongs to the folder of a study; a run is made again whole")])
    with compiling(quiet):
        verdict, what = _study(place, sample, quiet) if study else _run(place)
    _tell(place, verdict, what, quiet)
    if not verdict.same:
        raise typer.Exit(DIFFERS)


def _run(place: Path) -> tuple[Verdict, str]:
    from sim.record.verify import verify_run

    verdict = verify_run(place)
    return verdict, f"{len(verdict.compared)} files made again, byte for byte"


def _study(place: Path, sample: int | None, quiet: bool) -> tuple[Verdict, str]:
    from sim.cli.locate import find_study
    from sim.study.verify import verify_study

    find_study(place)  # reports runs that are stored twice

    def report(done: int, of: int) -> None:
        if not quiet and (done % 100 == 0 or done == of):
            print(f"{done} of {of} runs made again", file=sys.stderr, flush=True)

    verdict, compared, runs = verify_study(place, sample, report)
    return verdict, f"{compared} of {runs} runs made again, every cell of {len(verdict.compared)} tables"


def _tell(place: Path, verdict: Verdict, what: str, quiet: bool) -> None:
    if verdict.same and quiet:
        return
    print(f"SIMULATED. {place}: {'identical' if verdict.same else 'NOT identical'} ({what})")
    for line in verdict.notes:
        print(line)
    if verdict.same:
        return
    first, *others = verdict.differences
    print(f"first difference: {first}")
    if others:
        print(f"also: {'; '.join(one.partition(',')[0] for one in others)}")
    for reason in verdict.reasons:
        print(f"likely reason: {reason}")
