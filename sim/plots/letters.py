"""Letters that the font of the pictures lacks: they are drawn as boxes, and one line names them and whose names have them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache

from sim.geography.maps import Geography
from sim.scenario.schema import Scenario

FONT = "DejaVu Sans"
BOX = "\u25a1"
LAST_LATIN = 0x24F  # the font has all letters up to here
MOST_LETTERS, MOST_NAMES = 12, 3


@cache
def _code_points() -> frozenset[int]:
    """Return the code points that the font has, both regular and bold."""
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    files = (findfont(FontProperties(family=FONT, weight=weight)) for weight in ("normal", "bold"))
    regular, bold = (frozenset(FT2Font(file).get_charmap()) for file in files)
    return regular & bold


def lacking(text: str) -> str:
    """Return the letters of a text that the font lacks, each once."""
    rare = dict.fromkeys(sign for sign in text if ord(sign) > LAST_LATIN)
    return "".join(sign for sign in rare if ord(sign) not in _code_points()) if rare else ""


def boxed(text: str) -> str:
    """Return a text with a box for each letter that the font lacks, to be measured."""
    missing = lacking(text)
    return "".join(BOX if sign in missing else sign for sign in text) if missing else text


def lacking_line(starts: Iterable[tuple[Scenario, Geography]]) -> str:
    """Return one line on letters in names of some scenarios that are drawn as boxes; empty if there are none."""
    towns: dict[str, str] = {}
    others: dict[str, str] = {}
    for scenario, geography in starts:
        towns |= {text: lacking(text) for place in geography.places if (text := place.label or place.name)}
        names = [scenario.title, *scenario.agreements, *([scenario.zone.name] if scenario.zone else [])]
        for name, faction in scenario.factions.items():
            names += [name, faction.code or name, *faction.groups]
        others |= {text: lacking(text) for text in names}
    boxed = [name for name, missing in (towns | others).items() if missing]
    if not boxed:
        return ""
    signs = dict.fromkeys("".join((towns | others).values()))
    letters = [sign for sign in signs if unicodedata.category(sign)[0] != "M"] or list(signs)
    more = f" and {len(letters) - MOST_LETTERS} more" if len(letters) > MOST_LETTERS else ""
    owners = ", ".join(boxed[:MOST_NAMES]) + (f" and {len(boxed) - MOST_NAMES} more" if len(boxed) > MOST_NAMES else "")
    advice = [
        *(["give these towns a `label` in towns.csv"] if any(towns.values()) else []),
        *(["write names of factions, groups and titles in other letters"] if any(others.values()) else []),
    ]
    return (
        f"pictures: boxes stand for letters that the font {FONT} lacks: {' '.join(letters[:MOST_LETTERS])}{more}, "
        f"in {owners}; to avoid them, {' and '.join(advice)}"
    )
