"""The total register for the people who work with it: the list of a year, last year's results, spreadsheets.

A spreadsheet is read row by row: good rows are entered, bad ones are kept with what is wrong in each, so that nothing
of the file is lost and it can be taken out again, mended and read in once more. Reading the same file twice changes
nothing. What was decided is never overwritten by an import.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, select

from registers import catalogues, parties, totals
from registers.accounts import Actor
from registers.db import uuid7
from registers.errors import DomainError, Forbidden, NotFound
from registers.total_tables import METHOD_TITLES, TotalImport
from workflows import cells
from workflows.commands import Answer, Step, command
from workflows.reductionwork import KEEPERS, keeps, zones_of

MOST_ROWS = 5000
MAX_AMOUNT = Decimal(10) ** 12
# The columns of each kind of spreadsheet: key and heading. The first row of a file names them.
COLUMNS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "list": (("credit_code", "统一社会信用代码"), ("name", "单位名称"), ("basis", "列入依据")),
    "statistics": (
        ("credit_code", "统一社会信用代码"),
        ("name", "单位名称"),
        ("factor", "因子"),
        ("amount", "环境统计排放量（吨/年）"),
        ("source", "统计来源"),
    ),
    "declaration": (
        ("credit_code", "统一社会信用代码"),
        ("name", "单位名称"),
        ("factor", "因子"),
        ("permitted", "许可排放量（吨/年）"),
        ("actual", "实际排放量（吨/年）"),
        ("claimed", "允许排放量（吨/年）"),
        ("method", "核算方法"),
        ("evidence", "依据"),
    ),
}
KIND_TITLES: dict[str, tuple[str, str]] = {
    "list": ("管理名单", "list of units"),
    "statistics": ("环境统计", "environmental statistics"),
    "declaration": ("总量申报（代填）", "declarations (on behalf of units)"),
}


def may_keep(conn: Connection, actor: Actor) -> bool:
    """Whether the person keeps the register of some zone."""
    return any(keeps(conn, actor, zone) for zone in zones_of(conn, actor))


def _require(step: Step, zone: str) -> None:
    if not keeps(step.conn, step.actor, zone):
        raise Forbidden("该功能区的总量库不由您管理。", "The register of this zone is not yours to keep.")


@command("totals.enlist")
def enlist(step: Step, *, year: int, enterprise_id: uuid.UUID, basis: str) -> Answer:
    """Put a unit on the list of a year."""
    zone = parties.enterprise(step.conn, enterprise_id)["zone_code"]
    _require(step, zone or "")
    if not basis.strip():
        raise DomainError("basis", "请说明列入依据。", "Say why the unit is listed.", pointer="basis")
    totals.put_on_list(step.conn, _year(year), enterprise_id, basis=basis.strip()[:300], by=step.actor.id, now=step.now)
    return {"enterprise_id": enterprise_id, "year": year}


@command("totals.unlist")
def unlist(step: Step, *, year: int, enterprise_id: uuid.UUID, reason: str) -> Answer:
    """Take a unit off the list of a year, with the reason."""
    _require(step, parties.enterprise(step.conn, enterprise_id)["zone_code"] or "")
    if not reason.strip():
        raise DomainError("reason", "请说明移出理由。", "Say why it is taken off.", pointer="reason")
    totals.take_off_list(
        step.conn, _year(year), enterprise_id, reason=reason.strip()[:300], by=step.actor.id, now=step.now
    )
    return {"enterprise_id": enterprise_id, "year": year}


@command("totals.quality")
def quality(step: Step, *, year: int, zone: str, medium: str, met: bool, cut_percent: Decimal, document: str) -> Answer:
    """Enter last year's result of a zone's air or water, and the cut set because of it."""
    _require(step, zone)
    totals.put_quality(
        step.conn,
        year=_year(year),
        zone=zone,
        medium=medium,
        met=met,
        cut_percent=cut_percent,
        document=document[:300],
        by=step.actor.id,
        now=step.now,
    )
    return {"year": year, "zone": zone, "medium": medium}


@dataclass
class _Reading:
    """One spreadsheet on its way in: what each row said, what became of it."""

    step: Step
    kind: str
    year: int
    units: dict[str, dict[str, Any]]
    rows: list[dict[str, Any]]


@command("totals.import")
def read_in(step: Step, *, kind: str, year: int, file_name: str, rows: list[dict[str, Any]]) -> Answer:
    """Enter the good rows of a spreadsheet and keep all rows with what is wrong in them."""
    if kind not in COLUMNS:
        raise DomainError("kind", "不能导入这类表格。", "Such a table cannot be imported.", pointer="kind")
    if not may_keep(step.conn, step.actor):
        raise Forbidden("总量库不由您管理。", "The register is not yours to keep.")
    if not rows or len(rows) > MOST_ROWS:
        raise DomainError(
            "rows",
            f"表格没有数据行，或者超过{MOST_ROWS}行。",
            f"The table has no rows, or more than {MOST_ROWS}.",
            pointer="rows",
        )
    codes = {str(row.get("credit_code") or "").strip().upper() for row in rows}
    units = {
        row["credit_code"]: dict(row)
        for row in step.conn.execute(
            select(
                parties.Enterprise.id,
                parties.Enterprise.credit_code,
                parties.Enterprise.name,
                parties.Enterprise.zone_code,
            ).where(parties.Enterprise.credit_code.in_(codes))
        ).mappings()
    }
    reading = _Reading(step, kind, _year(year), units, [])
    mine = set(zones_of(step.conn, step.actor))
    for number, row in enumerate(rows, 2):
        reading.rows.append({"row": number, "values": _cells(kind, row), "errors": []})
        _check(reading, reading.rows[-1], mine)
    _ENTER[kind](reading)
    bad = sum(bool(row["errors"]) for row in reading.rows)
    import_id = uuid7()
    body_id = sorted(body for role, body in step.actor.roles if role in KEEPERS and body is not None)[0]
    step.conn.execute(
        insert(TotalImport).values(
            id=import_id,
            kind=kind,
            year=year,
            file_name=file_name[:200],
            rows=reading.rows,
            good=len(rows) - bad,
            bad=bad,
            body_id=body_id,
            imported_by=step.actor.id,
            imported_at=step.now,
        )
    )
    return {"import_id": import_id, "good": len(rows) - bad, "bad": bad}


def imports(conn: Connection, actor: Actor, limit: int = 20) -> list[dict[str, Any]]:
    """What was read in for the bodies a person keeps registers for, newest first; without the rows."""
    columns = [column for column in TotalImport.__table__.columns if column.name != "rows"]
    query = select(*columns).where(TotalImport.body_id.in_(_own(actor))).order_by(TotalImport.imported_at.desc())
    return [dict(row) for row in conn.execute(query.limit(limit)).mappings()]


def imported(conn: Connection, actor: Actor, import_id: uuid.UUID) -> dict[str, Any]:
    """One spreadsheet that was read in, with all its rows and errors."""
    query = select(TotalImport.__table__).where(TotalImport.id == import_id, TotalImport.body_id.in_(_own(actor)))
    row = conn.execute(query).mappings().first()
    if row is None:
        raise NotFound()
    return dict(row)


def _own(actor: Actor) -> list[uuid.UUID]:
    return sorted(body for role, body in actor.roles if role in KEEPERS and body is not None)


def _year(year: int) -> int:
    if not 2000 <= year <= 2100:
        raise DomainError("year", "年度不正确。", "Not a year.", pointer="year")
    return year


def _cells(kind: str, row: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(row.get(key) if row.get(key) is not None else "").strip()[:500] for key, _ in COLUMNS[kind]}


def _check(reading: _Reading, row: dict[str, Any], mine: set[str]) -> None:
    """Everything that is wrong in one row; the unit must be known and lie in a zone of this person."""
    values = row["values"]
    values["credit_code"] = values["credit_code"].upper()
    unit = reading.units.get(values["credit_code"])
    if unit is None:
        _wrong(row, "credit_code", "没有这个统一社会信用代码的单位", "no unit with this credit code")
    elif unit["zone_code"] not in mine:
        _wrong(row, "credit_code", "该单位不在您管理的功能区", "the unit is not in a zone of yours")
    elif values["name"] and values["name"] != unit["name"]:
        _wrong(row, "name", f"与登记名称“{unit['name']}”不一致", f"differs from the registered name {unit['name']}")
    if "factor" in values:
        known = {item["zh"]: item["key"] for item in catalogues.pollutants()}
        values["factor"] = known.get(values["factor"], values["factor"].upper())
        if values["factor"] not in known.values():
            _wrong(row, "factor", "不是总量管控因子", "not a factor under control")
    for name in ("amount", "permitted", "actual", "claimed"):
        if name in values and cells.amount(values[name], MAX_AMOUNT) is None:
            _wrong(row, name, "应为不小于零、至多六位小数的数字", "a number not below zero, six places at most")
    if "method" in values:
        methods = {zh: key for key, (zh, _) in METHOD_TITLES.items()}
        values["method"] = methods.get(values["method"], values["method"])
        if values["method"] not in METHOD_TITLES:
            _wrong(row, "method", f"应为{'、'.join(methods)}之一", "not one of the methods")
    for name in ("basis", "source", "evidence"):
        if name in values and not values[name]:
            _wrong(row, name, "不能为空", "is empty")


def _wrong(row: dict[str, Any], column: str, zh: str, en: str) -> None:
    row["errors"].append({"column": column, "zh": zh, "en": en})


def _enter_list(reading: _Reading) -> None:
    for row in reading.rows:
        if not row["errors"]:
            unit = reading.units[row["values"]["credit_code"]]
            totals.put_on_list(
                reading.step.conn,
                reading.year,
                unit["id"],
                basis=row["values"]["basis"],
                by=reading.step.actor.id,
                now=reading.step.now,
            )


def _enter_statistics(reading: _Reading) -> None:
    for row in reading.rows:
        values = row["values"]
        amount = cells.amount(values["amount"], MAX_AMOUNT)
        if not row["errors"] and amount is not None:
            unit = reading.units[values["credit_code"]]["id"]
            totals.put_statistic(reading.step.conn, reading.year, unit, values["factor"], amount, values["source"])


def _enter_declarations(reading: _Reading) -> None:
    """The rows of a unit stand or fall together: half a declaration is none."""
    by_unit: dict[str, list[dict[str, Any]]] = {}
    for row in reading.rows:
        by_unit.setdefault(row["values"]["credit_code"], []).append(row)
    for code, rows in by_unit.items():
        unit = reading.units.get(code)
        for row in rows:
            if sum(other["values"]["factor"] == row["values"]["factor"] for other in rows) > 1:
                _wrong(row, "factor", "同一单位的因子重复", "the factor stands twice for this unit")
        if unit is None or any(row["errors"] for row in rows):
            for row in rows:
                if not row["errors"]:
                    _wrong(row, "", "本行无误，因该单位其他行有误未录入", "right, but another row of the unit is not")
            continue
        try:
            totals.declare(
                reading.step.conn,
                year=reading.year,
                enterprise_id=unit["id"],
                zone=unit["zone_code"],
                rows=[_declared(row["values"]) for row in rows],
                case_id=None,
                by=reading.step.actor.id,
                now=reading.step.now,
            )
        except DomainError as error:
            for row in rows:
                _wrong(row, "", error.zh, error.en)


def _declared(values: Mapping[str, str]) -> dict[str, Any]:
    return {
        **values,
        "permitted": Decimal(values["permitted"]),
        "actual": Decimal(values["actual"]),
        "claimed": Decimal(values["claimed"]),
    }


_ENTER: Mapping[str, Callable[[_Reading], None]] = {
    "list": _enter_list,
    "statistics": _enter_statistics,
    "declaration": _enter_declarations,
}
