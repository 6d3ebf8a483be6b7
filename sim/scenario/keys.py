"""Dotted paths: how a place in a scenario is written, such as `factions.NLF.groups.Ahrar al-Sham.fighters`."""

from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from typing import Any

from sim.errors import did_you_mean

Key = tuple[str | int, ...]
JOINERS = "\u200c\u200d"  # invisible, but Persian and Indian scripts need them
FORMULA = "=+-@"


@lru_cache(maxsize=100_000)
def dotted(key: Key) -> str:
    """Write a key path with dots; a name is quoted only where it holds a dot, a quote or an equals sign."""
    return ".".join(_part(part) for part in key)


@lru_cache(maxsize=8192)
def _part(part: str | int) -> str:
    text = str(part)
    if len(text) > 90:
        text = text[:87] + "..."
    plain = text.isprintable() and not any(sign in text for sign in '."=')
    return text if plain and text == text.strip() and text else json.dumps(text)


def same_name(name: str) -> str:
    """Return what two names share that look alike but for capital letters: another Unicode form, other blanks."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split())


def name_fault(name: str) -> str:
    """Return what is wrong with the name of a town, faction or group; empty if it may stand in tables and pictures."""
    for sign in name:
        if sign not in JOINERS and unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            return (
                f"contains U+{ord(sign):04X}, a sign that cannot be seen; a name is letters, digits, signs and blanks"
            )
    if name != name.strip():
        return "begins or ends with a blank"
    if name[:1] and name[0] in FORMULA:
        return (
            f"begins with {name[0]!r}, which spreadsheets take for a formula; begin with a letter, a digit or a quote"
        )
    return ""


def shown(value: Any) -> str:
    """A value as it may stand in a message: quoted text, short, on one line."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def choice(word: Any, known: list[str], label: str = "allowed") -> str:
    """The end of a message on an unknown word: the nearest known word, and all that are known, at most 24."""
    near = did_you_mean(word, known[:200]) if isinstance(word, str) and len(word) <= 90 else ""
    listed = ", ".join(known[:24]) + (", ..." if len(known) > 24 else "") or "none"
    return f"{near} {label}: {listed}" if near else f"; {label}: {listed}"


def take_name(text: str, known: list[str]) -> tuple[str, str, bool]:
    """Split the first name off a dotted path: (name, rest, found in `known`).

    A quoted name is taken whole; otherwise the longest known name that fits, so that names may hold spaces and dots.
    """
    if text.startswith('"'):
        try:
            name, end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            return text, "", False
        rest = text[end:]
        if isinstance(name, str) and (not rest or rest.startswith(".")):
            return name, rest[1:], name in known
        return text, "", False
    for name in sorted(known, key=len, reverse=True):
        if text == name or text.startswith(name + "."):
            return name, text[len(name) + 1 :], True
    name, _, rest = text.partition(".")
    return name, rest, False
