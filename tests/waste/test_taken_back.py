"""Two bodies, one refuses, and the other takes back the approval it has signed: the clock, the record, the signature."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import select

from tests.conftest import World
from tests.waste.kit import play, scenario
from workflows import matters, signatures
from workflows.models import Event

BACK = "两个机关：园区局不予排污许可，省厅决定经营许可一并不予"
KEPT = "两个机关：省厅不予经营许可，园区局决定排污许可照常核发"
FATE = "task_other_fate"


def _played(world: World, name: str) -> tuple[uuid.UUID, dict[str, Any], date]:
    """The scenario with four days between the signatures and what becomes of the other licence; case, clocks, last signature."""
    at = next(place for place, step in enumerate(scenario("two_licences", name)["steps"]) if step.get("task") == FATE)
    player = play(world, "two_licences", name, waits={at: 4})
    with world.rt.db.transaction() as conn:
        found = matters.readings(conn, world.rt.reference.get(conn), player.case_id, world.time.today())
        signed = signatures.of_case(conn, player.case_id)
    last = max(one["signed_at"] for one in signed if one["element"] != FATE)
    return player.case_id, {clock.matter["kind"]: clock.reading for clock in found}, last.date()


def test_an_approval_taken_back_is_decided_on_the_day_of_the_new_decision(world: World) -> None:
    case_id, clocks, signed = _played(world, BACK)
    assert (clocks["waste"].stopped - signed).days == 4
    assert clocks["permit"].stopped == signed
    with world.rt.db.transaction() as conn:
        lines = conn.scalars(
            select(Event.kind).where(Event.case_id == case_id, Event.kind.like("clock_%")).order_by(Event.seq)
        ).all()
    assert lines[-2:] == ["clock_reopened", "clock_decided"]


def test_the_new_decision_is_signed_as_the_first_one_was(world: World) -> None:
    case_id, _, _ = _played(world, BACK)
    with world.rt.db.transaction() as conn:
        assert FATE in [one["element"] for one in signatures.of_case(conn, case_id)]


def test_an_approval_that_is_kept_stays_decided_on_the_day_of_its_signature(world: World) -> None:
    case_id, clocks, signed = _played(world, KEPT)
    assert clocks["permit"].stopped == signed
    with world.rt.db.transaction() as conn:
        assert FATE not in [one["element"] for one in signatures.of_case(conn, case_id)]
