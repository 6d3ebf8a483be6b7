"""The engine's text: only the arithmetic that compiled and interpreted runs share, no clocks, no names of the case."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.engine.jit import ENGINE
from sim.engine.scenario_tables import PARAMS
from sim.geography.maps import Geography
from sim.scenario.load import load_scenario

FILES = {file.relative_to(ENGINE).as_posix(): ast.parse(file.read_text()) for file in sorted(ENGINE.rglob("*.py"))}
MATH = {"exp", "log", "log1p", "expm1", "sqrt", "pow", "floor"}
TIMED = {"profile.py"}  # measures rules from outside; no rule sees its clock
FORBIDDEN_MODULES = {"random", "secrets", "time", "uuid", "mesa", "pandas", "scipy", "matplotlib"}


def is_compiled(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and any(
        isinstance(mark, ast.Name) and mark.id == "compiled" for mark in node.decorator_list
    )


COMPILED = [(file, node.name, node) for file, tree in FILES.items() for node in ast.walk(tree) if is_compiled(node)]


def faults(node: ast.AST) -> Iterator[str]:
    """Say what in a compiled function may differ from the interpreted one, or between two runs."""
    for part in ast.walk(node):
        where = f"line {getattr(part, 'lineno', '?')}"
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            if part.value.id == "math" and part.attr not in MATH:
                yield f"{where}: math.{part.attr}"
            if part.value.id in ("np", "numpy", "random", "time", "datetime"):
                yield f"{where}: {part.value.id}.{part.attr}"
        if isinstance(part, ast.BinOp | ast.AugAssign) and isinstance(part.op, ast.Pow | ast.MatMult):
            yield f"{where}: a power by operator"
        if isinstance(part, ast.Set | ast.SetComp | ast.Dict | ast.DictComp | ast.ListComp | ast.GeneratorExp):
            yield f"{where}: {type(part).__name__}"
        if isinstance(part, ast.Call):
            if isinstance(part.func, ast.Name) and part.func.id in (
                "set",
                "frozenset",
                "sum",
                "hash",
                "id",
                "sorted",
                "round",
            ):
                yield f"{where}: {part.func.id}()"
            if isinstance(part.func, ast.Attribute) and part.func.attr in (
                "sum",
                "mean",
                "dot",
                "prod",
                "sort",
                "astype",
            ):
                yield f"{where}: .{part.func.attr}()"
        if isinstance(part, ast.Global | ast.Nonlocal | ast.Try | ast.Yield | ast.Lambda):
            yield f"{where}: {type(part).__name__}"


def test_the_engine_has_compiled_functions_in_every_rule() -> None:
    assert len(COMPILED) > 100
    rules = {file for file in FILES if file.startswith("rules/") and not file.endswith("__init__.py")}
    assert rules == {file for file, _, _ in COMPILED if file.startswith("rules/")}


@pytest.mark.parametrize(("file", "name", "node"), COMPILED, ids=[f"{file}:{name}" for file, name, _ in COMPILED])
def test_compiled_functions_use_only_portable_arithmetic(file: str, name: str, node: ast.AST) -> None:
    assert list(faults(node)) == []


@pytest.mark.parametrize(
    "text", ["x ** 2", "np.exp(x)", "math.hypot(x, x)", "x.sum()", "{1, 2}", "sum(x)", "time.time()"]
)
def test_the_check_of_arithmetic_reports_unportable_operations(text: str) -> None:
    assert list(faults(ast.parse(text)))


def test_every_function_of_a_rule_is_compiled() -> None:
    for file, tree in FILES.items():
        if file.startswith("rules/") or file in (
            "queries.py",
            "forces.py",
            "recording.py",
            "day.py",
        ):
            plain = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not is_compiled(node)]
            assert plain == [], file


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("file", FILES)
def test_the_engine_imports_only_allowed_modules(file: str) -> None:
    names = set(imported(FILES[file]))
    assert not names & FORBIDDEN_MODULES or file in TIMED
    assert not names & {"numba", "llvmlite"} or file == "numba_linking.py"
    if file.startswith("rules/") or file in ("queries.py", "forces.py", "day.py"):
        assert names <= {"__future__", "math", "sim"}
    if file == "draws.py":
        assert names <= {"__future__", "functools", "math", "sim", "zlib"}  # identities are hashes of names


def test_no_clock_and_no_global_random_state_in_the_engine() -> None:
    for file, tree in FILES.items():
        if file in TIMED:
            continue
        text = ast.unparse(tree)
        assert not re.search(r"\b(now|today|perf_counter|default_rng|getrandbits|urandom)\(", text), file
        assert "np.random" not in text, file


def test_no_loop_runs_over_a_set_in_the_engine() -> None:
    for file, tree in FILES.items():
        for node in ast.walk(tree):
            over = [node.iter] if isinstance(node, ast.For | ast.comprehension) else []
            for each in over:
                made = isinstance(each, ast.Set | ast.SetComp) or (
                    isinstance(each, ast.Call)
                    and isinstance(each.func, ast.Name)
                    and each.func.id in ("set", "frozenset")
                )
                assert not made, f"{file}: {ast.unparse(each)}"


def names_of_the_case(geography: Geography) -> set[str]:
    scenario = load_scenario("kafr_hamra")
    names = {place.name for place in geography.places} | {
        alias for place in geography.places for alias in place.aliases
    }
    names |= set(scenario.factions) | {group for f in scenario.factions.values() for group in f.groups}
    names |= {f.code for f in scenario.factions.values() if f.code} | {"Sochi", "Turkey", "Russia", "Idlib", "Aleppo"}
    return {name for name in names if len(name) > 2}


def code_words(file: Path) -> str:
    """Return names, attributes and texts of a module's code, without docstrings and comments."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def test_no_faction_group_or_town_of_the_case_is_named_in_engine_code(idlib: Geography) -> None:
    names = sorted(names_of_the_case(idlib))
    assert {"HTS", "Kafr Hamra", "GOV"} <= set(names)
    any_name = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names))
    assert any_name.findall("faction == HTS") == ["HTS"]
    for file in sorted(ENGINE.rglob("*.py")):
        assert any_name.findall(code_words(file)) == [], file.name


def test_every_parameter_of_a_rule_is_read_by_the_engine() -> None:
    source = "".join(path.read_text() for path in ENGINE.rglob("*.py"))
    assert [name for name in PARAMS.names if f'"{name}"' not in source] == []
