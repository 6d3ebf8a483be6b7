"""`run.py watch`: a page in the browser that plays a scenario, replays a run, or shows two scenarios side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sim.viewer.session import Source

MAX_SEED = 2**63 - 1


def watch(
    what: Annotated[
        list[Path],
        typer.Argument(
            help="Scenario file, folder of a run, or two of them.", metavar="FILE [FILE]", show_default=False
        ),
    ],
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, max=MAX_SEED, help="Seed of the scenarios; 1 if left out.", show_default=False
        ),
    ] = None,
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
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change an input, by the key `show` prints; repeatable."),
    ] = None,
) -> None:
    """Watch a scenario unfold in the browser, steer it, question it; replay a run; compare two side by side."""
    from sim.errors import Fault, InputError

    if len(what) > 2:
        raise InputError([Fault("watch", None, "", "shows one run, or two side by side")])
    from sim.viewer.server import fetching_line, listen, prepare, require_watch, serve
    from sim.viewer.session import build

    require_watch()
    sources = tuple(_source(word, seed, tuple(sets or ())) for word in what)
    _compile()
    for source in sources:
        build(source).step()  # faults are said now, and the first day is compiled before the page asks for it
    bound = listen(host, port)
    prepare(sources, seeds)
    for line in (fetching_line(), _exposed(host)):
        if line:
            print(line, flush=True)
    serve(bound, host, _opened, browser=not no_browser)


def _source(word: Path, seed: int | None, sets: tuple[str, ...]) -> Source:
    from sim.cli.runs import find_run
    from sim.errors import Fault, InputError
    from sim.scenario.files import find_scenario
    from sim.viewer.session import Source

    if not word.is_dir() and word.name != "manifest.json":
        return Source(find_scenario(word), 1 if seed is None else seed, sets)
    run = find_run(word)
    assert run.folder is not None
    if sets:
        raise InputError(
            [Fault("--set", None, "", "a finished run is replayed as it was; watch its scenario.yaml instead")]
        )
    if seed is not None and seed != run.seed:
        raise InputError([Fault("--seed", None, "", f"the run in {word} has seed {run.seed}")])
    return Source(run.folder, run.seed, replay=True)


def _compile() -> None:
    from sim.engine.jit import cold

    if cold():
        print("compiling the rules; this happens once and may take a minute", flush=True)


def _exposed(host: str) -> str:
    from sim.viewer.server import LOOPBACK

    if host in LOOPBACK:
        return ""
    return f"Listening on {host}: everybody who can reach this computer can use the page. It has no password."


def _opened(address: str) -> None:
    print(f"SIMULATED. Watch at {address}  (Ctrl-C stops)", flush=True)
