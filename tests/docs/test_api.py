"""The API reference: each public name has a docstring with an example, and the examples give what they print."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from tests.cli.support import ROOT

NAME = re.compile(r"^\.\. auto(?:function|class|exception):: ([\w.]+)$", re.MULTILINE)
NAMES = [name for page in sorted((ROOT / "docs/api").glob("*.md")) for name in NAME.findall(page.read_text("utf-8"))]


def named(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def test_the_reference_lists_each_name_once() -> None:
    assert len(NAMES) == len(set(NAMES)) > 30


@pytest.mark.parametrize("name", [name for name in NAMES if inspect.isclass(named(name))])
def test_methods_and_properties_have_docstrings(name: str) -> None:
    public = {key: value for key, value in vars(named(name)).items() if not key.startswith("_")}
    described = (FunctionType, classmethod, staticmethod, property, cached_property)
    assert not [key for key, value in public.items() if isinstance(value, described) and not inspect.getdoc(value)]


@pytest.mark.parametrize("name", NAMES)
def test_examples_give_what_they_print(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tests = [
        test for test in doctest.DocTestFinder(exclude_empty=True).find(named(name), name, globs={}) if test.examples
    ]
    assert tests, f"{name} has no example"
    for test in tests:
        result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test)
        assert not result.failed, test.name
