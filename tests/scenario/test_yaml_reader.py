"""YAML as the reader understands it: the core schema of YAML 1.2, with lines."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.errors import InputError
from sim.scenario.yaml_reader import MAX_DEPTH, TOO_DEEP, Page, plain, read_file, read_text

SCALARS: list[tuple[str, Any]] = [
    ("1e-3", 0.001), ("010", 10), ("0o17", 15), ("0x1F", 31), ("+3", 3), ("-.5", -0.5), ("6.", 6.0), ("1E3", 1000.0),
    ("no", "no"), ("yes", "yes"), ("on", "on"), ("OFF", "OFF"), ("y", "y"), ("true", True), ("FALSE", False), ("tRue", "tRue"),
    ("null", None), ("~", None), ("", None), ("Null", None), ("nil", "nil"),
    ("1_000", "1_000"), ("12:30", "12:30"), ("1.2.3", "1.2.3"), ("2018-10-15", date(2018, 10, 15)), ("2018-1-5", "2018-1-5"),
    ("2018-10-15T10:00", "2018-10-15T10:00"), ("٣", "٣"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_scalars(text: str, value: Any) -> None:
    assert plain(text) == value
    assert type(plain(text)) is type(value)
    assert read_text(f"a: '{text}'\n", "x").data == {"a": text}


PAGES = [
    "a: 1\nb:\n  c: [1, 2, {d: e}]\n  f:\n    - x\n    - y: 2018-10-15\n",
    "a: \"x\\ty\" # comment\nb: 'it''s'\nc: |\n  two\n  lines\nd: >-\n  folded\n  text\n",
    "%YAML 1.2\n---\na: {b: , c: null}\n...\n",
    "\ufeffa: 1\r\nb: 2\r\n",
    "a: &x 1\nb: *x\nc: !t 3\na: 4\n5: 6\n",
    "كفر: حمرة\n",
    "a:\n\t- b\n",
    "a: b: c\n",
    "a: [1\n",
    "a: 1\n---\nb: 2\n",
    "a: 1\n b: 2\n",
    "@a: 1\n",
    '"unclosed\n',
]


def _outcome(text: str, loader: Any) -> Any:
    try:
        page = read_text(text, "x", loader)
    except InputError as error:
        return "fault", [(fault.line, fault.key) for fault in error.faults]
    return page.data, page.lines, [str(fault) for fault in page.faults]


@pytest.mark.parametrize("text", PAGES)
def test_both_loaders_agree(text: str) -> None:
    assert _outcome(text, yaml.SafeLoader) == _outcome(text, yaml.CSafeLoader)


def test_both_loaders_agree_on_the_projects_own_files() -> None:
    for path in Path("scenarios").rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert _outcome(text, yaml.SafeLoader) == _outcome(text, yaml.CSafeLoader)


def test_lines_of_keys_and_items() -> None:
    page: Page = read_text("# first\na: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n", "x")
    assert page.lines[("a",)] == 2
    assert page.lines[("b", 0)] == 4
    assert page.lines[("b", 1, "d")] == 6


def test_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_file(path).data == {"a": 1}


def test_lesser_faults_do_not_stop_the_reading() -> None:
    page = read_text("a: 2018-02-30\nb: .inf\nc: 1\nc: 2\n3: x\n", "x")
    assert [fault.line for fault in page.faults] == [1, 2, 4, 5]
    assert page.data["c"] == 1


SLIPS = {  # text that no YAML parser takes: line and our words
    "a: b: c\n": (1, "quote a text that contains ': '"),
    "a:\n\tb: 1\n": (2, "a tab indents this line"),
    "a: @b\n": (1, "begins with @ needs quotes"),
    "a: `b`\n": (1, "begins with ` needs quotes"),
    "a: - b\n": (1, "begin it on the next line"),
    "a: [1, 2\n": (2, "before a bracket or a quotation mark is closed"),
    "a: {b: 1\n": (2, "before a bracket or a quotation mark is closed"),
    "a: 'b\n": (2, "before a bracket or a quotation mark is closed"),
    "a: &\n": (1, "cannot be read from 'a: &' on"),
    "a: 1\n b: 2\n": (2, "cannot be read from ': 2' on"),
    "a: 'x' y\n": (1, "cannot be read from 'y' on"),
    '{"a": 1}}\n': (1, "cannot be read from '}' on"),
    "a: [1,, 2]\n": (1, "cannot be read from ', 2]' on"),
    "- a\nb: 1\n": (2, "cannot be read from 'b: 1' on"),
    "a: !foo!bar x\n": (1, "cannot be read from"),
    "%YAML 3.0\n---\na: 1\n": (1, "cannot be read from '%YAML 3.0' on"),
}


@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.CSafeLoader])
@pytest.mark.parametrize("text", SLIPS)
def test_slips(text: str, loader: Any) -> None:
    line, words = SLIPS[text]
    with pytest.raises(InputError) as caught:
        read_text(text, "x", loader)
    fault = caught.value.faults[0]
    assert (fault.line, words in fault.message) == (line, True), fault.message


DEEP = {"lists": "[", "mappings": "{a: ", "list marks": "- ", "marks of keys": "? ", "both": "[{a: "}


@pytest.mark.parametrize("levels", [MAX_DEPTH + 5, 500, 2_000, 20_000])
@pytest.mark.parametrize("name", DEEP)
def test_depth_is_limited_in_our_own_words(name: str, levels: int) -> None:
    with pytest.raises(InputError, match=TOO_DEEP):
        read_text(DEEP[name] * levels, "x")


class Refusing:
    """A loader that refuses all nesting in words of its own, as libraries do at depths that they choose."""

    def __init__(self, text: str) -> None:
        self.text = text

    def check_event(self) -> bool:
        raise yaml.scanner.ScannerError(
            None, None, "WORDS OF A LIBRARY", yaml.Mark("x", 0, 0, len(self.text) - 1, "", 0)
        )

    def dispose(self) -> None:
        pass


@pytest.mark.parametrize(("text", "words"), [("a: " + "[" * 60, TOO_DEEP), ("a: [1]", "cannot be read from"), ("", "")])
def test_a_librarys_words_are_not_repeated(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_text(text, "x", Refusing)
    assert words in str(caught.value)
    assert "WORDS OF A LIBRARY" not in str(caught.value)


def test_brackets_in_texts_are_no_depth() -> None:
    text = "[" * 100
    assert read_text(f"a: '{text}'\nb: {'x' + text}\n", "x").data == {"a": text, "b": "x" + text}
