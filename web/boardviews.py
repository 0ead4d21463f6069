"""The boards as pages, API and spreadsheets show them: what they rest on, the heat on the drawing, rows of a sheet."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from registers.errors import DomainError
from registers.parties import ROLE_TITLES
from registers.timesource import last_day
from web import diagrams
from web.i18n import gettext
from workflows import boards, definitions
from workflows.models import Definition
from workflows.runtime import Runtime

LIGHT_WORDS = {"overdue": "超期", "red": "红灯", "yellow": "黄灯", "green": "绿灯", "paused": "暂停", "none": "无时限"}
HEATS = 4


def frame(conn: Connection, rt: Runtime) -> dict[str, Any]:
    """What every board says of itself: until when, of how much; and the procedures to choose from."""
    return {
        "stamp": boards.stamp(conn),
        "procedures": procedures(conn),
        "now": rt.time.now(),
        "light_word": light_word,
        "holder_word": holder_word,
    }


def procedures(conn: Connection) -> dict[str, dict[str, str]]:
    """The procedures in force with their names."""
    query = select(Definition.procedure, Definition.title).where(Definition.status == "published")
    rows = conn.execute(query.order_by(Definition.procedure, Definition.version)).all()
    return {row.procedure: row.title for row in rows}


def light_word(light: str) -> str:
    """A light of the clock board in words."""
    return {
        "overdue": gettext("超期"),
        "red": gettext("红灯"),
        "yellow": gettext("黄灯"),
        "green": gettext("绿灯"),
        "paused": gettext("暂停"),
        "none": gettext("无时限"),
    }[light]


def holder_word(holder: str) -> str:
    """Who holds a case."""
    if holder == "applicant":
        return gettext("申请人")
    titles = ROLE_TITLES.get(holder)
    return (gettext("机关") + " · " + titles[0 if gettext("机关") == "机关" else 1]) if titles else "—"


def heat(conn: Connection, rt: Runtime, procedure: str, rows: list[dict[str, Any]]) -> list[diagrams.Diagram]:
    """The drawings of a procedure, each step coloured by its 90th percentile and labelled with it and what stands open."""
    try:
        definition_id = definitions.in_force(conn, procedure, rt.time.today())
    except DomainError:
        return []
    most = max((row["p90"] or 0 for row in rows), default=0)
    markers = {
        row["element"]: f"heat-{min(HEATS, 1 + int(row['p90'] * HEATS / (most + 1)))}" for row in rows if row["p90"]
    }
    badges = {
        row["element"]: (f"{row['p90']}d" if row["p90"] is not None else "—")
        + (f" · {row['open']}" if row["open"] else "")
        for row in rows
    }
    drawn = diagrams.of(definitions.files_of(conn, definition_id), markers)
    for one in drawn:
        one.payload["badges"] = badges
    return [one for one in drawn if one.marked] or drawn[:1]


def case_rows(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """Running cases as a spreadsheet."""
    heads = [
        "案件编号",
        "名称",
        "流程",
        "灯",
        "法定期限",
        "当前办理",
        "收件日期",
        "机关用时（工作日）",
        "申请人用时（工作日）",
    ]
    lines = [
        [
            row["number"],
            row["title"],
            row["procedure"],
            LIGHT_WORDS[row["light"]],
            last_day(row["due_at"]) if row["due_at"] else "",
            "申请人" if row["holder"] == "applicant" else ROLE_TITLES.get(row["holder"], ("", ""))[0],
            row["opened_on"],
            row["authority_days"],
            row["applicant_days"],
        ]
        for row in rows
    ]
    return heads, lines


def step_rows(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """Steps as a spreadsheet."""
    heads = [
        "环节",
        "谁办",
        "已办件数",
        "中位数（工作日）",
        "90分位（工作日）",
        "最长（工作日）",
        "在办件数",
        "在办最长（工作日）",
    ]
    names = ("steps", "median", "p90", "longest", "open", "open_longest")
    lines = [[row["name"], "申请人" if row["of_applicant"] else "机关", *(row[name] for name in names)] for row in rows]
    return heads, lines


def body_rows(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """Bodies compared as a spreadsheet."""
    heads = ["机关", "办结件数", "机关用时中位数", "机关用时90分位", "申请人用时中位数", "全程中位数", "全程90分位"]
    names = ("cases", "authority_median", "authority_p90", "applicant_median", "total_median", "total_p90")
    return heads, [[row["name_zh"], *(row[name] for name in names)] for row in rows]
