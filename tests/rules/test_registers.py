"""Limits, catalogues and calendar years in the database."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, insert, select

from handlers import registry
from registers import calendar_years, catalogues, limits
from registers.errors import DomainError
from registers.timesource import FixedTime
from workflows.calendars import WorkCalendar

EIA_CSV = (
    "item_no,major_category,industry,gbt4754_codes,report_book,report_form,registration,sensitive_area_definition,"
    "industrial_building_only,analyst_suggested_codes,source_note\n"
    "1,一、农业,农产品基地,,/,涉及环境敏感区的,其他,自然保护区,no,011,试验\n"
    "2,二、畜牧业,牲畜饲养031,031,年出栏生猪5000头及以上,/,其他,,no,,试验\n"
)


def context(conn):
    return registry.HandlerContext(conn, FixedTime.on(date(2026, 9, 1)), None, None, date(2026, 9, 1), None)


def test_the_stored_limits_are_the_shipped_ones_and_seeding_again_writes_nothing(conn):
    assert limits.seed(conn) == 0
    assert conn.scalar(select(func.count()).select_from(limits.LimitRow)) == len(limits.built_in_rules())
    for rule in limits.built_in_rules():
        assert limits.rule(conn, rule.code, rule.valid_from) == rule


def test_a_body_counts_a_bare_day_in_its_own_way_from_a_date_on(conn):
    conn.execute(
        insert(limits.LimitSetting),
        [
            {
                "body_code": "sip-eeb",
                "code": None,
                "valid_from": date(2026, 1, 1),
                "bare_day_unit": "workday",
                "promised": None,
            },
            {
                "body_code": "sip-eeb",
                "code": "permit.key.decide",
                "valid_from": date(2026, 1, 1),
                "bare_day_unit": None,
                "promised": 15,
            },
        ],
    )
    found = limits.rule(conn, "permit.key.decide", date(2026, 9, 1), "sip-eeb")
    assert (found.unit, found.promised) == ("workday", 15)
    assert limits.rule(conn, "permit.key.decide", date(2025, 9, 1), "sip-eeb").unit == "day"
    assert limits.rule(conn, "permit.key.decide", date(2026, 9, 1), "sz-eeb").promised is None


def test_a_limit_that_was_not_in_force_is_not_found(conn):
    with pytest.raises(DomainError) as refused:
        limits.rule(conn, "permit.key.decide", date(2021, 2, 28))
    assert refused.value.code == "limit_not_in_force"


def test_an_imported_catalogue_offers_its_texts_for_ticking(conn):
    assert catalogues.import_csv(conn, "eia", EIA_CSV.encode()) == 2
    told = registry.call("screening.classify", {"facts": {"industry": "0311"}}, context(conn))
    assert told["eia"] == "undetermined" and told["open_items"][0]["texts"]["report"].startswith("年出栏")
    ticks = [
        {"catalogue": "eia", "item_no": "2", "level": "report"},
        {"catalogue": "permit", "item_no": "1", "level": "key"},
    ]
    told = registry.call("screening.classify", {"facts": {"industry": "0311"}, "ticks": ticks}, context(conn))
    assert (told["eia"], told["permit"]) == ("report", "key")


def test_the_shipped_conditions_still_decide_after_an_import(conn):
    catalogues.import_csv(conn, "eia", EIA_CSV.encode())
    facts = {"industry": "3562", "electroplating": True}
    assert registry.call("screening.classify", {"facts": facts}, context(conn))["eia"] == "report"


@pytest.mark.parametrize(
    ("content", "code"),
    [("item_no,industry\n1,x\n", "catalogue_columns"), (EIA_CSV.replace("\n2,", "\n3,"), "catalogue_numbering")],
)
def test_a_catalogue_file_with_gaps_is_refused(content, code):
    with pytest.raises(DomainError) as refused:
        catalogues.parse_csv("eia", content.encode())
    assert refused.value.code == code


def test_an_imported_year_is_stored_and_replaced_by_a_newer_import(conn):
    now = datetime(2026, 11, 22, tzinfo=UTC)
    first = calendar_years.parse(b"date,kind\n2027-01-01,off\n", "notice")
    second = calendar_years.parse(b"date,kind\n2027-01-01,off\n2027-01-04,off\n", "corrected notice")
    calendar_years.save(conn, first, now)
    calendar_years.save(conn, second, now)
    assert calendar_years.load_all(conn) == (second,)
    assert not WorkCalendar(calendar_years.load_all(conn)).is_workday(date(2027, 1, 4))
