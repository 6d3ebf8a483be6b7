"""Names of places in any spelling: "Dar'at Izza", "Daret Azza", "دارة عزة" and "C1134" each find their town."""

from __future__ import annotations

import difflib
import functools
import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.geography.maps import Geography
    from sim.geography.places import Place

ARTICLES = frozenset(("al", "el", "ad", "ed", "an", "ar", "as", "ash", "at", "az", "ul"))
_ARABIC_ARTICLE = "\u0627\u0644"
_ARABIC_SAME = str.maketrans({"\u0629": "\u0647", "\u0649": "\u064a", "\u0640": ""})  # final ta, final alif, stretch


@functools.lru_cache(maxsize=100_000)
def fold(name: str) -> str:
    """Return a name without what spellings differ in: case, accents, apostrophes, hyphens, articles, doubled letters.

    "Dar'at Izza" and "Darat-Izzah" do not fold to the same (a final h is a letter); aliases cover such variants.
    """
    text = unicodedata.normalize("NFKD", name).translate(_ARABIC_SAME).casefold()
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"['`\u2018\u2019\u02bb\u02bc\u02be\u02bf]", "", text)
    words = [word for word in re.split(r"[\W_]+", text) if word]
    kept = [word for i, word in enumerate(words) if word not in ARTICLES or i == len(words) - 1]
    kept = [word[2:] if word.startswith(_ARABIC_ARTICLE) and len(word) > 3 else word for word in kept]
    return re.sub(r"([^\W\d_])\1+", r"\1", "".join(kept))


def spellings(place: Place) -> tuple[str, ...]:
    """Return every word by which a place may be called: name, label, p-code, aliases."""
    words = (place.name, place.label, place.pcode, *place.aliases)
    return tuple(dict.fromkeys(word for word in words if word))


class Index:
    """Towns by name, and by folded spelling."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.exact: dict[str, int] = {}
        self.folded: dict[str, list[int]] = {}
        self.names: list[str] = []
        for town, place in enumerate(places):
            self.names.append(place.name)
            self.exact[place.name] = town
            for word in spellings(place):
                towns = self.folded.setdefault(fold(word), [])
                if town not in towns:
                    towns.append(town)

    def find(self, word: str) -> int:
        """Return the town's index; raise KeyError with a message that suggests names."""
        if word in self.exact:
            return self.exact[word]
        folded = fold(word)
        towns = self.folded.get(folded, [])
        by_name = [town for town in towns if fold(self.names[town]) == folded]
        for found in (towns, by_name):
            if len(found) == 1:
                return found[0]
        if towns:
            raise KeyError(
                f"{word!r} may be {' or '.join(repr(self.names[town]) for town in towns)}: use the full name"
            )
        raise KeyError(f"no town {word!r} on the map{self.suggest(word)}")

    def suggest(self, word: str) -> str:
        """Return ", did you mean 'name'?" for the nearest spelling, or an empty string."""
        close = difflib.get_close_matches(fold(word), list(self.folded), n=1, cutoff=0.6)
        return f", did you mean {self.names[self.folded[close[0]][0]]!r}?" if close else ""


@functools.lru_cache(maxsize=8)
def _index(geography: Geography) -> Index:
    return Index(geography.places)


def find_place(geography: Geography, word: str) -> int:
    """Return the index of the town called `word`: its name, label, alias or p-code, in any spelling.

    Raises KeyError, whose first argument is a sentence with a suggestion, where no town or more than one has the name.
    """
    return _index(geography).find(word)
