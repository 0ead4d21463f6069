"""The working-day calendar, checked against holiday notices worked out by hand."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registers.calendar_years import CalendarYear, parse
from registers.errors import DomainError
from workflows.calendars import DAY, WorkCalendar, days_between

CALENDAR = WorkCalendar()
KNOWN = st.dates(date(2004, 1, 1), date(2026, 6, 30))


# 2025: Spring Festival off 28 January to 4 February, make-up days 26 January and 8 February.
@pytest.mark.parametrize(
    ("start", "limit", "count_start", "due"),
    [
        # 8 Feb is a Saturday on which offices work: 7, 8, 10, 11, 12, 13, 14, 17, 18, 19.
        (date(2025, 2, 7), 10, True, date(2025, 2, 19)),
        (date(2025, 2, 7), 10, False, date(2025, 2, 20)),
        # 26 Jan is a working Sunday, 27 Jan a Monday; then the festival until 4 Feb: 26, 27 Jan, 5, 6, 7 Feb.
        (date(2025, 1, 24), 5, False, date(2025, 2, 7)),
        # The limit that starts within the festival counts from its first working day.
        (date(2025, 1, 30), 3, True, date(2025, 2, 7)),
        # 2026: off 15 to 23 February, make-up days 14 and 28 February: 13, 14, 24, 25, 26.
        (date(2026, 2, 12), 5, False, date(2026, 2, 26)),
        # ... and the working Saturday 28 February: 27, 28 Feb, 2 Mar.
        (date(2026, 2, 26), 3, False, date(2026, 3, 2)),
        # National Day 2025: off 1-8 October, make-up days 28 September and 11 October: 28-30 Sep, 9-11 Oct.
        (date(2025, 9, 27), 6, False, date(2025, 10, 11)),
    ],
)
def test_working_days_around_holidays_end_where_counting_by_hand_ends(start, limit, count_start, due):
    assert CALENDAR.due(start, limit, "workday", count_start).date == due


# Notices as bureaus and applicants published them: the period they printed, the number of working days they named,
# and whether the day of publication counted. Sources in the last column (read in November 2026).
@pytest.mark.parametrize(
    ("published", "limit", "count_start", "last", "source"),
    [
        # Across New Year's Day; the day of acceptance is a Saturday on which nobody works.
        (
            date(2023, 12, 23),
            10,
            True,
            date(2024, 1, 8),
            "锡林郭勒盟生态环境局 受理公示 2023-12-23 (ixbang.com E412D88B)",
        ),
        # The working Saturday after the Spring Festival of 2025 is counted.
        (date(2025, 2, 7), 10, True, date(2025, 2, 19), "天然气长输管道 征求意见稿公示 2025-02-07 (js-eia.cn)"),
        # After the New Year's holiday of 2026 with its working Sunday; the day of publication is not counted ...
        (date(2026, 1, 8), 5, False, date(2026, 1, 15), "湖州市生态环境局长兴分局 2026-01-08 (qianlima.com 570959654)"),
        # ... and here it is: the same last day.
        (date(2026, 1, 9), 5, True, date(2026, 1, 15), "大庆市肇源生态环境局 2026-01-09 (882630.com a57c1eaa)"),
        (date(2026, 3, 4), 5, False, date(2026, 3, 11), "日照市生态环境局莒县分局 2026-03-04 (xzphp.com fbad865b)"),
        (date(2024, 12, 17), 5, False, date(2024, 12, 24), "嘉兴市生态环境局秀洲分局 2024-12-17 (ixbang.com 8A220434)"),
        (date(2024, 10, 30), 5, True, date(2024, 11, 5), "达州市生态环境局 2024-10-30 (sthjj.dazhou.gov.cn 20799)"),
        (date(2023, 8, 23), 7, True, date(2023, 8, 31), "高密市 审批决定公告 2023-08-23 (ixbang.com 4F286189)"),
    ],
)
def test_periods_printed_in_real_notices_come_out_as_printed(published, limit, count_start, last, source):
    assert CALENDAR.due(published, limit, "workday", count_start).date == last, source


@pytest.mark.parametrize(
    ("start", "limit", "count_start", "due"),
    [
        # Spring Festival 2024 by hand: off 10-17 February, make-up days 4 and 18 February: 8, 9, 18, 19, 20 February.
        (date(2024, 2, 7), 5, False, date(2024, 2, 20)),
        # New Year 2026: off 1-3 January, make-up day Sunday 4 January: 31 December, 4, 5, 6, 7 January.
        (date(2025, 12, 30), 5, False, date(2026, 1, 7)),
        # National Day 2024: off 1-7 October, make-up days 29 September and 12 October: 29, 30 Sep, 8-11, 12 October.
        (date(2024, 9, 29), 7, True, date(2024, 10, 12)),
    ],
)
def test_limits_across_festivals_worked_out_by_hand_from_the_notices_of_the_state_council(
    start, limit, count_start, due
):
    assert CALENDAR.due(start, limit, "workday", count_start).date == due


def test_calendar_days_count_every_day():
    assert CALENDAR.due(date(2025, 1, 24), 30, "day", False).date == date(2025, 2, 23)


def test_months_end_on_the_same_number_or_the_last_day_of_the_month():
    assert CALENDAR.due(date(2025, 1, 31), 1, "month", False).date == date(2025, 2, 28)
    assert CALENDAR.due(date(2024, 2, 29), 1, "year", False).date == date(2025, 2, 28)


def test_a_permit_of_five_years_ends_the_day_before_its_anniversary():
    assert CALENDAR.due(date(2025, 3, 10), 5, "year", True).date == date(2030, 3, 9)


def test_sixty_days_before_expiry_are_counted_backwards():
    assert CALENDAR.due(date(2030, 3, 9), 60, "day", False, backward=True).date == date(2030, 1, 8)


def test_seven_working_days_before_a_hearing_skip_the_festival():
    # Hearing on 10 Feb 2025: 8, 7, 6, 5 Feb, 27, 26, 24 Jan.
    assert CALENDAR.due(date(2025, 2, 10), 7, "workday", False, backward=True).date == date(2025, 1, 24)


def test_a_year_not_published_is_counted_by_weekends_and_says_so():
    due = CALENDAR.due(date(2026, 12, 20), 20, "workday", False)
    assert due.provisional and due.date == date(2027, 1, 15)
    assert not CALENDAR.due(date(2026, 11, 20), 20, "workday", False).provisional


def test_an_imported_year_replaces_the_provisional_count():
    imported = parse(b'{"year": 2027, "source": "notice", "days": [{"date": "2027-01-04", "kind": "off"}]}')
    due = WorkCalendar([imported]).due(date(2026, 12, 20), 20, "workday", False)
    assert not due.provisional and due.date == date(2027, 1, 18)


def test_an_imported_notice_may_name_new_years_eve_of_the_year_before():
    item = CalendarYear(2027, "notice", {date(2026, 12, 31): "off", date(2027, 1, 1): "off"})
    assert not WorkCalendar([item]).is_workday(date(2026, 12, 31))


def test_a_holiday_file_is_read_from_csv_too():
    item = parse("date,kind,name\n2027-02-06,off,春节\n2027-02-20,work,调休\n".encode())
    assert item.year == 2027 and item.days[date(2027, 2, 20)] == "work"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"date,kind\n2027-13-01,off\n", "calendar_unreadable"),
        (b"day\n2027-01-01\n", "calendar_unreadable"),
        (b'{"year": 2027, "days": [{"date": "2025-05-01", "kind": "off"}]}', "calendar_wrong_year"),
        (b"date,kind\n2027-01-05,work\n", "calendar_not_a_makeup_day"),
        (b"date,kind\n2027-02-20,work\n", "calendar_empty"),
    ],
)
def test_a_holiday_file_that_cannot_be_right_is_refused(content, code):
    with pytest.raises(DomainError) as refused:
        parse(content)
    assert refused.value.code == code


@given(KNOWN, st.integers(1, 90), st.booleans())
def test_the_due_day_is_a_working_day_and_exactly_the_limit_lies_before_it(start, limit, count_start):
    due = CALENDAR.due(start, limit, "workday", count_start).date
    first = start if count_start else start + DAY
    assert CALENDAR.is_workday(due)
    assert sum(CALENDAR.is_workday(day) for day in days_between(first, due + DAY)) == limit


@given(KNOWN, st.integers(1, 60))
def test_counting_forward_and_back_again_meets(start, limit):
    due = CALENDAR.due(start, limit, "workday", False).date
    back = CALENDAR.due(due, limit, "workday", False, backward=True).date
    assert CALENDAR.count(start + DAY, due + DAY, "workday") == CALENDAR.count(back, due, "workday") == limit
