"""Demonstration of permits in force with their outlets, so that map, open data and register of permits are not empty.

Loaded by `onewindow demo` alone: tests begin without permits, for each of them brings duties along.
"""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import Connection, select

from registers import parties, permits
from registers.timesource import TimeSource

_FIRST, _LAST = date(2025, 3, 3), date(2030, 3, 2)
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
    bureau = parties.body_by_code(conn, "sip-eeb").id
    return [_permit(conn, time, bureau, *plant) for plant in _PLANTS]


def _permit(
    conn: Connection,
    time: TimeSource,
    bureau: uuid.UUID,
    login: str,
    klass: str,
    outlets: tuple[tuple[str, str, str, str], ...],
    emissions: tuple[tuple[str, str, str, str], ...],
) -> uuid.UUID:
    unit = conn.scalar(select(parties.User.enterprise_id).where(parties.User.login == login))
    assert unit is not None
    found = parties.enterprise(conn, unit)
    content = {
        "outlets": [dict(zip(("code", "kind", "name", "position"), one, strict=True)) for one in outlets],
        "emissions": [
            {**dict(zip(("outlet", "factor", "concentration", "amount_t"), one, strict=True)), "standard": "DB32/4041-2021"}
            for one in emissions
        ],
    }  # fmt: skip
    return permits.enter(
        conn, kind="permit", number=f"{found['credit_code']}001P", klass=klass, enterprise_id=unit, case_id=None,
        body_id=bureau, decided_on=_FIRST, valid_from=_FIRST, valid_to=_LAST, content=content, now=time.now(),
    )  # fmt: skip
