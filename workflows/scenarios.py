"""Scenarios: named paths through a procedure, played on the real runtime and left without a trace.

A scenario plays the roles of a case on the real engine, handlers, clocks, letters and registers, in one
outer transaction that is rolled back at the end (each step is a savepoint inside it). The route is what
the engine reports; coverage is the share of sequence flows that some scenario passed.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from forms.definition import FormDefinition
from registers import accounts, files, parties
from registers.accounts import Actor
from registers.db import SYSTEM_SCOPE, Database, Scope, send
from registers.errors import DomainError
from registers.timesource import FixedTime
from workflows import (
    casefile,
    cases,
    deadlines,
    definitions,
    demo,
    demo_waste,
    letters,
    matters,
    publicity,
    quotarehearsal,
    xmlsafe,
)
from workflows.models import Case, Deadline, Notice, Task
from workflows.runtime import DefinitionCache, Runtime

FILE_MARK = "file:"
_SEQUENCE_FLOW = "{http://www.omg.org/spec/BPMN/20100524/MODEL}sequenceFlow"
MOST_STEPS = 400


class RehearsalDatabase(Database):
    """A database whose transactions are savepoints of one connection and are undone at the end."""

    def __init__(self, real: Database) -> None:
        self.url, self.region, self.engine = real.url, real.region, real.engine
        self._conn: Connection | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Hold the outer transaction; everything done meanwhile is rolled back."""
        with self.engine.connect() as conn:
            outer = conn.begin()
            self._conn = conn
            try:
                yield
            finally:
                self._conn = None
                outer.rollback()

    @contextmanager
    def transaction(self, scope: Scope = SYSTEM_SCOPE) -> Iterator[Connection]:
        """A savepoint, with the same settings as a real transaction."""
        assert self._conn is not None, "the rehearsal is not open"
        with self._conn.begin_nested():
            self.announce(self._conn, scope)
            yield self._conn

    @contextmanager
    def transaction_by(self, statement: str, parameters: Mapping[str, Any]) -> Iterator[tuple[Connection, Any]]:
        """A savepoint as well; a rehearsal that committed here would leave its traces behind."""
        assert self._conn is not None, "the rehearsal is not open"
        with self._conn.begin_nested():
            yield self._conn, send(self._conn, statement, {**parameters, "region": self.region}).fetchone()

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """The one connection: it alone sees what the rehearsal has done."""
        assert self._conn is not None, "the rehearsal is not open"
        yield self._conn


@dataclass
class Result:
    """How one scenario went."""

    name: str
    title: dict[str, str]
    passed: bool
    problems: list[str] = field(default_factory=list)
    route: list[str] = field(default_factory=list)


@dataclass
class Report:
    """How all scenarios of a procedure went, and which flows none of them passed."""

    procedure: str
    results: list[Result]
    flows: set[str]
    covered: set[str]

    @property
    def coverage(self) -> float:
        """The share of sequence flows passed, 0 to 1."""
        return len(self.covered) / len(self.flows) if self.flows else 1.0

    def document(self) -> dict[str, Any]:
        """The report as the command line prints it."""
        return {
            "procedure": self.procedure,
            "scenarios": [vars(result) for result in self.results],
            "coverage": round(self.coverage, 4),
            "uncovered": sorted(self.flows - self.covered),
        }


def run_files(real: Runtime, contents: dict[str, bytes]) -> Report:
    """Play all scenarios of a set of files against an installation without leaving a trace."""
    settings = json.loads(contents[definitions.SETTINGS])
    given = json.loads(contents.get("scenarios.json", b'{"scenarios": []}'))["scenarios"]
    with real.db.transaction() as conn:
        findings = definitions.check(conn, contents)
    if any(finding.severity == "error" for finding in findings):
        raise definitions.LintFailed(findings)
    report = Report(settings["id"], [], _flows(contents), set())
    for scenario in given:
        result = play(real, contents, scenario)
        report.results.append(result)
        report.covered |= set(result.route) & report.flows
    return report


def play(real: Runtime, contents: dict[str, bytes], scenario: dict[str, Any]) -> Result:
    """Play one scenario; what goes wrong is a problem in the result, never an exception."""
    names = scenario.get("name", "")
    title = names if isinstance(names, dict) else {"zh": str(names), "en": str(names)}
    result = Result(str(scenario.get("id") or title["en"]), title, False)
    database = RehearsalDatabase(real.db)
    time = FixedTime.on(date.fromisoformat(scenario.get("today", "2026-09-01")))
    rt = Runtime(database, real.files_root, time, real.base_url, DefinitionCache())
    rt.observer = lambda _, outcome: result.route.extend(outcome.route)
    with database.open():
        try:
            player = Player(rt, time, contents, scenario)
            player.play()
            result.problems = player.check(result.route)
        except DomainError as error:
            fields = [f"{item.path}: {item.zh}" for item in getattr(error, "errors", [])]
            result.problems.append(f"{error.zh} {error.pointer or ''} {'; '.join(fields[:20])}".strip())
    result.passed = not result.problems
    return result


class Player:
    """Plays the roles of one scenario."""

    def __init__(self, rt: Runtime, time: FixedTime, contents: dict[str, bytes], scenario: dict[str, Any]) -> None:
        self.rt, self.time, self.scenario = rt, time, scenario
        with rt.db.transaction() as conn:
            if not conn.scalar(select(parties.User.id).where(parties.User.login == demo.PEOPLE[0][0])):
                demo.load(conn, time)
            self.definition_id = _publish(conn, contents, time)
            quotarehearsal.furnish(conn, scenario.get("ledger", {}), time)
            if scenario.get("operator"):
                demo_waste.operate(conn, time)
        self.compiled = definitions.compile_files(contents, self.definition_id, 1)
        self.refused: list[str] = []
        self.case_id = self._start()

    def _start(self) -> uuid.UUID:
        """Open a case: as the enterprise, or as the officer who begins it (`starter`) for that enterprise."""
        enterprise, starter = self.scenario.get("enterprise", ""), self.scenario.get("starter", "")
        person = self._person("preparer", starter or enterprise)
        concerned = self._person("preparer", enterprise).enterprise_id if starter else None
        started = cases.start(self.rt, person, procedure=self.compiled.procedure, enterprise_id=concerned)
        return uuid.UUID(started["case_id"])

    def play(self) -> None:
        """Hand in the start form when the scenario gives one, then carry out the steps in order."""
        steps = list(self.scenario.get("steps", []))[:MOST_STEPS]
        if "start" in self.scenario:
            steps.insert(0, {"task": self.compiled.settings["start_task"], "submit": self.scenario["start"]})
        for number, step in enumerate(steps):
            try:
                self._step(step)
            except DomainError as error:
                if step.get("refused") in (True, error.code):
                    self.refused.append(error.code)
                    continue
                error.zh, error.en = f"第{number}步：{error.zh}", f"Step {number}: {error.en}"
                raise
            else:
                if step.get("refused"):
                    raise DomainError(
                        "not_refused", f"第{number}步本应被拒绝。", f"Step {number} should have been refused."
                    )

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
        task = self._open_task(step)
        person = self._for_task(task, step)
        form = self.compiled.form_of(task["element"])
        data = dict(step.get("submit") or {})
        if step.get("keep"):
            data = {**(self._earlier(task) or {}), **data}
        cases.complete(self.rt, person, task_id=task["id"], data=self._with_files(form, data, person))

    def _open_task(self, step: dict[str, Any]) -> dict[str, Any]:
        with self.rt.db.transaction() as conn:
            rows = conn.execute(
                select(Task.__table__).where(
                    Task.case_id == self.case_id, Task.status == "open", Task.element == step["task"]
                )
            ).mappings()
            found = [dict(row) for row in rows]
            names = list(conn.scalars(select(Task.element).where(Task.case_id == self.case_id, Task.status == "open")))
            if step.get("body"):
                wanted = parties.body_by_code(conn, step["body"]).id
                found = [row for row in found if row["body_id"] == wanted]
        if not found:
            raise DomainError(
                "no_task", f"没有待办“{step['task']}”，当前待办：{names}", f"No open task {step['task']}; open: {names}"
            )
        return found[0]

    def _for_task(self, task: dict[str, Any], step: dict[str, Any]) -> Actor:
        with self.rt.db.transaction() as conn:
            query = select(parties.User.id).join(parties.UserRole, parties.UserRole.user_id == parties.User.id)
            query = query.where(parties.UserRole.role == (step.get("as") or task["role"] or "preparer"))
            if task["body_id"] is not None:
                query = query.where(parties.UserRole.body_id == task["body_id"])
            if task["enterprise_id"] is not None:
                query = query.where(parties.User.enterprise_id == task["enterprise_id"])
            if step.get("by"):
                query = query.where(parties.User.login == step["by"])
            user_id = conn.scalar(query.order_by(parties.User.login).limit(1))
            if user_id is None:
                raise DomainError("no_person", f"没有人员可办理“{task['name']}”。", f"Nobody can do “{task['name']}”.")
            return accounts.actor_by_id(conn, user_id, self.time.today())

    def _person(self, role: str, login: str = "") -> Actor:
        with self.rt.db.transaction() as conn:
            query = select(parties.User.id).join(parties.UserRole, parties.UserRole.user_id == parties.User.id)
            query = query.where(parties.User.login == login) if login else query.where(parties.UserRole.role == role)
            user_id = conn.scalar(query.order_by(parties.User.login).limit(1))
            assert user_id is not None, role
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
        deadlines.sweep(self.rt)

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

    def check(self, route: list[str]) -> list[str]:
        """Hold what happened against what the scenario expects."""
        expect = self.scenario.get("expect", {})
        problems = []
        at = 0
        for element in expect.get("route", []):
            try:
                at = route.index(element, at) + 1
            except ValueError:
                problems.append(f"route: {element} missing, or not in this order")
        problems += [
            f"route: {element} should not be passed" for element in expect.get("not_route", []) if element in route
        ]
        with self.rt.db.transaction() as conn:
            row = conn.execute(select(Case.status, Case.outcome).where(Case.id == self.case_id)).one()
            made = [letter["kind"] for letter in letters.of_case(conn, self.case_id)]
            stand = {
                clock.matter["kind"]: clock.matter["status"]
                for clock in matters.readings(conn, self.rt.reference.get(conn), self.case_id, self.time.today())
            }
            opened = list(conn.scalars(select(Task.element).where(Task.case_id == self.case_id, Task.status == "open")))
            stopped = casefile.incidents(conn, self.case_id)
            granted = [permit["kind"] for permit in casefile.permits(conn, self.case_id)]
            problems += quotarehearsal.compare(conn, expect.get("ledger", {}), self.case_id, self.time.today())
        problems += [f"incident at {item['element']}: {item['cause']}" for item in stopped]
        for name, found in (("outcome", row.outcome), ("status", row.status)):
            if name in expect and expect[name] != found:
                problems.append(f"{name}: {found!r} instead of {expect[name]!r}")
        problems += [
            f"letters: {kind} missing (made: {made})" for kind in expect.get("letters", []) if kind not in made
        ]
        problems += [f"permits: {kind} missing" for kind in expect.get("permits", []) if kind not in granted]
        for kind, status in expect.get("matters", {}).items():
            if stand.get(kind) != status:
                problems.append(f"matter {kind}: {stand.get(kind)!r} instead of {status!r}")
        if "open" in expect and sorted(expect["open"]) != sorted(opened):
            problems.append(f"open tasks: {sorted(opened)} instead of {sorted(expect['open'])}")
        if "refused" in expect and list(expect["refused"]) != self.refused:
            problems.append(f"refused: {self.refused} instead of {expect['refused']}")
        return problems


def _flows(contents: dict[str, bytes]) -> set[str]:
    """The sequence flows of all models; those of a shared model are for the scenarios of its own procedure."""
    shared = {name for names in json.loads(contents[definitions.SETTINGS]).get("shared", {}).values() for name in names}
    own = {name: content for name, content in contents.items() if name.endswith(".bpmn") and name not in shared}
    trees = [xmlsafe.parse(content) for content in own.values()]
    return {flow.get("id", "") for tree in trees for flow in tree.iter(_SEQUENCE_FLOW)}


def _publish(conn: Connection, contents: dict[str, bytes], time: FixedTime) -> uuid.UUID:
    settings = json.loads(contents[definitions.SETTINGS])
    made, _ = definitions.create_draft(conn, accounts.SYSTEM, settings["id"], contents, time.now())
    definitions.put_in_force(conn, made, time.today(), time.now(), accounts.SYSTEM, "")
    return made


def read_folders(names: list[str], shipped: list[Path]) -> list[dict[str, bytes]]:
    """The files of the shipped procedures with these names, or of all."""
    return [definitions.read_folder(folder) for folder in shipped if not names or folder.name in names]


_SAMPLE_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
