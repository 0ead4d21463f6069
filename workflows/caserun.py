"""A case in the hands of one step: load under lock, run the engine, write back.

This is the hot path. Its statements stand together in `_LOCK`, `_SAVE` and the bulk inserts of
`save`, in this order: lock and load (one statement), submission and closing of the task (one), new
tasks, deadlines, events (one each, only when there are any), the case row last. A plain step needs
no more than ten statements and one commit, counted by a test.

Locks: the idempotency row is taken by `commands`, then the case row here; whatever a handler locks
(numbering counters, quota accounts) comes after. All work on a case waits for its row, so agencies
that finish parallel tasks at the same moment follow each other within milliseconds.
"""

from __future__ import annotations

import json
import traceback
import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert, text

from handlers import registry
from registers import parties
from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.timesource import end_of
from workflows import calendars, definitions, engine, events, expressions, reference, services
from workflows.commands import Step, to_json
from workflows.models import Deadline, Event, Incident, Task

_LOCK = text(
    """
    SELECT c.id, c.number, c.definition_id, c.procedure, c.title, c.enterprise_id, c.lead_body_id, c.bodies,
           c.body_ids, c.status, c.outcome, c.state, c.event_seq, c.event_hash, c.opened_at, c.opened_by,
           ARRAY(SELECT t.id FROM task t WHERE t.case_id = c.id AND t.status = 'open') AS open_tasks,
           ARRAY(SELECT d.waiting_id FROM deadline d WHERE d.case_id = c.id AND d.done_at IS NULL) AS open_deadlines,
           ARRAY(SELECT d.waiting_id FROM deadline d WHERE d.case_id = c.id) AS known_deadlines,
           ARRAY(SELECT i.waiting_id FROM incident i WHERE i.case_id = c.id AND i.resolved_at IS NULL) AS open_incidents,
           (SELECT coalesce(sum(version), 0) FROM register_stamp) AS stamp
      FROM cases c WHERE c.id = :case_id FOR UPDATE OF c
    """
)
_SAVE = text(
    """
    UPDATE cases SET state = :state, status = :status, outcome = :outcome, title = :title,
           bodies = CAST(:bodies AS jsonb), body_ids = CAST(:body_ids AS uuid[]), lead_body_id = :lead_body_id,
           event_seq = :event_seq, event_hash = :event_hash, closed_at = :closed_at
     WHERE id = :id
    """
)
_CREATE = text(
    """
    INSERT INTO cases (id, number, definition_id, procedure, title, enterprise_id, lead_body_id, bodies, body_ids,
                       status, state, event_seq, event_hash, opened_at, opened_by)
    VALUES (:id, :number, :definition_id, :procedure, :title, :enterprise_id, :lead_body_id, CAST(:bodies AS jsonb),
            CAST(:body_ids AS uuid[]), 'running', ''::bytea, 0, :genesis, :opened_at, :opened_by)
    """
)
_CLOSE_TASK = text(
    """
    WITH kept AS (
      INSERT INTO submission (id, case_id, task_id, element, form, data, submitted_by, submitted_at)
      VALUES (:submission_id, :case_id, :task_id, :element, :form, CAST(:data AS jsonb), :actor, :now)),
    met AS (
      UPDATE deadline SET done_at = :now, result = 'met' WHERE case_id = :case_id AND waiting_id = :task_id
         AND done_at IS NULL)
    UPDATE task SET status = 'done', closed_at = :now, closed_by = :actor
     WHERE id = :task_id AND status = 'open'
    """
)
_CANCEL_TASKS = text("UPDATE task SET status = 'cancelled', closed_at = :now WHERE id = ANY(:ids) AND status = 'open'")
_END_DEADLINES = text(
    "UPDATE deadline SET done_at = :now, result = 'not needed' WHERE case_id = :case_id AND waiting_id = ANY(:ids)"
    " AND done_at IS NULL"
)
_RESOLVE_INCIDENTS = text(
    "UPDATE incident SET resolved_at = :now, resolved_by = :actor WHERE case_id = :case_id"
    " AND waiting_id = ANY(:ids) AND resolved_at IS NULL"
)


@dataclass
class CaseRun:
    """A locked case during one step."""

    step: Step
    compiled: definitions.Compiled
    id: uuid.UUID
    number: str
    title: str
    enterprise_id: uuid.UUID | None
    lead_body_id: uuid.UUID | None
    bodies: dict[str, Any]
    body_ids: list[uuid.UUID]
    status: str
    outcome: str | None
    opened_by: uuid.UUID | None
    chain: events.Chain
    open_tasks: set[uuid.UUID]
    open_deadlines: set[uuid.UUID]
    known_deadlines: set[uuid.UUID]
    open_incidents: set[uuid.UUID]
    instance: engine.Instance
    stamp: int | None = None
    body_name: str = ""

    @classmethod
    def create(
        cls,
        step: Step,
        compiled: definitions.Compiled,
        *,
        number: str,
        title: str,
        enterprise_id: uuid.UUID | None,
        lead_body: parties.BodyRef | None,
        variables: dict[str, Any],
    ) -> CaseRun:
        """A new case, written so that whatever hangs on it may refer to it; the engine has not run yet."""
        run = cls._bare(step, compiled, uuid7(), number, title, enterprise_id)
        if lead_body is not None:
            run.lead_body_id = lead_body.id
            run.bodies = {"lead": str(lead_body.id)}
            run.body_ids = [lead_body.id]
        step.conn.execute(
            _CREATE,
            {
                "id": run.id,
                "number": number,
                "definition_id": compiled.id,
                "procedure": compiled.procedure,
                "title": title,
                "enterprise_id": enterprise_id,
                "lead_body_id": run.lead_body_id,
                "bodies": to_json(run.bodies),
                "body_ids": run.body_ids,
                "genesis": events.GENESIS,
                "opened_at": step.now,
                "opened_by": step.actor.id,
            },
        )
        run.opened_by = step.actor.id
        run.instance = engine.start(compiled.model, variables, run.call, now=step.rt.time)
        return run

    @classmethod
    def _bare(
        cls,
        step: Step,
        compiled: definitions.Compiled,
        case_id: uuid.UUID,
        number: str,
        title: str,
        enterprise_id: uuid.UUID | None,
    ) -> CaseRun:
        return cls(
            step=step,
            compiled=compiled,
            id=case_id,
            number=number,
            title=title,
            enterprise_id=enterprise_id,
            lead_body_id=None,
            bodies={},
            body_ids=[],
            status="running",
            outcome=None,
            opened_by=None,
            chain=events.Chain.new(case_id),
            open_tasks=set(),
            open_deadlines=set(),
            known_deadlines=set(),
            open_incidents=set(),
            instance=None,  # type: ignore[arg-type]  # set by the two constructors that call this
        )

    @classmethod
    def lock(cls, step: Step, case_id: uuid.UUID, *, closed_too: bool = False) -> CaseRun:
        """Lock and load a case; NotFound when it is not this person's to see, Conflict when it is closed."""
        row = step.conn.execute(_LOCK, {"case_id": case_id}).mappings().first()
        if row is None:
            raise NotFound("没有这个案件，或您无权查看。", "There is no such case, or it is not yours to see.")
        if row["status"] != "running" and not closed_too:
            raise Conflict(
                "case_closed",
                "案件已办结，不能再操作。",
                "The case is closed; nothing more can be done in it.",
            )
        compiled = definitions.compiled(step.rt, step.conn, row["definition_id"])
        run = cls._bare(step, compiled, row["id"], row["number"], row["title"], row["enterprise_id"])
        run.lead_body_id = row["lead_body_id"]
        run.bodies = dict(row["bodies"])
        run.body_ids = list(row["body_ids"])
        run.status, run.outcome, run.opened_by = row["status"], row["outcome"], row["opened_by"]
        run.chain = events.Chain(case_id, row["event_seq"], bytes(row["event_hash"]), [])
        run.open_tasks = set(row["open_tasks"])
        run.open_deadlines = set(row["open_deadlines"])
        run.known_deadlines = set(row["known_deadlines"])
        run.open_incidents = set(row["open_incidents"])
        run.stamp = row["stamp"]
        run.instance = engine.load(compiled.model, bytes(row["state"]), run.call, now=step.rt.time)
        return run

    @property
    def reference(self) -> reference.Reference:
        """Calendar and limits as they are in this transaction."""
        return self.step.rt.reference.get(self.step.conn, self.stamp)

    # -- what services and commands do with a running case ---------------------------------------

    def record(self, kind: str, element: str | None = None, **data: Any) -> None:
        """Add a line to the record of the case."""
        self.chain.append(
            kind, at=self.step.now, actor=self.step.actor, body_name=self.body_name, element=element, **data
        )

    def variables(self) -> dict[str, Any]:
        """The case's variables as the model sees them."""
        return engine.variables(self.instance)

    def join(self, key: str, body_id: uuid.UUID) -> None:
        """Let a body take part in the case under a key (lead, eia, permit, consulted ...)."""
        self.bodies[key] = str(body_id)
        if body_id not in self.body_ids:
            self.body_ids.append(body_id)

    def body_id(self, key: str) -> uuid.UUID | None:
        """The body that takes part under this key, or None."""
        found = self.bodies.get(key)
        return uuid.UUID(found) if found else None

    def call(self, operator: str, inputs: dict[str, Any], element: engine.Element) -> Any:
        """Carry out a service step: a case service of the runtime or a rule of `handlers`.

        It runs inside a savepoint: when it fails, what it wrote is taken back, the step stays ready
        and becomes an incident, and everything else of this step is kept.
        """
        lines, seq, tail = len(self.chain.lines), self.chain.seq, self.chain.tail
        memory = (dict(self.bodies), list(self.body_ids), self.outcome, self.title)
        try:
            with self.step.conn.begin_nested():
                if services.knows(operator):
                    return services.call(operator, self, inputs, element)
                result = registry.call(operator, inputs, self.handler_context())
                self.record("handler", element.id, handler=operator, basis=registry.get(operator).basis)
                return result
        except Exception:
            del self.chain.lines[lines:]
            self.chain.seq, self.chain.tail = seq, tail
            self.bodies, self.body_ids, self.outcome, self.title = memory
            raise

    def handler_context(self) -> registry.HandlerContext:
        """What a handler may know of the case."""
        return registry.HandlerContext(
            conn=self.step.conn,
            time=self.step.rt.time,
            case_id=self.id,
            enterprise_id=self.enterprise_id,
            act_date=self.step.today,
            actor_id=self.step.actor.id,
        )

    # -- engine ------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Run the engine from where it stands and write what came of it."""
        self.settle(engine.run(self.instance))

    def settle(self, outcome: engine.Outcome, *, done: uuid.UUID | None = None) -> None:
        """Bring tasks, deadlines and incidents in line with what the engine waits for, then save."""
        if self.step.rt.observer is not None:
            self.step.rt.observer(self.id, outcome)
        self._note(outcome)
        waiting = {uuid.UUID(item.id): item for item in outcome.waiting}
        self._reconcile_tasks(waiting, done)
        self._reconcile_deadlines(waiting)
        self._reconcile_incidents(outcome.parked)
        if outcome.finished and self.status == "running":
            self.status = "closed"
            self.outcome = self.outcome or outcome.ended_by
            self.record("case_closed", outcome=self.outcome)
        self.save()

    def _note(self, outcome: engine.Outcome) -> None:
        """Decision tables that were asked, messages thrown and joins that can never fire go into the record."""
        for made in outcome.decisions:
            rules = [rule.description or rule.id for rule in made.fired]
            self.record("decision", made.element.id, decision=made.decision, rules=rules, outputs=made.outputs)
        for thrown in outcome.thrown:
            self.record("thrown", thrown.element.id, event=thrown.kind, name=thrown.name)
        for element in outcome.stuck:
            self.record("stuck", element)

    def submit(self, task: dict[str, Any], values: Any, stored: dict[str, Any]) -> None:
        """Keep the submission, close the task, and let the engine go on with the values."""
        self.step.conn.execute(
            _CLOSE_TASK,
            {
                "submission_id": uuid7(),
                "case_id": self.id,
                "task_id": task["id"],
                "element": task["element"],
                "form": task["form"],
                "data": to_json(stored),
                "actor": self.step.actor.id,
                "now": self.step.now,
            },
        )
        self.settle(engine.complete(self.instance, str(task["id"]), values), done=task["id"])

    def save(self) -> None:
        """Write the lines of the record and the case row: the last statements of a step."""
        step = self.step
        if self.chain.lines:
            step.conn.execute(insert(Event), self.chain.lines)
            self.chain.lines = []
        closed = self.status != "running"
        step.conn.execute(
            _SAVE,
            {
                "id": self.id,
                "state": engine.dump(self.instance),
                "status": self.status,
                "outcome": self.outcome,
                "title": self.title,
                "bodies": to_json(self.bodies),
                "body_ids": self.body_ids,
                "lead_body_id": self.lead_body_id,
                "event_seq": self.chain.seq,
                "event_hash": self.chain.tail,
                "closed_at": step.now if closed else None,
            },
        )

    def _reconcile_tasks(self, waiting: dict[uuid.UUID, engine.Waiting], done: uuid.UUID | None) -> None:
        if done is not None:
            self.open_tasks.discard(done)
            self.open_deadlines.discard(done)
        human = {key: item for key, item in waiting.items() if item.kind == "task"}
        gone = self.open_tasks - set(human)
        if gone:
            self.step.conn.execute(_CANCEL_TASKS, {"ids": list(gone), "now": self.step.now})
            self.record("tasks_cancelled", count=len(gone))
        fresh = [self._task_row(key, item) for key, item in human.items() if key not in self.open_tasks]
        if fresh:
            self.step.conn.execute(insert(Task), fresh)
            for row in fresh:
                self.record("task_opened", row["element"], name=row["name"], role=row["role"], due_on=row["due_on"])
        self.open_tasks = set(human)

    def _task_row(self, key: uuid.UUID, item: engine.Waiting) -> dict[str, Any]:
        element = item.element
        role = self.compiled.role_of(element)
        of_enterprise = role in parties.ENTERPRISE_ROLES
        due = self._due(element, self.step.today)
        return {
            "id": key,
            "case_id": self.id,
            "element": element.id,
            "name": element.name or element.id,
            "form": element.properties.get("form"),
            "role": role,
            "matter": element.properties.get("matter"),
            "body_id": None if of_enterprise or role is None else self._body_of(item),
            "enterprise_id": self.enterprise_id if of_enterprise else None,
            "local": _plain(item.local),
            "limit_rule": element.properties.get("limitRule"),
            "due_on": due.date if due else None,
            "status": "open",
            "assignee_id": self.opened_by if role is None else None,
            "claimed_at": None,
            "opened_at": self.step.now,
            "closed_at": None,
            "closed_by": None,
        }

    def _body_of(self, item: engine.Waiting) -> uuid.UUID | None:
        """The body a task is offered to: its `body` expression, else the lead body."""
        expression = item.element.properties.get("body")
        if not expression:
            return self.lead_body_id
        key = expressions.compile_expression(expression, None).evaluate({**self.variables(), **item.local})
        known = self.body_id(str(key))
        if known is None:
            known = parties.body_by_code(self.step.conn, str(key)).id
            self.join(str(key), known)
        return known

    def _due(self, element: engine.Element, start: date) -> calendars.Due | None:
        code = element.properties.get("limitRule")
        if not code:
            return None
        return self.reference.due(self.step.conn, code, start)

    def _reconcile_deadlines(self, waiting: dict[uuid.UUID, engine.Waiting]) -> None:
        gone = self.open_deadlines - set(waiting)
        if gone:
            self._end_deadlines(gone)
        rows = []
        for key, item in waiting.items():
            if key not in self.known_deadlines:
                row = self._deadline_row(key, item)
                if row:
                    rows.append(row)
        if rows:
            self.step.conn.execute(insert(Deadline), rows)
            fresh = {row["waiting_id"] for row in rows}
            self.open_deadlines |= fresh
            self.known_deadlines |= fresh

    def _end_deadlines(self, ids: set[uuid.UUID]) -> None:
        self.step.conn.execute(_END_DEADLINES, {"case_id": self.id, "ids": list(ids), "now": self.step.now})
        self.open_deadlines -= ids

    def _deadline_row(self, key: uuid.UUID, item: engine.Waiting) -> dict[str, Any] | None:
        element = item.element
        row: dict[str, Any] = {
            "id": uuid7(),
            "case_id": self.id,
            "waiting_id": key,
            "element": element.id,
            "rule": element.properties.get("limitRule"),
            "basis": element.properties.get("legalBasis", ""),
            "due_on": None,
            "provisional": False,
            "done_at": None,
            "result": None,
        }
        if item.kind == "timer":
            return {**row, "effect": "timer", "due_at": item.due or self.step.now}
        due = self._due(element, self.step.today)
        if due is None:
            return None
        effect = element.properties.get("onDue") or ("remind" if item.kind == "task" else "fire")
        return {
            **row,
            "effect": effect,
            "due_on": due.date,
            "provisional": due.provisional,
            "due_at": end_of(due.date),
        }

    def _reconcile_incidents(self, parked: list[engine.Parked]) -> None:
        failed = {uuid.UUID(item.id): item for item in parked}
        solved = self.open_incidents - set(failed)
        if solved:
            self.step.conn.execute(
                _RESOLVE_INCIDENTS,
                {"case_id": self.id, "ids": list(solved), "now": self.step.now, "actor": self.step.actor.id},
            )
            self.record("incident_resolved", count=len(solved))
        rows = [self._incident_row(key, item) for key, item in failed.items() if key not in self.open_incidents]
        if rows:
            self.step.conn.execute(insert(Incident), rows)
            for row in rows:
                self.record("incident", row["element"], operator=row["operator"], cause=row["cause"])
        self.open_incidents = set(failed)

    def _incident_row(self, key: uuid.UUID, item: engine.Parked) -> dict[str, Any]:
        error = item.error
        cause = error.zh if isinstance(error, DomainError) else f"{type(error).__name__}: {error}"
        return {
            "id": uuid7(),
            "case_id": self.id,
            "waiting_id": key,
            "element": item.element.id,
            "operator": item.element.properties.get("operator", item.element.type),
            "cause": cause,
            "detail": "".join(traceback.format_exception(error))[-8000:],
            "created_at": self.step.now,
            "resolved_at": None,
            "resolved_by": None,
        }


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(to_json(value))
    return plain
