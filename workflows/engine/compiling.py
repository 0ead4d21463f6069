"""From the drawing to what tokens do: checks the files and builds the specs of all scopes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from workflows import structure
from workflows.bpmn import Node, Process, Scope
from workflows.checks import check
from workflows.engine.activities import HUMAN_TAGS, DecisionSpec, HumanSpec, ServiceSpec, SubSpec
from workflows.engine.events import BoundarySpec, CatchSpec, EndSpec, ThrowSpec, TriggerSpec
from workflows.engine.gateways import EventGatewaySpec, ExclusiveSpec, InclusiveSpec, ParallelSpec
from workflows.engine.loops import LoopSpec, inside
from workflows.engine.model import Model
from workflows.engine.nodes import Exit, NodeSpec
from workflows.engine.outcome import Element
from workflows.engine.state import FORMAT
from workflows.engine.tree import ScopeSpec
from workflows.expressions import compile_expression
from workflows.findings import ERROR, ModelError


def compile(files: Mapping[str, bytes], process_id: str | None = None) -> Model:
    """Check the files and make a model of them; raises `ModelError` with everything that is wrong."""
    source = structure.read(files)
    main = structure.main_process(source, process_id)
    findings = check(source, main)
    if main is None or any(finding.severity == ERROR for finding in findings):
        raise ModelError(findings)
    digest = hashlib.sha256(f"{FORMAT}:{main.id}\n".encode())
    for name in sorted(files):
        digest.update(f"{name}:{len(files[name])}\n".encode() + files[name])
    builder = _Builder(source, main)
    return Model(
        main.id,
        MappingProxyType(builder.elements),
        MappingProxyType(dict(source.decisions)),
        digest.hexdigest(),
        main.name,
        MappingProxyType(builder.specs),
        f"process:{main.id}",
    )


_SIMPLE: Mapping[str, type[NodeSpec]] = {
    "startEvent": NodeSpec,
    "exclusiveGateway": ExclusiveSpec,
    "parallelGateway": ParallelSpec,
    "inclusiveGateway": InclusiveSpec,
    "eventBasedGateway": EventGatewaySpec,
    "endEvent": EndSpec,
    "intermediateCatchEvent": CatchSpec,
    "intermediateThrowEvent": ThrowSpec,
    "boundaryEvent": BoundarySpec,
    "receiveTask": CatchSpec,
    "businessRuleTask": DecisionSpec,
    "callActivity": SubSpec,
}


def _class_of(node: Node) -> type[NodeSpec]:
    if node.scope is not None:
        return SubSpec
    if node.tag in HUMAN_TAGS:
        return HumanSpec
    if node.operator and node.tag != "endEvent":
        return ServiceSpec
    if node.event is not None and node.event.kind == "link":
        return NodeSpec
    return _SIMPLE[node.tag]


class _Builder:
    """Builds what tokens do in the main process and in every process it calls, scope by scope."""

    def __init__(self, source: structure.Source, main: Process) -> None:
        self.source = source
        self.main = main
        self.specs: dict[str, ScopeSpec] = {}
        self.elements: dict[str, Element] = {}
        needed = structure.called_processes(source, main)
        seen = Counter(node.id for process in needed for _, node in process.walk())
        self.shared = {node_id for node_id, times in seen.items() if times > 1}
        for process in needed:
            self.process = process
            self.scope(process, f"process:{process.id}")

    def element(self, node: Node) -> Element:
        """The element as others see it; an id that two processes use is told apart by the called process."""
        key = node.id if node.id not in self.shared or self.process is self.main else f"{self.process.id}:{node.id}"
        event = node.event
        element = Element(
            key,
            node.tag,
            node.name,
            node.lane,
            MappingProxyType(dict(node.properties)),
            node.line,
            self.process.id,
            event.kind if event else None,
            event.name if event else None,
            node.attached_to,
            node.interrupting,
        )
        self.elements[key] = element
        return element

    def scope(self, scope: Scope, name: str) -> None:
        """One process or subprocess: first its nodes, then the ways between them."""
        spec = self.specs[name] = ScopeSpec(name)
        made: dict[str, NodeSpec] = {}
        for node in scope.nodes.values():
            made[node.id] = self.node(spec, node)
        for node in scope.nodes.values():
            self.connect(scope, made, node)
        for node in structure.starts(scope):
            spec.starts.append(made[node.id])
        for inclusive in made.values():
            if isinstance(inclusive, InclusiveSpec) and len(inclusive.incoming) > 1:
                inclusive.reach = structure.reachable_flows(scope, inclusive.node)

    def node(self, spec: ScopeSpec, node: Node) -> NodeSpec:
        """One node; a repeated activity becomes a loop with the activity inside, an event subprocess gets its trigger."""
        element = self.element(node)
        kind = _class_of(node)
        if node.loop is None:
            made = kind(spec, node.id, node, element)
            self.equip(made)
        else:
            made = LoopSpec(spec, node.id, node, element)
            made.each = inside(kind)(spec, f"{node.id}[each]", node, element)
            self.equip(made.each)
        if node.is_event_subprocess and node.scope is not None:
            first = structure.starts(node.scope, trigger=True)[0]
            assert isinstance(made, SubSpec)
            known = self.specs[made.target].task_specs[first.id].element
            trigger = TriggerSpec(spec, f"{node.id}[trigger]", first, known)
            trigger.body = made
            spec.triggers.append(trigger)
        return made

    def equip(self, made: NodeSpec) -> None:
        """Give a decision its table, and a subprocess or call the scope it runs."""
        node = made.node
        if isinstance(made, DecisionSpec):
            made.decision = self.source.decisions[node.decision or ""]
        elif isinstance(made, SubSpec):
            if node.scope is not None:
                made.target = f"sub:{self.process.id}:{node.id}"
                self.scope(node.scope, made.target)
            else:
                made.target = f"process:{node.called}"

    def connect(self, scope: Scope, made: dict[str, NodeSpec], node: Node) -> None:
        """The ways out of a node, and the activity a boundary event is attached to."""
        spec = made[node.id]
        for flow_id in node.outgoing:
            flow = scope.flows[flow_id]
            default = node.default == flow.id
            condition = None if default or flow.condition is None else compile_expression(flow.condition)
            spec.exits.append(Exit(flow.id, flow.target, condition, default))
        if node.event is not None and node.event.kind == "link" and node.tag == "intermediateThrowEvent":
            spec.exits = [Exit(None, structure.link_target(scope, node).id)]
        if node.attached_to is not None:
            boundary = made[node.id]
            assert isinstance(boundary, BoundarySpec)
            made[node.attached_to].boundaries.append(boundary)
