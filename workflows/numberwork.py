"""Official numbers as the system administrator keeps them: how a body writes those of a kind, and after which number it goes on.

A pattern counts from a year on. A body that begins in the middle of a year goes on after the numbers it gave on paper or in
another program; those are no gap of this one (`numbering_counter.elsewhere`). Both leave a line in the record of the house.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from forms import letters as templates
from registers import numbering, parties
from registers.errors import Conflict, DomainError
from registers.numbering import NumberingCounter, NumberingRule
from workflows import access, housebook
from workflows.commands import Answer, Step, command

CASE_TITLE = {"zh": "案号", "en": "Case number"}


@command("numbering.pattern")
def write_as(step: Step, *, body_code: str, kind: str, template: str, from_year: int) -> Answer:
    """Set how a body writes the numbers of a kind from a year on."""
    access.require(step.actor, "registers.import")
    _known(step.conn, body_code, kind)
    if not step.today.year <= from_year <= step.today.year + 1:
        raise DomainError(
            "from_year", "从本年或者下一年起改。", "A pattern changes from this year or the next.", pointer="from_year"
        )
    pattern = template.strip()
    numbering.check_template(pattern)
    for row in overview(step.conn, from_year):
        if row["body_code"] == body_code and row["kind"] != kind and row["template"] == pattern:
            raise Conflict(
                "pattern_taken",
                f"“{row['title']['zh']}”已用这一格式，两种文书的编号会重复。",
                f"“{row['title']['en']}” is numbered like this already; numbers would repeat.",
                pointer="template",
            )
    numbering.set_rule(step.conn, body_code, kind, pattern, from_year)
    housebook.record(step, "numbering_pattern", body=body_code, of=kind, template=pattern, from_year=from_year)
    return {"body_code": body_code, "kind": kind, "template": pattern, "from_year": from_year}


@command("numbering.last")
def go_on_after(step: Step, *, body_code: str, kind: str, year: int, last: int, note: str) -> Answer:
    """Go on after numbers that were given elsewhere, with the ground; never back."""
    access.require(step.actor, "registers.import")
    _known(step.conn, body_code, kind)
    if not step.today.year - 1 <= year <= step.today.year + 1:
        raise DomainError("year", "只能接续上年至下一年的编号。", "Only last, this and next year.", pointer="year")
    if not note.strip():
        raise DomainError("note", "请说明此前的编号在何处使用。", "Say where the numbers were given.", pointer="note")
    numbering.set_last(step.conn, body_code, kind, year, last)
    facts = {"body": body_code, "of": kind, "year": year, "last": last, "note": note.strip()[:500]}
    housebook.record(step, "numbering_last", **facts)
    return {"body_code": body_code, "kind": kind, "year": year, "last": last}


def overview(conn: Connection, year: int) -> list[dict[str, Any]]:
    """For every body in office and every kind: the pattern of a year, the last number, and how the next one reads."""
    rules: dict[tuple[str, str], str] = {}
    for rule in conn.execute(
        select(NumberingRule.body_code, NumberingRule.kind, NumberingRule.template)
        .where(NumberingRule.valid_from_year <= year)
        .order_by(NumberingRule.valid_from_year)
    ):
        rules[rule.body_code, rule.kind] = rule.template
    counters = {
        (row.body_code, row.kind): row
        for row in conn.execute(select(NumberingCounter.__table__).where(NumberingCounter.year == year))
    }
    bodies = conn.execute(
        select(parties.Body.code, parties.Body.name_zh, parties.Body.name_en, parties.Body.prefix)
        .where(parties.Body.active)
        .order_by(parties.Body.code)
    ).all()
    return [
        _line(body, kind, title, year, rules.get((body.code, kind)), counters.get((body.code, kind)))
        for body in bodies
        for kind, title in titles().items()
    ]


def titles() -> Mapping[str, Mapping[str, str]]:
    """What each kind of number is called: the first letter that bears it."""
    found: dict[str, Mapping[str, str]] = {"case": CASE_TITLE}
    for name in sorted(templates.names()):
        about = templates.about(name)
        if about.number_kind in numbering.kinds():
            found.setdefault(about.number_kind, about.title)
    return found


def year_asked(given: int | None, today: date) -> int:
    """The year a list is about: this one unless a near one is asked for."""
    return given if given is not None and abs(given - today.year) <= 1 else today.year


def _line(body: Any, kind: str, title: Mapping[str, str], year: int, own: str | None, counter: Any) -> dict[str, Any]:
    template, last = own or numbering.usual(kind), counter.last if counter else 0
    return {
        "body_code": body.code,
        "body": {"zh": body.name_zh, "en": body.name_en},
        "kind": kind,
        "title": dict(title),
        "template": template,
        "own": own is not None,
        "last": last,
        "elsewhere": (counter.elsewhere or 0) if counter else 0,
        "next": numbering.written(template, body.prefix, year, last + 1),
    }


def _known(conn: Connection, body_code: str, kind: str) -> None:
    parties.body_by_code(conn, body_code)
    if kind not in titles():
        raise DomainError("kind", "没有这种编号。", "There is no such kind of number.", pointer="kind")
