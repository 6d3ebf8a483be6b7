"""Files: where those of a name are, written whole or not at all, packed as one zip, and read once as bytes of a table, with advice on
what is no table."""

from __future__ import annotations

import codecs
import logging
import os
import re
import select
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

from sim.errors import Fault, InputError

LOG = logging.getLogger(__name__)
_INSTALLED = Path(__file__).resolve().parent / "shipped"
SCENARIOS = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).resolve().parents[1] / "scenarios"
"""What comes with the program: `sim/shipped` of an installed wheel, `scenarios/` of a checkout. Nothing is written there."""
OWN = Path("scenarios")
OUTPUTS = Path("outputs")
"""Files of one's own, and results: in the folder where one stands."""


def scenario_folders(part: str = "") -> list[Path]:
    """Return the folders in which a bare name is looked up: one's own `scenarios/`, then the program's; or a folder `part` of each."""
    own, shipped = OWN / part, SCENARIOS / part
    return [shipped] if own.absolute() == shipped else [own, shipped]


def named_files(part: str = "") -> dict[str, Path]:
    """Return the YAML files that have a name, by that name: one's own go before those of the program."""
    files: dict[str, Path] = {}
    for folder in scenario_folders(part):
        for file in sorted(folder.glob("*.yaml")):
            files.setdefault(file.stem, file)
    return files


def named_file(name: str, part: str = "") -> Path | None:
    """Return the YAML file that a bare name means, one's own before that of the program; None if there is none."""
    return next((file for folder in scenario_folders(part) if (file := folder / f"{name}.yaml").is_file()), None)


def map_folders() -> list[Path]:
    """Return the folders of maps in which a name is looked up: `scenarios/maps` and `maps` of one's own, then the program's."""
    own, *shipped = scenario_folders("maps")
    return [own, Path("maps"), *shipped]


DRAFT = ".draft"  # ending of a file in the making


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file that appears under its name only when whole; on failure nothing is left, and the error names the file."""
    draft = path.with_name(f".{path.name}.{os.getpid()}{DRAFT}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        LOG.debug("wrote %s", path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    return path


MOST_NAMES = 10_000
STORED = frozenset({".parquet", ".png", ".gif", ".zip"})  # packed already


def pack(folder: Path, out: Path, added: Mapping[str, bytes] | None = None) -> Path:
    """Write a folder, hidden files left out, as `<name>.zip` in `out`; a taken name gets -2, -3 ...

    `added`: contents, by name, of files that the pack has besides, or in place of, the folder's own.
    The file appears when whole. InputError if it cannot be written.
    """
    name = folder.resolve().name
    draft = out / f".{name}-{os.getpid()}.zip{DRAFT}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        try:
            _write(folder.resolve(), draft, added or {})
            return _named(draft, out, name)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise InputError([Fault(str(out), None, "", f"cannot be written to: {error.strerror or error}")]) from error


def _write(folder: Path, draft: Path, added: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(draft, "w") as file:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            hidden = any(part.startswith(".") for part in inside.parts)
            if path.is_file() and not hidden and inside.as_posix() not in added:
                how = zipfile.ZIP_STORED if path.suffix in STORED else zipfile.ZIP_DEFLATED
                file.write(path, Path(folder.name, inside).as_posix(), how)
        for name, content in added.items():
            file.writestr(f"{folder.name}/{name}", content, zipfile.ZIP_DEFLATED)


def _named(draft: Path, out: Path, name: str) -> Path:
    """Give the draft the first free name, taken by an empty file so that nothing is overwritten."""
    for number in range(1, MOST_NAMES):
        path = out / (f"{name}.zip" if number == 1 else f"{name}-{number}.zip")
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        return draft.replace(path)
    raise FileExistsError(f"{MOST_NAMES} files named {name}.zip are there already")


# The bytes of a table --------------------------------------------------------------------------------------------------

CHUNK = 1 << 20  # bytes
PIPE_SECONDS = 60.0  # that a pipe may stay silent
MB = 1 << 20
NEW_LINE = re.compile(rb"\r\n|\r|\n")
EXCEL = "an Excel workbook; save its sheet as CSV in UTF-8"
SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "packed (gzip); unpack it first, with gunzip"),
    (b"BZh", "packed (bzip2); unpack it first, with bunzip2"),
    (b"\xfd7zXZ\x00", "packed (xz); unpack it first, with unxz"),
    (b"\x28\xb5\x2f\xfd", "packed (zstd); unpack it first, with unzstd"),
    (b"7z\xbc\xaf\x27\x1c", "packed (7z); unpack it first"),
    (b"Rar!", "packed (rar); unpack it first"),
    (b"PK\x03\x04", "a zip archive; unpack it first, and give the CSV file in it"),
    (b"PK\x05\x06", "a zip archive with nothing in it"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", EXCEL),
    (b"PAR1", "a Parquet file; write it as CSV"),
    (b"ARROW1", "an Arrow file; write it as CSV"),
    (b"SQLite format 3", "a SQLite database; write its table as CSV"),
    (b"%PDF", "a PDF document; a CSV file is needed"),
    (b"\xff\xfe", "UTF-16 text; save it as CSV in UTF-8"),
    (b"\xfe\xff", "UTF-16 text; save it as CSV in UTF-8"),
    (b"\x00\x00\xfe\xff", "UTF-32 text; save it as CSV in UTF-8"),
)
MARKUP: tuple[tuple[bytes, str], ...] = (
    (b"<", "a web page or XML; download the CSV file itself"),
    (b"{", "JSON; ask for CSV, or write it as CSV"),
    (b"[{", "JSON; ask for CSV, or write it as CSV"),
)


class UnreadableFileError(Exception):
    """A file that is no table: what is wrong with it, and the line; None if it has none."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message, self.line = message, line


def display_path(path: Path) -> str:
    """Return how messages name a file: from the working folder if it lies inside; letters that cannot be printed are escaped."""
    try:
        text = Path(os.path.abspath(path)).relative_to(Path.cwd()).as_posix()  # noqa: PTH100 (links are named as they stand)
    except (ValueError, OSError, RuntimeError):
        text = path.as_posix()
    return text if text.isprintable() and len(text) <= 300 else ascii(text[:300])


def read_bytes(path: Path, most: int) -> bytes:
    """Return the content of a file or pipe of at most `most` bytes, which is UTF-8 text; a pipe can be read only once.

    Raises UnreadableFileError if it is missing, no file, too large, packed, binary, empty, or in another encoding.
    """
    try:
        state = path.stat()
        kind = state.st_mode
        if stat.S_ISREG(kind) and state.st_size > most:
            raise UnreadableFileError(_too_large(most))
        if stat.S_ISDIR(kind):
            raise UnreadableFileError("is a folder, not a file")
        if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):
            raise UnreadableFileError("is not a file")
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            raw = _content(handle, stat.S_ISFIFO(kind), most)
        finally:
            os.close(handle)
    except FileNotFoundError:
        raise UnreadableFileError("no such file") from None
    except (OSError, ValueError) as error:
        raise UnreadableFileError(
            f"cannot be read: {getattr(error, 'strerror', None) or 'no name of a file'}"
        ) from None
    if not raw.removeprefix(codecs.BOM_UTF8).strip():
        raise UnreadableFileError("is empty")
    return raw


def _too_large(most: int) -> str:
    return f"is larger than {most // MB} MB, the most that is read"


def _content(handle: int, pipe: bool, most: int) -> bytes:
    """Return what an open file gives, checked piece by piece so that a large binary file is refused at once."""
    raw, decoder = bytearray(), codecs.getincrementaldecoder("utf-8")()
    while True:
        if pipe and not select.select([handle], [], [], PIPE_SECONDS)[0]:
            raise UnreadableFileError(f"is a pipe into which nothing was written for {PIPE_SECONDS:g} seconds")
        piece = os.read(handle, CHUNK)
        if len(raw) + len(piece) > most:
            raise UnreadableFileError(_too_large(most))
        raw += piece
        if piece and len(raw) - len(piece) < CHUNK:
            _check_kind(bytes(raw[: 2 * CHUNK]))
        if b"\0" in piece:
            raise UnreadableFileError(
                "is not text (binary data); save it as CSV in UTF-8", _line_at(raw, raw.index(b"\0"))
            )
        try:
            decoder.decode(piece, final=not piece)
        except UnicodeDecodeError:
            raise UnreadableFileError("is not UTF-8 text; save it as CSV in UTF-8", _not_utf8(raw)) from None
        if not piece:
            return bytes(raw)


def _check_kind(raw: bytes) -> None:
    """Raise UnreadableFileError if the first bytes are those of a packed file, a workbook, a web page or the like."""
    if raw.startswith(b"PK\x03\x04") and (b"xl/" in raw or b"opendocument.spreadsheet" in raw[:200]):
        raise UnreadableFileError(f"is {EXCEL}" if b"xl/" in raw else "is a workbook; save its sheet as CSV in UTF-8")
    for signature, what in SIGNATURES:
        if raw.startswith(signature):
            raise UnreadableFileError(f"is {what}")
    start = b"".join(raw[:1000].removeprefix(codecs.BOM_UTF8).split())
    for signature, what in MARKUP:
        if start.startswith(signature):
            raise UnreadableFileError(f"is {what}", 1)


def _line_at(raw: bytes | bytearray, place: int) -> int:
    """Return the number of the line that a byte stands in; lines end in LF, CRLF or CR."""
    return len(NEW_LINE.findall(raw, 0, place)) + 1


def _not_utf8(raw: bytearray) -> int:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return _line_at(raw, error.start)
    return 1
