"""Sandbox cases (试办): a version tried on the real engine, all roles played by one person, the clock turned forward.

A sandbox case is the list of its steps. Where it stands is found by playing them in a rehearsal that is undone, so nothing
of it is ever in the registers: no number, quota, permit, notice, message or place on a list. A draft may change between two
steps; then the steps are played against the changed model, and the page says how far they still come.
What was played can be kept as a scenario of the draft.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from forms.definition import FormDefinition
from registers import parties
from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from workflows import (
    access,
    casefile,
    definitions,
    demo,
    drafting,
    events,
    formdata,
    letters,
    matters,
    notices,
    rehearsal,
    versionfiles,
)
from workflows import scenarios as playing
from workflows.commands import Answer, Step, command
from workflows.models import Case, Deadline
from workflows.notify import Message
from workflows.runtime import Runtime
from workflows.trying_models import Trial

MOST_STEPS = 120
MOST_TRIALS = 50  # shown of one version
PASSING = ("userTask", "manualTask", "task", "businessRuleTask", "endEvent")  # what a recorded route names


@dataclass
class Scene:
    """A sandbox case as it stands while its rehearsal is open; `taken` of its steps could be taken."""

    player: rehearsal.Rehearsal
    contents: dict[str, bytes]
    route: list[str] = field(default_factory=list)
    taken: int = 0
    problem: DomainError | None = None

    def shown(self, task: dict[str, Any]) -> formdata.Shown:
        """The form of an open task as whoever does it would see it."""
        with self.player.rt.db.transaction() as conn:
            return formdata.for_display(conn, self.player.rt, task)


@contextmanager
def scene(rt: Runtime, trial: Mapping[str, Any], contents: dict[str, bytes], more: Any = ()) -> Iterator[Scene]:
    """Play a sandbox case (and `more` steps) and hold it open for looking; undone when left.

    Raises LintFailed when the model cannot run at all. A step that cannot be taken any more is told in `problem`.
    """
    rehearsal.prepare(rt, contents)
    with rehearsal.stage(rt, trial["started_on"]) as stage:
        stage.rt.writes_letters = False
        route: list[str] = []
        stage.rt.observer = lambda _, outcome: route.extend(outcome.route)
        player = rehearsal.Rehearsal(stage.rt, stage.time, contents, {**trial["given"], "trial": True})
        shown = Scene(player, contents, route)
        for step in [*trial["steps"], *more]:
            try:
                player.take(step)
            except DomainError as problem:
                shown.problem = problem
                break
            shown.taken += 1
        yield shown


def state(shown: Scene) -> dict[str, Any]:
    """Everything there is to see of a sandbox case, as plain data and small objects."""
    player = shown.player
    with player.rt.db.transaction() as conn:
        case = conn.execute(
            select(Case.number, Case.title, Case.status, Case.outcome).where(Case.id == player.case_id)
        ).one()
        return {
            "number": case.number,
            "title": case.title,
            "status": case.status,
            "outcome": case.outcome,
            "now": player.time.now(),
            "today": player.time.today(),
            "taken": shown.taken,
            "problem": shown.problem,
            "tasks": _tasks(player),
            "deadlines": _deadlines(conn, player.case_id),
            "clocks": matters.readings(conn, player.rt.reference.get(conn), player.case_id, player.time.today()),
            "letters": letters.of_case(conn, player.case_id),
            "notices": notices.of_case(conn, player.case_id),
            "permits": casefile.permits(conn, player.case_id),
            "messages": _messages(conn, player.case_id),
            "incidents": casefile.incidents(conn, player.case_id),
            "history": events.history(conn, player.case_id),
            "variables": formdata.variables_of(conn, player.compiled, player.case_id),
            "markers": _markers(shown),
            "compiled": player.compiled,
        }


def example(contents: Mapping[str, bytes], shown: Scene, element: str, steps: list[Any]) -> dict[str, Any] | None:
    """How a scenario of the procedure fills in a task: one that came the same way if there is one, else the one that says most."""
    given = json.loads(contents.get(playing.SCENARIOS, b'{"scenarios": []}'))["scenarios"]
    taken = [step["task"] for step in steps if "task" in step]
    start_task = shown.player.compiled.settings.get("start_task")
    found = []
    for scenario in given:
        played = [{"task": start_task, "submit": scenario["start"]}] if scenario.get("start") else []
        played += [step for step in scenario.get("steps", ()) if "task" in step]
        names = [step["task"] for step in played]
        if names[: len(taken) + 1] == [*taken, element] and played[len(taken)].get("submit"):
            return dict(played[len(taken)]["submit"])
        found += [step["submit"] for step in played if step["task"] == element and step.get("submit")]
    return max(found, key=lambda one: len(json.dumps(one)), default=None)


def recorded(shown: Scene, trial: Mapping[str, Any], name: Mapping[str, str]) -> dict[str, Any]:
    """The sandbox case as a scenario: what was done by whom, and what came of it as what is expected."""
    player = shown.player
    steps = [
        {**step, "by": by} if by and not by.startswith(rehearsal.OWN_PEOPLE) else dict(step)
        for step, by in zip(trial["steps"], player.acted, strict=True)
    ]
    scenario: dict[str, Any] = {
        "name": dict(name),
        "today": trial["started_on"].isoformat(),
        **{key: value for key, value in trial["given"].items() if value},
        **({"house": True} if player.applicant else {}),
    }
    if steps and steps[0].get("task") == player.compiled.settings.get("start_task") and "by" not in steps[0]:
        scenario["start"] = steps.pop(0).get("submit", {})
    return {**scenario, "steps": steps, "expect": _expected(shown)}


@command("trial.start")
def start(
    step: Step,
    *,
    definition_id: uuid.UUID,
    title: str = "",
    today: date | None = None,
    given: dict[str, str] | None = None,
) -> Answer:
    """Begin a sandbox case of a version, on a day of one's choice, as an enterprise or an officer of one's choice."""
    access.require(step.actor, "definition.edit")
    row = definitions.row(step.conn, definition_id)
    chosen = {key: str(value) for key, value in (given or {}).items() if key in ("enterprise", "starter") and value}
    if chosen.get("enterprise", demo.PEOPLE[0][0]) not in {person[0] for person in demo.PEOPLE}:
        raise DomainError(
            "not_a_demonstration",
            "试办只能使用演示单位；不填则使用虚拟的试办单位。",
            "A sandbox case takes an enterprise of the demonstration; left empty, it has an invented applicant.",
            pointer="enterprise",
        )
    if "starter" not in chosen:
        settings = json.loads(definitions.files_of(step.conn, definition_id)[versionfiles.SETTINGS])
        login = _starter(step.conn, settings.get("starters") or [])
        chosen |= {"starter": login} if login else {}
    trial_id = uuid7()
    step.conn.execute(
        insert(Trial).values(
            id=trial_id, definition_id=definition_id, title=title.strip()[:200] or row["title"]["zh"],
            started_on=today or step.today, given=chosen, steps=[], revision=0,
            created_at=step.now, created_by=step.actor.id, changed_at=step.now,
        )
    )  # fmt: skip
    return {"trial_id": trial_id}


@command("trial.step")
def take(step: Step, *, trial_id: uuid.UUID, taken: dict[str, Any], revision: int) -> Answer:
    """Note one more step; the caller has tried it (`attempt`). `revision` is the one the person saw."""
    access.require(step.actor, "definition.edit")
    row = one(step.conn, trial_id, lock=True)
    if row["revision"] != revision:
        raise Conflict(
            "trial_changed",
            "该试办已在别处继续办理，请刷新。",
            "This sandbox case went on elsewhere; reload it.",
        )
    return _write(step, row, [*row["steps"], taken])


@command("trial.undo")
def undo(step: Step, *, trial_id: uuid.UUID, keep: int) -> Answer:
    """Go back to the first `keep` steps."""
    access.require(step.actor, "definition.edit")
    row = one(step.conn, trial_id, lock=True)
    return _write(step, row, row["steps"][: max(keep, 0)])


@command("trial.drop")
def drop(step: Step, *, trial_id: uuid.UUID) -> Answer:
    """Throw a sandbox case away."""
    access.require(step.actor, "definition.edit")
    one(step.conn, trial_id, lock=True)
    step.conn.execute(delete(Trial).where(Trial.id == trial_id))
    return {"trial_id": trial_id}


@command("trial.keep")
def keep(step: Step, *, trial_id: uuid.UUID, scenario: dict[str, Any]) -> Answer:
    """Put a recorded scenario into the draft: the sandbox case's own version, or the newest draft of its procedure."""
    access.require(step.actor, "definition.edit")
    row = one(step.conn, trial_id)
    target = _draft(step.conn, row["definition_id"])
    contents = definitions.files_of(step.conn, target["id"])
    content = with_scenario(contents.get(playing.SCENARIOS, b'{"scenarios": []}\n'), scenario)
    digest = drafting.keep(step, target["id"], playing.SCENARIOS, content, target["sha256"])
    return {"definition_id": target["id"], "version": target["version"], "sha256": digest}


def record(
    rt: Runtime, trial: Mapping[str, Any], contents: dict[str, bytes], name: Mapping[str, str]
) -> dict[str, Any]:
    """The scenario of a sandbox case, after it was played and held what it expects; raises DomainError otherwise."""
    with scene(rt, trial, contents) as shown:
        if shown.problem is not None:
            raise shown.problem
        scenario = recorded(shown, trial, name)
    made = playing.play(rt, contents, scenario)
    if not made.passed:
        said = "；".join(made.problems)
        raise DomainError(
            "not_repeatable",
            f"录制的场景重放时结果不同，未保存：{said}",
            f"Played again the recorded scenario ends otherwise; it was not kept: {said}",
        )
    return scenario


def with_scenario(content: bytes, scenario: dict[str, Any]) -> bytes:
    """The file with one more scenario at its end; everything before it stays as it was written, for a readable difference."""
    document = json.loads(content)
    wanted = {**document, "scenarios": [*document["scenarios"], scenario]}
    said, end = content.decode(), content.decode().rfind("]")
    comma = "," if document["scenarios"] else ""
    written = f"{said[:end].rstrip()}{comma}\n {json.dumps(scenario, ensure_ascii=False)}\n{said[end:]}"
    try:
        fits = json.loads(written) == wanted
    except ValueError:
        fits = False
    return (written if fits else json.dumps(wanted, ensure_ascii=False, indent=1) + "\n").encode()


def one(conn: Connection, trial_id: uuid.UUID, *, lock: bool = False) -> dict[str, Any]:
    """A sandbox case; raises NotFound."""
    query = select(Trial.__table__).where(Trial.id == trial_id)
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound("没有这件试办。", "There is no such sandbox case.")
    return dict(row)


def of_definition(conn: Connection, definition_id: uuid.UUID) -> list[dict[str, Any]]:
    """The sandbox cases of a version, newest first."""
    query = (
        select(Trial.__table__, parties.User.name.label("person"))
        .outerjoin(parties.User, parties.User.id == Trial.created_by)
        .where(Trial.definition_id == definition_id)
        .order_by(Trial.changed_at.desc())
        .limit(MOST_TRIALS)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def _write(step: Step, row: Mapping[str, Any], steps: list[Any]) -> Answer:
    revision = row["revision"] + 1
    step.conn.execute(
        update(Trial).where(Trial.id == row["id"]).values(steps=steps, revision=revision, changed_at=step.now)
    )
    return {"trial_id": row["id"], "revision": revision, "steps": len(steps)}


def _draft(conn: Connection, definition_id: uuid.UUID) -> dict[str, Any]:
    row = definitions.row(conn, definition_id)
    if row["status"] == "draft":
        return row
    newest = definitions.of_procedure(conn, row["procedure"], 1)[0]
    if newest["status"] != "draft":
        raise Conflict(
            "no_draft",
            "已发布的版本不能修改：请先复制为草稿，再保存场景。",
            "A published version is not edited: copy it to a draft first, then keep the scenario.",
        )
    return newest


def _starter(conn: Connection, roles: list[str]) -> str:
    """Somebody who may begin a procedure that officers begin; the enterprise's own people need not be named."""
    if not roles or set(roles) & set(parties.ENTERPRISE_ROLES):
        return ""
    query = select(parties.User.login).join(parties.UserRole, parties.UserRole.user_id == parties.User.id)
    return conn.scalar(query.where(parties.UserRole.role.in_(roles)).order_by(parties.User.login).limit(1)) or ""


def _tasks(player: rehearsal.Rehearsal) -> list[dict[str, Any]]:
    """The open tasks; several instances of one element for one body count as one, with their number."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in player.open_tasks():
        key = row["element"], row["body"] or ""
        if key in found:
            found[key]["count"] += 1
        else:
            form: FormDefinition = player.compiled.form_of(row["element"])
            found[key] = {**row, "body": row["body"] or "", "count": 1, "form_title": form.title}
    return list(found.values())


def _deadlines(conn: Connection, case_id: uuid.UUID) -> list[dict[str, Any]]:
    query = select(Deadline.element, Deadline.effect, Deadline.rule, Deadline.due_on, Deadline.due_at)
    rows = conn.execute(
        query.where(Deadline.case_id == case_id, Deadline.done_at.is_(None)).order_by(Deadline.due_at)
    ).mappings()
    return [dict(row) for row in rows]


def _messages(conn: Connection, case_id: uuid.UUID) -> list[dict[str, Any]]:
    query = (
        select(Message.title, Message.kind, Message.created_at, parties.User.name.label("person"))
        .join(parties.User, parties.User.id == Message.user_id)
        .where(Message.case_id == case_id)
        .order_by(Message.created_at, parties.User.login)
        .limit(500)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def _markers(shown: Scene) -> dict[str, str]:
    elements = shown.player.compiled.model.elements
    markers = {key: "done" for key in shown.route if key in elements}
    return markers | {row["element"]: "open" for row in shown.player.open_tasks()}


def _expected(shown: Scene) -> dict[str, Any]:
    """What a recorded scenario expects: what happened."""
    now, elements = state(shown), shown.player.compiled.model.elements
    return {
        "route": [key for key in shown.route if key in elements and elements[key].type in PASSING],
        "status": now["status"],
        **({"outcome": now["outcome"]} if now["outcome"] else {}),
        "letters": [letter["kind"] for letter in now["letters"]],
        "matters": {clock.matter["kind"]: clock.matter["status"] for clock in now["clocks"]},
        "open": sorted(row["element"] for row in shown.player.open_tasks()),
    }
