"""Importing the official catalogues: the shape of the file, and that afterwards every item can be screened."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import Connection

from handlers.screening import eia_class, permit_class
from registers import catalogues
from registers.errors import DomainError

EIA_COLUMNS = (
    "item_no",
    "major_category",
    "industry",
    "gbt4754_codes",
    "report_book",
    "report_form",
    "registration",
    "sensitive_area_definition",
    "industrial_building_only",
    "analyst_suggested_codes",
    "source_note",
)
PERMIT_COLUMNS = ("item_no", "industry", "gbt4754_codes", "key", "simplified", "registration", "source_note")


def sheet(columns: tuple[str, ...], *rows: dict[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows({"source_note": "样本", **row} for row in rows)
    return out.getvalue().encode("utf-8-sig")


def eia_sample() -> bytes:
    return sheet(
        EIA_COLUMNS,
        {
            "item_no": "1",
            "industry": "养殖",
            "gbt4754_codes": "031 032",
            "report_book": "规模以上",
            "registration": "其他",
        },
        {"item_no": "2", "industry": "加油、加气站", "gbt4754_codes": "5265 5266", "report_form": "城市建成区新建"},
        {"item_no": "3", "industry": "公路", "report_book": "新建高速", "report_form": "其他"},
    )


def permit_sample() -> bytes:
    return sheet(
        PERMIT_COLUMNS,
        {"item_no": "1", "industry": "养殖", "gbt4754_codes": "031 032", "key": "设有排污口", "registration": "其他"},
        {"item_no": "2", "industry": "零售", "gbt4754_codes": "5265", "simplified": "建成区加油站"},
    )


def tick(catalogue: str, item_no: str, level: str) -> dict[str, str]:
    return {"catalogue": catalogue, "item_no": item_no, "level": level}


def test_an_item_without_conditions_offers_its_official_texts_until_one_is_ticked(conn: Connection) -> None:
    assert catalogues.import_csv(conn, "eia", eia_sample()) == 3
    items = catalogues.load(conn, "eia")
    verdict = eia_class({}, ["031"], items)
    assert verdict.level is None
    assert verdict.open_items[0].texts == {"report": "规模以上", "registration": "其他"}
    assert eia_class({}, ["031"], items, [tick("eia", "1", "report")]).level == "report"


def test_a_coarse_code_is_answered_by_ticking_one_of_its_parts(conn: Connection) -> None:
    catalogues.import_csv(conn, "eia", eia_sample())
    catalogues.import_csv(conn, "permit", permit_sample())
    eia, permit = catalogues.load(conn, "eia"), catalogues.load(conn, "permit")
    assert [item.item_no for item in eia_class({}, ["526"], eia).open_items] == ["2"]
    assert eia_class({}, ["526"], eia, [tick("eia", "2", "form")]).level == "form"
    assert permit_class({}, ["526"], permit, [tick("permit", "2", "simplified")]).level == "simplified"


def test_a_category_without_an_industry_code_is_named_by_a_person(conn: Connection) -> None:
    catalogues.import_csv(conn, "eia", eia_sample())
    items = catalogues.load(conn, "eia")
    facts = {"other_categories": True}
    assert eia_class(facts, ["481"], items).level is None
    assert eia_class(facts, ["481"], items, [tick("eia", "3", "form")]).level == "form"


def test_a_tick_settles_an_industry_that_what_ships_does_not_know() -> None:
    items = catalogues.built_in("eia")
    assert eia_class({}, ["031"], items).level is None
    assert eia_class({}, ["031"], items, [tick("eia", "3", "form")]).level == "form"


def test_importing_again_changes_nothing_and_keeps_the_conditions_that_ship(conn: Connection) -> None:
    catalogues.seed(conn)
    before = {item.item_no for item in catalogues.load(conn, "eia") if item.computable}
    catalogues.import_csv(conn, "eia", eia_sample())
    catalogues.import_csv(conn, "eia", eia_sample())
    assert {item.item_no for item in catalogues.load(conn, "eia") if item.computable} == before
    assert catalogues.is_complete(catalogues.load(conn, "eia"))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"item_no,industry\n1,x\n", "catalogue_columns"),
        (sheet(EIA_COLUMNS, {"item_no": "1"}, {"item_no": "3"}), "catalogue_numbering"),
        (b"", "catalogue_columns"),
        (b"\xff\xfe\x00", "catalogue_file"),
    ],
)
def test_a_file_of_another_shape_is_refused(conn: Connection, content: bytes, code: str) -> None:
    with pytest.raises(DomainError) as caught:
        catalogues.import_csv(conn, "eia", content)
    assert caught.value.code == code
