"""`run.py watch`: a page in the browser that plays a scenario, replays a run, or shows two scenarios side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.options import ReplicateOfStudy, ScenarioOfStudy, Sets, file_argument, run_seed_option
from sim.cli.run import compiling

if TYPE_CHECKING:
    from sim.viewer.session import RunSource

TAKES = "a scenario file, a run, or a study with --scenario and --replicate"


def watch(
    what: Annotated[
        list[Path],
        file_argument(
            "Scenario file, folder of a run, or two of them; or a study's folder, for one of its runs.", "FILE [FILE]"
        ),
    ],
    seed: Annotated[int | None, run_seed_option("Seed of the scenarios; 1 if left out.")] = None,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port of the page; 0 for any that is free.")
    ] = 8765,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on; others than this computer need it set.")
    ] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, open no browser.")] = False,
    seeds: Annotated[
        int, typer.Option(metavar="N", min=0, max=2000, help="Runs behind the curve of towns held; 0 for none.")
    ] = 200,
    sets: Sets = None,
    scenario: ScenarioOfStudy = None,
    replicate: ReplicateOfStudy = None,
) -> None:
    """Watch a scenario unfold in the browser, steer it, question it; replay a run; compare two side by side."""
    from sim.cli.locate import NO_SCENARIO, refuse
    from sim.errors import Fault, InputError, unsupported
    from sim.results.manifest import Kind

    if line := unsupported("ipyvuetify", "mesa", "solara"):
        raise InputError([Fault("watch", None, "", line)])
    if len(what) > 2:
        raise InputError([Fault("watch", None, "", "shows one run, or two side by side")])
    for word in what:
        refuse(word, "watch", TAKES, *NO_SCENARIO - {Kind.RUN, Kind.STUDY, Kind.DAMAGED}, Kind.STUDY_FILE)
    with compiling():
        sources = _ready_sources(what, seed, tuple(sets or ()), scenario, replicate)
    from sim.viewer.server import fetching_line, listen, prepare, serve

    prepare(sources, seeds)
    from sim.viewer.library_parts import check_parts  # imports Solara, which reads the settings just made

    check_parts()
    with listen(host, port) as bound:
        for line in (fetching_line(), _exposed(host)):
            if line:
                print(line, flush=True)
        serve(bound, host, _opened, browser=not no_browser)


def _ready_sources(
    what: list[Path], seed: int | None, sets: tuple[str, ...], scenario: str | None, replicate: int | None
) -> tuple[RunSource, ...]:
    """Return what is to be watched, read and simulated for a day, so that faults and compiling come before the page."""
    from sim.viewer.server import require_watch
    from sim.viewer.session import build, check_pair

    require_watch()
    sources = tuple(source_of(word, seed, sets, scenario, replicate) for word in what)
    models = [build(source) for source in sources]
    if len(models) > 1:
        check_pair(*models)
    for model in models:
        if model.history.day < model.simulation.days:
            model.step()  # the first day is compiled before the page asks for it
    return sources


def source_of(
    word: Path, seed: int | None, sets: tuple[str, ...], scenario: str | None = None, replicate: int | None = None
) -> RunSource:
    """Return what a word of the command line means: a scenario, a finished run, or one run of a study's folder."""
    from sim.cli.locate import find_run, path_of
    from sim.results.manifest import Kind, kind_of
    from sim.scenario.compose import find_scenario
    from sim.study.plan import chosen
    from sim.viewer.session import RunSource

    kind = kind_of(path_of(word))
    if kind is Kind.STUDY or scenario is not None or replicate is not None:
        path, number, sets = chosen(path_of(word), seed, sets, scenario, replicate)
        return RunSource(path, 1 if number is None else number, sets)
    if kind in (Kind.SCENARIO_FILE, Kind.MISSING):
        return RunSource(find_scenario(word), 1 if seed is None else seed, sets)
    run = find_run(word)
    assert run.folder is not None
    _as_it_was(word, run.seed, seed, sets)
    return RunSource(run.folder, run.seed, replay=True)


def _as_it_was(word: Path, has: int, seed: int | None, sets: tuple[str, ...]) -> None:
    from sim.errors import Fault, InputError

    if sets:
        message = "a finished run is replayed as it was; watch its scenario.yaml instead"
        raise InputError([Fault("--set", None, "", message)])
    if seed is not None and seed != has:
        raise InputError([Fault("--seed", None, "", f"the run in {word} has seed {has}")])


def _exposed(host: str) -> str:
    from sim.viewer.server import LOOPBACK

    if host in LOOPBACK:
        return ""
    return f"Listening on {host}: everybody who can reach this computer can use the page. It has no password."


def _opened(address: str) -> None:
    print(f"SIMULATED. Watch at {address}  (Ctrl-C stops)", flush=True)
