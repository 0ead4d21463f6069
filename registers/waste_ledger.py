"""The waste ledger: movements by code and day, what lies in store and since when, balance and scale of a period.

One ledger serves both papers. The stock of a code is received + produced - treated - shipped and never falls below
zero on any day; a count is set beside it and shows the difference. The age of the stock follows first in, first out.
Amounts are tonnes, Decimal, six places.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, case, func, insert, select
from sqlalchemy.orm import aliased

from registers import waste_licences, waste_rules
from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.parties import Enterprise, User
from registers.waste_tables import SIGNS, WasteEntry

ZERO = Decimal(0)
_Reversal = aliased(WasteEntry, name="reversal")
# What counts: neither taken back nor itself a taking back.
_STANDS = WasteEntry.reverses.is_(None) & ~select(_Reversal.id).where(_Reversal.reverses == WasteEntry.id).exists()


@dataclass(frozen=True)
class Movement:
    """One entry to be made."""

    kind: str
    on: date
    code: str
    amount: Decimal
    lot: str = ""
    partner: str = ""
    note: str = ""


@dataclass
class Line:
    """A code in a period: what was there, came, went, and what is there now; the count and its difference."""

    code: str
    klass: str
    name: str
    opening: Decimal = ZERO
    received: Decimal = ZERO
    produced: Decimal = ZERO
    treated: Decimal = ZERO
    shipped: Decimal = ZERO
    counted: Decimal | None = None
    counted_on: date | None = None
    counted_book: Decimal | None = None
    licensed_t: Decimal | None = None
    oldest: date | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def closing(self) -> Decimal:
        """What the entries say is in store at the end."""
        return self.opening + self.received + self.produced - self.treated - self.shipped

    @property
    def difference(self) -> Decimal | None:
        """Counted less book on the day of the count; None without a count in the period."""
        return None if self.counted is None or self.counted_book is None else self.counted - self.counted_book


def enter(
    conn: Connection,
    enterprise_id: uuid.UUID,
    movements: Sequence[Movement],
    *,
    by: uuid.UUID | None,
    now: datetime,
    import_id: uuid.UUID | None = None,
) -> list[uuid.UUID]:
    """Enter movements together; refused when the stock of a code would fall below zero on some day."""
    lock(conn, enterprise_id)
    ids = [uuid7() for _ in movements]
    if movements:
        conn.execute(
            insert(WasteEntry),
            [
                {
                    "id": key,
                    "enterprise_id": enterprise_id,
                    "on_date": one.on,
                    "kind": one.kind,
                    "code": one.code,
                    "amount_t": one.amount,
                    "lot": one.lot,
                    "partner": one.partner,
                    "note": one.note,
                    "import_id": import_id,
                    "reverses": None,
                    "entered_by": by,
                    "entered_at": now,
                }
                for key, one in zip(ids, movements, strict=True)
            ],
        )
    for code in sorted({one.code for one in movements}):
        _never_below_zero(conn, enterprise_id, code)
    return ids


def reverse(
    conn: Connection, enterprise_id: uuid.UUID, entry_id: uuid.UUID, *, note: str, by: uuid.UUID | None, now: datetime
) -> uuid.UUID:
    """Take an entry back by another one that names it; both stay."""
    lock(conn, enterprise_id)
    row = (
        conn.execute(
            select(WasteEntry.__table__).where(WasteEntry.id == entry_id, WasteEntry.enterprise_id == enterprise_id)
        )
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound("台账中没有这一笔。", "The ledger has no such entry.")
    standing = conn.scalar(select(WasteEntry.id).where(WasteEntry.id == entry_id, _STANDS))
    if standing is None:
        raise Conflict("waste_reversed", "该笔已冲销，或者本身是冲销。", "This entry was taken back already.")
    made = uuid7()
    kept = {key: row[key] for key in ("enterprise_id", "on_date", "kind", "code", "amount_t", "lot", "partner")}
    conn.execute(
        insert(WasteEntry).values(
            **kept, id=made, note=note, import_id=None, reverses=entry_id, entered_by=by, entered_at=now
        )
    )
    _never_below_zero(conn, enterprise_id, row["code"])
    return made


def lock(conn: Connection, enterprise_id: uuid.UUID) -> None:
    """Writers of one enterprise's ledger follow each other."""
    conn.execute(select(Enterprise.id).where(Enterprise.id == enterprise_id).with_for_update())


def known(conn: Connection, enterprise_id: uuid.UUID, one: Movement) -> bool:
    """Whether the same movement stands in the ledger already (a spreadsheet read in twice)."""
    same = (
        WasteEntry.enterprise_id == enterprise_id,
        WasteEntry.code == one.code,
        WasteEntry.on_date == one.on,
        WasteEntry.kind == one.kind,
        WasteEntry.amount_t == one.amount,
        WasteEntry.lot == one.lot,
    )
    return conn.scalar(select(WasteEntry.id).where(*same, _STANDS).limit(1)) is not None


def _never_below_zero(conn: Connection, enterprise_id: uuid.UUID, code: str) -> None:
    stock = ZERO
    for day, moved in _daily(conn, enterprise_id, code):
        stock += moved
        if stock < 0:
            raise DomainError(
                "waste_stock",
                f"{waste_rules.named(code)}在{day}的库存将为{stock}吨，不能小于零；请核对数量和日期。",
                f"The stock of {code} would be {stock} t on {day}; it never falls below zero.",
                pointer="amount",
            )


def _signed() -> Any:
    return case(dict(SIGNS), value=WasteEntry.kind) * WasteEntry.amount_t


def _daily(conn: Connection, enterprise_id: uuid.UUID, code: str) -> list[tuple[date, Decimal]]:
    rows = conn.execute(
        select(WasteEntry.on_date, func.sum(_signed()).label("moved"))
        .where(WasteEntry.enterprise_id == enterprise_id, WasteEntry.code == code, _STANDS)
        .group_by(WasteEntry.on_date)
        .order_by(WasteEntry.on_date)
    )
    return [(row.on_date, row.moved) for row in rows]


# -- reading ---------------------------------------------------------------------------------------------


def entries(
    conn: Connection, enterprise_id: uuid.UUID, *, code: str = "", limit: int = 100, offset: int = 0
) -> tuple[list[dict[str, Any]], int]:
    """The entries of a ledger, newest day first, and how many there are; each says whether it still stands."""
    wanted = [WasteEntry.enterprise_id == enterprise_id]
    if code:
        wanted.append(WasteEntry.code == code)
    rows = conn.execute(
        select(WasteEntry.__table__, _STANDS.label("stands"), User.name.label("person"))
        .outerjoin(User, User.id == WasteEntry.entered_by)
        .where(*wanted)
        .order_by(WasteEntry.on_date.desc(), WasteEntry.entered_at.desc(), WasteEntry.id.desc())
        .limit(min(limit, 1000))
        .offset(offset)
    )
    total = conn.scalar(select(func.count()).select_from(WasteEntry).where(*wanted)) or 0
    return [dict(row) for row in rows.mappings()], total


def period(conn: Connection, enterprise_id: uuid.UUID, first: date, last: date) -> list[Line]:
    """Every code of the ledger or the licence in a period: opening, movements, closing, count, licensed scale."""
    lines = {code: _line(code) for code in _licensed(conn, enterprise_id)}
    for code, scale in _licensed(conn, enterprise_id).items():
        lines[code].licensed_t = scale
    before = WasteEntry.on_date < first
    rows = conn.execute(
        select(
            WasteEntry.code,
            func.coalesce(func.sum(_signed()).filter(before), 0).label("opening"),
            *(
                func.coalesce(func.sum(WasteEntry.amount_t).filter(~before, WasteEntry.kind == kind), 0).label(kind)
                for kind, sign in SIGNS.items()
                if sign
            ),
        )
        .where(WasteEntry.enterprise_id == enterprise_id, WasteEntry.on_date <= last, _STANDS)
        .group_by(WasteEntry.code)
    )
    for row in rows:
        line = lines.setdefault(row.code, _line(row.code))
        line.opening, line.received, line.produced = row.opening, row.received, row.produced
        line.treated, line.shipped = row.treated, row.shipped
    for code, count in _counts(conn, enterprise_id, first, last).items():
        lines[code].counted_on, lines[code].counted, lines[code].counted_book = count
    for line in lines.values():
        line.oldest = since(_daily_in(conn, enterprise_id, line.code, last), line.closing)
    return sorted(lines.values(), key=lambda line: (line.klass, line.code))


def since(inflows: Sequence[tuple[date, Decimal]], stock: Decimal) -> date | None:
    """The day on which the oldest part of a stock came in, first in first out; None when nothing is in store."""
    if stock <= 0:
        return None
    for day, amount in reversed(inflows):
        stock -= amount
        if stock <= 0:
            return day
    return inflows[0][0] if inflows else None


def _daily_in(conn: Connection, enterprise_id: uuid.UUID, code: str, last: date) -> list[tuple[date, Decimal]]:
    came = WasteEntry.kind.in_([kind for kind, sign in SIGNS.items() if sign > 0])
    rows = conn.execute(
        select(WasteEntry.on_date, func.sum(WasteEntry.amount_t).label("amount"))
        .where(WasteEntry.enterprise_id == enterprise_id, WasteEntry.code == code, WasteEntry.on_date <= last, came)
        .where(_STANDS)
        .group_by(WasteEntry.on_date)
        .order_by(WasteEntry.on_date)
    )
    return [(row.on_date, row.amount) for row in rows]


@dataclass(frozen=True)
class Batch:
    """What is left in store of one delivery or day of production, first in first out."""

    code: str
    on: date
    lot: str
    partner: str
    left: Decimal


def batches(conn: Connection, enterprise_id: uuid.UUID, last: date) -> list[Batch]:
    """What lies in store at the end of a day, batch by batch, the oldest first."""
    stock = {
        row.code: row.stock
        for row in conn.execute(
            select(WasteEntry.code, func.sum(_signed()).label("stock"))
            .where(WasteEntry.enterprise_id == enterprise_id, WasteEntry.on_date <= last, _STANDS)
            .group_by(WasteEntry.code)
        )
    }
    came = WasteEntry.kind.in_([kind for kind, sign in SIGNS.items() if sign > 0])
    rows = conn.execute(
        select(WasteEntry.code, WasteEntry.on_date, WasteEntry.lot, WasteEntry.partner, WasteEntry.amount_t)
        .where(WasteEntry.enterprise_id == enterprise_id, WasteEntry.on_date <= last, came, _STANDS)
        .where(WasteEntry.code.in_([code for code, amount in stock.items() if amount > 0]))
        .order_by(WasteEntry.on_date.desc(), WasteEntry.entered_at.desc(), WasteEntry.id.desc())
    )
    found = []
    for row in rows:
        left = min(row.amount_t, stock[row.code])
        if left > 0:
            stock[row.code] -= left
            found.append(Batch(row.code, row.on_date, row.lot, row.partner, left))
    return found[::-1]


def _counts(
    conn: Connection, enterprise_id: uuid.UUID, first: date, last: date
) -> dict[str, tuple[date, Decimal, Decimal]]:
    """The last count of each code in a period: its day, what was found, what the book said that day."""
    rows = conn.execute(
        select(WasteEntry.code, WasteEntry.on_date, WasteEntry.amount_t)
        .where(WasteEntry.enterprise_id == enterprise_id, WasteEntry.kind == "counted", _STANDS)
        .where(WasteEntry.on_date.between(first, last))
        .order_by(WasteEntry.on_date, WasteEntry.entered_at)
    )
    newest = {row.code: (row.on_date, row.amount_t) for row in rows}
    return {code: (day, found, _book(conn, enterprise_id, code, day)) for code, (day, found) in newest.items()}


def _book(conn: Connection, enterprise_id: uuid.UUID, code: str, on: date) -> Decimal:
    """What the entries say was in store at the end of a day."""
    return sum((moved for day, moved in _daily(conn, enterprise_id, code) if day <= on), ZERO)


def _licensed(conn: Connection, enterprise_id: uuid.UUID) -> dict[str, Decimal]:
    """The codes of the licence in force with their scale."""
    licence = waste_licences.newest(conn, enterprise_id, "waste")
    rows = ((licence or {}).get("content") or {}).get("wastes") or []
    return {str(row["code"]): Decimal(str(row["capacity_t"])) for row in rows}


def _line(code: str) -> Line:
    found = waste_rules.find(code)
    return Line(code, found.klass if found else "", found.klass_name if found else "")


@dataclass(frozen=True)
class Usage:
    """How much of the licensed scale a year has used."""

    used: Decimal
    licensed: Decimal | None

    @property
    def percent(self) -> Decimal | None:
        """Per cent of the scale, two places."""
        return (self.used / self.licensed * 100).quantize(Decimal("0.01")) if self.licensed else None

    @property
    def state(self) -> str:
        """`none` without a licence, `fine`, `warn` at the scale, `over` when a new licence is needed."""
        if self.licensed is None or not self.licensed:
            return "none"
        if waste_rules.is_over(self.licensed, self.used):
            return "over"
        warn = Decimal(waste_rules.rule("scale_warning_percent")["value"])
        return "warn" if self.used * 100 >= self.licensed * warn else "fine"


def usage(conn: Connection, enterprise_id: uuid.UUID, year: int, until: date) -> Usage:
    """What was received of licensed wastes in a year against the scale of the licence."""
    licence = waste_licences.newest(conn, enterprise_id, "waste")
    content = (licence or {}).get("content") or {}
    licensed = set(_licensed(conn, enterprise_id))
    received = conn.scalar(
        select(func.coalesce(func.sum(WasteEntry.amount_t), 0)).where(
            WasteEntry.enterprise_id == enterprise_id,
            WasteEntry.kind == "received",
            WasteEntry.code.in_(licensed),
            WasteEntry.on_date.between(date(year, 1, 1), min(date(year, 12, 31), until)),
            _STANDS,
        )
    )
    scale = content.get("scale_t")
    return Usage(Decimal(received or 0), Decimal(str(scale)) if scale is not None else None)
