"""The limit table as shipped."""

import itertools
from datetime import date

import pytest

from registers.errors import DomainError
from registers.laws import cite
from registers.limits import (
    built_in,
    built_in_rules,
    codes,
    effect_text,
    pause_text,
    start_text,
    with_setting,
)

TODAY = date(2026, 11, 22)


def test_the_basis_of_an_approval_follows_the_date_of_the_act():
    assert "《环境影响评价法》第22条第3款" in built_in("eia.report.decide", date(2026, 8, 14)).basis_zh
    assert "《生态环境法典》第102条第2款" in built_in("eia.report.decide", date(2026, 8, 15)).basis_zh


@pytest.mark.parametrize(
    ("code", "limit", "unit"),
    [
        ("eia.report.decide", 60, "day"),
        ("eia.form.decide", 30, "day"),
        ("eia.deficiency", 5, "workday"),
        ("permit.deficiency", 3, "day"),
        ("permit.simplified.decide", 20, "day"),
        ("permit.key.decide", 30, "day"),
        ("permit.key_site.decide", 45, "day"),
        ("eia.report.acceptance_notice", 10, "workday"),
        ("eia.form.acceptance_notice", 5, "workday"),
        ("eia.intended_notice", 5, "workday"),
        ("hearing.request", 5, "workday"),
        ("hearing.hold", 20, "workday"),
        ("hearing.notice", 7, "workday"),
        ("deliver", 10, "workday"),
        ("eia.decision_notice", 7, "workday"),
        ("permit.validity", 5, "year"),
        ("permit.renewal_lead", 60, "day"),
        ("eia.start_works", 5, "year"),
        ("waste.decide", 20, "workday"),
    ],
)
def test_the_numbers_are_those_of_the_law(code, limit, unit):
    found = built_in(code, TODAY)
    assert (found.limit, found.unit) == (limit, unit)


def test_only_the_general_licensing_limits_may_be_extended():
    extendable = {rule.code for rule in built_in_rules() if rule.extension}
    assert extendable == {
        "licence.decide",
        "licence.joint.decide",
        "enforcement.open_case",
        "enforcement.decide",
    }


def test_a_registration_expires_only_since_the_code():
    with pytest.raises(DomainError):
        built_in("permit.registration.validity", date(2026, 8, 14))
    assert built_in("permit.registration.validity", date(2026, 8, 15)).limit == 5


def test_every_row_has_titles_words_and_a_citation():
    for rule in built_in_rules():
        assert rule.title["zh"] and rule.title["en"] and rule.basis_zh and rule.basis_en, rule.code
        assert start_text(rule.start_fact)[0] != rule.start_fact, rule.start_fact
        assert effect_text(rule.effect)[0] != rule.effect, rule.effect
        assert all(pause_text(kind)[0] != kind for kind in rule.pauses)
        assert (
            not rule.pauses or rule.pause_basis_zh or rule.code in ("eia.report.decide.jiangsu", "enforcement.decide")
        )


def test_versions_of_one_limit_never_overlap():
    for code in codes():
        versions = sorted((r for r in built_in_rules() if r.code == code), key=lambda r: r.valid_from)
        assert all(a.valid_to and a.valid_to <= b.valid_from for a, b in itertools.pairwise(versions))


def test_a_body_may_count_a_bare_day_in_working_days_but_not_a_written_one():
    assert with_setting(built_in("permit.key.decide", TODAY), "workday", None).unit == "workday"
    assert with_setting(built_in("permit.renewal_lead", TODAY), "workday", None).unit == "day"


def test_a_promise_longer_than_the_law_is_refused():
    with pytest.raises(DomainError):
        with_setting(built_in("permit.key.decide", TODAY), None, 31)
    assert with_setting(built_in("permit.key.decide", TODAY), None, 15).promised == 15


def test_a_citation_is_written_out_in_both_languages():
    assert cite("APL:32(1)(4)") == (
        "《行政许可法》第32条第1款第4项",
        "Administrative Licensing Law art. 32(1)(4)",
    )
    assert cite("SIPQUOTA:四.3")[0].endswith("》四.3")
