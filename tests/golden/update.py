"""Write the golden files again and print what changed: `python -m tests.golden.update [NAME ...]`.

Do so only for an intended change of results or wording, and commit the files with the change that caused it.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

from tests.golden.summaries import FOLDER, GOLDEN, log_hash, readable, state_hash

SHORT_LOG = "short_log"  # tests/engine/test_short_log.py
PAGES = ("help", "report")  # tests/golden/pages.py


def texts_of(name: str) -> dict[Path, str]:
    """Return the files of a golden run and what belongs in them."""
    if name == SHORT_LOG:
        from tests.engine.test_short_log import WORLDS, recorded

        return {FOLDER / f"{SHORT_LOG}-{world}.txt": recorded(world) for world in WORLDS}
    if name in PAGES:
        from tests.golden import pages

        return {FOLDER / f"{name}.txt": getattr(pages, f"{name}_text")()}
    result = GOLDEN[name]()
    hashes = f"events {log_hash(result)}\nstate {state_hash(result)}\n"
    return {FOLDER / f"{name}.txt": readable(result), FOLDER / f"{name}.sha256": hashes}


def update(names: list[str]) -> None:
    """Write the files of some names (of all, without names)."""
    known = [*GOLDEN, SHORT_LOG, *PAGES]
    if unknown := set(names) - set(known):
        sys.exit(f"no golden run {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    for name in names or known:
        for file, new in texts_of(name).items():
            old = file.read_text(encoding="utf-8") if file.exists() else ""
            file.write_text(new, encoding="utf-8")
            print(f"{file.name}: {'unchanged' if old == new else 'written'}")
            sys.stdout.writelines(
                difflib.unified_diff(old.splitlines(True), new.splitlines(True), "before", "now", n=0)
            )


if __name__ == "__main__":
    update(sys.argv[1:])
