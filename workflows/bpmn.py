"""BPMN 2.0 as plain data: scopes, nodes and flows, with the lines they stand on.

It knows no engine and no installation; `bpmnreader` makes it of a file, and compiler, linter and soundness check all start from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
TASKS = frozenset(
    {"task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask"}
)
SCOPES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES = TASKS | SCOPES | {"callActivity"}
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"})
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
NODES = ACTIVITIES | GATEWAYS | EVENTS


@dataclass(frozen=True)
class Remark:
    """Something met while reading that the linter has to speak about."""

    kind: str
    element: str | None
    line: int
    detail: str
    process: str | None = None  # the process it stands in


@dataclass(frozen=True)
class EventDefinition:
    """What an event waits for or throws."""

    kind: str
    line: int
    name: str | None = None  # message or signal name, error or escalation code, link name
    ref: str | None = None  # the id of the message, signal, error or escalation referred to
    timer: str | None = None  # date, duration or cycle
    text: str | None = None  # timer text or condition


@dataclass(frozen=True)
class Flow:
    """A sequence flow."""

    id: str
    source: str
    target: str
    condition: str | None
    language: str | None
    name: str
    line: int


@dataclass(frozen=True)
class Loop:
    """Repetition of an activity: parallel, sequential or standard."""

    kind: str
    line: int
    cardinality: str | None = None
    input: str | None = None
    input_item: str | None = None
    output: str | None = None
    output_item: str | None = None
    condition: str | None = None
    maximum: str | None = None
    test_before: bool = False


@dataclass
class Node:
    """A flow node: a task, a gateway, an event or a subprocess."""

    id: str
    tag: str
    line: int
    name: str = ""
    lane: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    events: list[EventDefinition] = field(default_factory=list)
    attached_to: str | None = None
    interrupting: bool = True
    loop: Loop | None = None
    default: str | None = None
    outgoing: list[str] = field(default_factory=list)  # flow ids, in the order of the model
    incoming: list[str] = field(default_factory=list)
    operator: str | None = None
    result: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    decision: str | None = None
    called: str | None = None
    scope: Scope | None = None

    @property
    def event(self) -> EventDefinition | None:
        """The one event definition, when there is one."""
        return self.events[0] if self.events else None

    @property
    def is_event_subprocess(self) -> bool:
        """True for a subprocess that an event starts."""
        return self.scope is not None and self.attributes.get("triggeredByEvent") in ("true", "1")

    def flag(self, name: str, default: bool = False) -> bool:
        """A yes/no attribute."""
        value = self.attributes.get(name)
        return default if value is None else value.strip() in ("true", "1")


@dataclass
class Scope:
    """A process or a subprocess: nodes and the flows between them."""

    id: str
    line: int
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)

    def walk(self) -> Iterator[tuple[Scope, Node]]:
        """Every node with the scope it lies in, subprocesses included."""
        for node in self.nodes.values():
            yield self, node
            if node.scope is not None:
                yield from node.scope.walk()

    def boundaries(self, node_id: str) -> list[Node]:
        """The boundary events attached to a node."""
        return [node for node in self.nodes.values() if node.attached_to == node_id]


@dataclass
class Process(Scope):
    """A top-level process of a file."""

    name: str = ""
    executable: bool | None = None
    file: str = ""


@dataclass
class Document:
    """One BPMN file."""

    file: str
    processes: list[Process] = field(default_factory=list)
    participants: list[tuple[str, str | None]] = field(default_factory=list)  # (name, process id)
    remarks: list[Remark] = field(default_factory=list)
    duplicates: list[tuple[str, int]] = field(default_factory=list)
