"""The one reader of users' tables: kinds of files, separators, quotes, lines, headers, and cells that are days or counts."""

from __future__ import annotations

import gzip
import io
import os
import threading
import zipfile
from datetime import date
from pathlib import Path

import pytest

from sim import files
from sim.errors import Fault
from sim.tabular.table import Limits, Table, count_of, day_of, number_of, read_table

COLUMNS = ("name", "lat", "lon")
GOOD = "name,lat,lon\nAlpha,36,36.5\nBeta,36.1,36.6\n"


def table_of(folder: Path, content: str | bytes, **options: object) -> tuple[Table, list[str]]:
    """Return the table that a file of this content is read as, and its faults without the folder."""
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    faults: list[Fault] = []
    table = read_table(path, COLUMNS, ("note",), faults, **options)  # type: ignore[arg-type]
    return table, [str(fault).replace(table.file, "table.csv") for fault in faults]


def zipped(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, GOOD)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "\r").encode(),
        GOOD.rstrip("\n").encode(),
        GOOD.replace("name,lat,lon", " Name , LAT,Lon").encode(),
        GOOD.replace("Alpha,36,36.5", '"Alpha", "36" ,36.5').replace(' ,36.5', ",36.5").encode(),
        GOOD.replace("\n", "\n\n , ,\n").encode(),
    ],
    ids=["plain", "mark", "crlf", "cr", "no end", "capitals", "quotes", "blank lines"],
)  # fmt: skip
def test_variants_of_one_table_read_alike(content: bytes, tmp_path: Path) -> None:
    table, faults = table_of(tmp_path, content)
    assert not faults
    assert table.columns == COLUMNS
    assert [(row["name"], row["lat"].strip(), row["lon"]) for row in table.rows] == [
        ("Alpha", "36", "36.5"),
        ("Beta", "36.1", "36.6"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(GOOD.encode(), mtime=0), "is packed (gzip); unpack it first"),
        (b"BZh91AY&SY", "is packed (bzip2)"),
        (b"\xfd7zXZ\x00\x00", "is packed (xz)"),
        (zipped("ged.csv"), "is a zip archive; unpack it first"),
        (zipped("xl/workbook.xml"), "is an Excel workbook; save its sheet as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "is an Excel workbook"),
        (b"PAR1" + bytes(20), "is a Parquet file"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"<!DOCTYPE html>\n<html>", "is a web page or XML"),
        (b'\xef\xbb\xbf {"data": []}', "is JSON"),
        (b'[ {"id": 1}]', "is JSON"),
        (GOOD.encode("utf-16"), "is UTF-16 text; save it as CSV in UTF-8"),
        (GOOD.encode("utf-16-le"), "table.csv:1: is not text (binary data)"),
        (GOOD.encode("utf-32"), "is UTF-16 text"),
        (GOOD.replace("Beta", "Bét").encode("latin-1"), "table.csv:3: is not UTF-8 text"),
        (GOOD.replace("\n", "\r").replace("Beta", "Bét").encode("cp1252"), "table.csv:3: is not UTF-8 text"),
        (GOOD.encode() + b"Gamma,\0,1\n", "table.csv:4: is not text (binary data)"),
        (b"\xef\xbb\xbf", "is empty"),
        (b" \n\n", "is empty"),
        (b"", "is empty"),
    ],
)
def test_what_is_no_text_is_refused_with_what_to_do(content: bytes, words: str, tmp_path: Path) -> None:
    table, faults = table_of(tmp_path, content)
    assert not table.rows
    assert len(faults) == 1
    assert words in faults[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace(",", ";"), "table.csv:1: header: columns are separated by commas, not by semicolons"),
        (GOOD.replace(",", "\t"), "table.csv:1: header: columns are separated by commas, not by tabs"),
        (GOOD.replace(",", "|"), "table.csv:1: header: columns are separated by commas, not by vertical bars"),
        (GOOD.replace(",", ";").replace("lat", '"lat, north"'), "not by semicolons"),
        ("sep=;\n" + GOOD.replace(",", ";"), "'sep=;' is a spreadsheet's own line"),
        ("".join(f'"{line}"\n' for line in GOOD.splitlines()), "the whole line stands in one pair of quotation marks"),
        (GOOD.replace("\nA", ",\nA"), "table.csv:1: header: a column has no name"),
        (GOOD.replace("\n", ",\n"), "table.csv:1: header: a column has no name"),
        (GOOD.replace("36.5\n", "36.5,\n"), "table.csv:2: has 4 cells, the header has 3 columns"),
        (GOOD.replace("36.1,", "36,1,"), "table.csv:3: has 4 cells, the header has 3 columns"),
        (GOOD.replace(",36.6", ""), "table.csv:3: has 2 cells, the header has 3 columns"),
        (GOOD.replace(",lon", ",Lat"), "table.csv:1: lat: appears 2 times among the columns"),
        (GOOD.replace(",lon", ",note,lon,Note "), "table.csv:1: note: appears 2 times among the columns"),
        (GOOD.replace("lon", "lonn"), "table.csv:1: lonn: unknown column, did you mean 'lon'?"),
        (GOOD + GOOD, "table.csv:4: is the header again (two files in one?)"),
        (GOOD.replace("Beta", '"Beta'), "table.csv:3: is not CSV: a quotation mark is not closed"),
        (GOOD.replace("Alpha", '"Alpha" North'), "table.csv:2: is not CSV: a quotation mark"),
        (GOOD.replace("Beta", "B" * 200_000), "table.csv:3: is not CSV"),
        (GOOD.replace("Beta", "B" * 3000), "table.csv:3: name: is longer than 2000 characters"),
        (GOOD.replace("Beta", "Be\x07ta"), "table.csv:3: name: contains control characters"),
        ("a," * 2000 + "\n", "table.csv:1: header: has 2001 columns, more than 1000"),
    ],
)
def test_a_broken_table_is_refused_with_its_line(text: str, words: str, tmp_path: Path) -> None:
    _, faults = table_of(tmp_path, text)
    assert any(words in fault for fault in faults), faults


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_the_file(ending: str, tmp_path: Path) -> None:
    text = f'# it\'s a "note\n\n{GOOD.splitlines()[0]}\n"Al\npha",36,36.5\n\n#Beta,1,2\n"x\n# y",36.1,36.6\n'
    table, faults = table_of(tmp_path, text.replace("\n", ending), comments=True)
    assert not faults
    assert [row.line for row in table.rows] == [4, 8]
    assert table.rows[1]["name"] == f"x{ending}# y"  # inside quotation marks there is no comment
    assert table.comments == 2


def test_columns_that_are_not_read_may_hold_anything(tmp_path: Path) -> None:
    text = GOOD.replace("lon", "lon,source").replace("36.5", "36.5," + "s" * 9000).replace("36.6", '36.6,"a\x07b"')
    table, faults = table_of(tmp_path, text, known_only=True)
    assert not faults
    assert table.rows[1].cells == ("Beta", "36.1", "36.6")
    assert table.rows[1]["source"] == ""


def test_files_and_tables_are_bounded(tmp_path: Path) -> None:
    assert "is larger than 1 MB" in table_of(tmp_path, GOOD + "#" * 2**20, limits=Limits(bytes=2**20))[1][0]
    table, faults = table_of(tmp_path, GOOD, limits=Limits(rows=1))
    assert faults == ["table.csv:3: more than 1 rows, too many to work with"]
    assert not table.rows


def test_folders_and_missing_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    faults: list[Fault] = []
    for path in (tmp_path, tmp_path / "none.csv", tmp_path / "ring", tmp_path / ("n" * 300), Path("/dev/null")):
        read_table(path, COLUMNS, (), faults)
    words = ["is a folder", "no such file", "cannot be read", "cannot be read", "is not a file"]
    assert [any(word in str(fault) for fault in [one]) for word, one in zip(words, faults, strict=True)] == [True] * 5


def test_a_pipe_is_read_whole(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    text = "name,lat,lon\n" + "".join(f"T{n},36,36.5\n" for n in range(20_000))
    writer = threading.Thread(target=pipe.write_text, args=(text,))
    writer.start()
    faults: list[Fault] = []
    table = read_table(pipe, COLUMNS, (), faults)
    writer.join()
    assert not faults
    assert len(table.rows) == 20_000


def test_a_pipe_that_stays_silent_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIPE_SECONDS", 0.02)
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    faults: list[Fault] = []
    read_table(pipe, COLUMNS, (), faults)
    assert "is a pipe into which nothing was written" in faults[0].message


@pytest.mark.parametrize(
    "text",
    [
        "2018-03-02", " 2018-03-02 ", "2018-03-02T00:00:00Z", "2018-03-02T23:30:00+03:00", "2018-03-02T01:00:00-0500",
        "2018-03-02 00:00:00.000", "2018-03-02 00:00:00+00:00", "2018-03-02T00:00", "2018-03-02 00:00:00 UTC",
        "2 March 2018", "02 March 2018", "2 Mar 2018", "02-mar-2018",
    ],
)  # fmt: skip
def test_a_day_is_read_as_it_is_written(text: str) -> None:
    assert day_of(text) == date(2018, 3, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("02/03/2018", "is not a date in one certain order"),
        ("20/03/2018", "is not a date in one certain order"),
        ("3-20-2018", "is not a date in one certain order"),
        ("20.03.2018 00:00", "is not a date in one certain order"),
        ("20/03/18", "with a year of four digits"),
        ("02-Mar-18", "with a year of four digits"),
        ("43161", "a spreadsheet's number of a day"),
        ("43161.5", "a spreadsheet's number of a day"),
        ("2018-02-30", "the calendar has no such day"),
        ("31 April 2018", "the calendar has no such day"),
        ("2018-13-01", "the calendar has no such day"),
        ("2018-00-10", "the calendar has no such day"),
        ("0018-03-02", "is out of range, needs a year from 1000 to 2999"),
        ("2018-3-2", "is not a date such as 2018-03-02"),
        ("2018/03/02", "is not a date such as 2018-03-02"),
        ("20180302", "is not a date such as 2018-03-02"),
        ("2018-W09-5", "is not a date such as 2018-03-02"),
        ("1519948800", "is not a date such as 2018-03-02"),
        ("2018-03-02T25:00:00", "is not a date such as 2018-03-02"),
        ("2018-03-02 soon", "is not a date such as 2018-03-02"),
        ("２０１８-03-02", "is not a date such as 2018-03-02"),
        ("٢٠١٨-٠٣-٠٢", "is not a date such as 2018-03-02"),
        ("2 März 2018", "is not a date such as 2018-03-02"),
        ("March 2018", "is not a date such as 2018-03-02"),
        ("2018", "is not a date such as 2018-03-02"),
        ("2018-03", "is not a date such as 2018-03-02"),
        ("today", "is not a date such as 2018-03-02"),
        ("now", "is not a date such as 2018-03-02"),
        ("nan", "is not a date such as 2018-03-02"),
        ("", "is empty, needs a date such as 2018-03-02"),
    ],
)  # fmt: skip
def test_a_day_in_another_form_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        day_of(text)
    assert words in str(error.value)


def test_counts_are_whole_and_bounded() -> None:
    assert [count_of(text, 10) for text in ("0", " 7 ", "2.0", "010", "10.000")] == [0, 7, 2, 10, 10]
    for text in (
        "-7",
        "+7",
        "inf",
        "nan",
        "NaN",
        "1e3",
        "1e99",
        "2.7",
        "3,5",
        "1 000",
        "1_000",
        "٣",
        "0x3",
        "many",
        "--",
    ):
        with pytest.raises(ValueError, match="is not a whole number from 0 to 10"):
            count_of(text, 10)
    for text in ("11", "9" * 20, "9" * 1900):
        with pytest.raises(ValueError, match="is out of range, needs a whole number from 0 to 10"):
            count_of(text, 10)
    with pytest.raises(ValueError, match="is empty, needs a whole number from 0 to 10"):
        count_of(" ", 10)


def test_numbers_are_finite_and_have_points() -> None:
    assert number_of(" -36.5e0 ", -90, 90) == -36.5
    for text in ("nan", "inf", "36,5", "36°30'", "36.5 N", "36..5", "1_0"):
        with pytest.raises(ValueError, match="is not a number between -90 and 90"):
            number_of(text, -90, 90)
    with pytest.raises(ValueError, match="is out of range"):
        number_of("9" * 500, -90, 90)
