"""What the waste ledger warns of by itself, once a day: storage near or over its time, a licensed scale that is used up.

The operator and the body that licensed it are told once of each: a batch and its day, a year and its state. The figures
are those of the page (`workflows.wasteledger.batches`, `registers.waste_ledger.usage`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from registers import waste_ledger
from registers.permits import Permit
from workflows import cron, notify
from workflows.commands import Answer, Step, command
from workflows.wasteledger import HAND_OVER, batches

_SCALE = {
    "warn": ("接收量已达到许可规模", "the licensed scale is used up"),
    "over": (
        "接收量超过许可规模，应当重新申请两证",
        "so far over the licensed scale that both papers are applied for anew",
    ),
}


@command("day.waste")
def daily(step: Step) -> Answer:
    """Warn operators and their bodies of what the ledger shows, once of each."""
    if not cron.claim(step):
        return {"ran": False}
    holders = step.conn.execute(
        select(Permit.enterprise_id, Permit.body_id, Permit.number)
        .where(Permit.kind == "waste", Permit.status == "valid")
        .order_by(Permit.id)
    ).all()
    told = [_message(step, row, zh, en) for row in holders for zh, en in _warnings(step, row)]
    notify.send(step.conn, step.now, told)
    return {"ran": True, "warned": len(told)}


cron.DAILY.append(cron.Daily(daily, 0))


def _warnings(step: Step, row: Any) -> Iterator[tuple[str, str]]:
    """What is new to be warned of for one operator, in words."""
    for one in batches(step.conn, step.rt.reference.get(step.conn), row.enterprise_id, step.today):
        told = f"waste:{row.enterprise_id}:{one.code}:{one.lot}:{one.due}:{one.state}"
        if one.state != "fine" and _first(step, told):
            what = ("移交期限", "to be handed over") if one.rule == HAND_OVER else ("贮存期限", "to be gone")
            when = ("已超过", "was") if one.state == "over" else ("将于", "is")
            lot = (f"批次{one.lot}", f" (batch {one.lot})") if one.lot else ("", "")
            yield (
                f"{one.named}{lot[0]}贮存{one.stock:f}吨，{what[0]}{when[0]}{one.due}",
                f"{one.named}{lot[1]}: {one.stock:f} t in store, {what[1]} by {one.due} ({when[1]} due)",
            )
    state = waste_ledger.usage(step.conn, row.enterprise_id, step.today.year, step.today).state
    if state in _SCALE and _first(step, f"scale:{row.enterprise_id}:{step.today.year}:{state}"):
        zh, en = _SCALE[state]
        yield f"经营许可证{row.number}：{step.today.year}年{zh}", f"Licence {row.number}, {step.today.year}: {en}"


def _first(step: Step, name: str) -> bool:
    """Whether this is said for the first time; kept as a row of its day."""
    seen = step.conn.scalar(select(cron.CronRun.name).where(cron.CronRun.name == name).limit(1))
    noted = {"name": name, "on_date": step.today, "at": step.now}
    return seen is None and bool(
        step.conn.execute(insert(cron.CronRun).values(noted).on_conflict_do_nothing()).rowcount
    )


def _message(step: Step, row: Any, zh: str, en: str) -> notify.Outgoing:
    people = notify.of_enterprise(step.conn, row.enterprise_id, step.today) | notify.of_body(
        step.conn, row.body_id, ("reviewer", "head"), step.today
    )
    return notify.Outgoing(people, "duty", zh, en, None, f"/waste/{row.enterprise_id}")
