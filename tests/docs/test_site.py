"""The pages of the site: each is in its table of contents, and every link leads to a page, a file or a heading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import build, conf
from tests.cli.support import ROOT

API = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/api").glob("*.md"))
CONTENTS = [f"{page}.md" for _, pages in conf.ORDER for page in pages]
PAGES = ["README.md", *sorted({*CONTENTS, *API})]
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_of_docs_is_in_the_contents_once() -> None:
    pages = [page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").glob("*.md")]
    assert len(CONTENTS) == len(set(CONTENTS))
    assert not set(pages) - set(CONTENTS)


def test_the_api_index_lists_every_page_of_the_reference() -> None:
    listed = re.findall(r"\((\w+)\.md\)", (ROOT / "docs/api/index.md").read_text(encoding="utf-8"))
    assert sorted({f"docs/api/{name}.md" for name in listed} | {"docs/api/index.md"}) == API


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_a_file_and_a_heading(page: str) -> None:
    dead = []
    for target, anchor in LINK.findall(prose(ROOT / page)):
        if "://" in target:
            continue
        path = (ROOT / page).parent / target if target else ROOT / page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            dead.append(f"{target}#{anchor}")
    assert not dead


def test_a_tag_that_loads_from_the_network_is_reported(tmp_path: Path) -> None:
    links = '<a href="https://example.org">elsewhere</a> <img src="_images/map.png">'
    (tmp_path / "good.html").write_text(links, encoding="utf-8")
    assert not list(build.loads(tmp_path))
    (tmp_path / "bad.html").write_text('<script async src="https://cdn.example.org/x.js"></script>', encoding="utf-8")
    assert [line.split(":")[0] for line in build.loads(tmp_path)] == ["bad.html"]
