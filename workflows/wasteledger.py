"""The waste ledger for the people who work with it: enter, take back, read spreadsheets in, reports, who sees whose.

An operator keeps its own ledger; officers of the bodies that licensed it or run its zone read it. Both papers' reports
are filled out of it (`handlers.waste_reports`). A spreadsheet is read row by row: good rows are entered together, bad
ones are kept with what is wrong in each; a row that stands in the ledger already changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, or_, select

from registers import parties, waste_ledger, waste_licences, waste_rules
from registers.accounts import Actor
from registers.db import uuid7
from registers.errors import DomainError, Forbidden, NotFound
from registers.permits import Permit
from registers.waste_ledger import Movement
from registers.waste_tables import KIND_TITLES, SIGNS, WasteImport
from workflows import cells
from workflows.commands import Answer, Step, command
from workflows.reductionwork import KEEPERS
from workflows.reference import Reference

MOST_ROWS = 5000
MAX_AMOUNT = Decimal(10) ** 9
COLUMNS: tuple[tuple[str, str], ...] = (
    ("on", "日期"),
    ("kind", "类别"),
    ("code", "废物代码"),
    ("amount", "数量（吨）"),
    ("lot", "联单号（批次）"),
    ("partner", "来源或去向"),
    ("note", "备注"),
)
HAND_OVER, STORAGE = "waste.hand_over", "waste.storage"
_NEEDS_LOT = frozenset({"received", "shipped"})


# -- who sees whose ledger --------------------------------------------------------------------------------


def may_read(conn: Connection, actor: Actor, enterprise_id: uuid.UUID) -> bool:
    """Whether the ledger is the person's own, or that of an operator whom the person's bodies oversee."""
    if actor.is_system or actor.enterprise_id == enterprise_id:
        return True
    return enterprise_id in waste_licences.operators(conn, bodies_of(actor))


def require_read(conn: Connection, actor: Actor, enterprise_id: uuid.UUID) -> None:
    """Raise NotFound when the ledger is not this person's to see."""
    if not may_read(conn, actor, enterprise_id):
        raise NotFound("没有这本台账，或您无权查看。", "There is no such ledger, or it is not yours to see.")


def bodies_of(actor: Actor) -> list[uuid.UUID]:
    """The bodies for which the person oversees operators."""
    own = {body for role, body in actor.roles if role in KEEPERS and body is not None}
    return sorted(own | set(actor.supervised))


def overseen(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """The operators whose ledgers the person may read, with their licence."""
    ids = waste_licences.operators(conn, bodies_of(actor))
    rows = conn.execute(
        select(parties.Enterprise.id, parties.Enterprise.name, Permit.number, Permit.valid_to)
        .join(Permit, Permit.enterprise_id == parties.Enterprise.id)
        .where(parties.Enterprise.id.in_(ids), Permit.kind == "waste", Permit.status == "valid")
        .order_by(parties.Enterprise.name)
    )
    return [dict(row) for row in rows.mappings()]


def _own(step: Step) -> uuid.UUID:
    acts = step.actor.role_names & set(parties.ENTERPRISE_ROLES)
    if step.actor.enterprise_id is None or not acts:
        raise Forbidden("只有经营单位可以登记自己的台账。", "Only the operator keeps its own ledger.")
    return step.actor.enterprise_id


# -- commands ---------------------------------------------------------------------------------------------


@command("waste.enter")
def enter(
    step: Step,
    *,
    kind: str,
    on: date,
    code: str,
    amount: Decimal,
    lot: str = "",
    partner: str = "",
    note: str = "",
) -> Answer:
    """Enter one movement in one's own ledger."""
    enterprise_id = _own(step)
    values = {"on": on.isoformat(), "kind": kind, "code": code, "amount": format(amount, "f"), "lot": lot}
    movement, wrong = read_row({**values, "partner": partner, "note": note}, step.today)
    if movement is None:
        first = wrong[0]
        raise DomainError("waste_entry", f"{first['zh']}。", f"{first['en']}.", pointer=first["column"])
    made = waste_ledger.enter(step.conn, enterprise_id, [movement], by=step.actor.id, now=step.now)
    return {"entry_id": made[0]}


@command("waste.reverse")
def reverse(step: Step, *, entry_id: uuid.UUID, reason: str) -> Answer:
    """Take back an entry of one's own ledger, with the reason; both stay in it."""
    if not reason.strip():
        raise DomainError("reason", "请说明理由。", "Give the reason.", pointer="reason")
    made = waste_ledger.reverse(
        step.conn, _own(step), entry_id, note=reason.strip()[:500], by=step.actor.id, now=step.now
    )
    return {"entry_id": made}


@command("waste.import")
def read_in(step: Step, *, file_name: str, rows: list[dict[str, Any]]) -> Answer:
    """Enter the good rows of a spreadsheet and keep all rows with what is wrong in them."""
    enterprise_id = _own(step)
    if not rows or len(rows) > MOST_ROWS:
        raise DomainError(
            "rows",
            f"表格没有数据行，或者超过{MOST_ROWS}行。",
            f"The table has no rows, or more than {MOST_ROWS}.",
            pointer="rows",
        )
    waste_ledger.lock(step.conn, enterprise_id)
    kept, good = _sorted_out(step, enterprise_id, rows)
    import_id = uuid7()
    bad = sum(bool(row["errors"]) for row in kept)
    step.conn.execute(
        insert(WasteImport).values(
            id=import_id,
            enterprise_id=enterprise_id,
            file_name=file_name[:200],
            rows=kept,
            good=len(rows) - bad,
            bad=bad,
            imported_by=step.actor.id,
            imported_at=step.now,
        )
    )
    waste_ledger.enter(step.conn, enterprise_id, good, by=step.actor.id, now=step.now, import_id=import_id)
    return {"import_id": import_id, "good": len(rows) - bad, "bad": bad}


def _sorted_out(
    step: Step, enterprise_id: uuid.UUID, rows: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[Movement]]:
    """Every row with what is wrong in it, and the movements that are new; a code whose stock breaks loses its rows."""
    kept: list[dict[str, Any]] = []
    found: list[tuple[dict[str, Any], Movement]] = []
    for number, row in enumerate(rows, 2):
        values = {key: str(row.get(key) if row.get(key) is not None else "").strip()[:500] for key, _ in COLUMNS}
        movement, wrong = read_row(values, step.today)
        kept.append({"row": number, "values": values, "errors": wrong})
        if movement is not None and any(movement == other for _, other in found):
            kept[-1]["errors"].append({"column": "", "zh": "表内重复", "en": "stands twice in this table"})
        elif movement is not None and not waste_ledger.known(step.conn, enterprise_id, movement):
            found.append((kept[-1], movement))
    good: list[Movement] = []
    for code in sorted({movement.code for _, movement in found}):
        mine = [(row, movement) for row, movement in found if movement.code == code]
        try:
            with step.conn.begin_nested() as trial:
                waste_ledger.enter(step.conn, enterprise_id, [one for _, one in mine], by=step.actor.id, now=step.now)
                trial.rollback()
        except DomainError as error:
            for row, _ in mine:
                row["errors"].append({"column": "amount", "zh": error.zh, "en": error.en})
        else:
            good += [movement for _, movement in mine]
    return kept, good


def read_row(values: Mapping[str, str], today: date) -> tuple[Movement | None, list[dict[str, str]]]:
    """A movement out of the cells of a row, or everything that is wrong in them."""
    wrong: list[dict[str, str]] = []

    def add(column: str, zh: str, en: str) -> None:
        wrong.append({"column": column, "zh": zh, "en": en})

    kinds = {zh: key for key, (zh, _) in KIND_TITLES.items()}
    kind = kinds.get(values["kind"], values["kind"])
    if kind not in SIGNS:
        add("kind", f"类别应为{'、'.join(kinds)}之一", "not one of the kinds")
    on = cells.day(values["on"])
    if on is None or on > today:
        add("on", "日期应为年-月-日，且不晚于今天", "a date (year-month-day) not in the future")
    code = values["code"]
    if waste_rules.find(code) is None:
        add("code", f"名录中没有代码{code}", f"the list has no code {code}")
    amount = cells.amount(values["amount"], MAX_AMOUNT)
    if amount is None or (amount == 0 and kind != "counted"):
        add("amount", "数量应为大于零、至多六位小数的数字", "a number above zero with six places at most")
    if kind in _NEEDS_LOT and not values["lot"]:
        add("lot", "接收和转移须填写联单号", "give the number of the manifest")
    if wrong or on is None or amount is None:
        return None, wrong
    return Movement(kind, on, code, amount, values["lot"][:60], values["partner"][:200], values["note"][:500]), []


# -- reading ----------------------------------------------------------------------------------------------


def imports(conn: Connection, enterprise_id: uuid.UUID, limit: int = 20) -> list[dict[str, Any]]:
    """What was read in, newest first; without the rows."""
    columns = [column for column in WasteImport.__table__.columns if column.name != "rows"]
    query = select(*columns).where(WasteImport.enterprise_id == enterprise_id)
    return [dict(row) for row in conn.execute(query.order_by(WasteImport.imported_at.desc()).limit(limit)).mappings()]


def imported(conn: Connection, actor: Actor, import_id: uuid.UUID) -> dict[str, Any]:
    """One spreadsheet that was read in, with all its rows and errors."""
    reach = waste_licences.operators(conn, bodies_of(actor))
    whose = or_(WasteImport.enterprise_id == actor.enterprise_id, WasteImport.enterprise_id.in_(reach))
    row = conn.execute(select(WasteImport.__table__).where(WasteImport.id == import_id, whose)).mappings().first()
    if row is None:
        raise NotFound()
    return dict(row)


@dataclass(frozen=True)
class Aged:
    """What lies in store of a batch (or, without a lot, of a code): since when, and until when it may."""

    code: str
    stock: Decimal
    since: date
    due: date
    days_left: int
    rule: str
    lot: str = ""
    partner: str = ""

    @property
    def named(self) -> str:
        """The code with its class."""
        return waste_rules.named(self.code)

    @property
    def state(self) -> str:
        """`over`, `warn` or `fine`."""
        if self.days_left < 0:
            return "over"
        return "warn" if self.days_left <= int(waste_rules.rule("warn_days")[self.rule]) else "fine"


def batches(conn: Connection, reference: Reference, enterprise_id: uuid.UUID, today: date) -> list[Aged]:
    """Every batch in store with the day by which it must be gone, the most urgent first.

    Law: CODE art. 535, one year at an operator; 危险废物经营许可证管理办法 art. 20, a collector hands over in 90 working days.
    """
    licence = waste_licences.newest(conn, enterprise_id, "waste")
    rule = HAND_OVER if licence and licence["klass"] == "collection" else STORAGE
    found = []
    for one in waste_ledger.batches(conn, enterprise_id, today):
        due = reference.due(conn, rule, one.on).date
        found.append(Aged(one.code, one.left, one.on, due, (due - today).days, rule, one.lot, one.partner))
    return sorted(found, key=lambda aged: (aged.due, aged.code, aged.lot))


def by_code(found: Sequence[Aged]) -> list[Aged]:
    """The same by code: all of its stock, and the dates of its oldest batch; the most urgent first."""
    oldest: dict[str, Aged] = {}
    for one in found:
        known = oldest.get(one.code)
        first = replace(one, lot="", partner="") if known is None else known
        oldest[one.code] = first if known is None else replace(first, stock=first.stock + one.stock)
    return list(oldest.values())
