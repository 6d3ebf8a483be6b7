"""Builds the pages into a site that opens without a server and without the network.

    python -m docs.build [FOLDER]      FOLDER is `site` if left out; begin at FOLDER/index.html

Needs the extra `docs`. A warning is an error: a link to a page, a heading or a file that does not exist, a page outside the
table of contents, a docstring that is not reStructuredText.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
FROM_THE_NETWORK = re.compile(r'<(?:script|link|img)\b[^>]*\b(?:src|href)="(?:https?:)?//[^"]+"')
"""A tag by which a page would load something from the network; links that a reader may follow are no such tags."""


def build(folder: Path) -> int:
    """Build the site in `folder` and return Sphinx's exit code, 0 if there was no warning."""
    from sphinx.cmd.build import main as sphinx

    shutil.rmtree(folder, ignore_errors=True)
    with TemporaryDirectory() as doctrees:
        options = ["-W", "--keep-going", "-q", "-b", "html", "-c", str(ROOT / "docs"), "-d", doctrees]
        code = sphinx([*options, str(ROOT), str(folder)])
    if not code:
        shutil.copyfile(folder / "README.html", folder / "index.html")
    return code


def loads(folder: Path) -> Iterator[str]:
    """Yield a line for each tag that loads something from the network."""
    for page in sorted(folder.rglob("*.html")):
        for tag in FROM_THE_NETWORK.findall(page.read_text(encoding="utf-8")):
            yield f"{page.relative_to(folder)}: {tag}"


def main(arguments: list[str]) -> int:
    """Build the site, print where it begins, and return the exit code."""
    folder = Path(arguments[0]) if arguments else ROOT / "site"
    try:
        code = build(folder)
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed: pip install -c requirements.lock -e '.[docs]'", file=sys.stderr)
        return 2
    for line in (lines := [] if code else list(loads(folder))):
        print(f"loads from the network: {line}", file=sys.stderr)
    if not code and not lines:
        print(f"{len(list(folder.rglob('*.html')))} pages: {folder / 'index.html'}")
    return code or int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
