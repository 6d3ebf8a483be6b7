"""`run.py branch`: a past run taken up on one of its days, with a change from that day on."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer


def branch(
    run: Annotated[Path, typer.Argument(help="Folder of a run.", metavar="RUN", show_default=False)],
    day: Annotated[
        int, typer.Option(metavar="N", help="First day with the change, as in events.csv.", show_default=False)
    ],
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change an input from that day on; repeatable."),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML file with a list `policy:` of acts to add.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder in which the branch's own is made.")] = Path(
        "outputs"
    ),
    label: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="A note kept with the branch, `branch-dayN` if left out.", show_default=False
        ),
    ] = "",
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="Write no maps, charts and report.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the branch's folder.")] = False,
) -> None:
    """Continue a past run with a change from a day on, matched to it draw for draw; `compare RUN BRANCH` sets them side by side."""
    from sim.cli.drawing import second_process
    from sim.cli.folder import check_folder
    from sim.cli.locate import find_run
    from sim.cli.results import tell
    from sim.cli.run import Clock, compile_rules, write_run
    from sim.record.branch import branch as branched

    started = Clock().started
    check_folder(out, "--out")
    origin = find_run(run)
    place = origin.folder
    assert place is not None
    compile_rules(origin.scenario, origin.geography, quiet)
    words = ["python", "run.py", "branch", str(run), "--day", str(day)]
    words += [word for each in sets or [] for word in ("--set", each)]
    words += ["--policy", str(policy)] if policy is not None else []
    with second_process(not no_pictures) as beside:
        made = branched(place, day, sets or [], policy, label, shlex.join(words))
        folder = write_run(made, out, started, no_pictures, quiet, beside)
    if quiet:
        print(folder)
        return
    assert made.branch is not None
    tell(made, folder)
    changed = "; ".join(made.branch["changes"]) or "nothing changed"
    print(f"\nbranches from {place} on day {day}: {changed}")
    print(f"side by side: {shlex.join(['python', 'run.py', 'compare', str(place), str(folder)])}", file=sys.stdout)
