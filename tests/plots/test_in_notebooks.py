"""What notebooks show of runs and comparisons, and maps on the caller's own axes."""

from __future__ import annotations

from html import escape

import pytest
from matplotlib.figure import Figure

import sim
from sim.results.run import Run
from sim.text import plural
from tests.plots.conftest import DAYS
from tests.plots.made_comparison import compared

PNG = b"\x89PNG"


def test_a_map_is_drawn_on_given_axes_with_its_mark_and_counts(run: Run) -> None:
    axes = Figure(figsize=(4, 4)).add_subplot()
    assert run.map(DAYS, ax=axes) is axes
    towns = list(run.control_daily.iloc[DAYS, 2:])
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert f"HTS {towns.count('HTS')}" in names
    assert axes.get_title().startswith("SIMULATED")


def test_a_sheet_shows_itself_without_pyplot(run: Run) -> None:
    assert run.map(3)._repr_png_().startswith(PNG)


@pytest.mark.parametrize("day", [-1, DAYS + 1])
def test_a_day_outside_of_the_run_is_refused(run: Run, day: int) -> None:
    with pytest.raises(ValueError, match=f"0 to {DAYS}"):
        run.map(day)


def test_a_run_shows_its_answer_headline_and_map() -> None:
    short = sim.simulate("two_valleys", seed=1, sets=["days=40"])
    page = short._repr_html_()
    assert "SIMULATED" in page
    assert escape(short.answer) in page
    assert f">{plural(int(short.summary['clash_days']), 'day')}<" in page
    assert "data:image/png;base64,iVBOR" in page
    assert len(page) < 150_000


def test_a_comparison_shows_its_answers_and_differences() -> None:
    comparison = compared()
    page = comparison._repr_html_()
    assert "SIMULATED" in page
    assert page.count("<li>") == len(comparison.answers) > 0
    assert page.count("<tr>") == 1 + len(comparison.forest) > 1
