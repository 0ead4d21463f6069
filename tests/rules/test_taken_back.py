"""A decision that was signed and taken back before it was served: its clock reads as if it had never stopped."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registers.errors import DomainError
from registers.limits import LimitRule, built_in
from workflows.calendars import DAY, WorkCalendar
from workflows.clocks import Fact, admit, read

CALENDAR = WorkCalendar()
RULE: LimitRule = built_in("eia.form.decide", date(2025, 6, 1))
START = date(2025, 1, 20)
STARTED = Fact("started", START)


def _read(facts: list[Fact], as_of: date) -> Any:
    return read(RULE, [STARTED, *facts], CALENDAR, as_of)


def _signed(at: int) -> Fact:
    return Fact("decided", START + at * DAY)


def _back(at: int) -> Fact:
    return Fact("reopened", START + at * DAY, reason="一并不予")


def test_a_decision_taken_back_leaves_the_clock_running_and_the_days_between_count() -> None:
    today = START + 12 * DAY
    reading = _read([_signed(5), _back(10)], today)
    assert (reading.state, reading.stopped, reading.used) == ("running", None, 12)
    assert any("撤回" in line.zh for line in reading.derivation)


def test_the_decision_made_in_its_place_stops_the_clock_on_its_own_day() -> None:
    reading = _read([_signed(5), _back(10), _signed(11)], START + 20 * DAY)
    assert (reading.state, reading.stopped, reading.used) == ("decided", START + 11 * DAY, 11)


def test_decided_in_time_taken_back_and_decided_after_the_last_day_is_late() -> None:
    assert _read([_signed(29), _back(35), _signed(36)], START + 40 * DAY).state == "decided_late"


def test_signed_taken_back_and_signed_again_on_one_day_is_decided_on_that_day() -> None:
    assert _read([_signed(5), _back(5), _signed(5)], START + 9 * DAY).stopped == START + 5 * DAY


def test_before_it_was_taken_back_the_clock_stood() -> None:
    assert _read([_signed(5), _back(10)], START + 7 * DAY).state == "decided"


@pytest.mark.parametrize("known", [[], [_signed(5), _back(6)]])
def test_without_a_decision_that_stands_there_is_nothing_to_take_back(known: list[Fact]) -> None:
    with pytest.raises(DomainError, match="clock_not_decided"):
        admit(RULE, [STARTED, *known], _back(8))


@given(st.lists(st.integers(0, 60), min_size=2, max_size=7), st.randoms(use_true_random=False))
def test_of_decisions_taken_back_in_turn_only_what_was_left_standing_counts(at: list[int], random: Any) -> None:
    days = sorted(at)
    facts = [_back(day) if place % 2 else _signed(day) for place, day in enumerate(days)]
    standing = None if len(facts) % 2 == 0 else START + days[-1] * DAY
    random.shuffle(facts)
    assert _read(facts, START + 60 * DAY).stopped == standing
