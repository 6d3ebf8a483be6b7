"""A sample of mutants of the engine, and which of them the tests notice: `python -m tests.mutation.run FILE`.

Mutants are cosmic-ray's (`cosmic_ray.toml`), drawn by a stated seed. Tests are collected once; each mutant is put in place of the
code in a forked copy of that process, which costs a fraction of a second where a fresh process would cost several. A line of
JSON for each mutant goes to FILE; what is there already is not run again. Linux and macOS only (fork).
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FunctionType
from typing import Any

os.environ["NUMBA_DISABLE_JIT"] = "1"
os.environ.setdefault("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others would share the fork

import cosmic_ray.plugins
import pytest
from _pytest.runner import runtestprotocol
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((Path(__file__).parent / "cosmic_ray.toml").read_text(encoding="utf-8"))
SHORT = "tests/engine/test_short_log.py"
NOT_OF_RULES = ("test_draws", "test_source", "test_stale_code")
DEAR = 1.0  # CPU seconds; tests that take longer are left out, a mutant that makes one take eight times that is noticed


def candidates() -> list[dict[str, Any]]:
    """Return all mutants of the configured operators; numbers that only name a process of draws are left out."""
    excluded = set(CONFIG["cosmic-ray"]["excluded-modules"])
    operators = {name: cosmic_ray.plugins.get_operator(f"core/{name}")() for name in CONFIG["sample"]["operators"]}
    found = []
    for file in sorted((ROOT / "sim" / "engine").rglob("*.py")):
        path = file.relative_to(ROOT).as_posix()
        if path in excluded:
            continue
        source = file.read_text(encoding="utf-8")
        lines = source.splitlines()
        counts = dict.fromkeys(operators, 0)
        for node in ast_nodes(get_ast(source)):
            for name, operator in operators.items():
                for start, _end in operator.mutation_positions(node):
                    if not lines[start[0] - 1].startswith("P_"):
                        found.append({"file": path, "operator": name, "nth": counts[name], "line": start[0]})
                    counts[name] += 1
    return found


def mutated(mutant: dict[str, Any]) -> str:
    """Return the module's source with the mutation."""
    operator = cosmic_ray.plugins.get_operator(f"core/{mutant['operator']}")()
    source = (ROOT / mutant["file"]).read_text(encoding="utf-8")
    return str(mutate_code(source, operator, mutant["nth"]))


def put_in_place(path: str, source: str) -> bool:
    """Give the functions and numbers of a loaded module those of another source; False where nothing changed."""
    name = path.removesuffix(".py").replace("/", ".")
    old, new = vars(sys.modules[name]), {"__name__": f"{name}", "__file__": str(ROOT / path)}
    exec(compile(source, str(ROOT / path), "exec"), new)
    changed = 0
    for key, value in new.items():
        if isinstance(value, FunctionType) and value.__module__ == name:
            changed += _replace(old[key], value)
        elif isinstance(value, type) and value.__module__ == name:
            changed += sum(_replace(vars(old[key])[m], f) for m, f in vars(value).items() if m in vars(old[key]))
        elif isinstance(value, int | float | str | tuple | dict) and not key.startswith("__") and value != old.get(key):
            changed += 1
            for module in list(sys.modules.values()):
                if getattr(module, "__name__", "").startswith(("sim.", "tests.")) and vars(module).get(key) == old[key]:
                    setattr(module, key, value)
    return changed > 0


def _replace(old: Any, new: Any) -> int:
    old, new = (
        getattr(f, "fget", None) or getattr(f, "__wrapped__", None) or getattr(f, "__func__", f) for f in (old, new)
    )
    if not isinstance(new, FunctionType) or not isinstance(old, FunctionType):
        return 0
    if old.__code__ == new.__code__ and old.__defaults__ == new.__defaults__:
        return 0
    old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
    return 1


class Mutants:
    """A pytest plugin: in place of one run of the collected tests, one for each mutant, in a fork."""

    def __init__(self, sample: list[dict[str, Any]], out: Path, seconds: float) -> None:
        self.sample, self.out, self.until = sample, out, time.monotonic() + seconds

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        cheap = self.costs(session.items)
        items = sorted((item for item in session.items if item.nodeid in cheap), key=lambda item: cheap[item.nodeid])
        items.sort(key=lambda item: not item.nodeid.startswith(SHORT))  # it notices most, so it comes first
        left_out = sorted({item.nodeid for item in session.items} - set(cheap))
        print(
            f"{len(items)} tests, {sum(cheap.values()):.1f} s; left out as dear or failing:",
            *left_out,
            sep="\n  ",
            flush=True,
        )
        if not items:
            raise pytest.UsageError("no test passes without a mutation in the time that it may take")

        def ask(mutant: dict[str, Any]) -> str | None:
            if time.monotonic() > self.until:
                return None
            source = mutated(mutant)
            return forked(lambda: first_failure(relevant(items, mutant["file"]), mutant["file"], source))

        with ThreadPoolExecutor(os.cpu_count()) as pool, self.out.open("a", encoding="utf-8", buffering=1) as file:
            for mutant, found in zip(self.sample, pool.map(ask, self.sample), strict=True):
                if found is not None:
                    file.write(json.dumps({**mutant, "killed_by": found or None}) + "\n")
        return True

    def costs(self, items: list[pytest.Item]) -> dict[str, float]:
        """Return the CPU seconds of the tests that pass and are not dear; measured once, and kept beside the results."""
        file = self.out.with_suffix(".costs.json")
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        for item in items:
            if item.nodeid not in known:
                said = forked(lambda item=item: cost(item))
                known[item.nodeid] = float(said) if said.replace(".", "", 1).isdigit() else None
        file.write_text(json.dumps(known, indent=0), encoding="utf-8")
        return {item.nodeid: known[item.nodeid] for item in items if known[item.nodeid] is not None}


def relevant(items: list[pytest.Item], path: str) -> list[pytest.Item]:
    """Return the short logs and, for a rule or the draws, the tests of its own file; for what rules share, all of rules."""
    stem = {"agreements": "ceasefire"}.get(Path(path).stem, Path(path).stem)
    own = [item for item in items if stem in item.path.stem]
    if not own or not ("/rules/" in path or stem == "draws"):
        own = [item for item in items if item.path.stem not in NOT_OF_RULES]
    short = [item for item in items if item.nodeid.startswith(SHORT)]
    return short + [item for item in own if item not in short]


def forked(work: Callable[[], str]) -> str:
    """Return what `work` returns in a copy of this process; "died" where that does not live to say so."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        signal.signal(signal.SIGPROF, _time_is_up)
        try:
            said = work()
        except BaseException as error:
            said = f"import: {type(error).__name__} {error}"
        os.write(writing, f"={said}"[:2000].encode())  # a pipe holds more, so nobody waits for a reader
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)  # before reading: other copies hold the end that is written to as well
    os.set_blocking(reading, False)
    try:
        text = os.read(reading, 65536).decode()
    except BlockingIOError:
        text = ""
    os.close(reading)
    return text[1:] if text else "died"


def _time_is_up(*_: Any) -> None:
    raise TimeoutError


def passes(items: list[pytest.Item], i: int, seconds: float) -> bool:
    """Run a test; False where it fails, TimeoutError (or what comes of it) where it takes more CPU seconds."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    following = items[i + 1] if i + 1 < len(items) else None
    reports = runtestprotocol(items[i], log=False, nextitem=following)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return not any(report.failed for report in reports)


def cost(item: pytest.Item) -> str:
    """Return the CPU seconds of a test without a mutation, "" for one that fails or is dear."""
    began = time.process_time()
    return f"{time.process_time() - began:.3f}" if passes([item], 0, DEAR) else ""


def first_failure(items: list[pytest.Item], path: str, source: str) -> str:
    """Return the first test that fails once a module has another source, "" where none does."""
    if not put_in_place(path, source):
        return "unchanged"
    return next((item.nodeid for i, item in enumerate(items) if not passes(items, i, 8 * DEAR)), "")


def main(out: str, seconds: str = "3600", tests: str = SHORT, *only: str) -> None:
    """Run the sample in its order until the time is up, or only mutants that a file lists as survivors."""
    file = Path(out)
    done = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    seen = {(m["file"], m["operator"], m["nth"]) for m in done}
    if only:
        sample = [m for m in map(json.loads, Path(only[0]).read_text().splitlines()) if m["killed_by"] is None]
        sample = [{k: v for k, v in m.items() if k != "killed_by"} for m in sample]
    else:
        sample = candidates()
        print(len(sample), "mutants", flush=True)
        random.Random(CONFIG["sample"]["seed"]).shuffle(sample)
    sample = [m for m in sample if (m["file"], m["operator"], m["nth"]) not in seen]
    options = ["-q", "-p", "no:cacheprovider", "-m", "not slow and not exhaustive", *tests.split(",")]
    sys.exit(pytest.main(options, plugins=[Mutants(sample, file, float(seconds))]))


if __name__ == "__main__":
    main(*sys.argv[1:])
