"""Runs (试跑) of a version in the background: its scenarios, or past cases replayed by it; with progress.

A command notes what is to be played; any node then plays one item after the other (`work`), each in a rehearsal that is
undone, and notes what came of it. The row of the run is locked meanwhile, so two nodes never play the same item, and a node
that dies loses only the item it was at.
"""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, select, update

from registers import parties
from registers.accounts import SYSTEM
from registers.db import uuid7
from registers.errors import DomainError, NotFound
from workflows import access, definitions, foreseeing
from workflows import scenarios as playing
from workflows.commands import Answer, Step, command
from workflows.runtime import Runtime
from workflows.trying_models import ModelRun, ModelRunLine

MOST_RUNS = 20  # shown of one version
KINDS = ("scenarios", "replay", "table")

log = logging.getLogger("onewindow.modelruns")


@dataclass(frozen=True)
class Run:
    """A run with what came of it so far."""

    row: dict[str, Any]
    lines: list[dict[str, Any]]

    @property
    def finished(self) -> bool:
        """Whether everything has been played."""
        return self.row["finished_at"] is not None


@command("model_run.request")
def request(
    step: Step,
    *,
    definition_id: uuid.UUID,
    kind: str,
    since: date | None = None,
    until: date | None = None,
    limit: int = 50,
    decision: str = "",
) -> Answer:
    """Ask for the scenarios of a version to be played, or for the cases of a period (with one of its tables, or as a whole)."""
    access.require(step.actor, "definition.edit")
    contents = definitions.files_of(step.conn, definition_id)
    todo: list[Any] = []
    arguments: dict[str, Any] = {}
    if kind == "scenarios":
        todo = list(range(len(_scenarios(contents))))
    elif kind in ("replay", "table"):
        if kind == "table" and not decision:
            raise DomainError("required", "请选择决策表。", "Choose a decision table.", pointer="decision")
        first, last = since or date(step.today.year - 1, step.today.month, 1), until or step.today
        arguments = {"since": first.isoformat(), "until": last.isoformat(), "limit": limit, "decision": decision}
    else:
        raise DomainError("run_kind", "未知的试跑种类。", "Unknown kind of run.", pointer="kind")
    run_id = uuid7()
    step.conn.execute(
        insert(ModelRun).values(
            id=run_id, definition_id=definition_id, kind=kind, arguments=arguments, todo=todo, requested_at=step.now,
            requested_by=step.actor.id, finished_at=None if todo or arguments else step.now,
        )
    )  # fmt: skip
    return {"run_id": run_id}


def work(rt: Runtime) -> int:
    """Play what is noted; returns how many items were. Any node may."""
    played = 0
    while True:
        with rt.db.transaction() as conn:
            noted = conn.scalar(
                select(ModelRun.id).where(ModelRun.finished_at.is_(None)).order_by(ModelRun.requested_at).limit(1)
            )
        if noted is None or not walk(rt, SYSTEM, run_id=noted)["worked"]:
            return played
        played += 1


@command("model_run.walk")
def walk(step: Step, *, run_id: uuid.UUID) -> Answer:
    """Play the next item of a run; nothing when another node has it."""
    query = select(ModelRun.__table__).where(ModelRun.id == run_id).with_for_update(skip_locked=True)
    row = step.conn.execute(query).mappings().first()
    if row is None or row["finished_at"] is not None:
        return {"worked": False}
    if not row["todo"]:
        return _choose(step, dict(row))
    number = row["done"]
    contents = definitions.files_of(step.conn, row["definition_id"])
    data = _played(step.rt, dict(row), contents, row["todo"][number])
    plain = json.loads(json.dumps(data, ensure_ascii=False, default=str))
    step.conn.execute(insert(ModelRunLine).values(run_id=run_id, no=number, data=plain))
    over = number + 1 >= len(row["todo"])
    step.conn.execute(
        update(ModelRun).where(ModelRun.id == run_id).values(done=number + 1, finished_at=step.now if over else None)
    )
    return {"worked": True}


def _choose(step: Step, row: dict[str, Any]) -> Answer:
    """Find the cases of the period: the program does, for a designer sees no case; what is shown of them later is little."""
    given = row["arguments"]
    procedure = definitions.row(step.conn, row["definition_id"])["procedure"]
    period = date.fromisoformat(given["since"]), date.fromisoformat(given["until"])
    found = foreseeing.past_cases(step.conn, procedure, *period, given["limit"], given["decision"])
    values = {"todo": [str(case_id) for case_id in found], "finished_at": None if found else step.now}
    step.conn.execute(update(ModelRun).where(ModelRun.id == row["id"]).values(values))
    return {"worked": True}


def one(conn: Connection, run_id: uuid.UUID) -> Run:
    """A run; raises NotFound."""
    row = conn.execute(select(ModelRun.__table__).where(ModelRun.id == run_id)).mappings().first()
    if row is None:
        raise NotFound("没有这次试跑。", "There is no such run.")
    lines = conn.scalars(select(ModelRunLine.data).where(ModelRunLine.run_id == run_id).order_by(ModelRunLine.no))
    return Run(dict(row), list(lines))


def of_definition(conn: Connection, definition_id: uuid.UUID, *kinds: str) -> list[dict[str, Any]]:
    """The runs of a version, newest first."""
    query = (
        select(
            ModelRun.id, ModelRun.kind, ModelRun.arguments, ModelRun.done, ModelRun.todo, ModelRun.requested_at,
            ModelRun.finished_at, parties.User.name.label("person"),
        )
        .outerjoin(parties.User, parties.User.id == ModelRun.requested_by)
        .where(ModelRun.definition_id == definition_id, ModelRun.kind.in_(kinds or KINDS))
        .order_by(ModelRun.requested_at.desc())
        .limit(MOST_RUNS)
    )  # fmt: skip
    return [{**row, "total": len(row["todo"])} for row in conn.execute(query).mappings()]


def coverage(contents: dict[str, bytes], lines: list[dict[str, Any]]) -> tuple[set[str], set[str]]:
    """The sequence flows of the models, and those that some scenario has passed."""
    flows = playing.flows(contents)
    return flows, {key for line in lines for key in line.get("route", ())} & flows


def summary(run: Run) -> dict[str, Any]:
    """The result of a replay in numbers: how many cases are the same, otherwise, stuck; how the work changes by role."""
    work_by_role: dict[str, int] = {}
    moved = 0
    for line in run.lines:
        for item in line.get("differences", ()):
            if item["what"] == "work":
                change = int(item["after"] or 0) - int(item["before"] or 0)
                work_by_role[item["name"]] = work_by_role.get(item["name"], 0) + change
            moved += item["what"] == "due"
    stuck = sum(
        any(item["what"] in ("problem", "waits") and item["after"] for item in line.get("differences", ()))
        for line in run.lines
    )
    return {
        "played": len(run.lines),
        "total": len(run.row["todo"]),
        "same": sum(bool(line.get("same")) for line in run.lines),
        "otherwise": sum(not line.get("same") for line in run.lines),
        "stuck": stuck,
        "unfaithful": sum(not line.get("faithful", True) for line in run.lines),
        "dates_moved": moved,
        "work": {role: change for role, change in sorted(work_by_role.items()) if change},
    }


def _played(rt: Runtime, row: dict[str, Any], contents: dict[str, bytes], item: Any) -> dict[str, Any]:
    """What came of an item; one that breaks the program is told as broken and does not hold up the others."""
    try:
        return _play(rt, row, contents, item)
    except Exception as error:
        log.exception("an item of run %s could not be played", row["id"])
        return _broken(row["kind"], item, f"{type(error).__name__}: {error}"[:500])


def _broken(kind: str, item: Any, why: str) -> dict[str, Any]:
    if kind == "scenarios":
        return vars(playing.Result(str(item), {"zh": str(item), "en": str(item)}, False, [why]))
    stop = {"what": "problem", "name": "", "before": None, "after": why}
    facts = {"case_id": item, "number": "", "version": 0}
    return {**facts, "faithful": False, "same": False, "differences": [stop]}


def _play(rt: Runtime, row: dict[str, Any], contents: dict[str, bytes], item: Any) -> dict[str, Any]:
    if row["kind"] == "scenarios":
        scenario = _scenarios(contents)[item : item + 1]
        if not scenario:  # the draft has fewer scenarios now than when this was asked for
            return vars(playing.Result("", {"zh": "—", "en": "—"}, True))
        return vars(playing.checked_play(rt, contents, scenario[0]))
    try:
        found = foreseeing.foresee(rt, uuid.UUID(item), contents, row["arguments"].get("decision", ""))
    except DomainError as error:
        # A case that cannot be compared at all is told as such; the others are gone through all the same.
        return _broken(row["kind"], item, error.zh)
    return foreseeing.document(found)


def _scenarios(contents: dict[str, bytes]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(contents.get(playing.SCENARIOS, b'{"scenarios": []}'))["scenarios"]
    return found
