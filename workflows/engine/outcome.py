"""What everybody else sees of a running case: plain, frozen descriptions of elements, of what waits, and of what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from workflows.dmn import FiredRule


@dataclass(frozen=True)
class Element:
    """A flow node of the model, as everybody else knows it."""

    id: str
    type: str
    name: str
    lane: str | None
    properties: Mapping[str, str]
    line: int
    process_id: str
    event: str | None = None  # message, timer, signal, ...
    event_name: str | None = None  # name of the message or signal, code of the error or escalation
    attached_to: str | None = None
    interrupting: bool = True


class Services(Protocol):
    """Carries out a service step; whatever it raises parks the step."""

    def __call__(self, operator: str, inputs: dict[str, Any], element: Element) -> Any: ...


@dataclass(frozen=True)
class Waiting:
    """Something the case waits for: a person's task, a message, an instant, a signal, a condition."""

    id: str
    element: Element
    kind: str
    due: datetime | None = None
    local: dict[str, Any] = field(default_factory=dict)
    index: int | None = None
    host: str | None = None  # of a boundary event: the id of the waiting task it is attached to


@dataclass(frozen=True)
class Parked:
    """A step that failed; it stays ready and is tried again by the next run."""

    id: str
    element: Element
    error: Exception


@dataclass(frozen=True)
class Thrown:
    """A message, signal or escalation the model has thrown; delivering it outside is up to the caller."""

    kind: str
    name: str | None
    element: Element


@dataclass(frozen=True)
class DecisionMade:
    """A decision table that was asked, and the rules that answered."""

    element: Element
    decision: str
    fired: list[FiredRule]
    outputs: Any


@dataclass(frozen=True)
class Outcome:
    """Where the case stands after a run, and what happened on the way."""

    waiting: list[Waiting]
    parked: list[Parked]
    finished: bool
    route: list[str]
    ended_by: str | None
    steps: int
    thrown: list[Thrown] = field(default_factory=list)
    decisions: list[DecisionMade] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)  # joins that can never fire any more
