"""The rules as data: the steps of the simulated day, and the fields that each reads and changes, read from their source.

The syntax trees of the rules are followed; nothing is imported or run. The module lies outside `sim.engine`, because an
edit of any file there recompiles the rules."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import sim.engine
from sim.engine import kinds
from sim.engine.scenario_tables import PARAMS
from sim.scenario.parameters import Quantity, Rules

ENGINE = Path(sim.engine.__file__).parent

# What an expression may stand for: ("world", ""), ("daily", ""), ("params", ""), ("table", name), ("constant", name).
Meaning = frozenset[tuple[str, str]]
NOTHING: Meaning = frozenset()
WORLD: Meaning = frozenset({("world", "")})
DAILY: Meaning = frozenset({("daily", "")})
PARAMETERS: Meaning = frozenset({("params", "")})
STARTS = {"w": WORLD, "daily": DAILY, "p": PARAMETERS}  # what the arguments of a step are, by their names
Fields = set[tuple[str, str]]  # (table, field); the field is "" in a table of plain numbers


@dataclass
class Touched:
    """What a function reads and writes, itself and through whatever it calls."""

    reads: Fields = field(default_factory=set)
    writes: Fields = field(default_factory=set)
    params: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)  # names of constants of kinds.py that are logged as kind of an event
    returns: Meaning = NOTHING

    def add(self, other: Touched) -> None:
        """Take in what a called function touches."""
        self.reads |= other.reads
        self.writes |= other.writes
        self.params |= other.params
        self.kinds |= other.kinds


@dataclass(frozen=True)
class Module:
    """The functions of one file of the engine, and where its imported names come from."""

    functions: dict[str, ast.FunctionDef]
    imported: dict[str, str]  # name -> module


@cache
def modules() -> dict[str, Module]:
    """Return the files of the engine by the name of their module."""
    by_name = {}
    for path in sorted(ENGINE.rglob("*.py")):
        name = ".".join(("sim", "engine", *path.relative_to(ENGINE).with_suffix("").parts))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module]
        imported = {alias.asname or alias.name: str(node.module) for node in imports for alias in node.names}
        by_name[name] = Module(functions, imported)
    return by_name


@dataclass(frozen=True)
class DayStep:
    """One step of the day: the function called, and the parameter that switches it; "" where it is always on."""

    function: str
    switch: str


def steps_of(function: str = "one_day", module: str = "sim.engine.day") -> list[DayStep]:
    """Return the calls of a day in their order."""
    calls = []
    for node in modules()[module].functions[function].body:
        inside = node.body if isinstance(node, ast.If) else [node]
        switch = ""
        if isinstance(node, ast.If):
            switches = [n.slice.value for n in ast.walk(node.test) if isinstance(n, ast.Subscript) and _text(n.slice)]  # type: ignore[attr-defined]
            switch = str(switches[0]) if switches else "?"
        for line in inside:
            if (
                isinstance(line, ast.Expr)
                and isinstance(line.value, ast.Call)
                and isinstance(line.value.func, ast.Name)
            ):
                calls.append(DayStep(line.value.func.id, switch))
    return calls


def about(function: str, module: str = "sim.engine.day") -> str:
    """Return the first line of the docstring of a step, without its full stop."""
    home = _home(function, module)
    assert home is not None, f"{function} is no function of the engine"
    return (ast.get_docstring(modules()[home].functions[function]) or function).splitlines()[0].rstrip(".")


def touched(function: str, module: str = "sim.engine.day") -> Touched:
    """Return what a step of the day touches."""
    home = _home(function, module)
    assert home is not None, f"{function} is no function of the engine"
    node = modules()[home].functions[function]
    given = tuple(STARTS.get(argument.arg, NOTHING) for argument in node.args.args)
    return _Follower().follow(home, function, given)


def _home(name: str, module: str) -> str | None:
    """Return the module in which a function called in `module` is written; None where it is none of the engine's."""
    known = modules()
    if name in known[module].functions:
        return module
    source = known[module].imported.get(name, "")
    return source if source in known and name in known[source].functions else None


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


class _Follower:
    """Follows functions, each once for each meaning of its arguments."""

    def __init__(self) -> None:
        self.done: dict[tuple[str, str, tuple[Meaning, ...]], Touched] = {}

    def follow(self, module: str, function: str, given: tuple[Meaning, ...]) -> Touched:
        key = (module, function, given)
        if key not in self.done:
            self.done[key] = record = Touched()  # a function that calls itself finds what is known so far
            node = modules()[module].functions[function]
            names = [argument.arg for argument in node.args.args]
            body = _Body(self, module, record, dict(zip(names, given, strict=False)))
            body.run(node.body)
            if function == "log_event":
                record.kinds |= {name for kind, name in body.names.get("kind", NOTHING) if kind == "constant"}
        return self.done[key]


class _Body:
    """The statements of one function, followed in their order; branches are both followed and joined."""

    def __init__(self, follower: _Follower, module: str, record: Touched, names: dict[str, Meaning]) -> None:
        self.follower, self.module, self.found, self.names = follower, module, record, names

    def run(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.one(statement)

    def one(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self.assign(target, value)
            case ast.AugAssign(target=target, value=value):
                self.value(value)
                self.value(target)
                self.store(target, NOTHING)
            case ast.If(test=test, body=body, orelse=orelse):
                self.value(test)
                self.branch(body, orelse)
            case ast.For(target=target, iter=iterated, body=body):
                self.value(iterated)
                self.store(target, NOTHING)
                self.branch(body * 2, [])  # twice: what the first round binds, the second reads
            case ast.While(test=test, body=body):
                self.value(test)
                self.branch(body * 2, [])
            case ast.Return(value=value) if value is not None:
                self.found.returns |= self.value(value)
            case ast.Expr(value=value):
                self.value(value)

    def branch(self, *ways: list[ast.stmt]) -> None:
        before, ends = dict(self.names), []
        for way in ways:
            self.names = dict(before)
            self.run(way)
            ends.append(self.names)
        self.names = {
            name: frozenset().union(*(end.get(name, NOTHING) for end in ends)) for end in ends for name in end
        }

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for left, meaning in zip(target.elts, [self.value(part) for part in value.elts], strict=True):
                self.store(left, meaning)
        else:
            self.store(target, self.value(value))

    def store(self, target: ast.expr, meaning: Meaning) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = meaning
        elif isinstance(target, ast.Tuple):
            for part in target.elts:
                self.store(part, NOTHING)
        elif isinstance(target, ast.Subscript):
            self.value(target.slice)
            for kind, table in self.value(target.value, whole=True):
                if kind == "table":
                    self.found.writes.add((table, _text(target.slice)))

    def value(self, node: ast.expr, whole: bool = False) -> Meaning:
        """Return what an expression stands for, and note what it reads; of `whole` tables nothing is read yet."""
        match node:
            case ast.Name(id=name):
                constant = self.follower_constant(name)
                return self.names.get(name, constant)
            case ast.Attribute(value=inner, attr=name):
                return self.attribute(self.value(inner), name)
            case ast.Subscript(value=inner, slice=index):
                return self.element(self.value(inner, whole=True), index)
            case ast.IfExp(test=test, body=if_true, orelse=if_false):
                self.value(test)
                return self.value(if_true) | self.value(if_false)
            case ast.Call():
                return self.call(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
        return NOTHING

    def follower_constant(self, name: str) -> Meaning:
        """Return the meaning of a name imported from kinds.py."""
        is_kind = modules()[self.module].imported.get(name) == "sim.engine.kinds"
        return frozenset({("constant", name)}) if is_kind else NOTHING

    def attribute(self, inner: Meaning, name: str) -> Meaning:
        prefix = {"world": "", "daily": "daily."}
        return frozenset(("table", prefix[kind] + name) for kind, _ in inner if kind in prefix)

    def element(self, inner: Meaning, index: ast.expr) -> Meaning:
        name = _text(index)
        if not name:
            self.value(index)
        for kind, table in inner:
            if kind == "params":
                self.found.params.add(name or "?")
            elif kind == "table" and (name or is_plain(table)):
                self.found.reads.add((table, name))
        return NOTHING if name else inner

    def call(self, node: ast.Call) -> Meaning:
        given = [self.value(argument) for argument in node.args]
        for keyword in node.keywords:
            self.value(keyword.value)
        if not isinstance(node.func, ast.Name):
            return NOTHING
        home = _home(node.func.id, self.module)
        if home is None:
            return NOTHING
        called = self.follower.follow(home, node.func.id, tuple(given))
        self.found.add(called)
        return called.returns


def is_plain(table: str) -> bool:
    """Return whether a table holds plain numbers rather than rows with fields."""
    from sim.engine.tables import Daily, World

    owner, name = (Daily, table[len("daily.") :]) if table.startswith("daily.") else (World, table)
    return owner.LAYOUT[name][0].names is None


BOOKS = ("counts", "live_")  # row counts and lists of rows in use: bookkeeping of the tables, in no catalogue
STEP_STARTS = "_start"  # where each town's rows begin in another table: told as that table

# By function of sim/engine/day.py: id, title, sources of its form. Sources of numbers stand with the parameters. A step
# that is not here has its function's name, and the first line of its docstring for a title.
TITLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "dawn": ("dawn", "Tidy the tables, find who stands where and which towns lie at the front", ()),
    "expirations": ("expirations", "Agreements end whose last day was yesterday", ()),
    "given": ("given", "Given events and policies of the day", ("Walter 1997", "Fortna 2004", "Karlen 2017")),
    "guard_towns": ("peacekeeping", "Peacekeepers: what guards prevent in each town today", (
        "Hultman, Kathman & Shannon 2013", "Hultman, Kathman & Shannon 2014", "Ruggeri, Dorussen & Gizelis 2017", "Fjelde, Hultman & Nilsson 2019",
    )),
    "base_attempts": ("base_attempt", "Base attempts in towns that another holds", ("Pischedda 2018", "Gade, Hafez & Gabbay 2019")),
    "incidents": ("incident", "Arrest raids, assassinations and road quarrels", ("Sundberg & Melander 2013",)),
    "campaigns": ("campaign", "Leaders decide on campaigns, order columns, sisters choose, towns are handed over", (
        "Fearon 1995", "Powell 2006", "Pischedda 2018", "Gade, Hafez & Gabbay 2019", "Zartman 2000",
    )),
    "spread": ("spread", "Spread of clashes to neighbours and by call to arms", ("Hawkes 1971, Biometrika",)),
    "movement": ("movement", "Columns gather, march and are stopped on their way; detachments move; parties open bases", ()),
    "update_index": ("update_index", "Find anew who stands where", ()),
    "demands": ("demand", "Demand to close a base, and the answer", ("McKelvey & Palfrey 1995", "McKelvey & Palfrey 1998")),
    "talks": ("talks", "Talks, killing of delegates, two accounts of it", ()),
    "clashes": ("clash", "Fighting: commitment, losses, withdrawal, capture", ("Bohorquez et al. 2009", "Lanchester 1916", "Epstein 1985")),
    "control": ("control", "Change of holder without a fight; bandwagon; neutral towns entered; influence", ("Granovetter 1978", "Christia 2012")),
    "ceasefires": ("ceasefire", "Truces and settlements: signing, hold, violation, breach", ("Clayton & Sticher 2021", "Vaupel, Manton & Stallard 1979")),
    "civilians": ("civilians", "Pressure on civilians, displacement and return", ()),
    "offensives": ("offensive", "The government's offensive, shelling, the zone's deadline", ()),
    "tally": ("tally", "Sum up the deaths of the last 7 and 14 days", ()),
    "memory": ("memory", "War fatigue, grievance, trust, perceived threat", ()),
    "ladder": ("ladder", "Escalation level of each pair of factions", ()),
    "reporting": ("reporting", "What outlets and the monitor report", ("Sundberg & Melander 2013",)),
    "record_day": ("record_day", "Record the end of the day", ()),
    "forget_day": ("forget_day", "Clear the counts of the day", ()),
}  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """One number, switch or variant of a rule, with its value in a scenario."""

    key: str  # dotted path, as `show` prints it
    value: str
    unit: str
    allowed: str
    source: str
    about: str
    variants: tuple[str, ...] = ()  # the words allowed, where it chooses a form
    switch: bool = False


@dataclass(frozen=True)
class Step:
    """One step of the day. reads, writes: table -> fields, none where the table holds plain numbers."""

    id: str
    title: str
    function: str
    switch: str  # dotted path of what switches it; "" where it is always on
    reads: dict[str, tuple[str, ...]]
    writes: dict[str, tuple[str, ...]]
    params: tuple[str, ...]  # dotted paths of the numbers it reads, of its own rule and of others
    events: tuple[str, ...]  # kinds of event it writes
    sources: tuple[str, ...]


@cache
def catalogue() -> tuple[Step, ...]:
    """Return all steps of the day in their order."""
    return tuple(_step(call.function, call.switch) for call in steps_of())


def _step(function: str, switch: str) -> Step:
    rule, title, sources = TITLES.get(function) or (
        _path(switch).split(".")[1] if switch else function,
        about(function),
        (),
    )
    record = touched(function)
    numbers = tuple(_path(name) for name in PARAMS.names or () if name in record.params)
    events = tuple(kind for kind in kinds.EVENT_KINDS if kind.upper() in record.kinds)
    return Step(
        rule,
        title,
        function,
        _path(switch),
        _by_table(record.reads),
        _by_table(record.writes),
        numbers,
        events,
        sources,
    )


def _by_table(fields: Fields) -> dict[str, tuple[str, ...]]:
    tables: dict[str, list[str]] = {}
    for table, name in sorted(fields):
        if not table.startswith(BOOKS):
            names = tables.setdefault(table.removesuffix(STEP_STARTS), [])
            names += [name] if name else []
    return {table: tuple(names) for table, names in tables.items()}


@cache
def _paths() -> dict[str, str]:
    return {
        f"{rule}_{name}": f"rules.{rule}.{name}"
        for rule, field in Rules.model_fields.items()
        for name in field.annotation.model_fields  # type: ignore[union-attr]
    }


def _path(name: str) -> str:
    """Return the dotted path of a number of the engine: `clash_attrition` is rules.clash.attrition."""
    return _paths()[name] if name else ""


def is_on(step: Step, rules: Rules) -> bool:
    """Return whether a step is carried out in a scenario."""
    return not step.switch or bool(_get(rules, step.switch))


def _get(rules: Rules, path: str) -> Any:
    _rules, rule, name = path.split(".")
    return getattr(getattr(rules, rule), name)


def parameters(step: Step, rules: Rules) -> list[Parameter]:
    """Return a rule's own parameters with their values in a scenario; its `enabled` is left out."""
    if step.id not in Rules.model_fields:
        return []
    section = getattr(rules, step.id)
    fields = type(section).model_fields
    return [_parameter(step.id, name, getattr(section, name), fields[name]) for name in fields if name != "enabled"]


def borrowed(step: Step) -> list[str]:
    """Return the paths of numbers of other rules that a step reads, switches of whole rules left out."""
    return [path for path in step.params if not path.startswith(f"rules.{step.id}.")]


@cache
def unread() -> set[str]:
    """Return the paths of parameters that no step reads: they have no effect. Levels are a table of their own."""
    known = {parameter.key for step in catalogue() for parameter in parameters(step, Rules())}
    return known - {path for step in catalogue() for path in step.params} - {"rules.ladder.levels"}


def _parameter(rule: str, name: str, value: Any, field: Any) -> Parameter:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    words = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    allowed = ", ".join(words) or ("true, false" if isinstance(value, bool) else "")
    if extra:
        allowed = f"{extra['allowed_low']:g} to {extra['allowed_high']:g}"
    return Parameter(
        f"rules.{rule}.{name}",
        _value_text(value),
        str(extra.get("unit", "")),
        allowed,
        (value.source or "none given") if isinstance(value, Quantity) else "",
        field.description or "",
        tuple(words),
        isinstance(value, bool),
    )


def _value_text(value: Any) -> str:
    if isinstance(value, Quantity):
        between = f" ({value.low:g} to {value.high:g})" if value.uncertain else ""
        return f"{value.best:g}{between}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"{len(value)} levels"
    return str(value)


def variant(step: Step, rules: Rules) -> str:
    """Say which forms of a rule a scenario takes: "attrition stochastic; call_to_arms off"."""
    forms = []
    for parameter in parameters(step, rules):
        name = parameter.key.rsplit(".", 1)[1]
        if parameter.variants:
            forms.append(f"{name} {parameter.value}")
        elif parameter.switch and parameter.value == "false":
            forms.append(f"{name} off")
    return "; ".join(forms)


def tables_of(steps: Iterable[Step]) -> list[str]:
    """Return the tables that any of the steps reads or writes, in the order of the world's and the daily tables."""
    from sim.engine.tables import Daily, World

    used = {table for step in steps for table in (*step.reads, *step.writes)}
    order = [*World.LAYOUT, *(f"daily.{name}" for name in Daily.LAYOUT)]
    return [table for table in order if table in used]
