"""Numbers, dates, plurals and lists in words; commands of this program as lines for a shell."""

from __future__ import annotations

import math
import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from pathlib import Path

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


CHECKOUT = Path(__file__).resolve().parents[1] / "run.py"  # there is none beside an installed program


def program() -> tuple[str, ...]:
    """Return the words that start this program: as it was started, else as it can be."""
    file = Path(sys.argv[0])
    if file.parts[-2:] == ("sim", "__main__.py"):
        return "python", "-m", "sim"
    installed = file.name.removesuffix(".exe") == "territorial" or not CHECKOUT.is_file()
    return ("territorial",) if installed else ("python", "run.py")


def shell(*words: str | Path) -> str:
    """Return a command of this program as a line that can be pasted into a shell; no words: what starts it."""
    return shlex.join([*program(), *map(str, words)])


def plural(number: int, noun: str, many: str = "") -> str:
    """Say a number of things: "1 civilian", "5 fighters"; `many` where the plural is irregular."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


_PLURAL_NAME = re.compile(r".* and .*|(?:.* )?(?:[A-Za-z]?[a-z]+[b-rtv-z]s|[Mm]ilitias|[Gg]uerrillas|[Mm]en|[Pp]eople)")
_PLURAL_WORDS = {"is": "are", "has": "have", "does": "do", "it": "they", "its": "their"}


def is_plural(name: str) -> bool:
    """Return whether the name of a side takes a plural verb: "Local groups", "Lions of the North", "A and B".

    Its main word decides: the last, or the last before "of" or "des". Of "Local groups (League)" the part before the bracket is
    read. Abbreviations ("ABS") and names that end with an Arabic article and noun ("Jaysh al-Quds") are singular.
    """
    return (
        _PLURAL_NAME.fullmatch(re.split(r" (?:\(|(?:of|for|in|from|de|du|des|pour) )", name, maxsplit=1)[0]) is not None
    )


def agree(subject: str, phrase: str) -> str:
    """Return a phrase in the number of its subject; it is given in the singular and begins with the verb.

    >>> agree("League", "closes its base"), agree("Local groups (League)", "closes its base")
    ('closes its base', 'close their base')
    """
    if not is_plural(subject):
        return phrase
    verb, *others = phrase.split(" ")
    verb = _PLURAL_WORDS.get(verb) or re.sub(r"(?<=ss)es$|(?<=[cs]h)es$|s$", "", verb)
    return " ".join([verb, *(_PLURAL_WORDS[word] if word in ("it", "its") else word for word in others)])


def day_text(day: date) -> str:
    """Say a date without a leading zero: "8 Oct 2018", in English whatever the locale."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def two_digits(value: float) -> str:
    """Return a number with two figures, whole from 100 on: "0.65", "2.1", "1,240"."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2g}"


def clause_list(parts: Iterable[str]) -> str:
    """Join words as English does: "a", "a and b", "a, b and c"."""
    words = [part for part in parts if part]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def result_text(value: float | int | str | None, unit: str = "") -> str:
    """Say a result with its unit: "12 days", "1 day", "3.5 days", "day 17", "level 5", "none", "League"; fractions have 3 figures."""
    if value is None or value != value:
        return "none"
    if isinstance(value, str):
        return value
    number = f"{value:,.0f}" if float(value).is_integer() else three_digits(value)
    if unit in ("day", "level"):  # a position, not an amount: days are counted from 0, the first day
        return f"{unit} {number}"
    return f"{number} {unit_text(unit, value)}".strip()


def three_digits(value: float) -> str:
    """Say a number with three figures, whole from 100 on: "12.3", "1,240", "0.0512"."""
    if not math.isfinite(value):
        return "none" if math.isnan(value) else ("no end" if value > 0 else "none")
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    text = f"{value:.3g}"
    return "0" if float(text) == 0 else text


def interval_text(value: float, low: float, high: float, sign: bool = False) -> str:
    """Say an estimate with its interval, with as many decimals as the interval's width bears; `sign` writes a plus.

    >>> interval_text(12.18, 9.96, 14.4), interval_text(-0.91, -1.64, -0.445, sign=True), interval_text(6879, 3037, 10892)
    ('12 (10 to 14)', '\u22120.9 (\u22121.6 to \u22120.4)', '6,900 (3,000 to 10,900)')
    """
    half = abs(high - low) / 2
    place = 2
    if half > 0 and math.isfinite(half):  # the last digit is worth a tenth to a half of the interval's half width
        place = 1 - math.floor(math.log10(half)) if half >= 20 else max(0, -math.floor(math.log10(half / 2)))
    while place < 3 and any(end and math.isfinite(end) and not round(end, place) for end in (low, high)):
        place += 1  # on which side of zero an end lies is what is asked of it

    def text(number: float) -> str:
        rounded = round(number, place) or 0.0  # no negative zero
        return f"{rounded:{'+' if sign and rounded else ''},.{min(max(place, 0), 6)}f}".replace("-", "\u2212")

    return text(value) if not math.isfinite(low) else f"{text(value)} ({text(low)} to {text(high)})"


def capitalised(text: str) -> str:
    """Return a text that begins with a capital letter, as a sentence or a title does; the rest stays as it is."""
    return text[:1].upper() + text[1:]


def with_unit(label: str, unit: str) -> str:
    """Return a label with its unit in brackets, unless there is none or the label names it.

    >>> with_unit("longest calm", "days"), with_unit("days with clashes", "days")
    ('longest calm (days)', 'days with clashes')
    """
    return f"{label} ({unit})" if unit and unit not in label else label


def unit_text(unit: str, value: float) -> str:
    """Return a unit as it stands behind a number: "day" behind 1."""
    return unit[:-1] if unit.endswith("s") and value == 1 else unit


def points(share: float) -> str:
    """Say a difference of shares in percentage points, without the word: "9", "-0.4"."""
    value = 100 * share
    text = f"{value:.0f}" if abs(value) >= 1 or value == 0 else f"{value:.1f}"
    return "0" if float(text) == 0 else text


def percent(share: float) -> str:
    """Say a share: "54 %"."""
    return f"{points(share)} %"


def table_html(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a small table as HTML for a notebook; the first column names the rows, an empty head is left out."""
    left = 'style="text-align:left;vertical-align:top"'
    heads = "".join(f"<th {left}>{escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr><th {left}>{escape(first)}</th>{''.join(f'<td {left}>{escape(cell)}</td>' for cell in cells)}</tr>"
        for first, *cells in rows
    )
    return f"<table>{f'<thead><tr>{heads}</tr></thead>' if any(head) else ''}<tbody>{body}</tbody></table>"


_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


def isolated(text: str) -> str:
    """Return a text with marks that keep its direction apart from what stands around it, if it is written from right to left."""
    return f"\u2068{text}\u2069" if _RIGHT_TO_LEFT.search(text) else text


def left_to_right(text: str) -> str:
    """Return a line with a mark that it runs from left to right, if a part of it is written from right to left."""
    return f"\u200e{text}" if _RIGHT_TO_LEFT.search(text) else text
