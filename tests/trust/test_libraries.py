"""The lock, pyproject.toml and what is imported agree; a library beyond its bound is named in one line."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sim import errors
from sim.files import SCENARIOS
from tests.trust.processes import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
PYTHONS = [re.search(r"3\.\d+", text)[0] for text in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d", text)]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PARTS = {"solara-ui": "solara"}  # a library that another one installs as its main part


def declared(*extras: str) -> list[Requirement]:
    """Return what pyproject.toml asks for, without its references to its own extras."""
    texts = [*PROJECT["dependencies"], *(text for extra in extras or EXTRAS for text in EXTRAS[extra])]
    return [each for each in map(Requirement, texts) if each.name != PROJECT["name"]]


def locked(python: str) -> dict[str, str]:
    """Return the version that the lock has for each library on a version of Python."""
    environment = {**default_environment(), "python_version": python, "python_full_version": f"{python}.9"}
    lines = [Requirement(line) for line in LOCK.splitlines() if not line.startswith("#")]
    chosen = [each for each in lines if each.marker is None or each.marker.evaluate(environment)]
    versions = {canonicalize_name(each.name): str(each.specifier).removeprefix("==") for each in chosen}
    assert len(versions) == len(chosen), "a library has two versions"
    return versions


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_satisfies_pyproject(python: str) -> None:
    versions = locked(python)
    for need in declared():
        assert need.specifier.contains(versions[canonicalize_name(need.name)], prereleases=False), need


def test_the_lock_holds_versions_alone() -> None:
    lines = LOCK.splitlines()
    assert re.fullmatch(r"#  +uv pip compile .*--exclude-newer \d{4}-\d\d-\d\d .*", lines[1])
    assert all(re.fullmatch(r"[a-z0-9._-]+==[\w.!+]+( ; .+)?", line) for line in lines[2:])
    assert lines[1].lstrip("# ") in (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")


def test_a_wheel_has_every_package_and_the_scenarios() -> None:
    named = PYPROJECT["tool"]["setuptools"]
    folders = {".".join(file.parent.relative_to(ROOT).parts) for file in (ROOT / "sim").rglob("__init__.py")}
    assert set(named["packages"]) == {*folders, "sim.shipped"}
    assert ROOT / named["package-dir"]["sim.shipped"] == SCENARIOS
    data = {
        name: [ROOT / name.replace(".", "/") / pattern for pattern in patterns]
        for name, patterns in named["package-data"].items()
    }
    others = {
        file.parent for file in (ROOT / "sim").rglob("*") if file.suffix in {".js", ".css", ".j2", ".vue", ".typed"}
    }
    covered = {pattern.parent for patterns in data.values() for pattern in patterns}
    assert others <= covered


def imported(*folders: str) -> set[str]:
    """Return the libraries that the modules of some folders import, by the names that pip knows."""
    distributions = metadata.packages_distributions()
    names = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(str(node.module).partition(".")[0])
    names -= {*sys.stdlib_module_names, "sim", "tests", "benchmarks", "docs"}
    found = {canonicalize_name(distributions.get(name, [name])[0]) for name in names}  # a large one is not installed
    return {PARTS.get(name, name) for name in found}


def test_all_that_is_imported_is_declared() -> None:
    names = {
        canonicalize_name(each.name)
        for each in declared("watch", "offline", "cluster", "decisions", "geonames", "video")
    }
    assert imported("sim") - names == set()


def test_bounds_are_those_of_pyproject() -> None:
    bounds = {}
    for need in declared():
        for each in need.specifier:
            if each.operator == "<":
                bounds[need.name] = each.version
    assert bounds == errors.BOUNDS


@pytest.mark.parametrize(
    ("installed", "supported"),
    [("3.5.1", True), ("3.99.0", True), ("4.0.0", False), ("4.0.0a0", False), ("4", False), ("10.1.post1", False)],
)
def test_a_version_beyond_its_bound_is_named(installed: str, supported: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "version", lambda name: installed if name == "mesa" else "0.1")
    line = errors.unsupported("mesa", "numba")
    assert (line == "") is supported
    assert supported or (f"mesa {installed}" in line and "'mesa<4'" in line and "numba" not in line)


def test_a_library_that_is_not_installed_is_not_beyond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "BOUNDS", {"no-such-library": "1"})
    assert errors.unsupported("no-such-library") == ""


def test_a_mesa_that_lacks_a_name_is_named() -> None:
    code = (
        "import sys, sim.errors; sim.errors.BOUNDS['mesa'] = '3.0'; sys.modules['mesa.discrete_space'] = None; "
        "import sim.model"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith("ImportError: mesa ")
    assert "'mesa<3.0'" in done.stderr


# Sentences of libraries and of systems, which change with their versions: neither messages nor tests may repeat them.
SENTENCES = re.compile(
    r"mapping values are not|did not find expected|could not find expected|found unexpected|nesting depth|cannot start any token"
    r"|Input should be|Field required|unable to parse|Extra inputs|No columns to parse|Error tokenizing|Expecting value"
    r"|Expecting property|Extra data:|codec can't|'utf-8' codec|unexpected end of data|unterminated string|Missing argument"
    r"|Missing option|No such option|Invalid value for|unexpected extra argument|is not a valid (integer|float|choice|boolean)"
    r"|invalid literal for|could not convert string|does not match format|Unknown datetime|time data|magic bytes|footer"
    r"|Timed out trying|Timed out during|No space left|No such file or dir|Permission denied|Is a directory|File exists"
    r"|Not a directory|Address already|name too long|not permitted|Read-only file system|is out of bounds|samesite",
    re.IGNORECASE,
)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of each string of a module that is no docstring, or of each line of another file."""
    if path.suffix != ".py":
        yield from enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    remarks = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in remarks:
            yield node.lineno, node.value


def test_no_sentence_of_a_library_is_repeated() -> None:
    paths = [*(ROOT / "sim").rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "tests").rglob("expected.csv")]
    repeated = [
        f"{path.relative_to(ROOT)}:{line}: {text[:80]!r}"
        for path in paths
        if path.name != Path(__file__).name
        for line, text in texts(path)
        if SENTENCES.search(text)
    ]
    assert repeated == []
