"""A case in the hands of one step: load under lock, run the engine, write back.

This is the hot path; its statements stand in `workflows.statements`, with the order of locks. A plain
step needs two of them and one commit (a test counts them; ten is the promise). All work on a case waits for its
row, so agencies that finish parallel tasks at the same moment follow each other within milliseconds.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from handlers import registry
from registers import milestones, parties
from registers.db import uuid7
from registers.errors import Conflict, Forbidden, NotFound
from registers.hotpath import send
from workflows import access, compiling, engine, events, openwork, quotawork, reference, services, statements
from workflows.commands import Step, to_wire


@dataclass
class CaseRun:
    """A locked case during one step."""

    step: Step
    compiled: compiling.Compiled
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
    open_tasks: dict[uuid.UUID, uuid.UUID | None]
    open_deadlines: set[uuid.UUID]
    known_deadlines: set[uuid.UUID]
    open_incidents: set[uuid.UUID]
    instance: engine.Instance
    writes: dict[str, Any] = field(default_factory=dict)
    stamp: int | None = None
    body_name: str = ""

    @classmethod
    def create(
        cls,
        step: Step,
        compiled: compiling.Compiled,
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
        send(
            step.conn,
            statements.CREATE_CASE,
            {
                "id": run.id,
                "number": number,
                "definition_id": compiled.id,
                "procedure": compiled.procedure,
                "title": title,
                "enterprise_id": enterprise_id,
                "lead_body_id": run.lead_body_id,
                "bodies": to_wire(run.bodies),
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
        compiled: compiling.Compiled,
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
            open_tasks={},
            open_deadlines=set(),
            known_deadlines=set(),
            open_incidents=set(),
            instance=None,  # type: ignore[arg-type]  # set by the two constructors that call this
        )

    @classmethod
    def lock(cls, step: Step, case_id: uuid.UUID, *, closed_too: bool = False) -> CaseRun:
        """Lock and load a case; NotFound when it is not this person's to see, Conflict when it is closed."""
        if case_id in step.unsaved:
            held: CaseRun = step.unsaved[case_id]  # type: ignore[assignment]  # whatever is unsaved is a CaseRun
            return held
        row = send(step.conn, statements.LOCK_CASE, {"case_id": case_id})
        if row is None:
            raise NotFound("没有这个案件，或您无权查看。", "There is no such case, or it is not yours to see.")
        return cls._loaded(step, row.facts, row.state, closed_too=closed_too)

    @classmethod
    def lock_all(cls, step: Step, case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, CaseRun]:
        """Lock and load several cases in one statement; closed ones too."""
        rows = step.conn.exec_driver_sql(statements.LOCK_CASES, {"case_ids": sorted(case_ids)}).all()
        runs = [cls._loaded(step, row.facts, row.state, closed_too=True) for row in rows]
        return {run.id: run for run in runs}

    @staticmethod
    def write_all(step: Step) -> None:
        """Write all unsaved cases now, those that leave the same kinds of rows behind together."""
        alike: dict[str, list[dict[str, Any]]] = {}
        for run in step.unsaved.values():
            assert isinstance(run, CaseRun)
            sql, parameters = run.statement({})
            alike.setdefault(sql, []).append(parameters)
        for sql, many in alike.items():
            step.conn.exec_driver_sql(sql, many)
        step.unsaved.clear()

    @classmethod
    def of_task(cls, step: Step) -> tuple[CaseRun, dict[str, Any]]:
        """The case of the task the command is for, which its first statement has locked; returns the task as well."""
        row = step.locked
        if row.task is None:
            raise NotFound("没有这项待办，或您无权查看。", "There is no such task, or it is not yours to see.")
        task = dict(row.task)
        for key in ("id", "case_id", "body_id", "enterprise_id", "assignee_id"):
            task[key] = _uuid(task[key])
        if not access.is_offered(step.actor, task):
            raise Forbidden("这项待办不由您办理。", "This task is not yours to do.")
        run = cls._loaded(step, row.facts, row.state, closed_too=False)
        run.body_name = task["body_name"] or ""
        return run, task

    @classmethod
    def _loaded(cls, step: Step, facts: dict[str, Any], state: bytes, *, closed_too: bool) -> CaseRun:
        if facts["status"] != "running" and not closed_too:
            raise Conflict(
                "case_closed",
                "案件已办结，不能再操作。",
                "The case is closed; nothing more can be done in it.",
            )
        case_id = uuid.UUID(facts["id"])
        compiled = compiling.compiled(step.rt, step.conn, uuid.UUID(facts["definition_id"]))
        run = cls._bare(step, compiled, case_id, facts["number"], facts["title"], _uuid(facts["enterprise_id"]))
        run.lead_body_id = _uuid(facts["lead_body_id"])
        run.bodies = facts["bodies"]
        run.body_ids = [uuid.UUID(body_id) for body_id in facts["body_ids"]]
        run.status, run.outcome, run.opened_by = facts["status"], facts["outcome"], _uuid(facts["opened_by"])
        run.chain = events.Chain(case_id, facts["event_seq"], bytes.fromhex(facts["event_hash"]), [])
        work = facts["open_work"]
        run.open_tasks = {uuid.UUID(key): _uuid(holder) for key, holder in work.get("tasks", {}).items()}
        run.open_deadlines = {uuid.UUID(key) for key in work.get("deadlines", ())}
        run.known_deadlines = {uuid.UUID(key) for key in work.get("known", ())}
        run.open_incidents = {uuid.UUID(key) for key in work.get("incidents", ())}
        run.stamp = facts["stamp"]
        run.instance = engine.load(compiled.model, bytes(state), run.call, now=step.rt.time)
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
        self._reach(outcome.route)
        openwork.reconcile(self, outcome, done)
        if outcome.finished and self.status == "running":
            self.status = "closed"
            self.outcome = self.outcome or outcome.ended_by
            self.record("case_closed", outcome=self.outcome)
        if self.status != "running":
            quotawork.give_back(self, self.outcome or self.status)
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

    def _reach(self, route: list[str]) -> None:
        """Elements with the property `milestone` that were passed: their actual date is today."""
        elements = self.compiled.model.elements
        passed = {key: elements[key].properties.get("milestone") for key in route if key in elements}
        named = {key: (name, name) for key, name in passed.items() if name}
        if named:
            milestones.reached(
                self.step.conn,
                ("case", self.id, self.id),
                named,
                on=self.step.today,
                now=self.step.now,
                by=(self.step.actor.id, self.step.actor.name),
            )

    def submit(
        self, task: dict[str, Any], values: Any, stored: dict[str, Any], then: Callable[[], None] | None = None
    ) -> None:
        """Keep the submission, close the task, and let the engine go on with the values; `then` is done when it has come to rest."""
        self.writes.update(
            submission=True,
            closed=True,
            met=True,
            submission_id=uuid7(),
            task_id=task["id"],
            element=task["element"],
            form=task["form"],
            data=to_wire(stored),
        )
        outcome = engine.complete(self.instance, str(task["id"]), values)
        if then is not None:
            then()
        self.settle(outcome, done=task["id"])

    def save(self) -> None:
        """Have the case written when the command is done (`write`)."""
        self.step.unsaved[self.id] = self

    def write(self, settled: dict[str, Any]) -> None:
        """Write everything the step leaves behind, and the answer of the command, in one statement."""
        send(self.step.conn, *self.statement(settled))

    def statement(self, settled: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """That statement with its parameters; what it writes is no longer unwritten."""
        step = self.step
        if self.chain.lines:
            self.writes["events"] = to_wire(self.chain.lines)
        parameters = {
            **self.writes,
            **settled,
            "id": self.id,
            "actor": step.actor.id,
            "now": step.now,
            "state": engine.dump(self.instance),
            "status": self.status,
            "outcome": self.outcome,
            "title": self.title,
            "bodies": to_wire(self.bodies),
            "body_ids": self.body_ids,
            "lead_body_id": self.lead_body_id,
            "event_seq": self.chain.seq,
            "event_hash": self.chain.tail,
            "open_work": to_wire(self._open_work()),
            "closed_at": None if self.status == "running" else step.now,
        }
        sql = statements.write(frozenset(self.writes) | frozenset(settled))
        self.chain.lines, self.writes = [], {}
        return sql, parameters

    def _open_work(self) -> dict[str, Any]:
        return {
            "tasks": {str(key): holder for key, holder in self.open_tasks.items()},
            "deadlines": self.open_deadlines,
            "known": self.known_deadlines,
            "incidents": self.open_incidents,
        }


def _uuid(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None
