"""Helpers of the waste tests: scenarios played on a real case, the operator of the demonstration, entries."""

from __future__ import annotations

import json
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from registers.timesource import FixedTime
from tests.conftest import World, key
from workflows import install, versionfiles, wasteledger
from workflows.models import Case
from workflows.scenarios import Player

OIL, ORGANIC, ASH = "900-249-08", "900-039-49", "772-003-18"


def scenario(procedure: str, name: str) -> dict[str, Any]:
    """A shipped scenario by the beginning of its name."""
    folder = install.procedures_folder() / procedure
    everything = json.loads((folder / "scenarios.json").read_text("utf-8"))["scenarios"]
    found: dict[str, Any] = next(item for item in everything if item["name"]["zh"].startswith(name))
    return found


def play(
    world: World, procedure: str, name: str, steps: int | None = None, waits: dict[int, int] | None = None, **given: Any
) -> Player:
    """Play (the first steps of) a shipped scenario for good; `waits` lets days pass before a step."""
    played = {**scenario(procedure, name), **given}
    kept = [
        one
        for number, step in enumerate(played["steps"][:steps])
        for one in ([{"advance": (waits or {})[number]}, step] if number in (waits or {}) else [step])
    ]
    played = {**played, "steps": kept}
    contents = versionfiles.read_folder(install.procedures_folder() / procedure)
    time = world.time
    assert isinstance(time, FixedTime)
    time.move_to(date.fromisoformat(played["today"]))
    player = Player(world.rt, time, contents, played)
    player.play()
    return player


def enter(world: World, kind: str, on: str, amount: str, code: str = OIL, **more: str) -> uuid.UUID:
    """One movement in the operator's ledger."""
    made = wasteledger.enter(
        world.rt,
        world.actor("weifei"),
        key(),
        kind=kind,
        on=date.fromisoformat(on),
        code=code,
        amount=Decimal(amount),
        lot=more.get("lot", f"LD-{kind}-{on}-{amount}"),
        partner=more.get("partner", ""),
    )
    return uuid.UUID(made["entry_id"])


def operator(world: World) -> uuid.UUID:
    """The licensed operator of the demonstration."""
    found = world.actor("weifei").enterprise_id
    assert found is not None
    return found


def outcome(world: World, case_id: uuid.UUID) -> str | None:
    """How a case ended."""
    with world.rt.db.transaction() as conn:
        found: str | None = conn.scalar(select(Case.outcome).where(Case.id == case_id))
        return found
