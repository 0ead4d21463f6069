"""Plays scenarios of a procedure on the engine, without a database server.

Handlers are the real ones; the case services of the runtime are stood in for by `Desk`, which keeps matters,
letters, notices and permits in memory and counts the clocks with the real calendar and limits.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, insert

import forms
from handlers import registry
from registers import limits
from registers.catalogues import CatalogueItem
from registers.db import uuid7
from registers.parties import Body
from registers.timesource import FixedTime
from workflows import clocks, engine
from workflows.calendars import WorkCalendar

ROOT = Path(__file__).parents[2] / "bpmn"
CALENDAR = WorkCalendar()


@cache
def load(procedure: str) -> tuple[engine.Model, dict[str, Any]]:
    """A procedure folder: its compiled model and its settings."""
    folder = ROOT / procedure
    settings = json.loads((folder / "procedure.json").read_text("utf-8"))
    owner = {name: other for other, names in settings.get("shared", {}).items() for name in names}
    files = {name: (ROOT / owner.get(name, procedure) / name).read_bytes() for name in settings["files"]}
    return engine.compile(files, settings["process_id"]), settings


@cache
def register() -> Any:
    """An empty catalogue register (the rules then use what ships) and one body of the administration."""
    database = create_engine("sqlite://")
    CatalogueItem.__table__.create(database)
    Body.__table__.create(database)
    conn = database.connect()
    facts = {"code": "sip-eeb", "name_zh": "苏州工业园区生态环境局", "name_en": "SIP Bureau", "kind": "park_bureau"}
    conn.execute(
        insert(Body).values(**facts, prefix="苏园环", phone="0512-66680000", address="现代大道999号", active=True)
    )
    return conn


class Desk:
    """The case services, in memory."""

    def __init__(self, today: date) -> None:
        self.time = FixedTime.on(today)
        self.letters: list[str] = []
        self.matters: dict[str, dict[str, Any]] = {}
        self.facts: dict[str, list[clocks.Fact]] = {}
        self.notices: dict[str, list[dict[str, Any]]] = {}
        self.permits: dict[str, dict[str, Any]] = {}
        self.obligations: list[dict[str, Any]] = []
        self.outcome: str | None = None
        self.supply: list[str] = []
        self.reserved = self.committed = False

    @property
    def today(self) -> date:
        return self.time.today()

    def __call__(self, operator: str, inputs: dict[str, Any], element: engine.Element) -> Any:
        if operator in registry.names():
            ctx = registry.HandlerContext(register(), self.time, None, None, self.today, None)
            return registry.call(operator, inputs, ctx)
        return getattr(self, operator.replace(".", "_"))(**{key.rstrip("_"): value for key, value in inputs.items()})

    def matter_open(self, kind: str, klass: str, limit_rule: str = "", body: str = "") -> dict[str, Any]:
        assert kind not in self.matters
        self.matters[kind] = {"rule": limits.built_in(limit_rule, self.today), "status": "open", "klass": klass}
        self.facts[kind] = []
        return {"kind": kind}

    def matter_limit(self, matter: str, limit_rule: str) -> None:
        self.matters[matter]["rule"] = limits.built_in(limit_rule, self.today)

    def matter_decide(self, matter: str, outcome: str, ground: Any = None, reason: Any = None) -> dict[str, Any]:
        approved = outcome == "approved"
        if matter == "permit" and approved and "eia" in self.matters:
            assert self.matters["eia"]["status"] == "approved", "a permit was granted before its EIA"
        assert self.matters[matter]["status"] == "open"
        if self.facts[matter]:
            self._fact(matter, clocks.Fact("decided", self.today))
        self.matters[matter]["status"] = "approved" if approved else "refused"
        return {"approved": approved}

    def clock_start(self, matter: str, on: date | None = None) -> dict[str, Any]:
        self._fact(matter, clocks.Fact("started", on or self.today))
        return {"on": on or self.today}

    def clock_pause(
        self, matter: str, kind: str, days: Any = None, reason: str = "", letter: bool = True
    ) -> dict[str, Any]:
        assert days or not letter, "a pause that makes its letter says how long it takes"
        self._fact(matter, clocks.Fact("paused", self.today, reason=kind))
        return {"days": days}

    def clock_resume(self, matter: str, kind: str) -> dict[str, Any]:
        self._fact(matter, clocks.Fact("resumed", self.today, reason=kind))
        return {"on": self.today}

    def _fact(self, matter: str, fact: clocks.Fact) -> None:
        clocks.admit(self.matters[matter]["rule"], self.facts[matter], fact)
        self.facts[matter].append(fact)

    def reading(self, matter: str) -> clocks.Reading:
        return clocks.read(self.matters[matter]["rule"], self.facts[matter], CALENDAR, self.today)

    def letter_issue(self, letter: str, matter: str = "", values: Any = None, body: str = "") -> dict[str, Any]:
        self.letters.append(letter)
        return {"number": f"测〔{self.today.year}〕{len(self.letters)}号", "letter": letter}

    def letter_delivered(self, recipient: str, on: date | None = None) -> None:
        assert recipient

    def notice_publish(self, kind: str, title: str, limit_rule: str = "", matter: str = "", content: Any = None) -> Any:
        self.notices[kind] = []
        return {"until": None}

    def notice_close(self, kind: str) -> dict[str, Any]:
        said = self.notices[kind]
        return {"comments": len(said), "hearing_requested": any(item["wants_hearing"] for item in said)}

    def permit_amend(self, kind: str, number: str, action: str, content: dict[str, Any]) -> None:
        assert number, "a change concerns a permit"

    def permit_issue(self, kind: str, klass: str, **more: Any) -> dict[str, Any]:
        rule = more.get("validity_rule")
        due = None
        if rule:
            found = limits.built_in(rule, self.today)
            due = CALENDAR.due(self.today, found.limit, found.unit, found.count_start).date
        self.permits[kind] = {"number": more.get("number") or "P", "valid_from": self.today, "valid_to": due}
        return self.permits[kind]

    def obligation_create(self, kind: str, title: Any, limit_rule: str = "", **more: Any) -> dict[str, Any]:
        found = limits.built_in(limit_rule, self.today)
        start = more.get("from") or self.today
        due = CALENDAR.due(start, found.limit, found.unit, found.count_start, found.backward).date
        self.obligations.append({"kind": kind, "due_on": due})
        return {"due_on": due}

    def quota_reserve(self, lines: Any, approved: Any = None) -> dict[str, Any]:
        """The statuses a scenario names (`supply`), one after another; then everything is there."""
        status = self.supply.pop(0) if self.supply else "reserved"
        asked = [{"factor": line["factor"], "missing_t": line["added_t"]} for line in lines if line["added_t"] > 0]
        self.reserved = bool(asked) and status == "reserved"
        return {"status": status if asked else "none", "lines": asked, "zh": status, "en": status}

    def quota_transfer(self, lines: Any, from_zone: str, reason: str = "") -> dict[str, Any]:
        assert from_zone
        return {"status": "brought", "lines": [], "zh": "", "en": ""}

    def quota_upper(self, lines: Any, document: str, reason: str = "") -> dict[str, Any]:
        assert document
        return {"status": "brought", "lines": [], "zh": "", "en": ""}

    def quota_settle(self, approved: bool, letter: Any = None) -> dict[str, Any]:
        self.committed, self.reserved = approved and self.reserved, False
        return {"status": "committed" if approved else "released", "postings": 0}

    def case_describe(self, title: str) -> None:
        assert title

    def case_assign_bodies(self, bodies: dict[str, Any]) -> dict[str, str]:
        return dict.fromkeys(bodies, "sip-eeb")

    def case_set_mode(self, mode: str, reason: str = "") -> str:
        return mode

    def case_close(self, outcome: str) -> None:
        self.outcome = outcome


class Player:
    """One case on its way: complete tasks, let time pass, say something on a notice, withdraw."""

    def __init__(self, procedure: str, today: date, case: dict[str, Any] | None = None) -> None:
        self.model, self.settings = load(procedure)
        self.desk = Desk(today)
        variables: dict[str, Any] = dict.fromkeys(self.settings["variables"])
        variables["case"] = {"zone": "gaomao", "opened_on": today, "enterprise": {"industry": "3973"}} | (case or {})
        self.instance = engine.start(self.model, variables, self.desk)
        self.route: list[str] = []
        self.ended_by: str | None = None
        self.withdrawn = False
        self.opened: dict[str, date] = {}
        self.submitted: dict[str, dict[str, Any]] = {}
        self._take(engine.run(self.instance))

    def _take(self, outcome: engine.Outcome) -> None:
        assert not outcome.parked, [(item.element.id, item.error) for item in outcome.parked]
        assert not outcome.stuck
        self.outcome = outcome
        self.route += outcome.route
        self.ended_by = outcome.ended_by or self.ended_by
        # The state survives being stored and loaded again after every step.
        self.instance = engine.load(self.model, engine.dump(self.instance), self.desk)
        now = {item.id for item in outcome.waiting}
        self.opened = {key: day for key, day in self.opened.items() if key in now}
        for item in outcome.waiting:
            self.opened.setdefault(item.id, self.desk.today)

    @property
    def tasks(self) -> list[engine.Waiting]:
        return [item for item in self.outcome.waiting if item.kind == "task"]

    def open_ids(self) -> set[str]:
        return {item.element.id for item in self.tasks}

    def submit(self, element: str, data: dict[str, Any], body: str | None = None, keep: bool = False) -> None:
        """Hand in the (first) open task of an element, checked with its form; `keep` adds to what was handed in."""
        found = [item for item in self.tasks if item.element.id == element]
        if body is not None:
            found = [item for item in found if body in item.local.values()]
        assert found, f"{element} is not open; open are {sorted(self.open_ids())}"
        form = found[0].element.properties["form"]
        data = self.submitted[form] = {**(self.submitted.get(form, {}) if keep else {}), **data}
        values = forms.validate(forms.load(form), _with_files(data))
        self._take(engine.complete(self.instance, found[0].id, values))

    def due(self, item: engine.Waiting) -> date | None:
        code = item.element.properties.get("limitRule")
        if not code or item.kind == "task":
            return None
        found = limits.built_in(code, self.opened[item.id])
        return CALENDAR.due(self.opened[item.id], found.limit, found.unit, found.count_start).date

    def advance(self, to: date) -> None:
        """Let days pass; what falls due on the way happens at the end of its day."""
        while True:
            pending = [(day, item) for item in self.outcome.waiting if (day := self.due(item)) and day < to]
            if not pending:
                break
            day, item = min(pending, key=lambda pair: pair[0])
            self.desk.time.move_to(max(day + timedelta(days=1), self.desk.today), 0)
            self._take(engine.fire(self.instance, item.id))
        self.desk.time.move_to(max(to, self.desk.today))

    def until_due(self, element: str) -> None:
        """Let time pass until a waiting event of the model has fallen due."""
        found = next(item for item in self.outcome.waiting if item.element.id == element)
        due = self.due(found)
        assert due is not None
        self.advance(due + timedelta(days=1))

    def comment(self, notice: str, wants_hearing: bool) -> None:
        self.desk.notices[notice].append({"wants_hearing": wants_hearing})

    def withdraw(self) -> None:
        engine.cancel(self.instance)
        self.withdrawn = True
        for matter in self.desk.matters.values():
            matter["status"] = "withdrawn" if matter["status"] == "open" else matter["status"]
        self.desk.outcome = "withdrawn"
        if "withdrawal_notice" in self.settings["letters"] and self.variables().get("received"):
            self.desk.letters.append("withdrawal_notice")

    def variables(self) -> dict[str, Any]:
        return engine.variables(self.instance)


def _with_files(data: Any) -> Any:
    """Replace "file:name.pdf" by the identifier of a file."""
    if isinstance(data, dict):
        return {key: _with_files(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_with_files(value) for value in data]
    return str(uuid7()) if isinstance(data, str) and data.startswith("file:") else data


def play(procedure: str, scenario: dict[str, Any]) -> Player:
    """Play the steps of a scenario as `scenarios.json` writes them."""
    player = Player(procedure, date.fromisoformat(scenario["today"]), scenario.get("case"))
    player.desk.supply = list(scenario.get("supply", []))
    if scenario.get("start"):
        player.submit(player.settings["start_task"], scenario["start"])
    for step in scenario["steps"]:
        if "task" in step:
            player.submit(step["task"], step["submit"], step.get("body"), step.get("keep", False))
        elif "comment" in step:
            player.comment(step["comment"]["notice"], step["comment"].get("wants_hearing", False))
        elif step.get("withdraw"):
            player.withdraw()
        elif step["advance"] == "until_due":
            player.until_due(step["element"])
        else:
            player.advance(date.fromisoformat(step["advance"]))
    return player


def check(player: Player, expect: dict[str, Any]) -> None:
    """Compare how a case went with what its scenario expects."""
    rest = iter(player.route)
    missing = [element for element in expect.get("route", []) if element not in rest]
    assert not missing, f"not passed, or not in this order: {missing}"
    assert not set(expect.get("not_route", [])) & set(player.route)
    if "outcome" in expect:
        assert (player.desk.outcome or player.ended_by) == expect["outcome"]
    if "letters" in expect:
        assert player.desk.letters == expect["letters"]
    if "matters" in expect:
        assert {kind: matter["status"] for kind, matter in player.desk.matters.items()} == expect["matters"]
    if "open" in expect:
        assert sorted(player.open_ids() if not player.withdrawn else []) == sorted(expect["open"])
