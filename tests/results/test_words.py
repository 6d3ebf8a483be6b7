from __future__ import annotations

import pytest

from sim.engine.kinds import EVENT_KINDS, M_AGREEMENT, M_NONE, M_OWN_FORCE, MOVERS
from sim.event_kinds import EventFacts, deaths_text, event_text, side
from sim.event_text import moved_by
from sim.text import clause_list, result_text


def said(kind: str, **more: object) -> EventFacts:
    return EventFacts(kind, "HTS", "NLF", "HTS", "Ahrar al-Sham", "Kafr Hamra", **more)  # type: ignore[arg-type]


def test_a_group_that_bears_its_factions_name_is_not_repeated() -> None:
    assert side("HTS", "HTS") == "HTS"
    assert side("NLF", "Ahrar al-Sham") == "Ahrar al-Sham (NLF)"


def test_events_are_said_in_a_sentence() -> None:
    assert event_text(said("base_attempt", fighters=60)) == (
        "HTS sends a party of 60 to open a base in Kafr Hamra, held by Ahrar al-Sham (NLF)."
    )
    assert event_text(said("clash", deaths_initiator=2, deaths_target=3, deaths_civilians=1)) == (
        "Fighting in Kafr Hamra: HTS attacks Ahrar al-Sham (NLF); 5 fighters and 1 civilian die."
    )


def test_a_given_event_says_so() -> None:
    assert event_text(said("base_attempt", given=True)).endswith("(given by the scenario).")


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_every_kind_is_one_sentence_with_and_without_details(kind: str) -> None:
    for one in (said(kind), EventFacts(kind)):
        text = event_text(one)
        assert text.endswith(".")
        assert "  " not in text
        assert text[:-1].count(". ") == 0


@pytest.mark.parametrize(
    ("deaths", "text"),
    [
        ((0, 0), "no one dies"),
        ((1, 0), "1 fighter dies"),
        ((0, 2), "2 civilians die"),
        ((1, 1), "1 fighter and 1 civilian die"),
    ],
)
def test_deaths_are_counted_in_singular_and_plural(deaths: tuple[int, int], text: str) -> None:
    assert deaths_text(*deaths) == text


def test_movers_are_said_with_their_factors() -> None:
    slots = [(M_AGREEMENT, 0.35, 0.65), (M_NONE, 0.0, 0.0), (M_OWN_FORCE, 900.0, 2.1)]
    assert moved_by(slots) == "agreement x0.65; 900 own fighters within reach x2.1"


@pytest.mark.parametrize("code", range(1, len(MOVERS)))
def test_every_mover_has_words(code: int) -> None:
    assert not moved_by([(code, 0.5, 1.5)]).startswith("x")


def test_results_are_said_with_units() -> None:
    assert [result_text(v, "days") for v in (1, 12, 3.456, None, 0)] == [
        "1 day",
        "12 days",
        "3.46 days",
        "none",
        "0 days",
    ]
    assert clause_list(["a", "", "b", "c"]) == "a, b and c"
