"""Runs the command line on many inputs, each in a process forked from this one, and says what came of each.

Read from standard input: a JSON list of {words, here, maps}. Written to standard output: a list of {code, out, err,
seconds (of CPU), megabytes (most memory)}. Modules are loaded once, before the first fork: what is measured is the reading.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

MOST_CPU_SECONDS = 60  # a process that never ends is ended by the system


def load() -> None:
    """Import what the commands would, and read their words once."""
    import sim.cli.check
    import sim.cli.console
    import sim.geography.new_map
    import sim.load
    import sim.preview
    import sim.results.verify
    import sim.study.plan
    import sim.study.status
    import sim.validation.observed
    import sim.validation.pattern_nulls
    import sim.validation.pattern_samples
    import sim.validation.priors  # noqa: F401
    from sim.cli.main import parser

    parser()


def one(case: dict[str, Any], errors: Path, said: Path) -> int:
    """Run a command in this process, its output going to files."""
    from sim.cli.main import main
    from sim.geography import maps

    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))
    os.chdir(case["here"])
    if case["maps"]:
        maps.map_folders = lambda: [Path(case["maps"])]
    with (
        said.open("w") as out,
        errors.open("w") as err,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        return main(case["words"])


def forked(case: dict[str, Any], place: Path) -> dict[str, Any]:
    """Run a command in a process of its own and measure it."""
    errors, said = place / "err", place / "out"
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = one(case, errors, said)
        finally:
            os._exit(code)
    _, status, used = os.wait4(child, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "out": said.read_text(errors="replace"),
        "err": errors.read_text(errors="replace"),
        "seconds": used.ru_utime + used.ru_stime,
        "megabytes": used.ru_maxrss
        / (1 if sys.platform == "darwin" else 1024)
        / (2**20 if sys.platform == "darwin" else 1),
    }


if __name__ == "__main__":
    load()
    gc.freeze()  # no child walks, and so copies, what was loaded
    place = Path(sys.argv[1])
    print(json.dumps([forked(case, place) for case in json.load(sys.stdin)]))
