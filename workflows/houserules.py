"""House rules chosen by an administrator; when the lights change, the calls of all open clocks follow."""

from __future__ import annotations

from registers import house
from workflows import access, recompute
from workflows.commands import Answer, Step, command


@command("house.choose")
def choose(step: Step, *, key: str, value: int, source: str) -> Answer:
    """Choose a value; it counts from now on, with who, when and on what ground."""
    access.require(step.actor, "users.manage" if key.startswith("security.") else "registers.import")
    house.save(step.conn, key, value, source, step.actor.id, step.now)
    noted = None
    if key.startswith("light."):
        zh, en = house.built_in()[key].zh, house.built_in()[key].en
        noted = recompute.request(step, f"{zh} {value}（{source.strip()}）", f"{en} {value} ({source.strip()})")
    return {"key": key, "value": value, "recomputation_id": noted}
