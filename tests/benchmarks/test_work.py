"""Work is counted by the lines that are run: always the same number, so that growth can be held to its limit here."""

import pytest

from benchmarks import growth, work


def twice(number):
    total = 0
    for _each in range(number):
        total += 1
    return total


def test_lines_are_counted_in_a_function_and_in_what_it_calls():
    few, many = work.Counter(twice), work.Counter(lambda number: twice(number))
    assert few(10) == many(10) == 10
    assert few.lines == 1 + 11 + 10 + 1
    assert many.lines == few.lines + 1
    few(10)
    assert few.lines == 2 * (1 + 11 + 10 + 1)


@pytest.fixture(scope="module")
def counted():
    found = growth.Growth()
    work.measure(found, (13, 26), (1, 3), 2)
    return found


def test_no_rule_does_more_than_linearly_with_towns_or_forces(counted):
    told = {(each.by, each.part) for each in counted.series.values() if len(each.told) > 1}
    assert {
        ("towns", f"rule {name}") for name in ("base_attempts", "incidents", "clashes", "movement", "control")
    } <= told
    assert {("forces", f"rule {name}") for name in ("update_index", "clashes", "movement", "dawn")} <= told
    assert growth.over(counted) == []


def test_a_day_is_the_sum_of_its_rules(counted):
    day = counted.series[growth.WORK, "towns", "a day"]
    rules = [each for (_, by, part), each in counted.series.items() if by == "towns" and part.startswith("rule ")]
    assert day.amounts == [pytest.approx(sum(each.amounts[at] for each in rules)) for at in (0, 1)]
    assert day.amounts[0] > 30_000
