"""The statutory clock: worked examples by hand, and what must hold for any facts."""

import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registers.errors import DomainError
from registers.limits import built_in
from workflows.calendars import DAY, WorkCalendar
from workflows.clocks import Fact, Reading, admit, due_by_intervals, pauses, read

CALENDAR = WorkCalendar()
EIA_FORM = built_in("eia.form.decide", date(2025, 6, 1))
BY_WORKDAYS = replace(EIA_FORM, unit="workday")
LICENCE = built_in("licence.decide", date(2025, 6, 1))
START = date(2025, 1, 20)


def clock(rule, *facts, as_of=START) -> Reading:
    return read(rule, [Fact("started", START), *facts], CALENDAR, as_of)


def test_thirty_days_without_pause_end_on_the_thirtieth_day():
    assert clock(EIA_FORM).due == date(2025, 2, 19)


def test_a_clock_that_has_not_started_has_no_date():
    reading = read(EIA_FORM, [], CALENDAR, START)
    assert (reading.due, reading.state, reading.remaining) == (None, "not_started", 30)


def test_a_technical_evaluation_moves_the_date_by_its_days():
    # Out from 10 to 19 February (day of resumption 20 February counted): ten days later.
    facts = (
        Fact("paused", date(2025, 2, 10), reason="technical_evaluation"),
        Fact("resumed", date(2025, 2, 20), reason="technical_evaluation"),
    )
    reading = clock(EIA_FORM, *facts, as_of=date(2025, 2, 25))
    assert (reading.due, reading.used, reading.paused, reading.remaining) == (date(2025, 3, 1), 26, 10, 4)


def test_overlapping_expert_review_and_evaluation_are_excluded_once():
    facts = (
        Fact("paused", date(2025, 2, 10), date(2025, 2, 15), reason="technical_evaluation"),
        Fact("paused", date(2025, 2, 12), date(2025, 2, 20), reason="expert_review"),
    )
    reading = clock(EIA_FORM, *facts)
    assert reading.due == date(2025, 3, 1)
    assert [(item.start, item.end) for item in reading.pauses] == [(date(2025, 2, 10), date(2025, 2, 20))]


def test_an_open_pause_leaves_no_due_date_but_a_projection():
    paused = Fact("paused", date(2025, 2, 10), reason="expert_review")
    reading = clock(EIA_FORM, paused, as_of=date(2025, 2, 20))
    assert (reading.due, reading.state) == (None, "paused")
    assert reading.projected == date(2025, 3, 1)
    assert (reading.used, reading.paused) == (20, 11)


def test_a_pause_after_expiry_does_not_heal_lateness():
    reading = clock(EIA_FORM, Fact("paused", date(2025, 2, 25), reason="hearing"), as_of=date(2025, 3, 1))
    assert (reading.state, reading.due) == ("overdue", date(2025, 2, 19))


def test_a_site_check_does_not_stop_the_permit_clock_and_the_derivation_says_so():
    rule = built_in("permit.key_site.decide", date(2025, 6, 1))
    reading = clock(rule, Fact("paused", date(2025, 2, 10), date(2025, 2, 20), reason="site_check"))
    assert reading.due == START + timedelta(days=45)
    assert any("不属于法定扣除事项" in line.zh for line in reading.derivation)


def test_a_decision_on_the_last_day_is_in_time_and_a_day_later_is_not():
    assert clock(EIA_FORM, Fact("decided", date(2025, 2, 19)), as_of=date(2025, 3, 1)).state == "decided"
    assert clock(EIA_FORM, Fact("decided", date(2025, 2, 20)), as_of=date(2025, 3, 1)).state == "decided_late"


def test_the_last_day_is_not_overdue():
    assert clock(EIA_FORM, as_of=date(2025, 2, 19)).state == "running"
    assert clock(EIA_FORM, as_of=date(2025, 2, 20)).state == "overdue"


def test_a_promise_is_shown_beside_the_statutory_date_and_leads_the_work():
    reading = clock(replace(EIA_FORM, promised=10))
    assert (reading.promised_due, reading.statutory_due) == (date(2025, 1, 30), date(2025, 2, 19))
    assert reading.due == date(2025, 1, 30)


def test_an_extension_adds_at_most_what_the_law_allows():
    # 21-24, 26, 27 Jan, 5-8, 10-14, 17-21 Feb: twenty working days; ten more are 24-28 Feb and 3-7 Mar.
    extended = Fact("extended", date(2025, 2, 20), days=10, reason="案情复杂", approver="局长")
    assert clock(LICENCE).due == date(2025, 2, 21)
    assert clock(LICENCE, extended).due == date(2025, 3, 7)
    assert clock(LICENCE, extended, replace(extended, on=date(2025, 2, 21))).due == date(2025, 3, 7)


def test_the_renewal_date_is_counted_back_from_expiry():
    rule = built_in("permit.renewal_lead", date(2026, 9, 1))
    reading = read(rule, [Fact("started", date(2030, 3, 9))], CALENDAR, date(2029, 12, 1))
    assert (reading.due, reading.state) == (date(2030, 1, 8), "running")


def test_the_derivation_names_every_day_and_its_reason():
    rule = built_in("eia.deficiency", date(2025, 2, 6))
    reading = read(rule, [Fact("started", date(2025, 2, 6))], CALENDAR, date(2025, 2, 6))
    text = [line.zh for line in reading.derivation]
    assert text[2:5] == [
        "2025-02-08 星期六（调休上班） 第 2 日",
        "2025-02-09 星期日 非工作日，不计",
        "2025-02-10 星期一 第 3 日",
    ]
    assert "《行政许可法》第32条第1款第4项" in text[0] and text[-1] == "届满日 2025-02-12"


def test_a_provisional_date_is_marked():
    rule = built_in("eia.report.acceptance_notice", date(2026, 12, 1))
    reading = read(rule, [Fact("started", date(2026, 12, 25))], CALENDAR, date(2026, 12, 25))
    assert reading.provisional and "暂定" in reading.derivation[-1].zh


@pytest.mark.parametrize(
    ("rule", "fact", "code"),
    [
        (EIA_FORM, Fact("paused", date(2025, 2, 1), reason="site_check"), "pause_not_allowed"),
        (
            EIA_FORM,
            Fact("extended", date(2025, 2, 1), days=5, reason="r", approver="a"),
            "extension_not_allowed",
        ),
        (
            LICENCE,
            Fact("extended", date(2025, 2, 1), days=11, reason="r", approver="a"),
            "extension_too_long",
        ),
        (LICENCE, Fact("extended", date(2025, 2, 1), days=5), "extension_incomplete"),
        (EIA_FORM, Fact("resumed", date(2025, 2, 1)), "clock_not_paused"),
        (EIA_FORM, Fact("decided", date(2025, 1, 1)), "clock_before_start"),
        (EIA_FORM, Fact("paused", date(2025, 2, 3), date(2025, 2, 1), reason="hearing"), "pause_backwards"),
    ],
)
def test_a_fact_the_law_does_not_allow_is_refused(rule, fact, code):
    with pytest.raises(DomainError) as refused:
        admit(rule, [Fact("started", START)], fact)
    assert refused.value.code == code


def test_a_pause_of_the_list_is_admitted():
    admit(EIA_FORM, [Fact("started", START)], Fact("paused", date(2025, 2, 1), reason="technical_evaluation"))


RULES = st.sampled_from([EIA_FORM, BY_WORKDAYS])
OFFSETS = st.integers(0, 80)
CLOSED = st.builds(
    lambda at, length, reason: Fact("paused", START + at * DAY, START + (at + length) * DAY, reason=reason),
    OFFSETS,
    st.integers(0, 25),
    st.sampled_from(["hearing", "expert_review", "technical_evaluation"]),
)


@given(RULES, st.lists(CLOSED, max_size=5))
def test_walking_day_by_day_and_counting_intervals_agree(rule, facts):
    known = [Fact("started", START), *facts]
    assert read(rule, known, CALENDAR, START).projected == due_by_intervals(rule, known, CALENDAR, rule.limit)


@given(RULES, st.lists(CLOSED, max_size=4), st.randoms(use_true_random=False), OFFSETS)
def test_the_order_in_which_facts_were_recorded_does_not_matter(rule, facts, random, later):
    known = [Fact("started", START), *facts, Fact("paused", START + later * DAY, reason="hearing")]
    shuffled = list(known)
    random.shuffle(shuffled)
    assert read(rule, known, CALENDAR, date(2025, 4, 1)) == read(rule, shuffled, CALENDAR, date(2025, 4, 1))


@given(RULES, OFFSETS)
def test_a_pause_lifted_on_the_same_day_moves_nothing(rule, at):
    day = START + at * DAY
    facts = (Fact("paused", day, reason="hearing"), Fact("resumed", day, reason="hearing"))
    assert clock(rule, *facts, as_of=date(2025, 6, 1)).due == clock(rule).due


@given(st.integers(1, 29), st.integers(1, 15))
def test_a_pause_of_n_working_days_moves_the_date_by_n_working_days(at, length):
    begin = CALENDAR.due(START, at, "workday", False).date
    end = CALENDAR.due(begin, length, "workday", False).date
    paused = clock(BY_WORKDAYS, Fact("paused", begin, end, reason="hearing")).due
    assert paused == CALENDAR.due(clock(BY_WORKDAYS).due, length, "workday", False).date


@given(RULES, st.lists(CLOSED, max_size=4), OFFSETS)
def test_used_and_remaining_always_add_up(rule, facts, at):
    reading = clock(rule, *facts, as_of=START + at * DAY)
    assert reading.used + reading.remaining == rule.limit
    assert reading.used >= 0 and reading.remaining >= 0


@given(st.lists(CLOSED, max_size=6))
def test_merged_pauses_never_touch(facts):
    merged = pauses(EIA_FORM, facts)
    assert all(a.end is not None and a.end < b.start for a, b in itertools.pairwise(merged))


# The same over all years the calendar knows, and one it does not: holidays, make-up days, leap days, year ends.
ANY_DAY = st.dates(date(2004, 1, 1), date(2027, 12, 31))
ANY_RULE = st.builds(
    lambda limit, unit, first, extension: replace(
        LICENCE, limit=limit, unit=unit, count_start=first, pauses=EIA_FORM.pauses, extension=extension
    ),
    st.integers(1, 90),
    st.sampled_from(["workday", "day"]),
    st.booleans(),
    st.sampled_from([None, LICENCE.extension]),
)
SHIFTED = st.lists(st.tuples(OFFSETS, st.integers(0, 25), st.sampled_from(sorted(EIA_FORM.pauses))), max_size=5)


def at(start, shifted):
    return [
        Fact("started", start),
        *(Fact("paused", start + at * DAY, start + (at + length) * DAY, reason=kind) for at, length, kind in shifted),
    ]


@given(ANY_RULE, ANY_DAY, SHIFTED)
def test_from_2004_to_2027_the_day_walk_and_interval_arithmetic_agree(rule, start, shifted):
    known = at(start, shifted)
    assert read(rule, known, CALENDAR, start).projected == due_by_intervals(rule, known, CALENDAR, rule.limit)


@given(ANY_RULE, ANY_DAY, SHIFTED, st.integers(1, 10), OFFSETS)
def test_an_extension_never_shortens(rule, start, shifted, days, later):
    known = at(start, shifted)
    extended = Fact("extended", start + later * DAY, days=days, reason="r", approver="a")
    before = read(rule, known, CALENDAR, start).projected
    after = read(rule, [*known, extended], CALENDAR, start).projected
    assert before is not None and after is not None and after >= before
    assert (after > before) == (rule.extension is not None)


@given(ANY_RULE, ANY_DAY, st.integers(0, 60), st.integers(1, 15))
def test_from_2004_to_2027_a_pause_of_n_counted_days_moves_the_date_by_n_counted_days(rule, start, used, length):
    last = read(rule, at(start, []), CALENDAR, start).projected
    begin = start + (used + 1) * DAY
    if last is None or begin > last:
        return
    end = CALENDAR.due(begin, length, rule.unit, True).date + DAY
    paused = [*at(start, []), Fact("paused", begin, end, reason="hearing")]
    moved = read(rule, paused, CALENDAR, start).projected
    assert moved == CALENDAR.due(last, length, rule.unit, False).date


@given(ANY_RULE, ANY_DAY, SHIFTED)
def test_leaving_the_derivation_out_changes_nothing_else(rule, start, shifted):
    known = at(start, shifted)
    told, silent = (read(rule, known, CALENDAR, start, explained=explained) for explained in (True, False))
    assert replace(told, derivation=[]) == silent
