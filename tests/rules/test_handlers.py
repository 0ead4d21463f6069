"""Quota thresholds, consistency, reception, changes: the edges that decide."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import registry
from handlers.changes import major_criteria
from handlers.consistency import differences
from handlers.followup import month_end, quarter_end
from handlers.quota import filing, rounded, tonnes
from handlers.reception import new_demands

CTX = registry.HandlerContext(
    conn=SimpleNamespace(),
    time=SimpleNamespace(),
    case_id=None,
    enterprise_id=None,
    act_date=date(2026, 9, 1),
    actor_id=None,
)


def call(name, **inputs):
    return registry.call(name, inputs, CTX)


# -- quota -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "added", "route"),
    [
        ("COD", "1.000000", "filing"),
        ("COD", "1.000001", "balance"),
        ("VOCS", "1", "filing"),
        ("TP", "0.1", "filing"),
        ("TP", "0.100000", "filing"),
        ("TP", "0.100001", "balance"),
        ("NH3N", "0.1000000001", "balance"),
        ("PB", "0.000001", "balance"),
        ("PB", "0", "none"),
        ("TN", "-0.5", "none"),
    ],
)
def test_the_edge_between_filing_and_balance_is_exact(factor, added, route):
    assert filing([{"factor": factor, "plant_added_t": Decimal(added)}])[0]["route"] == route


def test_the_whole_plant_counts_and_not_the_project():
    line = filing([{"factor": "COD", "project_added_t": Decimal("0.2"), "plant_added_t": Decimal("1.2")}])[0]
    assert line["route"] == "balance"


def test_several_rows_of_one_factor_are_added():
    rows = [
        {"factor": "COD", "plant_added_t": Decimal("0.6")},
        {"factor": "COD", "plant_added_t": Decimal("0.400001")},
    ]
    assert [line["route"] for line in filing(rows)] == ["balance"]


def test_piped_and_external_amounts_differ_by_the_limit_of_the_works():
    told = call("quota.external", flow_m3_a=Decimal(10000), pipe_limit_mg_l=Decimal(500), works_limit_mg_l=Decimal(30))
    assert told == {"pipe_t": Decimal("5.000000"), "external_t": Decimal("0.300000")}


def test_where_water_is_piped_the_external_amount_decides():
    row = {"factor": "COD", "flow_m3_a": Decimal(10000), "works_limit_mg_l": Decimal(30)}
    assert filing([row])[0]["added_t"] == Decimal("0.300000")


def test_an_amount_nobody_declared_is_asked_for():
    with pytest.raises(registry.HandlerError) as refused:
        filing([{"factor": "COD"}])
    assert refused.value.code == "quota_amount_missing"


def test_a_form_project_in_a_pilot_park_needs_no_plan_except_for_taihu_nitrogen():
    rows = [{"factor": "COD", "plant_added_t": Decimal(2)}]
    assert not call("quota.filing", rows=rows, eia="form", pilot_park=True)["plan_needed"]
    assert call("quota.filing", rows=rows, eia="form", pilot_park=True, taihu_nitrogen_phosphorus=True)["plan_missing"]
    assert call("quota.filing", rows=rows, eia="report", pilot_park=True)["plan_needed"]
    assert not call("quota.filing", rows=rows, eia="report", plan={"name": "plan.pdf"})["plan_missing"]


@given(st.decimals(0, 10**6, places=6), st.decimals(0, 10**4, places=3))
def test_mass_is_exact_before_it_is_rounded(flow, concentration):
    assert tonnes(flow, concentration) * 1_000_000 == flow * concentration
    assert abs(rounded(tonnes(flow, concentration)) - tonnes(flow, concentration)) <= Decimal("0.0000005")


# -- consistency -------------------------------------------------------------------------------------

OUTLETS = [{"code": "DW001"}, {"code": "DA001"}]
ROW = {"outlet": "DW001", "factor": "COD", "concentration": Decimal(50), "amount_t": Decimal("1.5")}


def compare(eia, permit, outlets=OUTLETS):
    return [item["what"] for item in differences(eia, permit, outlets)]


def test_equal_or_stricter_is_consistent():
    assert compare([ROW], [ROW]) == []
    assert compare([ROW], [{**ROW, "concentration": Decimal(40), "amount_t": Decimal(1)}]) == []


def test_looser_limits_are_told_line_by_line():
    looser = {**ROW, "concentration": Decimal("50.1"), "amount_t": Decimal("1.500001")}
    assert compare([ROW], [looser]) == ["concentration_looser", "amount_larger", "total_larger"]
    assert differences([ROW], [looser], OUTLETS)[0]["zh"] == "DW001 COD 许可浓度宽于环评：环评 50，许可 50.1"


def test_amounts_spread_over_outlets_may_not_exceed_the_total():
    second = {"outlet": "DA001", "factor": "COD", "amount_t": Decimal("0.5")}
    eia = [ROW, {**second, "amount_t": Decimal("0.4")}]
    assert compare(eia, [ROW, second]) == ["amount_larger", "total_larger"]


def test_an_outlet_the_application_does_not_know_goes_to_the_reviewer():
    told = call("consistency.compare", eia=[{**ROW, "outlet": "DW009"}], permit=[], outlets=OUTLETS)
    assert (told["consistent"], told["responsible"]) == (False, "reviewer")


def test_missing_factors_and_outlets_go_to_the_preparer():
    assert compare([ROW], []) == ["factor_not_in_permit"]
    assert compare([], [{**ROW, "outlet": "DW002"}]) == ["outlet_undeclared", "factor_not_in_eia"]
    assert compare([ROW], [{**ROW, "concentration": None}]) == ["concentration_missing"]
    assert call("consistency.compare", eia=[ROW], permit=[], outlets=OUTLETS)["responsible"] == "preparer"


# -- reception ---------------------------------------------------------------------------------------


def test_a_second_notice_may_repeat_what_is_still_missing():
    first = [{"section": "outlets", "item": "排放口坐标缺失"}]
    assert new_demands(first, [{"section": "outlets", "item": "排放口 坐标缺失"}]) == []


def test_a_second_notice_naming_something_new_is_refused():
    first = [{"section": "outlets", "item": "排放口坐标缺失"}]
    told = call("reception.second_notice", first=first, second=[{"section": "files", "item": "缺平面图"}])
    assert not told["allowed"] and "缺平面图" in told["zh"]


def test_a_fault_of_the_corrected_material_itself_may_be_named():
    first = [{"section": "outlets", "item": "排放口坐标缺失"}]
    fault = {"section": "outlets", "item": "坐标落在厂界外", "from_correction": True}
    assert new_demands(first, [fault]) == []
    assert new_demands(first, [{**fault, "section": "files"}]) != []


def test_only_the_sections_a_notice_names_are_asked_again():
    items = [
        {"section": "outlets", "item": "a"},
        {"section": "files", "item": "b"},
        {"section": "outlets", "item": "c"},
    ]
    assert call("reception.first_notice", items=items)["sections"] == ["outlets", "files"]


def test_silence_accepts_from_the_day_of_receipt_and_an_officer_from_today():
    silence = call("reception.result", outcome="deemed_accepted", received_on=date(2026, 8, 28))
    assert (silence["accepted"], silence["accepted_on"]) == (True, date(2026, 8, 28))
    assert call("reception.result", outcome="accepted", received_on="2026-08-28")["accepted_on"] == date(2026, 9, 1)
    assert call("reception.result", outcome="not_competent", received_on="2026-08-28")["accepted_on"] is None
    assert call("reception.received") == {"on": date(2026, 9, 1)}


# -- changes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "numbers"),
    [
        ({"capacity_increase_pct": Decimal("29.9"), "attainment_area": True}, []),
        ({"capacity_increase_pct": Decimal("30"), "attainment_area": True}, [2]),
        (
            {
                "capacity_increase_pct": Decimal(1),
                "class1_water_increase_t": Decimal("0.000001"),
                "attainment_area": True,
            },
            [3],
        ),
        (
            {
                "capacity_increase_pct": Decimal(5),
                "pollutant_increase_pct": Decimal(10),
                "attainment_area": True,
            },
            [4],
        ),
        (
            {
                "capacity_increase_pct": Decimal(5),
                "pollutant_increase_pct": Decimal("9.9"),
                "attainment_area": True,
            },
            [],
        ),
        ({"capacity_increase_pct": Decimal(5), "relevant_pollutant_increase_t": Decimal("0.01")}, [4]),
        ({"protection_distance_changed": True}, []),
        ({"protection_distance_changed": True, "new_sensitive_target": True}, [5]),
        ({"process_changed": True, "new_pollutant_species": True}, [6]),
        ({"measures_changed": True, "measures_improved": True, "new_pollutant_species": True}, []),
        ({"handling_changed": True, "fugitive_increase_pct": 10}, [7]),
        ({"stack_decrease_pct": 10}, [10]),
        ({"new_main_air_outlet": True, "fugitive_to_organised": True}, []),
        ({"waste_own_disposal": True, "waste_own_eia": True}, []),
        ({"containment_weaker": True}, [13]),
    ],
)
def test_the_thirteen_criteria_of_major_changes(facts, numbers):
    assert [item["no"] for item in major_criteria(facts)] == numbers


@pytest.mark.parametrize(
    ("facts", "klass", "eia", "permit"),
    [
        ({"relocated": True, "has_permit": True}, "major", "reapply", "reapply"),
        ({"relocated": True}, "major", "reapply", "first"),
        ({"outlet_added": True, "has_permit": True}, "general", "analysis", "reapply"),
        ({"identity_changed": True, "has_permit": True}, "general", "analysis", "change"),
        (
            {"noise_soil_worse": True, "works_accepted": True, "has_permit": True},
            "post_acceptance",
            "catalogue",
            "adjust",
        ),
        ({"has_permit": True}, "general", "analysis", "none"),
    ],
)
def test_the_eia_and_the_permit_of_a_change_are_judged_independently(facts, klass, eia, permit):
    told = call("change.classify", facts=facts)
    assert (told["klass"], told["eia_action"], told["permit_action"]) == (klass, eia, permit)


# -- the registry ------------------------------------------------------------------------------------


def test_reports_are_counted_from_the_ends_of_month_quarter_and_year():
    assert month_end(date(2026, 2, 14)) == date(2026, 2, 28)
    assert quarter_end(date(2026, 12, 31)) == date(2026, 12, 31)
    assert call("followup.dates", decided_on="2026-08-20")["quarter_end"] == date(2026, 9, 30)


def test_every_handler_has_a_title_a_basis_and_a_description():
    for item in registry.info().values():
        assert item.title["zh"] and item.title["en"] and item.basis and item.doc, item.name


def test_unknown_handlers_and_inputs_are_refused():
    with pytest.raises(registry.HandlerError):
        call("no.such")
    with pytest.raises(registry.HandlerError) as refused:
        call("quota.external", flow_m3_a=1, pipe_limit_mg_l=2, works_limit_mg_l=3, surprise=4)
    assert refused.value.code == "handler_inputs"
    with pytest.raises(registry.HandlerError):
        call("quota.external", flow_m3_a=1.5, pipe_limit_mg_l=2, works_limit_mg_l=3)
