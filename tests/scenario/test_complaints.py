"""What pydantic refuses is described in our own words, whatever kind of error a version of it reports."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, get_args

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic_core.core_schema import ErrorType

from sim.scenario.load import complaint

KINDS = [*get_args(ErrorType), "a_kind_of_later_versions", "int_of_later_versions"]
OUR_OWN = {"value_error"}  # carries the error that our own check raised


@pytest.mark.parametrize("kind", sorted({*KINDS} - OUR_OWN))
def test_words_of_pydantic_are_not_repeated(kind: str) -> None:
    context: Any = defaultdict(lambda: 1, error="WORDS OF A LIBRARY", pattern="[a-z]+")
    entry = {"type": kind, "loc": ("title",), "msg": "WORDS OF A LIBRARY", "input": "x", "ctx": context}
    key, message = complaint(entry)
    assert key == ("title",)
    assert message
    assert "LIBRARY" not in message


class Sample(BaseModel):
    whole: int = 1
    even: int = Field(2, multiple_of=2)
    number: float = 1.0
    truth: bool = True

    @field_validator("number")
    @classmethod
    def check(cls, value: float) -> float:
        if value > 5:
            raise ValueError("our own words")
        return value


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("whole", "many", "needs a whole number, got 'many'"),
        ("whole", 1.5, "needs a whole number, got 1.5"),
        ("even", 3, "needs a multiple of 2, got 3"),
        ("whole", [1], "needs a whole number, got a list"),
        ("number", "x", "needs a number, got 'x'"),
        ("truth", "perhaps", "needs true or false, got 'perhaps'"),
        ("number", 6, "our own words"),
    ],
)
def test_values_of_a_wrong_type(field: str, value: Any, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Sample.model_validate({field: value})
    assert complaint(caught.value.errors()[0]) == ((field,), words)
