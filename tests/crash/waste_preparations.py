"""The commands of the waste ledger and of joint inspections, ready to be killed at every statement."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from registers.accounts import SYSTEM, Actor
from tests.conftest import TODAY, World, key
from workflows import demo_waste, inspecting, wasteledger

Ready = tuple[Actor, dict[str, Any]]
ENTRY = {"kind": "received", "on": TODAY, "code": "900-249-08", "amount": Decimal("2.5"), "lot": "LD-CRASH-1"}
ROW = {"on": TODAY.isoformat(), "kind": "接收", "code": "900-249-08", "amount": "1.5", "lot": "LD-CRASH-2"}


def _enter(world: World) -> Ready:
    return world.actor("weifei"), dict(ENTRY)


def _reverse(world: World) -> Ready:
    made = wasteledger.enter(world.rt, world.actor("weifei"), key(), **ENTRY)
    return world.actor("weifei"), {"entry_id": uuid.UUID(made["entry_id"]), "reason": "误记"}


def _import(world: World) -> Ready:
    return world.actor("weifei"), {"file_name": "台账.xlsx", "rows": [ROW, {**ROW, "code": "000-000-00"}]}


def _operate(world: World) -> None:
    with world.rt.db.transaction() as conn:
        demo_waste.operate(conn, world.time)


def _draw(world: World) -> Ready:
    _operate(world)
    return world.actor("shencha"), {"wanted": 1, "seed": "crash"}


def _begin(world: World) -> Ready:
    _operate(world)
    made = inspecting.draw(world.rt, world.actor("shencha"), key(), wanted=1, seed="crash")
    operator = world.actor("weifei").enterprise_id
    return world.actor("shencha"), {"draw_id": uuid.UUID(made["draw_id"]), "enterprise_id": operator}


def _daily(world: World) -> Ready:
    _operate(world)
    return SYSTEM, {}


PREPARED: dict[str, Callable[[World], Ready]] = {
    "waste.enter": _enter,
    "waste.reverse": _reverse,
    "waste.import": _import,
    "inspection.draw": _draw,
    "inspection.begin": _begin,
    "day.waste": _daily,
}
