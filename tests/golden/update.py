"""Write the golden summaries anew, and say what changed: `python -m tests.golden.update [NAME ...]`.

Do so only when a change of results is meant, and commit the summaries with the change that caused it.
"""

from __future__ import annotations

import difflib
import sys

from tests.golden.summaries import FOLDER, GOLDEN, log_hash, readable, state_hash


def update(names: list[str]) -> None:
    """Write the summaries and hashes of some golden runs (of all, without names)."""
    if unknown := set(names) - set(GOLDEN):
        sys.exit(f"no golden run {', '.join(sorted(unknown))}; there are {', '.join(GOLDEN)}")
    for name in names or GOLDEN:
        result = GOLDEN[name]()
        for file, new in (
            (FOLDER / f"{name}.txt", readable(result)),
            (FOLDER / f"{name}.sha256", f"events {log_hash(result)}\nstate {state_hash(result)}\n"),
        ):
            old = file.read_text(encoding="utf-8") if file.exists() else ""
            file.write_text(new, encoding="utf-8")
            print(f"{file.name}: {'unchanged' if old == new else 'written'}")
            sys.stdout.writelines(
                difflib.unified_diff(old.splitlines(True), new.splitlines(True), "before", "now", n=0)
            )


if __name__ == "__main__":
    update(sys.argv[1:])
