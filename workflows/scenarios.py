"""Scenarios: named paths through a procedure, played on the real runtime and left without a trace.

A scenario plays the roles of a case on the real engine, handlers, clocks, letters and registers, in one
outer transaction that is rolled back at the end (each step is a savepoint inside it). The route is what
the engine reports; coverage is the share of sequence flows that some scenario passed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from registers.errors import DomainError
from registers.timesource import FixedTime
from workflows import casefile, letters, matters, quotarehearsal, rehearsal, versionchecks, versionfiles, xmlsafe
from workflows.models import Case, Task
from workflows.runtime import Runtime

SCENARIOS = "scenarios.json"
_SEQUENCE_FLOW = "{http://www.omg.org/spec/BPMN/20100524/MODEL}sequenceFlow"


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
    settings = json.loads(contents[versionfiles.SETTINGS])
    given = json.loads(contents.get(SCENARIOS, b'{"scenarios": []}'))["scenarios"]
    rehearsal.prepare(real, contents)
    report = Report(settings["id"], [], flows(contents), set())
    for scenario in given:
        result = play(real, contents, scenario)
        report.results.append(result)
        report.covered |= set(result.route) & report.flows
    return report


def play(real: Runtime, contents: dict[str, bytes], scenario: dict[str, Any]) -> Result:
    """Play one scenario; what goes wrong is a problem in the result, never an exception."""
    title = title_of(scenario)
    result = Result(str(scenario.get("id") or title["en"]), title, False)
    with rehearsal.stage(real, date.fromisoformat(scenario.get("today", "2026-09-01"))) as stage:
        stage.rt.observer = lambda _, outcome: result.route.extend(outcome.route)
        try:
            player = Player(stage.rt, stage.time, contents, scenario)
            player.play()
            result.problems = player.check(result.route)
        except DomainError as error:
            fields = [f"{item.path}: {item.zh}" for item in getattr(error, "errors", [])]
            result.problems.append(f"{error.zh} {error.pointer or ''} {'; '.join(fields[:20])}".strip())
    result.passed = not result.problems
    return result


def checked_play(real: Runtime, contents: dict[str, bytes], scenario: dict[str, Any]) -> Result:
    """The same for files that nobody has checked yet; findings are problems as well."""
    try:
        rehearsal.prepare(real, contents)
    except versionchecks.LintFailed as failed:
        names = title_of(scenario)
        return Result(names["en"], names, False, [finding.message() for finding in failed.findings][:20])
    return play(real, contents, scenario)


def title_of(scenario: dict[str, Any]) -> dict[str, str]:
    """What a scenario is called in both languages."""
    names = scenario.get("name", "")
    return names if isinstance(names, dict) else {"zh": str(names), "en": str(names)}


class Player(rehearsal.Rehearsal):
    """Plays one scenario and holds what came of it against what it expects."""

    def __init__(self, rt: Runtime, time: FixedTime, contents: dict[str, bytes], scenario: dict[str, Any]) -> None:
        self.scenario = scenario
        super().__init__(rt, time, contents, scenario)

    def play(self) -> None:
        """Hand in the start form when the scenario gives one, then carry out the steps in order."""
        steps = list(self.scenario.get("steps", []))
        if "start" in self.scenario:
            steps.insert(0, {"task": self.compiled.settings["start_task"], "submit": self.scenario["start"]})
        self.carry_out(steps)

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


def flows(contents: dict[str, bytes]) -> set[str]:
    """The sequence flows of all models; those of a shared model are for the scenarios of its own procedure."""
    shared = {
        name for names in json.loads(contents[versionfiles.SETTINGS]).get("shared", {}).values() for name in names
    }
    own = {name: content for name, content in contents.items() if name.endswith(".bpmn") and name not in shared}
    trees = [xmlsafe.parse(content) for content in own.values()]
    return {flow.get("id", "") for tree in trees for flow in tree.iter(_SEQUENCE_FLOW)}
