"""Foreseeing (预演): past cases run through another version on what was handed in then; what would have been otherwise?

A past case is a recording: who opened it when, what was handed in when, what the public said, which clocks officers stopped or
extended, which stopped steps were retried, skipped or put right, how it ended (`replayacts` plays the last ones). It is played
twice in rehearsals that are undone, by its own version and by the other one, with the clock set as it was; so the two differ
only in the model, not in registers that have changed since. Where the replay by its own version departs from the record, that is
said (`faithful`): the comparison of such a case is worth less. Nothing is invented: a step that nobody answered then stays
open, and an answer that is no longer asked for stays unused, and both are told; what was done and could not be played again, or
never is (a move to another version, a correction after the end), is listed with the case (`left`).
"""

from __future__ import annotations

import difflib
import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from forms.definition import Field, FormDefinition
from registers import accounts
from registers.accounts import Actor
from registers.errors import DomainError, NotFound
from registers.timesource import day_of, end_of
from workflows import (
    access,
    cases,
    deadlines,
    definitions,
    matters,
    rehearsal,
    replayacts,
    signatures,
    structure,
    versionfiles,
)
from workflows.models import Case, Deadline, Event, NoticeComment, Submission, Task
from workflows.replayacts import Left
from workflows.runtime import Runtime
from workflows.trials import PASSING

MOST_CASES = 200
_MOST_DUE = 500  # deadlines of one case that are let ring one after the other
_ENDS = {"case_withdrawn": "withdraw", "case_cancelled": "cancel"}


@dataclass(frozen=True)
class Recording:
    """A past case: how it began and what was done to it, in order of time."""

    case_id: uuid.UUID
    number: str
    definition_id: uuid.UUID
    opened_at: datetime
    opened_by: uuid.UUID | None
    enterprise_id: uuid.UUID | None
    status: str
    outcome: str | None
    acts: tuple[
        tuple[datetime, str, Mapping[str, Any]], ...
    ]  # (when, submit | comment | withdraw | cancel | an act of officers, facts)
    never: tuple[Left, ...] = ()  # what was done to it and is not played by any version


@dataclass
class Course:
    """How a recording went by one version."""

    status: str = ""
    outcome: str | None = None
    route: list[str] = field(default_factory=list)  # tasks of people, decisions and ends that were passed
    matters: dict[str, dict[str, Any]] = field(default_factory=dict)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    dues: list[dict[str, Any]] = field(default_factory=list)
    work: dict[str, int] = field(default_factory=dict)  # tasks by role
    waits: list[str] = field(default_factory=list)  # open tasks that nobody answered then
    unused: list[str] = field(default_factory=list)  # answers that were not asked for
    left: list[Left] = field(default_factory=list)  # acts of officers that found no place
    problem: dict[str, str] | None = None


@dataclass(frozen=True)
class Otherwise:
    """One thing that would have been otherwise; `name` is of a step, matter or table, None where there is nothing."""

    what: str  # step, outcome, matter, decision, due, work, waits, unused, problem
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Foreseen:
    """What another version would have meant for a past case; nothing in it says whose case it is but the number."""

    case_id: str
    number: str
    version: int
    faithful: bool
    same: bool
    differences: tuple[Otherwise, ...]
    left: tuple[Left, ...] = ()


def past_cases(
    conn: Connection, procedure: str, since: date, until: date, limit: int, decision: str = ""
) -> list[uuid.UUID]:
    """The cases of a procedure opened in a period, newest first; with a decision, those in which it was asked."""
    query = (
        select(Case.id)
        .where(Case.procedure == procedure, Case.opened_at >= end_of(since) - _DAY, Case.opened_at < end_of(until))
        .order_by(Case.opened_at.desc())
        .limit(min(limit, MOST_CASES))
    )
    if decision:
        asked = select(Event.seq).where(
            Event.case_id == Case.id, Event.kind == "decision", Event.data["decision"].astext == decision
        )
        query = query.where(asked.exists())
    return list(conn.scalars(query))


def foresee(real: Runtime, case_id: uuid.UUID, contents: dict[str, bytes], decision: str = "") -> Foreseen:
    """Play a past case by its own version and by other files; with a decision, only that table is exchanged and compared."""
    with real.db.transaction() as conn:
        record = recording(conn, case_id)
        version = definitions.row(conn, record.definition_id)["version"]
        own = definitions.files_of(conn, record.definition_id)
    other = with_table(own, contents, decision) if decision else contents
    before, after = play(real, record, own), play(real, record, other)
    names = {**_names(own), **_names(other)}
    found = [item for item in differences(before, after, names) if not decision or item.what in ("decision", "problem")]
    faithful = (before.status, before.outcome) == (record.status, record.outcome) and before.problem is None
    left = tuple(dict.fromkeys([*record.never, *before.left, *after.left]))
    return Foreseen(str(case_id), record.number, version, faithful, not found, tuple(found), left)


def document(found: Foreseen) -> dict[str, Any]:
    """The same as plain data."""
    return asdict(found)


def with_table(own: dict[str, bytes], contents: Mapping[str, bytes], decision: str) -> dict[str, bytes]:
    """A version's files with one decision table taken from another; raises NotFound when either has none of that name."""
    held, taken = _table_file(own, decision), _table_file(contents, decision)
    if held is None or taken is None:
        raise NotFound(f"没有决策表“{decision}”。", f"There is no decision table “{decision}”.")
    return {**own, held: contents[taken]}


def recording(conn: Connection, case_id: uuid.UUID) -> Recording:
    """What is recorded of a case; raises NotFound."""
    row = conn.execute(select(Case.__table__).where(Case.id == case_id)).mappings().first()
    if row is None:
        raise NotFound()
    acts = [
        *_submissions(conn, case_id),
        *_comments(conn, case_id),
        *_ends(conn, case_id),
        *replayacts.of_case(conn, case_id),
    ]
    return Recording(
        case_id, row["number"], row["definition_id"], row["opened_at"], row["opened_by"],
        row["enterprise_id"], row["status"], row["outcome"], tuple(sorted(acts, key=lambda act: act[0])),
        replayacts.never_played(conn, case_id),
    )  # fmt: skip


def play(real: Runtime, record: Recording, contents: dict[str, bytes]) -> Course:
    """Play a recording by some files; what stands in the way is part of the answer, not an exception."""
    course = Course()
    try:
        rehearsal.prepare(real, contents)
        with rehearsal.stage(real, day_of(record.opened_at)) as stage:
            stage.rt.writes_letters = False
            stage.time.instant = record.opened_at
            route: list[str] = []
            stage.rt.observer = lambda _, outcome: route.extend(outcome.route)
            player = _Replay(stage.rt, stage.time, contents, record)
            try:
                player.act_all()
            except DomainError as stopped:
                course.problem = {"zh": _told(stopped, "zh"), "en": _told(stopped, "en")}
            _read(player, route, course)
    except DomainError as broken:
        course.problem = {"zh": _told(broken, "zh"), "en": _told(broken, "en")}
    return course


def differences(before: Course, after: Course, names: Mapping[str, str]) -> list[Otherwise]:
    """What the second course has otherwise than the first."""
    return [
        *_of_route(before, after, names),
        *_of_values("outcome", {"": before.outcome or before.status}, {"": after.outcome or after.status}, names),
        *_of_values("matter", _status(before), _status(after), names),
        *_of_values("decision", _answers(before), _answers(after), names),
        *_of_values("due", _dates(before), _dates(after), names, both=True),
        *_of_values("work", before.work, after.work, names),
        *_of_values("waits", Counter(before.waits), Counter(after.waits), names),
        *_of_values("unused", Counter(before.unused), Counter(after.unused), names),
        *_of_problems(before, after),
    ]


class _Replay(rehearsal.Rehearsal):
    """Plays a recording: the people of then where they still may, the clock as it was."""

    def __init__(self, rt: Runtime, time: Any, contents: dict[str, bytes], record: Recording) -> None:
        self.record = record
        self.left: list[Mapping[str, Any]] = []
        self.undone: list[Left] = []
        super().__init__(rt, time, contents, {"trial": True, "ledger": None})

    def act_all(self) -> None:
        """Do everything that was done, each at its time; what finds no place is tried again after each step."""
        for at, kind, facts in self.record.acts:
            self._until(at)
            if kind == "submit":
                self.left.append(facts)
                self._hand_in()
            elif kind == "comment":
                self._comment(dict(facts))
            elif kind in replayacts.PLAYED:
                self._act(kind, facts)
            else:
                self._end(kind, facts)

    def _act(self, kind: str, facts: Mapping[str, Any]) -> None:
        """What an officer did beside the tasks; it may have no place in this version, and that is told."""
        try:
            done = replayacts.play(self.rt, self.case_id, kind, facts, self._somebody)
        except DomainError:
            done = False
        if not done:
            self.undone.append(Left(kind, replayacts.about(facts)))

    def _start(self) -> uuid.UUID:
        person = self._somebody(self.record.opened_by) or accounts.SYSTEM
        started = cases.start(
            self.rt, person, procedure=self.compiled.procedure, enterprise_id=self.record.enterprise_id
        )
        self.cases.append(uuid.UUID(started["case_id"]))
        return self.cases[-1]

    def _hand_in(self) -> None:
        moved = True
        while moved:
            moved = False
            for facts in list(self.left):
                if self._took(facts):
                    self.left.remove(facts)
                    moved = True

    def _took(self, facts: Mapping[str, Any]) -> bool:
        opened = [task for task in self.open_tasks() if task["element"] == facts["element"]]
        same_body = [task for task in opened if task["body_id"] == facts["body_id"]]
        if not opened:
            return False
        task = (same_body or opened)[0]
        form = self.compiled.form_of(task["element"])
        person = self._somebody(facts["by"])
        if person is None or not access.is_offered(person, task):
            person = self._for_task(task, {})
        data = _fitting(form, facts["data"])
        cases.complete(self.rt, person, task_id=task["id"], data=data, seal=signatures.PLAYED)
        return True

    def _until(self, at: datetime) -> None:
        """Let time pass to an instant, stopping at whatever falls due on the way."""
        for _ in range(_MOST_DUE):
            with self.rt.db.transaction() as conn:
                query = select(Deadline.due_at).where(Deadline.case_id == self.case_id, Deadline.done_at.is_(None))
                due = conn.scalar(query.where(Deadline.due_at <= at).order_by(Deadline.due_at).limit(1))
            if due is None:
                break
            self.time.instant = max(self.time.instant, due)
            if not deadlines.sweep_cases(self.rt, self.cases):
                break
        self.time.instant = max(self.time.instant, at)
        deadlines.sweep_cases(self.rt, self.cases)

    def _end(self, kind: str, facts: Mapping[str, Any]) -> None:
        person = self._somebody(facts["by"]) or self._person("preparer" if kind == "withdraw" else "head")
        command = cases.withdraw if kind == "withdraw" else cases.cancel
        command(self.rt, person, case_id=self.case_id, reason=facts["reason"] or "—")

    def _somebody(self, user_id: uuid.UUID | None) -> Actor | None:
        if user_id is None:
            return None
        with self.rt.db.transaction() as conn:
            try:
                return accounts.actor_by_id(conn, user_id, self.time.today())
            except NotFound:
                return None


_DAY = end_of(date(2000, 1, 2)) - end_of(date(2000, 1, 1))


def _submissions(conn: Connection, case_id: uuid.UUID) -> Iterator[tuple[datetime, str, Mapping[str, Any]]]:
    rows = conn.execute(
        select(Submission.element, Submission.data, Submission.submitted_by, Submission.submitted_at, Task.body_id)
        .outerjoin(Task, Task.id == Submission.task_id)
        .where(Submission.case_id == case_id)
        .order_by(Submission.submitted_at, Submission.id)
        .limit(500)
    )
    for row in rows:
        facts = {"element": row.element, "data": row.data, "by": row.submitted_by, "body_id": row.body_id}
        yield row.submitted_at, "submit", facts


def _comments(conn: Connection, case_id: uuid.UUID) -> Iterator[tuple[datetime, str, Mapping[str, Any]]]:
    for row in conn.execute(select(NoticeComment.__table__).where(NoticeComment.case_id == case_id)).mappings():
        yield row["at"], "comment", {key: row[key] for key in ("author", "contact", "comment", "wants_hearing")}


def _ends(conn: Connection, case_id: uuid.UUID) -> Iterator[tuple[datetime, str, Mapping[str, Any]]]:
    query = select(Event.kind, Event.at, Event.actor_id, Event.data)
    for row in conn.execute(query.where(Event.case_id == case_id, Event.kind.in_(_ENDS))):
        yield row.at, _ENDS[row.kind], {"by": row.actor_id, "reason": row.data.get("reason", "")}


def _fitting(form: FormDefinition, data: Mapping[str, Any]) -> dict[str, Any]:
    """The answers of then as far as the form still asks for them; what it asks anew stays unanswered."""
    return {name: _cells(form.fields[name], value) for name, value in data.items() if name in form.fields}


def _cells(asked: Field, value: Any) -> Any:
    if asked.type != "table" or not isinstance(value, list):
        return value
    columns = {column.name for column in asked.columns}
    return [{key: cell for key, cell in row.items() if key in columns} for row in value]


def _read(player: _Replay, route: list[str], course: Course) -> None:
    """Note how it went, while the rehearsal is open."""
    elements, rt = player.compiled.model.elements, player.rt
    course.route = [key for key in route if key in elements and elements[key].type in PASSING]
    course.unused = [facts["element"] for facts in player.left]
    course.waits = [task["element"] for task in player.open_tasks()]
    course.left = list(player.undone)
    with rt.db.transaction() as conn:
        case = conn.execute(select(Case.status, Case.outcome).where(Case.id == player.case_id)).one()
        course.status, course.outcome = case.status, case.outcome
        for clock in matters.readings(conn, rt.reference.get(conn), player.case_id, player.time.today()):
            due = clock.reading.statutory_due if clock.reading else None
            course.matters[clock.matter["kind"]] = {"status": clock.matter["status"], "due": due}
        tasks = conn.execute(
            select(Task.element, Task.role, Task.due_on).where(Task.case_id == player.case_id).order_by(Task.opened_at)
        ).all()
        asked = conn.scalars(
            select(Event.data).where(Event.case_id == player.case_id, Event.kind == "decision").order_by(Event.seq)
        )
        course.decisions = list(asked)
    course.dues = [{"element": task.element, "due_on": task.due_on} for task in tasks if task.due_on]
    course.work = dict(Counter(task.role or "" for task in tasks))


def _of_route(before: Course, after: Course, names: Mapping[str, str]) -> Iterator[Otherwise]:
    matcher = difflib.SequenceMatcher(a=before.route, b=after.route, autojunk=False)
    for tag, a1, a2, b1, b2 in matcher.get_opcodes():
        if tag != "equal":
            for key in before.route[a1:a2]:
                yield Otherwise("step", names.get(key, key), key, None)
            for key in after.route[b1:b2]:
                yield Otherwise("step", names.get(key, key), None, key)


def _of_values(
    what: str, before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, str], *, both: bool = False
) -> Iterator[Otherwise]:
    """Values by key that are not the same; with `both` only where both have the key."""
    for key in sorted(before.keys() & after.keys() if both else before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old != new:
            shown = [None if value is None else str(value) for value in (old, new)]
            yield Otherwise(what, names.get(key, key), shown[0], shown[1])


def _of_problems(before: Course, after: Course) -> Iterator[Otherwise]:
    if before.problem != after.problem:
        yield Otherwise("problem", "", (before.problem or {}).get("zh"), (after.problem or {}).get("zh"))


def _status(course: Course) -> dict[str, str]:
    return {kind: found["status"] for kind, found in course.matters.items()}


def _dates(course: Course) -> dict[str, str]:
    """The last date of each step and matter."""
    found = {kind: str(one["due"]) for kind, one in course.matters.items() if one["due"]}
    return found | {due["element"]: str(due["due_on"]) for due in course.dues}


def _answers(course: Course) -> dict[str, str]:
    """What each table answered, every time it was asked."""
    found: dict[str, list[str]] = {}
    for made in course.decisions:
        found.setdefault(made["decision"], []).append(json.dumps(made["outputs"], ensure_ascii=False, sort_keys=True))
    return {key: " → ".join(said) for key, said in found.items()}


def _names(contents: dict[str, bytes]) -> dict[str, str]:
    source = structure.read(versionfiles.model_files(contents))
    steps = {node.id: node.name or node.id for process in source.processes.values() for _, node in process.walk()}
    return {**steps, **{key: table.name or key for key, table in source.decisions.items()}}


def _table_file(contents: Mapping[str, bytes], decision: str) -> str | None:
    for name, content in contents.items():
        if name.endswith(".dmn") and decision in structure.read({name: content}).decisions:
            return name
    return None


def _told(error: DomainError, language: str) -> str:
    """An error with the fields it is about: what a new form asks and nobody answered."""
    wrong = [f"{item.path}: {item.en if language == 'en' else item.zh}" for item in getattr(error, "errors", [])]
    return f"{error.message(language)} {'; '.join(wrong[:10])}".strip()
