from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.engine.kinds import EVENT_KINDS, M_AGREEMENT, M_NONE, M_OWN_FORCE, MOVERS
from sim.event_kinds import EventFacts, deaths_text, event_text, side
from sim.results.phrases import moved_by, policy_phrase, with_name
from sim.scenario.schema import Policy
from sim.text import agree, clause_list, is_plural, plural, result_text


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


def test_an_agreement_that_ends_bears_the_name_that_the_scenario_gives_it() -> None:
    facts = {"held": 8, "agreement_name": "Truce of the Saddle"}
    broken = event_text(said("agreement_broken", **facts))
    assert broken == "HTS breaks the agreement with Ahrar al-Sham (NLF) after 8 days: Truce of the Saddle."
    expired = event_text(said("agreement_expired", held=8))
    assert expired == "The agreement between HTS and Ahrar al-Sham (NLF) expires after 8 days."


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "A – B"), ("Truce", "Truce: A – B"), ("Accord of B and A", "Accord of B and A")],
)
def test_a_name_that_names_the_parties_stands_alone(name: str, words: str) -> None:
    assert with_name(name, ["A", "B"], " – ") == words


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_every_kind_is_one_sentence_with_and_without_details(kind: str) -> None:
    for one in (said(kind), EventFacts(kind)):
        text = event_text(one)
        assert text.endswith(".")
        assert "  " not in text
        assert text[:-1].count(". ") == 0


NOT_A_SUBJECT = r"(?<!of )(?<!against )(?<!between )(?<! and )"
VERB = r"(?P<verb>(?!as\b)[a-z]+)"
DETAILS = (
    {},
    {"for_town": True},
    {"fighters": 1, "agreement": "for X", "held": 3},
    {"fighters": 2, "deaths_target": 2},
)


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_verbs_and_pronouns_agree_with_the_names_of_sides(kind: str) -> None:
    pairs = [("Lanterns", "Rangers"), ("Lanterns", "NLF"), ("HTS", "Rangers"), ("HTS", "NLF")]
    for (actor, opponent), details in itertools.product(pairs, DETAILS):
        text = event_text(EventFacts(kind, actor, opponent, town="Anadan", **details))  # type: ignore[arg-type]
        for name in (actor, opponent):
            for match in re.finditer(rf"{NOT_A_SUBJECT}\b{name} {VERB}", text):
                verb, plural_name = match["verb"], name in ("Lanterns", "Rangers")
                if verb in ("in", "to", "and", "for", "without", "hand", "close", "on", "near", "at", "after", "by"):
                    continue  # no verb, or one of a demand, which has no number
                assert (verb.endswith("s") and not verb.endswith("ss")) != plural_name, text
        if actor == "Lanterns" and opponent == "Rangers":
            assert not re.search(r"\bits (?!way|aim|day)", text), text
        if actor == "HTS" and opponent == "NLF":
            assert not re.search(r"\b(their base|they)\b", text), text


def test_the_side_with_the_base_has_the_pronoun() -> None:
    sides = ("Lanterns", "NLF", "", "", "Anadan")
    assert [event_text(EventFacts(kind, *sides)) for kind in ("demand", "stalled", "refused", "base_closed")] == [
        "Lanterns demand that NLF close its base in Anadan.",
        "Lanterns play for time when NLF demands that they close their base in Anadan.",
        "Lanterns refuse to close their base in Anadan as NLF demands.",
        "Lanterns close their base in Anadan.",
    ]


@pytest.mark.parametrize(
    ("name", "many"),
    [
        *(
            (name, True)
            for name in (
                "Local NLF groups (NLF)",
                "Lions of the North",
                "Loyalists",
                "A and B",
                "Houthis",
                "Gardiens du fleuve",
            )
        ),
        *(
            (name, False)
            for name in (
                "HTS",
                "Government (Loyalists)",
                "Jaysh al-Quds",
                "Army of the Martyrs",
                "Hamas",
                "Front des guerriers",
                "",
            )
        ),
    ],
)
def test_names_are_plural_by_their_main_word(name: str, many: bool) -> None:
    assert is_plural(name) == many


def test_phrases_take_the_number_of_their_subject() -> None:
    assert [agree("Rangers", each) for each in ("is", "masses", "pushes", "does not hold", "holds its base")] == [
        "are", "mass", "push", "do not hold", "hold their base",
    ]  # fmt: skip
    policies = [{"monitor": "observers"}, {"mediate": "Elders of the Valley"}, {"withdraw": "Lanterns"}]
    texts = [
        policy_phrase(Policy.model_construct(**{**dict.fromkeys(Policy.model_fields), **each})) for each in policies
    ]
    assert [text.partition(",")[0].partition(":")[0].partition(";")[0] for text in texts] == [
        "observers watch over agreements", "Elders of the Valley mediate", "Lanterns leave the zone",
    ]  # fmt: skip


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


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 pairs"), (1, "1 pair"), (2, "2 pairs"), (1000, "1,000 pairs"), (-1, "-1 pairs")]
)
def test_a_number_of_things(number: int, text: str) -> None:
    assert plural(number, "pair") == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 countries"), (1, "1 country"), (2, "2 countries")])
def test_a_number_of_things_with_an_irregular_plural(number: int, text: str) -> None:
    assert plural(number, "country", "countries") == text


ROOT = Path(__file__).resolve().parents[2]
THINGS = re.compile(
    r" (runs|days|pairs|towns|files|replicates|rows|scenarios|inputs|events|ablations|weeks|origins|groups|agreements|draws"
    r"|forces|tables|workers|lines|cells|combinations)\b"
)


def unsafe_plurals(path: Path) -> Iterator[str]:
    """Give the places where a number that may be 1 stands before a plural; names in capitals are numbers that are fixed."""
    for text in (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.JoinedStr)):
        for value, after in zip(text.values, text.values[1:], strict=False):
            if not isinstance(value, ast.FormattedValue) or not isinstance(after, ast.Constant):
                continue
            number = ast.unparse(value.value)
            fraction = value.format_spec is not None and "f" in ast.unparse(value.format_spec)[2:]
            if (
                THINGS.match(str(after.value))
                and not fraction
                and not number.isupper()
                and "plural" not in number
                and number not in ("name", "its")
            ):
                yield f"{path.relative_to(ROOT)}:{value.lineno}: {{{number}}}{str(after.value)[:20]}"


def test_numbers_of_things_are_said_by_plural() -> None:
    paths = [ROOT / "sim" / "preview.py"]
    for room in ("cli", "study", "results"):
        paths += (ROOT / "sim" / room).glob("*.py")
    assert [place for path in paths for place in unsafe_plurals(path)] == []
