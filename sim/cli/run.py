"""Commands run, verify and branch: one run of one scenario, from the file to maps and statistics; past runs simulated again, as they were
or with a change."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.options import (
    AsJson,
    NoRunPictures,
    Quiet,
    ReplicateOfStudy,
    ResultFolder,
    RunFolder,
    RunParent,
    ScenarioOfStudy,
    Sets,
    file_argument,
    run_seed_option,
    set_option,
)
from sim.errors import Fault, InputError
from sim.files import OUTPUTS
from sim.text import plural, shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sim.engine.simulation import Result
    from sim.engine.tables import World
    from sim.geography.maps import Geography
    from sim.results.run import Run
    from sim.results.verify import Verdict
    from sim.scenario.schema import Scenario


FAULTY = 1


def run(
    file: Annotated[
        Path,
        file_argument("Scenario file; or a study's folder, for one of its runs.", "FILE"),
    ],
    seed: Annotated[int | None, run_seed_option("The same seed gives the same events; 1 if left out.")] = None,
    days: Annotated[int | None, typer.Option(metavar="N", help="Days to simulate, in place of the scenario's.")] = None,
    out: RunParent = OUTPUTS,
    label: Annotated[str, typer.Option(metavar="TEXT", help="A note kept with the run.", show_default=False)] = "",
    sets: Sets = None,
    no_pictures: NoRunPictures = False,
    video: Annotated[
        str, typer.Option(metavar="mp4|webm", help="Also write the animation as a video; needs the extra `video`.")
    ] = "",
    scenario: ScenarioOfStudy = None,
    replicate: ReplicateOfStudy = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    check: Annotated[bool, typer.Option("--check", help="Check after every day what must always hold; slow.")] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Also print where the time went.")] = False,
) -> None:
    """Run a scenario and write its events, statistics and maps to a new folder."""
    from sim.cli.locate import check_folder
    from sim.load import read
    from sim.results.run import Run
    from sim.study.plan import chosen

    clock = Clock()
    if days is not None and any(text.partition("=")[0].strip() == "days" for text in sets or []):
        raise InputError([Fault("--days", None, "", "does not go with --set days=...; give one of them")])
    changed = (*(sets or []), *([f"days={days}"] if days is not None else []))
    _check_kind(file)
    if video:
        _check_video(video, no_pictures)
    path, number, changed = chosen(file, seed, changed, scenario, replicate)
    loaded, geography = read(path, changed)
    seed = 1 if number is None else number
    check_folder(out, "--out")
    clock.end("reading")
    result = _simulate(loaded.scenario, geography, seed, quiet, check)
    clock.end("simulating")
    finished = Run.of(result, loaded.name, label)
    folder = write_run(finished, out, clock.started, no_pictures, quiet, video)
    clock.end("writing" if no_pictures else "writing and drawing")
    tell_run(finished, folder, quiet, as_json)
    if profile:
        clock.print_stages()
        _tell_rules(loaded.scenario, geography, seed)


def tell_run(finished: Run, folder: Path, quiet: bool, as_json: bool) -> None:
    """Print a run that was written to a folder: its results, as JSON if asked for, or its folder alone."""
    from sim.cli.console import print_json, print_run

    if as_json:
        head = {"simulated": True, "folder": folder, "name": finished.name, "seed": finished.seed}
        answer = {"question": finished.scenario.question, "answer": finished.answer}
        print_json({**head, **answer, "branch": finished.branch, "summary": finished.summary})
    elif quiet:
        print(folder)
    else:
        print_run(finished, folder)


def _check_video(kind: str, no_pictures: bool) -> None:
    """Raise InputError if a video of a kind cannot be written, before a run is simulated for it."""
    from sim.plots.map.animation import VIDEOS, encoder

    if kind not in VIDEOS:
        raise InputError([Fault("--video", None, "", f"takes {' or '.join(VIDEOS)}, not {kind!r}")])
    if no_pictures:
        raise InputError([Fault("--video", None, "", "does not go with --no-pictures; leave one of them out")])
    encoder()


def _check_kind(path: Path) -> None:
    """Raise InputError if a path is neither a scenario nor the folder of a study, with the command that takes it."""
    from sim.cli.locate import NO_SCENARIO, refuse
    from sim.results.manifest import Kind
    from sim.study.definition import find_study

    takes = "a scenario file, or a study's folder with --scenario and --replicate"
    refuse(find_study(path) or path, "run", takes, Kind.STUDY_FILE, *NO_SCENARIO - {Kind.STUDY})


@contextmanager
def compiling(quiet: bool = False) -> Iterator[None]:
    """Say before a block that simulates first, if the rules must be compiled in it, that they are; and afterwards how long
    it took. To be entered before slow imports, so that nobody waits in silence.
    """
    began = time.monotonic()
    if not say_compiling(quiet):
        yield
        return
    ended = threading.Event()
    threading.Thread(target=_say_still, args=(ended, began), daemon=True).start()
    try:
        yield
    finally:
        ended.set()
    print(f"the rules are compiled ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)


STILL = 10.0  # s between two words on how long the compiling takes


def _say_still(ended: threading.Event, began: float) -> None:
    """Say again and again, until it has ended, how long the compiling has taken so far."""
    while not ended.wait(STILL):
        print(f"still compiling ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)


def compile_rules(scenario: Scenario, geography: Geography, quiet: bool = False) -> None:
    """Compile the rules by a simulated day, and say so, if there is no compiled code yet and it can be kept."""
    from sim.engine.jit import CACHE_FOLDER, needs_compile

    if not needs_compile():
        return
    with compiling(quiet):
        if CACHE_FOLDER is not None:
            from sim.engine.simulation import Simulation

            Simulation(scenario, geography, 1).step()


def say_compiling(quiet: bool) -> bool:
    """Say that the rules are compiled first, if they are, and whether this happens again the next time. Return whether said."""
    from sim.load import compiling_text

    text = "" if quiet else compiling_text()
    if text:
        print(text, file=sys.stderr, flush=True)
    return bool(text)


def _simulate(scenario: Scenario, geography: Geography, seed: int, quiet: bool, check: bool) -> Result:
    from sim.cli.console import progress
    from sim.engine.simulation import simulate

    compile_rules(scenario, geography, quiet)
    with progress(scenario, geography, quiet) as report:
        if not check:
            return simulate(scenario, geography, seed, progress=report)
        return _checked(scenario, geography, seed, report, quiet)


def _checked(
    scenario: Scenario, geography: Geography, seed: int, report: Callable[[int, World], None] | None, quiet: bool
) -> Result:
    """Simulate with all invariants checked every day; the first that does not hold ends the run, nothing is written."""
    from sim.engine.simulation import Simulation
    from sim.invariants import Checker, InvariantError

    if not quiet:
        print("checking every day what must always hold; this is slow", file=sys.stderr, flush=True)
    simulation = Simulation(scenario, geography, seed)
    try:
        checker = Checker(simulation.world)
        while simulation.day < simulation.days:
            simulation.step()
            checker(simulation.day, simulation.world)
            if report is not None:
                report(simulation.day, simulation.world)
    except InvariantError as error:
        words = f"a fault of the program, please report it: on day {error.day} of seed {seed} this does not hold: {error.said}"
        print(words, file=sys.stderr)
        raise typer.Exit(FAULTY) from None
    if not quiet:
        print(f"all invariants held on each of {plural(checker.days, 'day')}", file=sys.stderr, flush=True)
    return simulation.result()


def write_run(finished: Run, out: Path, started: datetime, no_pictures: bool, quiet: bool, video: str = "") -> Path:
    """Write a finished run to a folder of its own in `out`, with pictures unless told not to, and a video if one is named."""
    from sim.results.write import write

    if no_pictures:
        return write(finished, out, started=started)
    from sim.study.executors import drawing_workers, prepare

    workers = drawing_workers()
    if workers > 1:
        prepare("sim.pages.run_report")  # while this process imports and records the days
    from sim.cli.figure import say_lacking_letters
    from sim.pages.run_report import draw_all

    say_lacking_letters((finished.scenario, finished.geography))
    if not quiet:
        also = f", and a video ({video})" if video else ""
        print(f"drawing maps, charts and the report{also}", file=sys.stderr, flush=True)
    try:
        return write(finished, out, draw=partial(draw_all, video=video, workers=workers), started=started)
    except (InputError, OSError):
        raise
    except Exception:  # a fault of the drawing costs the pictures, not the run
        folder = write(finished, out, started=started)
        print(f"a picture could not be drawn; the run is written without pictures: {folder}", file=sys.stderr)
        raise


def _tell_rules(scenario: Scenario, geography: Geography, seed: int) -> None:
    """Print the share of each rule in the simulated days, from a second run in which rules are called one by one."""
    from sim.cli.console import pairs
    from sim.engine.profile import profile

    seconds, force_days = profile(scenario, geography, seed)
    total = sum(seconds.values())
    rows = [
        (f"  {name}", f"{1e9 * spent / force_days:6.1f} ns per force-day {spent / total:5.0%}")
        for name, spent in seconds.items()
    ]
    pairs(rows, title="\nRules, called one by one")


class Clock:
    """When a run began, and the seconds of each of its stages."""

    def __init__(self) -> None:
        self.started = datetime.now(UTC)
        self.began = time.perf_counter()
        self.stages: list[tuple[str, float]] = []

    def end(self, stage: str) -> None:
        """Note the seconds since the stage before ended."""
        now = time.perf_counter()
        self.stages.append((stage, now - self.began))
        self.began = now

    def print_stages(self) -> None:
        """Print the stages."""
        from sim.cli.console import pairs

        pairs([(stage, f"{seconds:8.2f} s") for stage, seconds in self.stages], title="\nTime")


def branch(
    run: RunFolder,
    day: Annotated[
        int, typer.Option(metavar="N", help="First day with the change, as in events.csv.", show_default=False)
    ],
    sets: Annotated[list[str] | None, set_option("Change an input from that day on; repeatable.")] = None,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML file with a list `policy:` of acts to add.", show_default=False),
    ] = None,
    out: RunParent = OUTPUTS,
    label: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="A note kept with the branch, `branch-dayN` if left out.", show_default=False
        ),
    ] = "",
    no_pictures: NoRunPictures = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Continue a past run with a change from a day on, matched to it draw for draw; `compare RUN BRANCH` sets them side by side."""
    from sim.cli.locate import check_folder, find_run
    from sim.results.branch import branch as branched

    started = Clock().started
    check_folder(out, "--out")
    origin = find_run(run)
    run_folder = origin.folder
    assert run_folder is not None
    compile_rules(origin.scenario, origin.geography, quiet)
    words = ["branch", str(run), "--day", str(day)]
    words += [word for each in sets or [] for word in ("--set", each)]
    words += ["--policy", str(policy)] if policy is not None else []
    branch_run = branched(run_folder, day, sets or [], policy, label, shell(*words))
    folder = write_run(branch_run, out, started, no_pictures, quiet)
    tell_run(branch_run, folder, quiet, as_json)
    if quiet or as_json:
        return
    assert branch_run.branch is not None
    changed = "; ".join(branch_run.branch["changes"]) or "nothing changed"
    print(f"\nbranches from {run_folder} on day {day}: {changed}")
    print(f"side by side: {shell('compare', run_folder, folder)}")


DIFFERS = 1


def verify(
    folder: ResultFolder,
    sample: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Of a study: only so many of its runs.", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing if all is identical.")] = False,
) -> None:
    """Make a run or a study again from its manifest and compare: exit code 0 where identical, 1 where not."""
    from sim.cli.locate import find_folder
    from sim.errors import Fault, InputError
    from sim.results.manifest import Kind, kind_of

    results_folder = find_folder(folder, Kind.RUN, Kind.STUDY)
    study = kind_of(results_folder) is Kind.STUDY
    if sample is not None and not study:
        raise InputError([Fault("--sample", None, "", "belongs to the folder of a study; a run is made again whole")])
    with compiling(quiet):
        verdict, what = _study(results_folder, sample, quiet) if study else _run(results_folder)
    _print_verdict(results_folder, verdict, what, quiet)
    if not verdict.same:
        raise typer.Exit(DIFFERS)


def _run(folder: Path) -> tuple[Verdict, str]:
    from sim.results.verify import verify_run

    verdict = verify_run(folder)
    return verdict, f"{plural(len(verdict.compared), 'file')} made again, byte for byte"


def _study(folder: Path, sample: int | None, quiet: bool) -> tuple[Verdict, str]:
    from sim.cli.locate import find_study
    from sim.study.status import verify_study

    find_study(folder)  # reports runs that are stored twice

    def report(done: int, of: int) -> None:
        if not quiet and (done % 100 == 0 or done == of):
            print(f"{done} of {plural(of, 'run')} made again", file=sys.stderr, flush=True)

    verdict, compared, runs = verify_study(folder, sample, report)
    return (
        verdict,
        f"{compared} of {plural(runs, 'run')} made again, every cell of {plural(len(verdict.compared), 'table')}",
    )


def _print_verdict(folder: Path, verdict: Verdict, what: str, quiet: bool) -> None:
    if verdict.same and quiet:
        return
    print(f"SIMULATED. {folder}: {'identical' if verdict.same else 'NOT identical'} ({what})")
    for line in verdict.notes:
        print(line)
    if verdict.same:
        return
    first, *others = verdict.differences
    print(f"first difference: {first}")
    if others:
        print(f"also: {'; '.join(difference.partition(',')[0] for difference in others)}")
    for reason in verdict.reasons:
        print(f"likely reason: {reason}")
