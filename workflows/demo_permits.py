"""Demonstration of permits in force with their outlets, so that map, open data and register of permits are not empty.

One was renewed and shows both terms, the other ends before long and waits to be renewed. Loaded by `onewindow demo`
alone: tests begin without permits, for each of them brings duties along; a scenario says what its applicant `holds`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from registers import parties, permits, renewals
from registers.permits import Permit
from registers.timesource import TimeSource

# Whose permit ends before long: the one with a legal representative among the people of the demonstration.
_RENEWING, _ENDS_IN = "qiye", timedelta(days=100)
# The terms of the permit that was renewed, one after the other.
_RENEWED = ((date(2020, 3, 3), date(2025, 3, 2)), (date(2025, 3, 3), date(2030, 3, 2)))
# Where the outlets stand (parks on a lake, no real plant), what they emit.
_PLANTS: tuple[tuple[str, str, tuple[tuple[str, str, str, str], ...], tuple[tuple[str, str, str, str], ...]], ...] = (
    (
        "qiye", "key",
        (
            ("DA001", "air", "酸雾排气筒", "E120.7381 N31.3302"), ("DA002", "air", "有机废气排气筒", "E120.7402 N31.3311"),
            ("DW001", "water", "废水总排口", "E120.7394 N31.3289"),
        ),
        (("DA001", "HCL", "10", "0.12"), ("DA002", "VOCS", "50", "1.8"), ("DW001", "COD", "500", "6.4")),
    ),
    (
        "qiye2", "simplified",
        (("DA001", "air", "喷涂排气筒", "E120.7655 N31.3174"), ("DA002", "air", "烘干排气筒", "E120.7661 N31.3167")),
        (("DA001", "VOCS", "50", "0.9"), ("DA002", "PM", "20", "0.2")),
    ),
)  # fmt: skip


def load(conn: Connection, time: TimeSource) -> list[uuid.UUID]:
    """One discharge permit for each of both enterprises; the identifiers of the entries."""
    made = []
    for login, klass, outlets, emissions in _PLANTS:
        (first, last), *others = _RENEWED if login != _RENEWING else _before_long(time.today())
        unit = _unit(conn, login)
        content = _content(outlets, emissions)
        made.append(
            _enter(conn, time, unit, number=_number(conn, unit), klass=klass, first=first, last=last, content=content)
        )
        for begins, ends in others:
            row = dict(conn.execute(select(Permit.__table__).where(Permit.id == made[-1])).mappings().one())
            renewals.renew(conn, row, valid_from=begins, valid_to=ends, case_id=None, decided_on=begins, now=time.now())
    return made


def _before_long(today: date) -> tuple[tuple[date, date], ...]:
    """A term of five years that ends in some months."""
    last = today + _ENDS_IN
    return ((last - timedelta(days=5 * 365), last),)


def hold(conn: Connection, time: TimeSource, rows: Sequence[Mapping[str, Any]], login: str) -> None:
    """Let an applicant hold discharge permits as a scenario says: their terms, and what differs from the demonstration."""
    unit = _unit(conn, login)
    _, usual, outlets, emissions = next((one for one in _PLANTS if one[0] == login), _PLANTS[0])
    for row in rows:
        facts = {
            "klass": row.get("klass", usual),
            "valid_from": date.fromisoformat(row["valid_from"]),
            "valid_to": date.fromisoformat(row["valid_to"]),
            "content": row.get("content") or _content(outlets, emissions),
            "status": row.get("status", "valid"),
        }
        number = row.get("number") or _number(conn, unit)
        known = conn.scalar(select(Permit.id).where(Permit.kind == "permit", Permit.number == number))
        if known is None:
            known = _enter(
                conn, time, unit, number=number, klass=facts["klass"], first=facts["valid_from"], last=facts["valid_to"],
                content=facts["content"],
            )  # fmt: skip
        conn.execute(update(Permit).where(Permit.id == known).values(**facts))


def _unit(conn: Connection, login: str) -> uuid.UUID:
    unit = conn.scalar(select(parties.User.enterprise_id).where(parties.User.login == login))
    assert unit is not None, login
    return unit


def _number(conn: Connection, unit: uuid.UUID) -> str:
    return f"{parties.enterprise(conn, unit)['credit_code']}001P"


def _content(
    outlets: tuple[tuple[str, str, str, str], ...], emissions: tuple[tuple[str, str, str, str], ...]
) -> dict[str, Any]:
    named = [
        {**dict(zip(("outlet", "factor", "concentration", "amount_t"), one, strict=True)), "standard": "DB32/4041-2021"}
        for one in emissions
    ]
    return {
        "outlets": [dict(zip(("code", "kind", "name", "position"), one, strict=True)) for one in outlets],
        "emissions": named,
        "monitoring": [
            {"outlet": row["outlet"], "factor": row["factor"], "method": "manual", "frequency": "每季度一次"}
            for row in named
        ],
    }


def _enter(
    conn: Connection,
    time: TimeSource,
    unit: uuid.UUID,
    *,
    number: str,
    klass: str,
    first: date,
    last: date,
    content: dict[str, Any],
) -> uuid.UUID:
    return permits.enter(
        conn, kind="permit", number=number, klass=klass, enterprise_id=unit, case_id=None,
        body_id=parties.body_by_code(conn, "sip-eeb").id, decided_on=first, valid_from=first, valid_to=last, content=content,
        now=time.now(),
    )  # fmt: skip
