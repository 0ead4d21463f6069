"""The waste ledger as documents and spreadsheets, for pages and API alike."""

from __future__ import annotations

import io
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Response, send_file
from sqlalchemy import Connection

from handlers import waste_reports
from registers import parties, waste_ledger, waste_licences, waste_rules
from registers.accounts import Actor
from registers.amounts import written
from registers.errors import NotFound
from registers.waste_tables import KIND_TITLES
from web import sheets
from web.i18n import language
from workflows import wasteledger
from workflows.runtime import Runtime


def ledger(conn: Connection, rt: Runtime, actor: Actor, enterprise_id: uuid.UUID, year: int) -> dict[str, Any]:
    """One operator's ledger for a year: papers, scale, stock with its age, balance by code."""
    wasteledger.require_read(conn, actor, enterprise_id)
    today = rt.time.today()
    reference = rt.reference.get(conn)
    lines = waste_ledger.period(conn, enterprise_id, date(year, 1, 1), date(year, 12, 31))
    used = waste_ledger.usage(conn, enterprise_id, year, today)
    lots = wasteledger.batches(conn, reference, enterprise_id, today)
    rule = reference.rule(conn, lots[0].rule, today) if lots else None
    return {
        "enterprise": parties.enterprise(conn, enterprise_id),
        "year": year,
        "papers": {kind: waste_licences.newest(conn, enterprise_id, kind) for kind in waste_licences.KINDS},
        "scale": {"used": used.used, "licensed": used.licensed, "percent": used.percent, "state": used.state},
        "stored": [stored_document(one) for one in wasteledger.by_code(lots)],
        "lots": [stored_document(one) for one in lots],
        "rule": {"limit": rule.limit, "unit": rule.unit, "basis": rule.basis_zh} if rule else None,
        "lines": [line_document(line) for line in lines],
    }


def stored_document(one: wasteledger.Aged) -> dict[str, Any]:
    """What lies in store of a batch or a code as plain data."""
    about = waste_rules.find(one.code)
    names = {"klass": about.klass, "name": about.klass_name} if about else {"klass": "", "name": ""}
    return {**vars(one), **names, "state": one.state}


def line_document(line: waste_ledger.Line) -> dict[str, Any]:
    """A line of a period as plain data."""
    return {
        **{key: value for key, value in vars(line).items() if key != "extra"},
        "closing": line.closing,
        "difference": line.difference,
        "used_percent": waste_reports.used(line),
        "balanced": waste_reports.balanced(line),
    }


def report(
    conn: Connection, actor: Actor, enterprise_id: uuid.UUID, kind: str, year: int, quarter: int
) -> dict[str, Any]:
    """One of the reports that the ledger fills: its columns and rows for a year or quarter."""
    wasteledger.require_read(conn, actor, enterprise_id)
    if kind not in waste_reports.REPORTS:
        raise NotFound("没有这种报告。", "There is no such report.")
    about = waste_reports.REPORTS[kind]
    first, last = waste_reports.span(kind, year, quarter)
    lines = waste_ledger.period(conn, enterprise_id, first, last)
    return {
        "kind": kind,
        "title": {"zh": about.zh, "en": about.en},
        "basis": about.basis,
        "first": first,
        "last": last,
        "enterprise": parties.enterprise(conn, enterprise_id)["name"],
        "columns": [{"zh": zh, "en": en} for zh, en in about.columns],
        "rows": waste_reports.table(kind, lines),
        "unbalanced": [line.code for line in lines if not waste_reports.balanced(line)],
    }


def report_sheet(found: dict[str, Any]) -> Response:
    """A report as a spreadsheet."""
    heads = [column["zh"] for column in found["columns"]]
    rows = [[_cell(value) for value in row] for row in found["rows"]]
    return sheet(f"{found['title']['zh']}{found['first']}至{found['last']}", heads, rows)


def entries_sheet(conn: Connection, actor: Actor, enterprise_id: uuid.UUID) -> Response:
    """The standing entries with the columns of the import."""
    wasteledger.require_read(conn, actor, enterprise_id)
    found, _ = waste_ledger.entries(conn, enterprise_id, limit=1000)
    rows = [
        [
            entry["on_date"].isoformat(),
            KIND_TITLES[entry["kind"]][0],
            entry["code"],
            _cell(entry["amount_t"]),
            entry["lot"],
            entry["partner"],
            entry["note"],
        ]
        for entry in reversed(found)
        if entry["stands"]
    ]
    return sheet("危险废物台账", [title for _, title in wasteledger.COLUMNS], rows)


def import_sheet(found: dict[str, Any]) -> Response:
    """Every row of an import as it was, with what is wrong in it."""
    titles = dict(wasteledger.COLUMNS)
    rows = [
        [
            *(row["values"][key] for key in titles),
            row["row"],
            "；".join(f"{titles.get(one['column'], '')} {one[language()]}".strip() for one in row["errors"]),
        ]
        for row in found["rows"]
    ]
    return sheet("台账导入结果", [*titles.values(), "行号", "问题"], rows)


def sheet(name: str, heads: list[str], rows: list[list[Any]]) -> Response:
    """A spreadsheet to be saved."""
    content = io.BytesIO(sheets.write(name, heads, rows))
    response = send_file(content, mimetype=sheets.XLSX, as_attachment=True, download_name=f"{name}.xlsx", max_age=0)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _cell(value: Any) -> Any:
    """An amount as people write it: no places that say nothing."""
    return written(value) if isinstance(value, Decimal) else value
