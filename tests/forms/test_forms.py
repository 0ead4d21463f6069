"""What a form promises: clean values or all errors at once, bilingual; hidden answers never get in."""

from __future__ import annotations

import json
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import forms
from registers.errors import DomainError, NotFound

REAL_CODE = "91130200699229617X"


def words(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


def field(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "label": words(name), **more}


def form(*fields: dict[str, Any], **more: Any) -> forms.FormDefinition:
    section = {"id": "main", "title": words("main"), "fields": list(fields)}
    return forms.parse({"id": "trial", "version": 1, "title": words("trial"), "sections": [section], **more})


def errors(of: forms.FormDefinition, raw: Any, **options: Any) -> dict[str, str]:
    with pytest.raises(forms.FormErrors) as caught:
        forms.validate(of, raw, **options)
    return {error.path: error.en for error in caught.value.errors}


YES_NO = [{"value": "yes", "label": words("yes")}, {"value": "no", "label": words("no")}]
OUTLETS = field(
    "outlets",
    "table",
    required=True,
    max_rows=3,
    columns=[
        field("code", "text", required=True, pattern="D[AW][0-9]{3}"),
        field("water", "boolean"),
        field("flow", "decimal", places=2, required=True, show_if={"field": "water", "equals": True}),
    ],
)


@pytest.mark.parametrize(
    ("kind", "sent", "clean"),
    [
        ("text", "  化工厂 ", "化工厂"),
        ("textarea", "a\r\nb", "a\nb"),
        ("integer", "12", 12),
        ("integer", -3, -3),
        ("decimal", "12.50", Decimal("12.50")),
        ("decimal", 0.1, Decimal("0.1")),
        ("tons", "0.000001", Decimal("0.000001")),
        ("tons", 2, Decimal(2)),
        ("percent", "99.95", Decimal("99.95")),
        ("date", "2026-02-28", date(2026, 2, 28)),
        ("boolean", "on", True),
        ("boolean", False, False),
        ("declaration", "true", True),
        ("credit_code", REAL_CODE.lower(), REAL_CODE),
        ("file", str(uuid.UUID(int=5)), [str(uuid.UUID(int=5))]),
        ("catalogue", "2614", "2614"),
    ],
)
def test_an_answer_becomes_one_clean_value(kind: str, sent: Any, clean: Any) -> None:
    result = forms.validate(form(field("a", kind)), {"a": sent})["a"]
    assert result == clean
    assert type(result) is type(clean)


@pytest.mark.parametrize(
    ("kind", "sent", "says"),
    [
        ("text", 5, "must be text"),
        ("text", "a\x00b", "control characters"),
        ("text", "a\nb", "control characters"),
        ("text", "x" * 201, "200 characters at most"),
        ("integer", "1.5", "whole number"),
        ("integer", True, "whole number"),
        ("integer", 1.0, "whole number"),
        ("decimal", "1e5", "must be a number"),
        ("decimal", "NaN", "must be a number"),
        ("decimal", float("inf"), "must be a number"),
        ("decimal", Decimal("1e99999"), "must be a number"),
        ("tons", "-1", "must be 0 or more"),
        ("tons", "0.0000001", "6 decimal places"),
        ("percent", "100.01", "must be 100 or less"),
        ("date", "2026-02-30", "must be a date"),
        ("date", "2026/2/3", "must be a date"),
        ("date", "２０２６-02-03", "must be a date"),
        ("boolean", "perhaps", "yes or no"),
        ("credit_code", REAL_CODE[:-1] + "1", "not a valid unified social credit code"),
        ("file", "passwd", "not known"),
        ("file", [str(uuid.UUID(int=1)), str(uuid.UUID(int=2))], "one file only"),
    ],
)
def test_a_wrong_answer_is_told_in_words(kind: str, sent: Any, says: str) -> None:
    assert says in errors(form(field("a", kind)), {"a": sent})["a"]


def test_every_error_speaks_chinese_and_english() -> None:
    with pytest.raises(forms.FormErrors) as caught:
        forms.validate(form(field("a", "integer"), field("b", "text", required=True)), {"a": "x"})
    assert [(error.path, error.zh) for error in caught.value.errors] == [
        ("a", "“a”应为整数。"),
        ("b", "请填写“b”。"),
    ]


def test_all_errors_come_at_once_in_the_order_of_the_form() -> None:
    found = errors(form(field("z", "integer"), OUTLETS, field("a", "date")), {"a": "x", "z": "x"})
    assert list(found) == ["z", "outlets", "a"]


@pytest.mark.parametrize("blank", ["", "   ", None, [], [""]])
def test_a_blank_required_answer_is_missing_not_invalid(blank: Any) -> None:
    for kind in ("text", "integer", "date", "credit_code", "file"):
        assert list(errors(form(field("a", kind, required=True)), {"a": blank})) == ["a"]
        assert forms.validate(form(field("a", kind)), {"a": blank}) == {}


def test_an_unknown_field_is_an_error() -> None:
    assert errors(form(field("a", "text")), {"a": "x", "is_admin": True}) == {"is_admin": "The form has no such field."}


def test_braces_in_a_label_do_no_harm() -> None:
    of = form(field("a", "text", required=True, label=words("{0.__class__}")))
    assert "{0.__class__}" in errors(of, {})["a"]


def test_minimum_maximum_and_unit_appear_in_the_message() -> None:
    of = form(field("a", "decimal", min=1, max=10, unit={"zh": "米", "en": "m"}))
    assert errors(of, {"a": "11"})["a"] == "“a” must be 10 m or less."
    assert forms.validate(of, {"a": "10"}) == {"a": Decimal(10)}


def test_dates_are_kept_within_their_bounds() -> None:
    of = form(field("a", "date", min="2026-01-01"))
    assert "before 2026-01-01" in errors(of, {"a": "2025-12-31"})["a"]


def test_choices_come_back_in_the_order_of_the_form_and_once() -> None:
    of = form(field("a", "choices", choices=YES_NO))
    assert forms.validate(of, {"a": ["no", "yes", "no"]}) == {"a": ["yes", "no"]}
    assert "Choose one" in errors(of, {"a": ["yes", "maybe"]})["a"]


def test_a_catalogue_that_is_given_decides() -> None:
    of = form(field("a", "catalogue", catalogue="industries"))
    assert "not in the catalogue" in errors(of, {"a": "9999"}, catalogues={"industries": {"2614"}})["a"]


def test_a_built_in_catalogue_is_asked_by_itself() -> None:
    of = form(field("a", "catalogue", catalogue="gbt4754"))
    assert forms.validate(of, {"a": "2614"}) == {"a": "2614"}
    assert "not in the catalogue" in errors(of, {"a": "0000"})["a"]


def test_a_required_declaration_must_be_ticked() -> None:
    assert "Read and tick" in errors(form(field("a", "declaration", required=True)), {"a": "false"})["a"]


def test_hidden_answers_are_dropped_even_when_wrong() -> None:
    of = form(field("a", "boolean"), field("b", "integer", required=True, show_if={"field": "a", "equals": True}))
    assert forms.validate(of, {"a": "false", "b": "nonsense"}) == {"a": False}
    assert list(errors(of, {"a": "true"})) == ["b"]


def test_what_depends_on_a_hidden_answer_is_hidden_too() -> None:
    of = form(
        field("a", "boolean"),
        field("b", "choice", choices=YES_NO, show_if={"field": "a", "equals": True}),
        field("c", "text", required=True, show_if={"field": "b", "equals": "yes"}),
    )
    assert forms.validate(of, {"a": False, "b": "yes", "c": "x"}) == {"a": False}


def test_a_hidden_section_hides_its_fields() -> None:
    first = {"id": "one", "title": words("one"), "fields": [field("a", "boolean")]}
    second = {
        "id": "two",
        "title": words("two"),
        "show_if": {"field": "a", "equals": True},
        "fields": [field("b", "text", required=True)],
    }
    of = forms.parse({"id": "trial", "title": words("t"), "sections": [first, second]})
    assert forms.validate(of, {"a": False}) == {"a": False}
    assert forms.visible(of, {"a": "on"}) == {"a", "b"}


def test_errors_in_a_table_name_row_and_column() -> None:
    rows = [{"code": "DA001"}, {"code": "nonsense"}, {"code": "DW001", "water": True, "flow": "1.234"}]
    found = errors(form(OUTLETS), {"outlets": rows})
    assert list(found) == ["outlets.1.code", "outlets.2.flow"]


def test_a_column_condition_looks_at_its_own_row_first() -> None:
    rows = [{"code": "DA001", "water": False, "flow": "x"}, {"code": "DW001", "water": True, "flow": "2.5"}]
    clean = forms.validate(form(OUTLETS), {"outlets": rows})
    assert clean["outlets"] == [
        {"code": "DA001", "water": False},
        {"code": "DW001", "water": True, "flow": Decimal("2.5")},
    ]


def test_tables_have_a_least_and_a_greatest_number_of_rows() -> None:
    assert "4" not in errors(form(OUTLETS), {"outlets": [{"code": "DA001"}] * 4})["outlets"]
    assert list(errors(form(OUTLETS), {"outlets": []})) == ["outlets"]
    assert list(errors(form(OUTLETS), {"outlets": "x"})) == ["outlets"]
    assert list(errors(form(OUTLETS), {"outlets": ["x"]})) == ["outlets.0"]
    assert list(errors(form(OUTLETS), {"outlets": [{"code": "DA001", "extra": 1}]})) == ["outlets.0.extra"]


def test_a_draft_may_have_gaps_but_no_wrong_answers() -> None:
    of = form(OUTLETS, field("a", "text", required=True))
    assert forms.validate(of, {"outlets": [{"water": True}]}, draft=True) == {"outlets": [{"water": True}]}
    assert list(errors(of, {"outlets": [{"code": "x"}]}, draft=True)) == ["outlets.0.code"]


def test_one_section_can_be_checked_alone() -> None:
    one = {"id": "one", "title": words("one"), "fields": [field("a", "integer", required=True)]}
    two = {"id": "two", "title": words("two"), "fields": [field("b", "integer", required=True)]}
    of = forms.parse({"id": "trial", "title": words("t"), "sections": [one, two]})
    assert forms.validate(of, {"a": 1, "b": "wrong"}, sections={"one"}) == {"a": 1}
    assert list(errors(of, {"a": 1}, sections={"two"})) == ["b"]


def test_read_only_answers_come_from_the_server_alone() -> None:
    of = form(field("name", "text", readonly=True, required=True, prefill="enterprise.name"))
    context = {"enterprise": {"name": "甲公司"}}
    assert forms.validate(of, {"name": "乙公司"}, context=context) == {"name": "甲公司"}
    assert forms.prefill(of, context) == {"name": "甲公司"}
    assert forms.prefill(of, {"enterprise": None}) == {}


def test_a_page_without_script_sends_the_same_answers() -> None:
    of = form(OUTLETS, field("c", "choices", choices=YES_NO), field("a", "text"))
    pairs = [
        *[("_token", "x"), ("a", "t"), ("c", "yes"), ("c", "no"), ("outlets.7.code", "DW001")],
        *[
            ("outlets.7.water", "on"),
            ("outlets.7.flow", "1"),
            ("outlets.2.code", "DA001"),
            ("outlets.9.code", " "),
        ],
    ]
    assert forms.validate(of, forms.from_page(of, pairs)) == {
        "outlets": [{"code": "DA001"}, {"code": "DW001", "water": True, "flow": Decimal(1)}],
        "c": ["yes", "no"],
        "a": "t",
    }
    assert list(errors(of, forms.from_page(of, [("outlets.0.code", "DA001"), ("outlets.x.code", "1")]))) == [
        "outlets.x.code"
    ]


def test_what_is_stored_can_be_read_again_unchanged() -> None:
    of = form(OUTLETS, field("d", "date"), field("t", "tons"))
    clean = forms.validate(
        of,
        {"outlets": [{"code": "DW001", "water": 1 == 1, "flow": "0.50"}], "d": "2026-11-22", "t": "3.100000"},
    )
    stored = json.dumps(forms.dump(of, clean))
    again = forms.validate(of, json.loads(stored))
    assert again == clean
    assert str(again["t"]) == "3.100000"


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals()
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "flow", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from(["outlets", "a", "b", "?"]), anything))
def test_nothing_that_can_be_sent_breaks_the_reader(raw: Any) -> None:
    of = form(OUTLETS, field("a", "tons"), field("b", "date"))
    try:
        json.dumps(forms.dump(of, forms.validate(of, raw)))
    except forms.FormErrors as refused:
        assert refused.errors


def test_the_api_description_says_what_the_form_says() -> None:
    described = forms.json_schema(form(OUTLETS, field("a", "choice", choices=YES_NO, required=True)))
    assert described["required"] == ["outlets", "a"]
    assert described["additionalProperties"] is False
    assert described["properties"]["a"]["enum"] == ["yes", "no"]
    assert described["properties"]["outlets"]["items"]["properties"]["flow"]["format"] == "decimal"


WRONG_DEFINITIONS: list[tuple[dict[str, Any], str]] = [
    (field("A b", "text"), "name"),
    (field("a", "float"), "type"),
    (field("a", "choice"), "choices"),
    (field("a", "choice", choices=YES_NO + YES_NO), "choices"),
    (field("a", "table", columns=[field("b", "table", columns=[field("c", "text")])]), "columns.0.type"),
    (field("a", "text", pattern="("), "pattern"),
    (field("a", "integer", min=3, max=1), "min"),
    (field("a", "text", labl="x"), "labl"),
    (field("a", "text", label={"zh": "只有中文"}), "label"),
    (field("a", "text", show_if={"field": "nobody", "equals": 1}), "show_if"),
    (field("a", "boolean", show_if={"field": "a", "equals": True}), "show_if"),
    (field("a", "boolean", show_if={"script": "1"}), "show_if"),
]


@pytest.mark.parametrize(("wrong", "where"), WRONG_DEFINITIONS)
def test_a_mistake_in_a_definition_is_found_with_its_place(wrong: dict[str, Any], where: str) -> None:
    with pytest.raises(DomainError) as caught:
        form(wrong)
    assert caught.value.pointer is not None
    assert caught.value.pointer.endswith(where)


def test_a_condition_on_an_answer_that_cannot_be_given_is_found() -> None:
    with pytest.raises(DomainError, match="no answer"):
        form(
            field("a", "choice", choices=YES_NO),
            field("b", "text", show_if={"field": "a", "equals": "maybe"}),
        )


def test_every_form_of_the_installation_is_sound() -> None:
    loaded = forms.load_all()
    assert "remark" in loaded
    for one in loaded.values():
        assert forms.json_schema(one)["properties"]
        assert forms.field_names(one)


def test_a_form_that_does_not_exist_is_not_found() -> None:
    for name in ("nothing", "../errors", ""):
        with pytest.raises(NotFound):
            forms.load(name)


def test_the_same_definition_has_the_same_checksum() -> None:
    assert form(field("a", "text")).sha256 == form(field("a", "text")).sha256
    assert form(field("a", "text")).sha256 != form(field("b", "text")).sha256
