"""The total register as rows and spreadsheets, for pages and API alike."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, send_file
from sqlalchemy import Connection

from registers import catalogues, totals
from registers.accounts import Actor
from registers.errors import NotFound
from registers.total_tables import METHOD_TITLES
from web import sheets
from web.i18n import language
from workflows import reductionwork, totalwork

ERRORS = ("行号", "问题")


def amounts(conn: Connection, actor: Actor, year: int) -> list[dict[str, Any]]:
    """What was declared for a year: of the zones a person works for, or of the own enterprise."""
    if actor.enterprise_id is not None:
        rows = totals.amounts(conn, year, enterprise_id=actor.enterprise_id)
    else:
        rows = totals.amounts(conn, year, zones=reductionwork.zones_of(conn, actor))
    names = {item["key"]: (item["zh"], item["en"]) for item in catalogues.pollutants()}
    return [{**row, "factor_names": names.get(row["factor"], (row["factor"],) * 2)} for row in rows]


def data_year(kind: str, year: int) -> int:
    """Declarations and statistics on the page of a year are those of the year before."""
    return year if kind == "list" else year - 1


def export_sheet(conn: Connection, actor: Actor, kind: str, year: int) -> Response:
    """The list or the declarations of a year with the columns of the import, and what was decided."""
    if kind not in ("list", "declaration"):
        raise NotFound()
    heads = [title for _, title in totalwork.COLUMNS[kind]]
    if kind == "list":
        units = totals.units(conn, year, reductionwork.zones_of(conn, actor))
        rows = [[unit["credit_code"], unit["name"], unit["basis"], unit["name_zh"]] for unit in units]
        return _sheet(f"总量管理名单{year}", [*heads, "功能区"], rows)
    rows = [
        [
            row["credit_code"],
            row["name"],
            row["factor_names"][0],
            format(row["permitted"], "f"),
            format(row["actual"], "f"),
            format(row["claimed"], "f"),
            METHOD_TITLES[row["method"]][0],
            row["evidence"],
            format(row["allowed"], "f") if row["allowed"] is not None else "",
            "；".join(finding["zh"] for finding in row["findings"]),
        ]
        for row in amounts(conn, actor, year - 1)
    ]
    return _sheet(f"总量申报{year - 1}", [*heads, "核定允许排放量（吨/年）", "差异"], rows)


def import_sheet(found: dict[str, Any]) -> Response:
    """Every row of an import as it was, with what is wrong in it."""
    columns = totalwork.COLUMNS[found["kind"]]
    titles = dict(columns)
    rows = []
    for row in found["rows"]:
        said = "；".join(f"{titles.get(one['column'], '')} {one[language()]}".strip() for one in row["errors"])
        rows.append([*(row["values"][key] for key, _ in columns), row["row"], said])
    return _sheet(f"导入结果{found['year']}", [*titles.values(), *ERRORS], rows)


def _sheet(name: str, heads: list[str], rows: list[list[Any]]) -> Response:
    content = io.BytesIO(sheets.write(name, heads, rows))
    response = send_file(content, mimetype=sheets.XLSX, as_attachment=True, download_name=f"{name}.xlsx", max_age=0)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
