"""Settings of the site that `python -m docs.build` makes from README.md, SECURITY.md, outputs/README.md and docs/.

The source folder is the root of the repository, so that links between pages, and from pages to files, are the same on the
site as in the repository. Nothing is loaded from the network, by the build or by a reader.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import sim  # noqa: E402

ORDER: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Use",
        (
            "docs/install",
            "docs/recipes",
            "docs/watch",
            "docs/scenario_files",
            "docs/study_files",
            "docs/studies",
            "docs/decisions",
            "docs/figures",
            "docs/gis",
            "outputs/README",
            "docs/teach",
        ),
    ),
    ("Your own map", ("docs/own_map", "docs/theatres", "scenarios/maps/eastern_car/data_issues")),
    ("Model", ("docs/ODD", "docs/sources", "scenarios/maps/greater_idlib/data_issues")),
    ("How far to trust it", ("docs/limits", "docs/validation", "docs/trust", "SECURITY")),
    ("Against the record", ("docs/patterns", "docs/audit", "docs/calibration", "docs/observed", "docs/scores")),
    ("Build on it", ("docs/mesa", "docs/extend", "docs/cluster", "docs/testing")),
    ("API reference", ("docs/api/index",)),
)
"""The pages in the order in which a newcomer reads them, in parts of the table of contents; README.md comes first."""

project = "Territorial competition"
author = "the project's contributors"
version = release = sim.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "README"
include_patterns = ["README.md", *(f"{page}.md" for _, pages in ORDER for page in pages), "docs/api/*.md"]
exclude_patterns = ["outputs/*/**", ".*/**", "**/.*"]
suppress_warnings = ["myst.header"]  # a page may begin at any level of heading
nitpicky = False

myst_heading_anchors = 3
default_role = "code"  # a name between single backticks in a docstring

napoleon_numpy_docstring = False
napoleon_use_ivar = True
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = f"Territorial competition {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sourcelink = False
html_show_search_summary = False  # a browser does not let a page fetch another one from a file
html_theme_options = {"navigation_with_keys": True}

FILE_AS_LABEL = re.compile(r"\[(?:\.\./)?(?:docs/)?([\w/]+)\.md\]\(")
"""A link whose label is the name of its page's file."""
NAMED_TUPLE_FIELD = re.compile(r"Alias for field number \d+")


def contents() -> str:
    """Return the table of contents as MyST writes it: one `toctree` a part."""
    parts = [("Start", "What it is, first run <self>")]
    parts += [(caption, "\n".join(f"/{page}" for page in pages)) for caption, pages in ORDER]
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n:maxdepth: 2\n\n{rows}\n```\n" for caption, rows in parts
    )


def adapt_page(_app: Any, page: str, source: list[str]) -> None:
    """Take file names out of the labels of links, and give the first page its table of contents."""
    source[0] = FILE_AS_LABEL.sub(r"[\1](", source[0])
    if page == root_doc:
        source[0] += contents()


def skip_alias(_app: Any, _what: str, _name: str, member: Any, _skip: bool, _options: Any) -> bool | None:
    """Return True for a field of a named tuple that has Python's text only; its class describes it."""
    return True if NAMED_TUPLE_FIELD.match(str(getattr(member, "__doc__", ""))) else None


def setup(app: Any) -> None:
    """Connect the functions above; Sphinx calls this."""
    from pygments.lexers.special import TextLexer

    app.add_lexer("csv", TextLexer)  # Pygments has none
    app.connect("source-read", adapt_page)
    app.connect("autodoc-skip-member", skip_alias)
