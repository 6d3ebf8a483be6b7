"""What a rule reads and changes, read off its syntax tree and that of every function it calls.

Each function is followed once for each combination of what its arguments stand for: the world, the daily tables, the
parameters, rows of a table, or constants of sim.engine.kinds. Nothing is imported or run. It lies outside sim.engine,
because compiled rules are thrown away whenever a file there changes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import sim.engine

ENGINE = Path(sim.engine.__file__).parent
# What an expression may stand for: ("world", ""), ("daily", ""), ("params", ""), ("table", name), ("constant", name).
Meaning = frozenset[tuple[str, str]]
NOTHING: Meaning = frozenset()
WORLD: Meaning = frozenset({("world", "")})
DAILY: Meaning = frozenset({("daily", "")})
PARAMS: Meaning = frozenset({("params", "")})
STARTS = {"w": WORLD, "daily": DAILY, "p": PARAMS}  # what the arguments of a step are, by their names
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
    found = {}
    for path in sorted(ENGINE.rglob("*.py")):
        name = ".".join(("sim", "engine", *path.relative_to(ENGINE).with_suffix("").parts))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module]
        imported = {alias.asname or alias.name: str(node.module) for node in imports for alias in node.names}
        found[name] = Module(functions, imported)
    return found


@dataclass(frozen=True)
class Call:
    """One step of the day: the function called, and the parameter that switches it; "" where it is always on."""

    function: str
    switch: str


def steps_of(function: str = "one_day", module: str = "sim.engine.day") -> list[Call]:
    """Return the calls of a day in their order."""
    calls = []
    for node in modules()[module].functions[function].body:
        inside = node.body if isinstance(node, ast.If) else [node]
        switch = ""
        if isinstance(node, ast.If):
            found = [n.slice.value for n in ast.walk(node.test) if isinstance(n, ast.Subscript) and _text(n.slice)]  # type: ignore[attr-defined]
            switch = str(found[0]) if found else "?"
        for line in inside:
            if (
                isinstance(line, ast.Expr)
                and isinstance(line.value, ast.Call)
                and isinstance(line.value.func, ast.Name)
            ):
                calls.append(Call(line.value.func.id, switch))
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
            self.done[key] = found = Touched()  # a function that calls itself finds what is known so far
            node = modules()[module].functions[function]
            names = [argument.arg for argument in node.args.args]
            body = _Body(self, module, found, dict(zip(names, given, strict=False)))
            body.run(node.body)
            if function == "log_event":
                found.kinds |= {name for kind, name in body.names.get("kind", NOTHING) if kind == "constant"}
        return self.done[key]


class _Body:
    """The statements of one function, followed in their order; branches are both followed and joined."""

    def __init__(self, follower: _Follower, module: str, found: Touched, names: dict[str, Meaning]) -> None:
        self.follower, self.module, self.found, self.names = follower, module, found, names

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
            case ast.IfExp(test=test, body=one, orelse=other):
                self.value(test)
                return self.value(one) | self.value(other)
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
