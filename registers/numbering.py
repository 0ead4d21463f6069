"""Official numbers (发文字号): per body, kind of document and year, without gaps and never twice.

The counter's row stays locked until the caller's transaction ends: whoever comes second waits, and a rollback
gives the number back. The pattern of a number is data: a body sets its own for each kind, and
`data/numbering.json` has the usual ones, with the brackets 〔〕 of GB/T 9704.
"""

from __future__ import annotations

import functools
import json
import re
import uuid
from pathlib import Path

from sqlalchemy import CheckConstraint, Connection, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7
from registers.errors import DomainError

_PLACE = re.compile(r"\{(prefix|year|seq)(?::0([1-9]))?\}")


class NumberingRule(Base):
    """How a body writes the numbers of one kind of document, from a year on."""

    __tablename__ = "numbering_rule"
    __table_args__ = (UniqueConstraint("body_code", "kind", "valid_from_year"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    body_code: Mapped[str]
    kind: Mapped[str]
    template: Mapped[str]
    valid_from_year: Mapped[int]


class NumberingCounter(Base):
    """The last number given; its row is the lock."""

    __tablename__ = "numbering_counter"
    __table_args__ = (CheckConstraint("last >= 0", name="not_negative"),)

    body_code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]
    elsewhere: Mapped[int | None] = mapped_column(comment="numbers up to this one were given outside this program")


# One statement: the upsert takes (or waits for) the counter's row lock, and the pattern comes with the answer.
_NEXT = text(
    "INSERT INTO numbering_counter AS c (body_code, kind, year, last) VALUES (:body, :kind, :year, 1)"
    " ON CONFLICT (body_code, kind, year) DO UPDATE SET last = c.last + 1"
    " RETURNING last, (SELECT template FROM numbering_rule r WHERE r.body_code = :body AND r.kind = :kind"
    " AND r.valid_from_year <= :year ORDER BY r.valid_from_year DESC LIMIT 1) AS template"
)
_SET_LAST = text(
    "INSERT INTO numbering_counter AS c (body_code, kind, year, last, elsewhere) VALUES (:body, :kind, :year, :last, :last)"
    " ON CONFLICT (body_code, kind, year) DO UPDATE SET last = excluded.last, elsewhere = excluded.last"
    " WHERE c.last <= excluded.last RETURNING last"
)
_SET_RULE = text(
    "INSERT INTO numbering_rule (id, body_code, kind, template, valid_from_year)"
    " VALUES (:id, :body, :kind, :template, :year)"
    " ON CONFLICT (body_code, kind, valid_from_year) DO UPDATE SET template = excluded.template"
)


def next_number(conn: Connection, body_code: str, prefix: str, kind: str, year: int, own: str | None = None) -> str:
    """The next official number of this body for this kind of document in this year; `own` is a kind's pattern besides the usual ones."""
    row = conn.execute(_NEXT, {"body": body_code, "kind": kind, "year": year}).one()
    return written(row.template or own or usual(kind), prefix, year, row.last)


def set_rule(conn: Connection, body_code: str, kind: str, template: str, from_year: int) -> None:
    """Set how a body writes the numbers of a kind from a year on."""
    check_template(template)
    conn.execute(_SET_RULE, {"id": uuid7(), "body": body_code, "kind": kind, "template": template, "year": from_year})


def set_last(conn: Connection, body_code: str, kind: str, year: int, last: int) -> None:
    """Go on after numbers that were given elsewhere before; never back."""
    if last < 0 or conn.scalar(_SET_LAST, {"body": body_code, "kind": kind, "year": year, "last": last}) is None:
        raise DomainError(
            "number_back",
            f"{year}年已编至更大的号，不能退回到{last}。",
            f"Greater numbers than {last} were given in {year} already.",
            pointer="last",
        )


def usual(kind: str) -> str:
    """The usual pattern of a kind; an unknown kind carries its own name, so no two kinds look alike."""
    return _usual().get(kind, "{prefix}" + kind.replace("{", "").replace("}", "") + "〔{year}〕{seq}号")


def kinds() -> list[str]:
    """The kinds of documents that have a usual pattern."""
    return sorted(_usual())


def check_template(template: str) -> None:
    """A pattern may use {prefix}, {year}, {seq}, {seq:04}; without year and seq numbers would repeat."""
    names = [match[1] for match in _PLACE.finditer(template)]
    if names.count("seq") != 1 or "year" not in names or re.search(r"[{}]", _PLACE.sub("", template)):
        raise DomainError(
            "number_template",
            "编号格式须含 {year} 和一个 {seq}，可含 {prefix}；补零写作 {seq:04}。",
            "The pattern must have {year} and one {seq}, may have {prefix}; zeros are written {seq:04}.",
            pointer="template",
        )


def written(template: str, prefix: str, year: int, seq: int) -> str:
    """Fill a pattern. Own code and not `str.format`: a pattern is data and reaches no Python object."""
    values = {"prefix": prefix, "year": str(year), "seq": str(seq)}
    return _PLACE.sub(lambda match: values[match[1]].zfill(int(match[2] or 0)), template)


@functools.cache
def _usual() -> dict[str, str]:
    loaded: dict[str, str] = json.loads((Path(__file__).with_name("data") / "numbering.json").read_text("utf-8"))
    return loaded
