"""Writes the generated parts of the pages in this folder, between markers, from the program itself.

    python -m docs.generate            write them
    python -m docs.generate --check    only say which page is stale; exit code 1 if any is

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`. The schedule is read from the source of
sim/engine/day.py, state variables from sim/engine/tables.py, parameters and their sources from the schema of
scenarios, numbers of the case from scenarios/parts/greater_idlib.yaml, what rests on
October 2018 from the sources of the hindcast of that month.
"""

from __future__ import annotations

import ast
import csv
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.engine import tables
from sim.load import read
from sim.scenario import schema
from sim.scenario.fields import inputs_of
from sim.scenario.parameters import Level, Quantity, Rules, Term
from sim.scenario.show import flow
from sim.validation.forecasts import late_inputs

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ENGINE = ROOT / "sim" / "engine"
PAGES = ("ODD.md", "sources.md", "validation.md", "scenario_files.md")
PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
COMPUTED = ("UCDP GED", "KM median", "agreements of 20", "ceasefires.csv", " of 10")
"""What marks a source as a figure computed from the records of events or of agreements."""
FORM = (
    "direction only",
    "raises infighting",
    "Pischedda",
    "McKelvey",
    "Epstein 1985",
    "Granovetter",
    "compliance mechanisms prolong",
    "mediated the truces",
    "a lower bound",
)
"""What marks a source that supports the form or direction of a rule, but not the number."""
QUALITIES = ("cited", "computed", "form", "recalled", "assumed")
OUTSIDE: tuple[tuple[str, type[BaseModel]], ...] = (
    ("scenario", schema.Scenario),
    ("factions.NAME.doctrine", schema.Doctrine),
    ("factions.NAME.groups.NAME", schema.Group),
    ("factions.NAME.peacekeeping", schema.Peacekeeping),
    ("agreements.NAME", schema.Agreement),
    ("zone", schema.Zone),
    ("policy", schema.Policy),
    ("terms.NAME", Term),
    ("rules.ladder.levels", Level),
)
"""Parts of a scenario with numbers outside `rules.*`, under the key that the pages show."""


def row(*cells: str) -> str:
    """Return one line of a table; signs that would end a cell are escaped."""
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def heading(*cells: str) -> list[str]:
    """Return the first two lines of a table."""
    return [row(*cells), "|" + "---|" * len(cells)]


def first_line(text: str | None) -> str:
    """Return the first sentence of a docstring."""
    return (text or "").strip().split("\n")[0].rstrip(".")


# The schedule.


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a source file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def function(path: Path, name: str) -> ast.FunctionDef:
    """Return a function of a module; KeyError where there is none."""
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
    raise KeyError(f"{path.name} has no function {name}")


def imported(path: Path) -> dict[str, Path]:
    """Return the file that each name imported by a module of the engine is from."""
    found: dict[str, Path] = {}
    for node in tree(path).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sim."):
            source = ROOT / (node.module.replace(".", "/") + ".py")
            found |= {alias.asname or alias.name: source for alias in node.names}
    return found


def steps() -> list[tuple[str, str]]:
    """Return (function, switch) of each step of a day in its order; the switch is empty where there is none."""
    found = []
    for node in function(ENGINE / "day.py", "one_day").body:
        switch = ""
        if isinstance(node, ast.If) and isinstance(node.test, ast.Compare):
            switch = ast.literal_eval(node.test.left.slice)  # type: ignore[attr-defined]
            node = node.body[0]
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
            found.append((node.value.func.id, switch))
    return found


def schedule() -> Iterator[str]:
    """The day of the simulation, step by step."""
    sources = imported(ENGINE / "day.py")
    yield from heading("step", "function", "file", "switch", "does")
    for number, (name, switch) in enumerate(steps(), 1):
        path = sources.get(name, ENGINE / "day.py")
        key = f"`rules.{switch.removesuffix('_enabled')}.enabled`" if switch else "always"
        file = path.relative_to(ROOT).as_posix()
        yield row(str(number), f"`{name}`", f"`{file}`", key, first_line(ast.get_docstring(function(path, name))))


# State variables.


def world_comments() -> dict[str, str]:
    """Return what tables.py says of each array of the world."""
    text = (ENGINE / "tables.py").read_text(encoding="utf-8")
    return {
        name: about or "" for name, about in re.findall(r"^    (\w+): np\.ndarray(?:  # (.+))?$", text, re.MULTILINE)
    }


def state() -> Iterator[str]:
    """Every array of the world and of the daily record, and every field of every table."""
    comments = world_comments()
    yield from heading("array", "kind and shape, or what it holds")
    for name in (*tables.World.LAYOUT, *tables.Daily.LAYOUT):
        yield row(f"`{name}`", comments.get(name, "") or "rows in use, as `live_forces`")
    for name, fields in vars(tables).items():
        if name.isupper() and isinstance(fields, dict) and fields:
            yield ""
            yield f"**{name}**"
            yield ""
            yield from heading("field", "type", "meaning and unit")
            for field, (kind, about) in fields.items():
                yield row(f"`{field}`", kind, about or "as above, or as in the table of its entity")


# Parameters.


def quality(source: str | None) -> str:
    """Return how good a source is, one of `QUALITIES`; where its wording leaves doubt, assumed."""
    if not source or source.startswith("assumed"):
        return "assumed"
    if "recalled" in source:
        return "recalled"
    if any(mark in source for mark in FORM):
        return "form"
    if any(mark in source for mark in COMPUTED):
        return "computed"
    return "cited" if re.search(r"\d{4}|\.csv|article", source) else "assumed"


def figure(value: float) -> str:
    """Return a number as short as it can be said."""
    return f"{value:g}"


def numbers(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, dict[str, Any]]]:
    """Return (key, field, what it declares) of each numeric input of a part of a scenario."""
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and "unit" in extra:
            yield field.alias or name, field, extra


def default_of(field: FieldInfo) -> tuple[str, str]:
    """Return (default, interval of batches) of a number; both empty where it has none of its own."""
    value = field.get_default(call_default_factory=True)
    if not isinstance(value, Quantity):
        return "", ""
    return figure(
        value.best
    ), f"{figure(value.low)} to {figure(value.high)}" if value.low is not None and value.high is not None else "fixed"


@cache
def readers() -> dict[str, tuple[str, ...]]:
    """Return the files of the engine that read each parameter, by its name in the engine."""
    found: dict[str, set[str]] = {}
    for path in sorted(ENGINE.rglob("*.py")):
        if path.name not in ("implied.py", "params.py", "profile.py", "simulation.py"):
            for name in re.findall(r"""\bp\["(\w+)"\]""", path.read_text(encoding="utf-8")):
                found.setdefault(name, set()).add(path.stem)
    return {name: tuple(sorted(files)) for name, files in found.items()}


def read_in(rule: str, name: str) -> str:
    """Return where the engine reads a parameter of a rule, in words."""
    files = readers().get(f"{rule}_{name}", ())
    return ", ".join(f"`{file}`" for file in files) or "**nowhere: no effect**"


def rule_sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Return (key, model) of each rule in the order of the schema."""
    for rule, field in Rules.model_fields.items():
        assert isinstance(field.annotation, type)
        yield rule, field.annotation


def parameters() -> Iterator[str]:
    """Every parameter of every rule."""
    for rule, model in rule_sections():
        yield f"**`rules.{rule}`** {first_line(model.__doc__)}."
        yield ""
        yield from heading("key", "default", "batches draw", "allowed", "unit", "meaning", "quality", "read in")
        for name, field in model.model_fields.items():
            extra = field.json_schema_extra
            about = field.description or ""
            if isinstance(extra, dict) and "unit" in extra:
                best, between = default_of(field)
                allowed = f"{figure(float(extra['allowed_low']))} to {figure(float(extra['allowed_high']))}"  # type: ignore[arg-type]
                mark = quality(str(extra["source"]))
                yield row(f"`{name}`", best, between, allowed, str(extra["unit"]), about, mark, read_in(rule, name))
            elif name != "levels":
                words = ", ".join(map(str, getattr(field.annotation, "__args__", ())))
                kind = "one of " + words if words else "yes or no" if field.annotation is bool else "count"
                where = "`day`" if name == "enabled" else read_in(rule, name)
                yield row(f"`{name}`", str(field.default).lower(), "fixed", kind, "", about, "", where)
        yield ""


def inputs() -> Iterator[str]:
    """Every number of a scenario outside the rules."""
    yield from heading("key", "default", "batches draw", "allowed", "unit", "meaning")
    for path, model in OUTSIDE:
        for name, field, extra in numbers(model):
            best, between = default_of(field)
            allowed = f"{figure(float(extra['allowed_low']))} to {figure(float(extra['allowed_high']))}"
            key = name if path == "scenario" else f"{path}.{name}"
            yield row(f"`{key}`", best or "none", between, allowed, str(extra["unit"]), field.description or "")


# Sources.


def defaults() -> list[tuple[str, str, str, str]]:
    """Return (key, default with interval, source, quality) of every default number of the schema."""
    found = []
    parts = [(f"rules.{rule}", model) for rule, model in rule_sections()] + list(OUTSIDE)
    for path, model in parts:
        for name, field, extra in numbers(model):
            best, between = default_of(field)
            if best:
                said = best if between == "fixed" else f"{best} ({between})"
                key = name if path == "scenario" else f"{path}.{name}"
                found.append((key, said, str(extra["source"]), quality(str(extra["source"]))))
    return found


def case_numbers(value: Any, path: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Every number with a source in the part of the case, as (key, number, source, quality)."""
    if isinstance(value, dict) and "best" in value:
        low, high = value.get("low"), value.get("high")
        said = f"{value['best']:g}" + (f" ({low:g} to {high:g})" if low is not None and high is not None else "")
        yield path, said, str(value.get("source", "")), quality(value.get("source"))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from case_numbers(item, f"{path}.{key}" if path else str(key))


def case() -> list[tuple[str, str, str, str]]:
    """Return the numbers of the case."""
    text = (ROOT / "scenarios" / "parts" / "greater_idlib.yaml").read_text(encoding="utf-8")
    return list(case_numbers(yaml.safe_load(text)))


def source_rows(found: list[tuple[str, str, str, str]]) -> Iterator[str]:
    """A table of numbers with their sources."""
    yield from heading("key", "default (interval of batches)", "quality", "source")
    for key, said, source, mark in found:
        yield row(f"`{key}`", said, mark, source)


def counts() -> Iterator[str]:
    """How many numbers are of which quality."""
    yield from heading("", "numbers", *QUALITIES)
    for name, found in (("defaults of the program", defaults()), ("numbers of the case", case())):
        marks = [mark for *_, mark in found]
        yield row(name, str(len(marks)), *(str(marks.count(mark)) for mark in QUALITIES))


def late_evidence() -> Iterator[str]:
    """Inputs of the hindcast of October 2018 whose sources rest on that month, beside the clean scenario's."""
    full, clean = (read(name)[0].scenario for name in ("hindcast_2018_10", "hindcast_2018_10_clean"))
    yield from heading("input", "value", "source", "basis", "clean value")
    for late in late_inputs(full, full.start):
        value = figure(inputs_of(clean)[late.path].best)
        yield row(f"`{late.path}`", figure(late.best), late.source, late.basis, value)


def literature() -> Iterator[str]:
    """What is known of each work, and whether it was seen."""
    yield from heading("topic", "work", "finding or figure", "seen where", "status")
    with (DOCS / "literature.csv").open(encoding="utf-8", newline="") as file:
        for work in csv.DictReader(file):
            yield row(*(work[key] for key in ("topic", "work", "finding_or_figure", "where_seen", "status")))


def rule_keys() -> Iterator[str]:
    """A scenario file that sets every key of the rules to its default, each with its unit, drawn range and meaning."""
    yield "```yaml"
    yield "question: Does a file that sets every number of the rules to its default give the same single run?"
    yield "title: All rules at their defaults"
    yield "extends: kafr_hamra"
    yield "rules:"
    for name, field in Rules.model_fields.items():
        yield f"  {name}: # {first_line(field.default.__doc__)}"
        yield from rule_lines(field.default)
    yield "```"


def rule_lines(rule: BaseModel) -> Iterator[str]:
    """Lines `key: value # unit, range: meaning` of one rule."""
    for name, field in type(rule).model_fields.items():
        value, extra = getattr(rule, name), field.json_schema_extra
        about = [field.description or ""]
        if isinstance(value, Quantity) and isinstance(extra, dict):
            drawn = f", drawn {figure(value.low)} to {figure(value.high)}" if value.uncertain else ""
            about.insert(0, f"{extra['unit']}{drawn}")
        elif isinstance(value, str):
            about.insert(0, " or ".join(map(str, get_args(field.annotation))))
        text = ": ".join(part for part in about if part)
        yield f"    {name}: {written(value)}" + (f" # {text}" if text else "")


def written(value: Any) -> str:
    """Return a value of a rule as YAML on one line."""
    if isinstance(value, list):
        return f"[{', '.join(written(each) for each in value)}]"
    if isinstance(value, BaseModel) and not isinstance(value, Quantity):
        return flow({name: getattr(value, name).best for name in type(value).model_fields})
    return flow(value.best if isinstance(value, Quantity) else value)


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "schedule": schedule,
    "state": state,
    "parameters": parameters,
    "inputs": inputs,
    "counts": counts,
    "defaults": lambda: source_rows(defaults()),
    "case": lambda: source_rows(case()),
    "late-evidence": late_evidence,
    "literature": literature,
    "rule-keys": rule_keys,
}


def fresh(text: str) -> str:
    """Return a page with its generated parts as they should be; KeyError for an unknown part."""

    def part(match: re.Match[str]) -> str:
        body = "\n".join(PARTS[match[2]]()).strip()
        return f"{match[1]}\n{body}\n\n{match[3]}"

    return PART.sub(part, text)


def main(arguments: list[str]) -> int:
    """Write or check the pages; return the exit code."""
    stale = 0
    for name in PAGES:
        page = DOCS / name
        text = page.read_text(encoding="utf-8")
        new = fresh(text)
        if new != text:
            stale = 1
            print(f"docs/{name} is stale" if "--check" in arguments else f"docs/{name} written")
            if "--check" not in arguments:
                page.write_text(new, encoding="utf-8")
    return stale if "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
