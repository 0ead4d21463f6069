"""Rehearsals: a case played on the real runtime by people of the house, and undone without a trace.

Everything happens on one connection of its own whose transaction is rolled back at the end; each step is a savepoint
inside it. Numbers are counted in temporary copies of the counters, so nobody waits for a rehearsal and no
number is used. What would be written to the file store goes to a folder that is thrown away. Scenarios, sandbox cases and the
replay of past cases are all played here.
"""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from forms.definition import FormDefinition
from registers import accounts, files, numbering, parties
from registers.accounts import Actor
from registers.db import Database, uuid7
from registers.errors import DomainError
from registers.gate import Gate
from registers.lending import Lender
from registers.timesource import FixedTime, TimeSource
from workflows import (
    casefile,
    cases,
    compiling,
    deadlines,
    definitions,
    demo,
    demo_permits,
    demo_waste,
    publicity,
    quotarehearsal,
    signatures,
    versionchecks,
    versionfiles,
)
from workflows.models import Deadline, Notice, Submission, Task
from workflows.runtime import DefinitionCache, Runtime

FILE_MARK = "file:"
MOST_STEPS = 400
MOST_KEPT = 2  # connections that wait for the next rehearsal
TRIAL_MARK = "试办·"  # before every number given in a rehearsal, so that no paper of one is taken for a real one
OWN_PEOPLE = "rehearsal-"  # how the logins of people begin whom a rehearsal makes up
_COUNTERS = ("numbering_counter", "numbering_rule")
_COMPILED = uuid.UUID("6f0f3c5e-2f0b-5a57-9d6c-5d3a3f2f9a11")  # name space of compiled files that are no stored version


class _Savepoints:
    """Stands in the place of a lender: each of its transactions is a savepoint of one connection."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A savepoint, released or rolled back at the end."""
        with self._conn.begin_nested():
            yield self._conn


class RehearsalDatabase(Database):
    """A database whose transactions are savepoints of one connection and are undone at the end."""

    def __init__(self, real: Database) -> None:
        # A pool of its own: a rehearsal takes no connection from those who work. One that was used before knows the
        # statements already.
        self._real = real
        try:
            used = real.kept.pop()
        except IndexError:
            super().__init__(real.engine.url.render_as_string(hide_password=False), region=real.region, pool_size=1)
        else:
            self.url, self.region, self.kept, self.gate = real.url, real.region, [], Gate()
            self.engine, self.lender = used.engine, used
        self._conn: Connection | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Hold the outer transaction; everything done meanwhile is rolled back."""
        pool, lender, whole = self.engine, self.lender, False
        try:
            with _alive(pool) as conn:
                outer = conn.begin()
                self._conn, self.lender = conn, cast(Lender, _Savepoints(conn))
                try:
                    self._set_numbers_aside(conn)
                    yield
                finally:
                    self._conn, self.lender = None, lender
                    outer.rollback()
            whole = True
        finally:
            if whole and len(self._real.kept) < MOST_KEPT:
                self._real.kept.append(lender)
            else:
                pool.dispose()

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """The one connection: it alone sees what the rehearsal has done."""
        assert self._conn is not None, "the rehearsal is not open"
        yield self._conn

    def _set_numbers_aside(self, conn: Connection) -> None:
        """Count in temporary tables: PostgreSQL finds those before the real ones of the same name."""
        for table in _COUNTERS:
            conn.execute(
                text(f'CREATE TEMPORARY TABLE {table} (LIKE "{self.region}".{table} INCLUDING ALL) ON COMMIT DROP')
            )
            conn.execute(text(f'INSERT INTO pg_temp.{table} SELECT * FROM "{self.region}".{table}'))  # noqa: S608


def _alive(pool: Engine) -> Connection:
    """A connection of a pool, made anew when the one it kept has died meanwhile."""
    conn = pool.connect()
    try:
        conn.exec_driver_sql("SELECT 1")
        conn.rollback()
    except DBAPIError:
        conn.close()
        pool.dispose()
        return pool.connect()
    return conn


@dataclass(frozen=True)
class Stage:
    """Where a rehearsal plays: a runtime whose every trace goes when the stage is left, and its clock."""

    rt: Runtime
    time: FixedTime


@contextmanager
def stage(real: Runtime, today: date) -> Iterator[Stage]:
    """Open a rehearsal at nine in the morning of a day."""
    database, time = RehearsalDatabase(real.db), FixedTime.on(today)
    with tempfile.TemporaryDirectory(prefix="onewindow-rehearsal-") as folder, database.open():
        rt = Runtime(database, Path(folder), time, real.base_url, _Shared(real), real.reference.apart())
        yield Stage(rt, time)


class _Shared(DefinitionCache):
    """Compiled definitions of a stage; files that were compiled before are taken from the real cache, which outlives it."""

    def __init__(self, real: Runtime) -> None:
        super().__init__()
        self._real = real

    def of_contents(self, contents: dict[str, bytes], definition_id: uuid.UUID) -> compiling.Compiled:
        """The compiled form of some files under the identifier they have on this stage."""
        key = _key(contents)
        known = self._real.definitions.get(key, lambda: compiling.compile_files(contents, key, 1))
        return self.get(definition_id, lambda: replace(known, id=definition_id))


class Rehearsal:
    """A case of some files whose roles are played by whoever holds them.

    `given` says how it begins: `enterprise` and `starter` (logins), `ledger` (None: as it is), `operator`, `holds` (permits). With `house` it plays
    among the people of this house, and people are found (or made up) who may do what others have not done; with `trial` its
    numbers are marked besides. Steps are those of `scenarios.json`.
    """

    def __init__(self, rt: Runtime, time: FixedTime, contents: dict[str, bytes], given: Mapping[str, Any]) -> None:
        self.rt, self.time, self.given = rt, time, given
        self.house = bool(given.get("trial") or given.get("house"))
        with rt.db.transaction() as conn:
            self.applicant = _people(conn, time, self.house)
            if given.get("trial"):
                mark_numbers(conn, contents)
            self.definition_id = _publish(conn, contents, time)
            ledger = given.get("ledger", {})
            zone = select(parties.Zone.code).where(parties.Zone.code == quotarehearsal.ZONE)
            if ledger is not None and conn.scalar(zone):
                quotarehearsal.furnish(conn, ledger, time)
            if given.get("operator"):
                demo_waste.operate(conn, time)
            if given.get("holds"):
                demo_permits.hold(
                    conn, time, given["holds"], given.get("enterprise") or self.applicant or demo.PEOPLE[0][0]
                )
        self.compiled = _compiled(rt, contents, self.definition_id)
        self.refused: list[str] = []
        self.acted: list[str] = []  # who took each step; nobody in particular when time passes
        self.cases: list[uuid.UUID] = []
        self.case_id = self._start()

    def carry_out(self, steps: Collection[dict[str, Any]]) -> None:
        """Take steps in order; an error says at which step it arose."""
        for number, step in enumerate(list(steps)[:MOST_STEPS]):
            try:
                self.take(step)
            except DomainError as error:
                error.zh, error.en = f"第{number}步：{error.zh}", f"Step {number}: {error.en}"
                raise

    def take(self, step: dict[str, Any]) -> None:
        """One step; one that ought to be `refused` is an error when it is not."""
        self.acted.append("")
        try:
            self._step(step)
        except DomainError as error:
            if step.get("refused") not in (True, error.code):
                raise
            self.refused.append(error.code)
            return
        if step.get("refused"):
            raise DomainError("not_refused", "这一步本应被拒绝。", "This step should have been refused.")

    def open_tasks(self) -> list[dict[str, Any]]:
        """The open tasks of the case, oldest first, with the code of their body."""
        query = (
            select(Task.__table__, parties.Body.code.label("body"))
            .outerjoin(parties.Body, parties.Body.id == Task.body_id)
            .where(Task.case_id == self.case_id, Task.status == "open")
            .order_by(Task.opened_at, Task.id)
        )
        with self.rt.db.transaction() as conn:
            return [dict(row) for row in conn.execute(query).mappings()]

    def find_task(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """The open task a step is for: its element, and its body where several have it."""
        opened = self.open_tasks()
        found = [row for row in opened if row["element"] == step["task"]]
        if step.get("body"):
            found = [row for row in found if row["body"] == step["body"]]
        if not found:
            names = [row["element"] for row in opened]
            raise DomainError(
                "no_task", f"没有待办“{step['task']}”，当前待办：{names}", f"No open task {step['task']}; open: {names}"
            )
        return found[0]

    def _start(self) -> uuid.UUID:
        """Open a case: as the enterprise, or as the officer who begins it (`starter`) for that enterprise."""
        enterprise, starter = self.given.get("enterprise", "") or self.applicant, self.given.get("starter", "")
        person = self._person("preparer", starter or enterprise)
        concerned = self._person("preparer", enterprise).enterprise_id if starter else None
        started = cases.start(self.rt, person, procedure=self.compiled.procedure, enterprise_id=concerned)
        self.cases.append(uuid.UUID(started["case_id"]))
        return self.cases[-1]

    def _step(self, step: dict[str, Any]) -> None:
        if "task" in step:
            self._submit(step)
        elif "advance" in step:
            self._advance(step)
        elif "withdraw" in step:
            cases.withdraw(self.rt, self._person("preparer"), case_id=self.case_id, reason=str(step["withdraw"]))
        elif "cancel" in step:
            cases.cancel(self.rt, self._person("head"), case_id=self.case_id, reason=str(step["cancel"]))
        elif "comment" in step:
            self._comment(step["comment"])
        elif "meanwhile" in step:
            self._meanwhile(step["meanwhile"])
        else:
            raise DomainError("scenario", f"场景步骤无法识别：{step}", f"Unknown step of a scenario: {step}")

    def _meanwhile(self, other: dict[str, Any]) -> None:
        """Another case of the same procedure goes its way between two steps of this one."""
        mine = self.case_id
        self.case_id = self._start()
        for step in [{"task": self.compiled.settings["start_task"], "submit": other["start"]}, *other["steps"]]:
            self._step(step)
        self.case_id = mine

    def _submit(self, step: dict[str, Any]) -> None:
        task = self.find_task(step)
        person = self._for_task(task, step)
        self.acted[-1] = person.login
        form = self.compiled.form_of(task["element"])
        data = dict(step.get("submit") or {})
        if step.get("keep"):
            data = {**(self._earlier(task) or {}), **data}
        filled = self._with_files(form, data, person)
        cases.complete(self.rt, person, task_id=task["id"], data=filled, seal=signatures.PLAYED)

    def _for_task(self, task: dict[str, Any], step: dict[str, Any]) -> Actor:
        """Whoever holds the task's role; `by` names one; a trial finds one who may still do it after the others."""
        with self.rt.db.transaction() as conn:
            query = select(parties.User.id).join(parties.UserRole, parties.UserRole.user_id == parties.User.id)
            query = query.where(parties.UserRole.role == (step.get("as") or task["role"] or "preparer"))
            if task["body_id"] is not None:
                query = query.where(parties.UserRole.body_id == task["body_id"])
            if task["enterprise_id"] is not None:
                query = query.where(parties.User.enterprise_id == task["enterprise_id"])
            if step.get("by"):
                query = query.where(parties.User.login == step["by"])
            elif self.house:
                query = query.where(parties.User.id.not_in(self._done_by(conn, task)))
            user_id = conn.scalar(query.order_by(parties.User.login).limit(1))
            if user_id is None and self.house:
                user_id = _somebody(conn, self.time, task)
            if user_id is None:
                raise DomainError("no_person", f"没有人员可办理“{task['name']}”。", f"Nobody can do “{task['name']}”.")
            return accounts.actor_by_id(conn, user_id, self.time.today())

    def _done_by(self, conn: Connection, task: dict[str, Any]) -> list[uuid.UUID]:
        """Who did the tasks that this one must not be done by the same person as."""
        named = self.compiled.model.elements[task["element"]].properties.get("notBy", "").split()
        query = select(Submission.submitted_by).where(Submission.case_id == task["case_id"])
        return [one for one in conn.scalars(query.where(Submission.element.in_(named))) if one is not None]

    def _person(self, role: str, login: str = "") -> Actor:
        with self.rt.db.transaction() as conn:
            query = select(parties.User.id).join(parties.UserRole, parties.UserRole.user_id == parties.User.id)
            query = query.where(parties.User.login == login) if login else query.where(parties.UserRole.role == role)
            user_id = conn.scalar(query.order_by(parties.User.login).limit(1))
            if user_id is None:
                raise DomainError(
                    "no_person", f"没有“{login or role}”这个人员。", f"There is nobody called {login or role}."
                )
            return accounts.actor_by_id(conn, user_id, self.time.today())

    def _earlier(self, task: dict[str, Any]) -> dict[str, Any] | None:
        with self.rt.db.transaction() as conn:
            return casefile.latest(conn, self.case_id, task["form"])

    def _with_files(self, form: FormDefinition, data: Any, person: Actor) -> Any:
        """Replace "file:name.pdf" by a stored file of that name."""
        if isinstance(data, dict):
            return {key: self._with_files(form, value, person) for key, value in data.items()}
        if isinstance(data, list):
            return [self._with_files(form, value, person) for value in data]
        if isinstance(data, str) and data.startswith(FILE_MARK):
            return self._file(data.removeprefix(FILE_MARK), person)
        return data

    def _file(self, name: str, person: Actor) -> str:
        content = _SAMPLE_PDF
        checked = files.Received(files.store_bytes(self.rt.files_root, content), len(content), "application/pdf", name)
        with self.rt.db.transaction() as conn:
            kept = files.enter(
                conn, checked, enterprise_id=person.enterprise_id, user_id=person.id, now=self.time.now()
            )
        return str(kept.id)

    def _advance(self, step: dict[str, Any]) -> None:
        """Let time pass: to a date, by days, or past the next deadline (of an element)."""
        to = step["advance"]
        if to == "until_due":
            with self.rt.db.transaction() as conn:
                query = select(Deadline.due_at).where(Deadline.case_id == self.case_id, Deadline.done_at.is_(None))
                if step.get("element"):
                    query = query.where(Deadline.element == step["element"])
                due = conn.scalar(query.order_by(Deadline.due_at).limit(1))
            if due is None:
                raise DomainError("no_deadline", "没有待到期的事项。", "Nothing is going to fall due.")
            self.time.instant = max(self.time.instant, due)
        elif isinstance(to, int):
            self.time.move_to(self.time.today() + timedelta(days=to))
        else:
            self.time.move_to(date.fromisoformat(to))
        deadlines.sweep_cases(self.rt, self.cases)

    def _comment(self, said: dict[str, Any]) -> None:
        query = select(Notice.id).where(Notice.case_id == self.case_id, Notice.closed_at.is_(None))
        if said.get("notice"):
            query = query.where(Notice.kind == said["notice"])
        with self.rt.db.transaction() as conn:
            notice_id = conn.scalar(query.limit(1))
        if notice_id is None:
            raise DomainError("no_notice", "没有正在进行的公示。", "No notice is open.")
        facts = {"author": "居民", "contact": "13800000000", "comment": "意见", "wants_hearing": False}
        facts |= {name: said[name] for name in facts if name in said}
        publicity.take_comment(self.rt, str(uuid.uuid4()), notice_id, **facts)


def mark_numbers(conn: Connection, contents: Mapping[str, bytes]) -> None:
    """Let every number given on this stage begin with 试办, whatever pattern a body has."""
    patterns = {(body, kind): numbering.usual(kind) for body in _codes(conn) for kind in numbering.kinds()}
    own = [kind for kind in versionfiles.letter_kinds(contents).values() if kind.number_kind]
    patterns |= {(body, str(kind.number_kind)): str(kind.own_number) for body in _codes(conn) for kind in own}
    patterns |= {(row["body_code"], row["kind"]): row["template"] for row in _rules(conn)}
    conn.execute(delete(numbering.NumberingRule))
    rows = [
        {"id": uuid7(), "body_code": body, "kind": kind, "template": TRIAL_MARK + template, "valid_from_year": 0}
        for (body, kind), template in patterns.items()
    ]
    conn.execute(insert(numbering.NumberingRule), rows)


def _codes(conn: Connection) -> list[str]:
    return ["", *conn.scalars(select(parties.Body.code))]


def _rules(conn: Connection) -> list[RowMapping]:
    table = numbering.NumberingRule.__table__
    return list(conn.execute(select(table).order_by(table.c.valid_from_year)).mappings())


def _people(conn: Connection, time: TimeSource, house: bool) -> str:
    """See that there is somebody to apply; the login of an applicant of the rehearsal's own, if it makes one.

    Scenarios play in the park of the demonstration, which is put up where it is missing. What is played among the people of a
    house at work (`house`) has an invented applicant: whoever tries a version is not shown what a real enterprise has.
    """
    if conn.scalar(select(parties.User.id).where(parties.User.login == demo.PEOPLE[0][0])):
        return ""
    bodies = set(conn.scalars(select(parties.Body.code)))
    if bodies <= {"admin"} or not (house or bodies & {body[0] for body in demo.BODIES}):
        demo.load(conn, time)
        return ""
    zone = conn.scalar(select(parties.Zone.code).order_by(parties.Zone.code).limit(1))
    firm = parties.create_enterprise(
        conn, credit_code=demo.credit_code("91320594MA9EXAMP0"), name="试办单位", now=time.now(), address="试办地址",
        legal_representative="试办法人", contact_name="试办经办", contact_phone="010-00000000", zone_code=zone,
    )  # fmt: skip
    made = _somebody(conn, time, {"role": "preparer", "body_id": None, "enterprise_id": firm})
    return str(conn.scalar(select(parties.User.login).where(parties.User.id == made)))


def _somebody(conn: Connection, time: TimeSource, task: Mapping[str, Any]) -> uuid.UUID:
    """A person of the rehearsal's own for a role that nobody (else) holds."""
    login = f"{OWN_PEOPLE}{uuid.uuid4().hex[:12]}"
    return parties.create_user(
        conn, login=login, name=f"试办·{task['role']}", password_hash="!", now=time.now(),  # noqa: S106 - nobody signs in with it
        roles=[(task["role"], task["body_id"])], enterprise_id=task["enterprise_id"],
    )  # fmt: skip


def _publish(conn: Connection, contents: dict[str, bytes], time: FixedTime) -> uuid.UUID:
    settings = json.loads(contents[versionfiles.SETTINGS])
    made, _ = definitions.create_draft(conn, accounts.SYSTEM, settings["id"], contents, time.now())
    definitions.put_in_force(conn, made, time.today(), time.now(), accounts.SYSTEM, "")
    return made


def prepare(real: Runtime, contents: dict[str, bytes]) -> None:
    """Check and compile files once, in the limited child process first; raises LintFailed when they cannot run."""

    def checked() -> compiling.Compiled:
        with real.db.transaction() as conn:
            findings = versionchecks.check(conn, contents)
        if any(finding.severity == "error" for finding in findings):
            raise versionchecks.LintFailed(findings)
        return compiling.compile_files(contents, _key(contents), 1)

    real.definitions.get(_key(contents), checked)


def _key(contents: dict[str, bytes]) -> uuid.UUID:
    return uuid.uuid5(_COMPILED, versionfiles.digest(contents))


def _compiled(rt: Runtime, contents: dict[str, bytes], definition_id: uuid.UUID) -> compiling.Compiled:
    if isinstance(rt.definitions, _Shared):
        return rt.definitions.of_contents(contents, definition_id)
    return rt.definitions.get(definition_id, lambda: compiling.compile_files(contents, definition_id, 1))


_SAMPLE_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
