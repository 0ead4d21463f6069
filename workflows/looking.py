"""Where a sandbox case stands, worked out once and kept for a few minutes.

Playing the steps anew for every page took most of its time. What a page may ask (the state, each open task with its form, the
letters) is read while the rehearsal is open and kept as plain data under the hash of everything it depends on: the files of the version,
how the case began, its steps, and the limits, calendar and house rules in force. Nothing of the rehearsal itself stays behind.
Who asks was checked before; a step that is tried leaves what the next page shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registers.errors import Conflict, DomainError, NotFound
from workflows import formdata, letters, trials, versionfiles
from workflows.commands import to_json
from workflows.compiling import Compiled
from workflows.runtime import Runtime


@dataclass(frozen=True)
class OpenTask:
    """An open task with its form as whoever does it would see it, and how a scenario fills it in."""

    row: dict[str, Any]
    shown: formdata.Shown
    example: dict[str, Any] | None
    basis: str


@dataclass(frozen=True)
class Look:
    """A sandbox case as it stands."""

    state: dict[str, Any]
    compiled: Compiled
    tasks: list[OpenTask]

    def task(self, element: str, body: str = "") -> OpenTask:
        """An open task by its element, and its body where several have it; raises DomainError."""
        for one in self.tasks:
            if one.row["element"] == element and body in ("", one.row["body"]):
                return one
        names = [one.row["element"] for one in self.tasks]
        raise DomainError(
            "no_task", f"没有待办“{element}”，当前待办：{names}", f"No open task {element}; open: {names}"
        )

    def letter(self, number: str) -> tuple[dict[str, Any], bytes]:
        """One of the letters that were made, counted from 1, as a Word file; raises NotFound."""
        made = self.state["letters"]
        if not number.isdecimal() or not 0 < int(number) <= len(made):
            raise NotFound("没有这份文书。", "There is no such letter.")
        return made[int(number) - 1], letters.written(self.compiled, made[int(number) - 1])


def look(rt: Runtime, trial: Mapping[str, Any], contents: dict[str, bytes], more: Any = ()) -> Look:
    """Where a sandbox case stands after its steps (and `more`); raises LintFailed when its model cannot run at all."""
    steps = [*trial["steps"], *more]
    key = _key(rt, trial, contents, steps)
    known = rt.looks.get(key)
    if isinstance(known, Look):
        return known
    with trials.scene(rt, trial, contents, more) as shown:
        found = Look(trials.state(shown), shown.player.compiled, list(_tasks(shown, contents, steps)))
    # A step that was refused may be taken later, when the registers are otherwise.
    if found.state["problem"] is None:
        rt.looks.put(key, found)
    return found


def attempt(rt: Runtime, trial: Mapping[str, Any], contents: dict[str, bytes], step: dict[str, Any]) -> None:
    """Try one more step; raises what stands against it."""
    if len(trial["steps"]) >= trials.MOST_STEPS:
        raise Conflict("too_long", "试办步骤过多，请另开一件。", "This sandbox case has too many steps; begin another.")
    problem = look(rt, trial, contents, [step]).state["problem"]
    if problem is not None:
        raise problem


def _tasks(shown: trials.Scene, contents: dict[str, bytes], steps: list[Any]) -> Any:
    elements = shown.player.compiled.model.elements
    seen = set()
    for row in shown.player.open_tasks():
        place = row["element"], row["body"] or ""
        if place in seen:  # several instances are taken one after the other
            continue
        seen.add(place)
        task = {**row, "body": row["body"] or "", "definition_id": shown.player.definition_id}
        given = trials.example(contents, shown, row["element"], steps)
        basis = elements[row["element"]].properties.get("legalBasis", "")
        yield OpenTask(task, shown.shown(task), given, basis)


def _key(rt: Runtime, trial: Mapping[str, Any], contents: dict[str, bytes], steps: list[Any]) -> str:
    with rt.db.transaction() as conn:
        stamp = rt.reference.get(conn).stamp
    facts = [versionfiles.digest(contents), trial["started_on"], trial["given"], steps, stamp, rt.base_url]
    return hashlib.sha256(to_json(facts).encode()).hexdigest()
