"""Cells as values: days, counts and numbers, each in one form. Nothing is guessed: a cell is read in one way or refused.

Raised is ValueError with a sentence for the message of a fault.
"""

from __future__ import annotations

import re
from datetime import date

YEARS = (1000, 2999)  # that are read if a table does not narrow them
LONGEST_SHOWN = 40
DAY = "a date such as 2018-03-02"
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")  # fmt: skip
MONTHS = {name[:length]: number for number, name in enumerate(_MONTHS, 1) for length in (3, len(name))} | {"sept": 9}
_TIME = r"(?:[T ]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?\s?(?:Z|UTC|[+-]\d\d(?::?[0-5]\d)?)?)?"
_ISO = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d){_TIME}", re.ASCII)
_NAMED = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3,9})[ -](\d{4})", re.ASCII)
_TWO_WAYS = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}.*", re.ASCII)
_SHORT_YEAR = re.compile(r"\d{1,2}[/. -](\d{1,2}|[A-Za-z]{3,9})[/. -]\d{2}", re.ASCII)
_SERIAL = re.compile(r"\d{5}(\.\d+)?", re.ASCII)
_COUNT = re.compile(r"(\d+)(?:\.0+)?", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def short(text: str) -> str:
    """Return a cell as messages show it: in quotes, cut, and printable."""
    return repr(text[:LONGEST_SHOWN])


def day_of(text: str, years: tuple[int, int] = YEARS) -> date:
    """Return a day written as 2018-03-02 or 2 March 2018 (English, or the first three letters of the month).

    A time of day and a time zone may follow the first form; the day is the one that is written, in whatever zone.
    """
    text = text.strip()
    if not text:
        raise ValueError(f"is empty, needs {DAY}")
    if match := _ISO.fullmatch(text):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    elif (match := _NAMED.fullmatch(text)) and match[2].lower() in MONTHS:
        year, month, day = int(match[3]), MONTHS[match[2].lower()], int(match[1])
    else:
        raise ValueError(f"{short(text)} {_wrong_form(text)}")
    if not years[0] <= year <= years[1]:
        raise ValueError(f"{short(text)} is out of range, needs a year from {years[0]} to {years[1]}")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"{short(text)} is not a date: the calendar has no such day") from None


def _wrong_form(text: str) -> str:
    """Return why a cell is no date, with the form that is needed."""
    if _TWO_WAYS.fullmatch(text):
        return "is not a date in one certain order (day or month first?); write the year first, as in 2018-03-02"
    if _SHORT_YEAR.fullmatch(text):
        return "is not a date with a year of four digits; write 2018-03-02"
    if _SERIAL.fullmatch(text):
        return "is not a date but a spreadsheet's number of a day; write 2018-03-02"
    return f"is not {DAY} or 2 March 2018"


def count_of(text: str, most: int, least: int = 0) -> int:
    """Return a whole number from `least` to `most`; 2.0 is 2."""
    text, allowed = text.strip(), f"a whole number from {least} to {most}"
    if not text:
        raise ValueError(f"is empty, needs {allowed}")
    match = _COUNT.fullmatch(text)
    if match is None:
        raise ValueError(f"{short(text)} is not {allowed}")
    value = int(match[1]) if len(match[1]) <= 18 else most + 1
    if not least <= value <= most:
        raise ValueError(f"{short(text)} is out of range, needs {allowed}")
    return value


def number_of(text: str, low: float, high: float) -> float:
    """Return a finite number in [low, high], with a point if it has decimals."""
    text, allowed = text.strip(), f"a number between {low:g} and {high:g}"
    if not text:
        raise ValueError(f"is empty, needs {allowed}")
    if not NUMBER.fullmatch(text):
        pointed = text.replace(",", ".", 1)
        hint = f" (write {pointed})" if NUMBER.fullmatch(pointed) else ""
        raise ValueError(f"{short(text)} is not {allowed}{hint}")
    value = float(text)
    if not low <= value <= high:
        raise ValueError(f"{text[:LONGEST_SHOWN]} is out of range, needs {allowed}")
    return value
