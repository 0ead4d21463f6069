"""Differences of versions for people: a limit is shown with its days, not only with its code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from registers.errors import DomainError
from web import words
from workflows.comparing import Detail, Difference
from workflows.runtime import Runtime


def readable(conn: Connection, rt: Runtime, differences: Iterable[Difference]) -> list[Difference]:
    """The same differences, with what a limit says today beside its code."""

    def days(code: str) -> str:
        if not code:
            return ""
        try:
            return f"{code}（{words.limit_text(rt.reference.get(conn).rule(conn, code, rt.time.today()))}）"
        except DomainError:  # a limit that is not in force any more, or never was
            return code

    def said(detail: Detail) -> Detail:
        if detail.what != "limitRule":
            return detail
        return replace(detail, before=days(detail.before), after=days(detail.after))

    return [replace(item, details=tuple(said(detail) for detail in item.details)) for item in differences]
