"""A sandbox case is played once for each thing that changes it, and never shown as it was before that."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text

from tests.conftest import World
from tests.trying.kit import CHECK, FILL, counts, small
from workflows import looking

GIVEN: dict[str, Any] = {"started_on": date(2026, 9, 1), "given": {}, "steps": []}
DONE = {"task": "fill", "submit": {"remark": "好"}}


def test_what_was_looked_at_is_kept_until_something_it_depends_on_changes(world: World) -> None:
    before = counts(world)
    first = looking.look(world.rt, GIVEN, small())
    assert looking.look(world.rt, GIVEN, small()) is first
    assert [one.row["element"] for one in first.tasks] == ["fill"]
    after = looking.look(world.rt, {**GIVEN, "steps": [DONE]}, small())
    assert [one.row["element"] for one in after.tasks] == ["check"]
    assert looking.look(world.rt, GIVEN, small(FILL)) is not first
    assert looking.look(world.rt, {**GIVEN, "started_on": date(2026, 9, 2)}, small()) is not first
    with world.rt.db.transaction() as conn:
        conn.execute(text("UPDATE register_stamp SET version = version + 1"))
    assert looking.look(world.rt, GIVEN, small()) is not first
    assert counts(world) == before


def test_a_step_that_was_tried_is_what_the_next_page_shows_and_a_refused_one_is_tried_anew(world: World) -> None:
    looking.attempt(world.rt, GIVEN, small(FILL, CHECK), DONE)
    shown = looking.look(world.rt, {**GIVEN, "steps": [DONE]}, small(FILL, CHECK))
    assert shown.state["problem"] is None
    wrong = {**GIVEN, "steps": [{"task": "nothing"}]}
    first = looking.look(world.rt, wrong, small(FILL, CHECK))
    assert first.state["problem"] is not None
    assert looking.look(world.rt, wrong, small(FILL, CHECK)) is not first
