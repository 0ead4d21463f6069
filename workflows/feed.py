"""A person's own dates as iCalendar (RFC 5545), for the calendar on the desk or telephone.

What one has to do (tasks), for officers the statutory dates of the matters of their bodies, for enterprises
their duties. All-day entries; a provisional date is tentative and says 暂定.
"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from registers import obligations
from registers.accounts import Actor
from workflows import access, matters, worklist
from workflows.lights import ClockAlarm
from workflows.models import Case, Matter

LIMIT = 500


def entries(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """The dates of a person: identifier, day, words, whether provisional, where to look."""
    found = [
        _entry("task", row["id"], row["due_on"], f"{row['name']}：{row['title']}", f"/tasks/{row['id']}")
        for row in worklist.tasks(conn, actor, scope="mine", sort="due", limit=200).rows
        if row["due_on"]
    ]
    found += _statutory(conn, actor)
    if actor.enterprise_id is not None:
        found += [
            _entry("duty", row["id"], row["due_on"], row["title"]["zh"], "/duties", row["provisional"])
            for row in obligations.of_enterprise(conn, actor.enterprise_id)
            if row["status"] in ("open", "overdue")
        ]
    return found[:LIMIT]


def _statutory(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    rows = conn.execute(
        select(Matter.id, Matter.kind, Case.id.label("case_id"), Case.title, ClockAlarm.due_on, ClockAlarm.provisional)
        .join(Case, Case.id == Matter.case_id)
        .join(ClockAlarm, ClockAlarm.matter_id == Matter.id)
        .where(
            access.visible_cases(actor),
            func.coalesce(Matter.body_id, Case.lead_body_id).in_(sorted(actor.body_ids)),
            ClockAlarm.stage == "overdue",
            ClockAlarm.done_at.is_(None),
        )
        .order_by(ClockAlarm.due_on)
        .limit(LIMIT)
    )
    return [
        _entry(
            "clock",
            row.id,
            row.due_on,
            f"{matters.MATTER_TITLES.get(row.kind, (row.kind,))[0]}法定期限：{row.title}",
            f"/cases/{row.case_id}",
            row.provisional,
        )
        for row in rows
    ]


def _entry(kind: str, key: uuid.UUID, on: date, title: str, link: str, provisional: bool = False) -> dict[str, Any]:
    return {"id": f"{kind}-{key}", "on": on, "title": title, "link": link, "provisional": provisional}


def icalendar(found: list[dict[str, Any]], base_url: str, now: datetime) -> str:
    """The entries as a calendar."""
    stamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//OneWindow//OneWindow//ZH", "X-WR-CALNAME:一窗"]
    for item in found:
        mark = "（暂定）" if item["provisional"] else ""
        lines += [
            "BEGIN:VEVENT",
            f"UID:{item['id']}@onewindow",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{item['on']:%Y%m%d}",
            f"DTEND;VALUE=DATE:{item['on'] + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_escaped(item['title'] + mark)}",
            f"URL:{base_url}{item['link']}",
            f"STATUS:{'TENTATIVE' if item['provisional'] else 'CONFIRMED'}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _escaped(text: str) -> str:
    plain = " ".join(text.split())
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> str:
    """A line of at most 75 octets, continued on the next after a space, never inside a character."""
    parts, size = [""], 0
    for character in line:
        octets = len(character.encode())
        if size + octets > (75 if len(parts) == 1 else 74):
            parts.append("")
            size = 0
        parts[-1] += character
        size += octets
    return "\r\n ".join(parts)
