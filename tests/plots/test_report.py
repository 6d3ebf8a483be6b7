"""The report: one page that loads nothing, escapes all names, and says what it is."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import sim
from sim.pages.run_report import Pictures, given_text, recorded, report
from sim.plots.map.sheets import Atlas
from sim.results.phrases import statistic_texts
from sim.scenario.schema import Given

BAD = "<script>alert(1)</script>"
PICTURES = Pictures(b"one", b"two", b"three")


class Links(HTMLParser):
    """Collect tags and whatever a browser would load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [
            value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action", "background")
        ]


def test_the_page_is_self_contained(drawn: Path) -> None:
    text = (drawn / "report.html").read_text(encoding="utf-8")
    page = Links()
    page.feed(text)
    pictures = [link for link in page.loaded if not link.startswith("#")]
    assert len(pictures) == 3
    assert all(link.startswith("data:image/webp;base64,") for link in pictures)
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    assert not re.search(r"@import|url\(|https?://", text)


def test_the_page_says_what_it_is(drawn: Path) -> None:
    text = (drawn / "report.html").read_text(encoding="utf-8")
    for words in ("SIMULATED", "Who holds Kafr Hamra in the end?", "seed 7", "evidence ends 31 Oct 2018", "python run.py scenario.yaml --seed 7",
                  "weakly sourced", "500 to 2,000", "by hand", "Turning points"):  # fmt: skip
        assert words in text, words


def test_a_run_that_comes_out_otherwise_is_not_played_and_says_why() -> None:
    run = sim.simulate("two_valleys", seed=1, sets=["days=20"])
    run.seed = 2
    text = report(run, PICTURES, Atlas.of(run), recorded(run))
    assert "This page does not play the run: simulating it again gives other events" in text
    assert "<script" not in text


def test_names_are_escaped(make, scenario_with) -> None:  # type: ignore[no-untyped-def]
    scenario = scenario_with(
        title=BAD, question=f"What of {BAD}?",
        given=[{"on": "2018-10-22", "event": "base_attempt", "by": "HTS", "in": BAD}],
    )  # fmt: skip
    run = make(scenario, event=BAD, agreement=BAD)
    run.label = BAD
    text = report(run, PICTURES, Atlas.of(run))
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 5


@pytest.mark.parametrize(
    ("given", "text"), [(0, "9"), (1, "9 agreements, besides 1 given"), (2, "9 agreements, besides 2 given")]
)
def test_given_agreements_are_counted_apart_from_those_signed(given: int, text: str) -> None:
    rows = statistic_texts({"agreements_signed": 9, "violations": 3}, given)
    assert rows[0].text.startswith(text)
    assert ("besides" in rows[0].text) == (given > 0)
    assert "besides" not in rows[1].text


def test_what_a_scenario_gives_is_said_by_its_kind() -> None:
    killing = {"on": "2018-10-22", "event": "killing_at_talks", "by": "Local NLF groups", "in": "Anadan", "deaths": 2}
    agreement = {"between": ["HTS", "NLF"], "signed": "2018-10-22"}
    assert [
        given_text(Given.model_validate(each)).partition(" (asserted")[0]
        for each in (
            killing,
            {"on": "2018-10-22", "event": "base_attempt", "by": "HTS", "in": "Anadan"},
            {"on": "2018-10-22", "event": "agreement", "agreement": agreement},
        )
    ] == [
        "22 Oct 2018: Local NLF groups kill delegates at talks in Anadan",
        "22 Oct 2018: HTS attempts to open a base in Anadan",
        "22 Oct 2018: an agreement between HTS and NLF",
    ]
