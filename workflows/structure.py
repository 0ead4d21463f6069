"""A set of model files as one thing, and what can be said of its graph.

Which process is run, which ones it calls, where scopes start, what can be reached from where. Pure functions on the plain data of
`bpmn`; used by the checks, by the compiler and by the soundness search.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from workflows import bpmnreader
from workflows.bpmn import Document, Node, Process, Scope
from workflows.dmn import Decision, read_dmn
from workflows.findings import ERROR, Finding
from workflows.xmlsafe import XmlRefused


@dataclass
class Source:
    """Everything that was uploaded, as read."""

    documents: list[Document] = field(default_factory=list)
    decisions: dict[str, Decision] = field(default_factory=dict)
    decision_files: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def processes(self) -> dict[str, Process]:
        """All processes by id; of two with one id the first."""
        found: dict[str, Process] = {}
        for document in self.documents:
            for process in document.processes:
                found.setdefault(process.id, process)
        return found


def read(files: Mapping[str, bytes]) -> Source:
    """Read every file; what cannot be read becomes a finding."""
    source = Source()
    for name, data in files.items():
        if name.lower().endswith(".dmn"):
            _read_dmn(source, name, data)
            continue
        try:
            source.documents.append(bpmnreader.read(data, name))
        except XmlRefused as refused:
            source.findings.append(refused.finding(name))
    return source


def _read_dmn(source: Source, name: str, data: bytes) -> None:
    decisions, findings = read_dmn(data, name)
    source.findings += findings
    if any(finding.severity == ERROR for finding in findings):
        return
    for decision in decisions:
        if decision.id in source.decisions:
            source.findings.append(
                Finding(
                    ERROR,
                    "dmn.duplicate",
                    decision.id,
                    decision.line,
                    f"决策编号 {decision.id} 在多个文件中出现。",
                    f"The decision id {decision.id} occurs in several files.",
                    "请改用不同的编号。",
                    "Give it another id.",
                    name,
                )
            )
        source.decisions[decision.id] = decision
        source.decision_files[decision.id] = name


def main_process(source: Source, process_id: str | None = None) -> Process | None:
    """The process a case runs: the one asked for, else the first executable one that no other calls."""
    processes = source.processes
    if process_id is not None:
        return processes.get(process_id)
    called = {node.called for process in processes.values() for _, node in process.walk() if node.called}
    order = [ref for document in source.documents for _, ref in document.participants if ref in processes]
    order += [key for key in processes if key not in order]
    free = [processes[key] for key in order if key not in called and processes[key].nodes]
    free = free or [processes[key] for key in order if processes[key].nodes]
    executable = [process for process in free if process.executable]
    return next(iter(executable or free), None)


def called_processes(source: Source, main: Process) -> list[Process]:
    """The process and all it calls, directly or not; itself first."""
    processes = source.processes
    found: dict[str, Process] = {}
    queue = [main]
    while queue:
        process = queue.pop(0)
        if process.id in found:
            continue
        found[process.id] = process
        for _, node in process.walk():
            if node.tag == "callActivity" and node.called in processes:
                queue.append(processes[node.called])
    return list(found.values())


def start_events(scope: Scope) -> list[Node]:
    """The start events of a scope."""
    return [node for node in scope.nodes.values() if node.tag == "startEvent"]


def starts(scope: Scope, *, trigger: bool = False) -> list[Node]:
    """Where tokens are put when the scope is entered.

    The none start event; else the only start event there is (whatever would trigger it, the case is being started);
    without start events every node without incoming flow, as the standard has it.
    """
    events = start_events(scope)
    if trigger:
        return events[:1]
    if events:
        plain = [node for node in events if not node.events]
        return plain[:1] or events[:1]
    return [
        node
        for node in scope.nodes.values()
        if not node.incoming
        and node.attached_to is None
        and not node.is_event_subprocess
        and not (node.tag == "intermediateCatchEvent" and node.event is not None and node.event.kind == "link")
    ]


def link_target(scope: Scope, node: Node) -> Node:
    """The catching link event a throwing one jumps to."""
    name = node.event.name if node.event else None
    for other in scope.nodes.values():
        if (
            other.tag == "intermediateCatchEvent"
            and other.event
            and other.event.kind == "link"
            and other.event.name == name
        ):
            return other
    raise KeyError(name)


def next_nodes(scope: Scope, node: Node) -> Iterator[tuple[str | None, Node]]:
    """(flow, node) one step on, boundary events and links included."""
    for flow_id in node.outgoing:
        target = scope.nodes.get(scope.flows[flow_id].target)
        if target is not None:
            yield flow_id, target
    for boundary in scope.boundaries(node.id):
        yield None, boundary
    if node.tag == "intermediateThrowEvent" and node.event is not None and node.event.kind == "link":
        try:
            yield None, link_target(scope, node)
        except KeyError:
            return


def reachable(scope: Scope, first: list[Node]) -> set[str]:
    """The ids of all nodes a token can come to."""
    seen: set[str] = set()
    stack = list(first)
    while stack:
        node = stack.pop()
        if node.id in seen:
            continue
        seen.add(node.id)
        stack.extend(target for _, target in next_nodes(scope, node))
    return seen


def reachable_flows(scope: Scope, join: Node) -> dict[str, frozenset[str]]:
    """For each node: the incoming flows of `join` that can be reached from it without passing `join`."""
    before: dict[str, list[str]] = {key: [] for key in scope.nodes}
    for node in scope.nodes.values():
        for _, target in next_nodes(scope, node):
            before[target.id].append(node.id)
    found: dict[str, set[str]] = {key: set() for key in scope.nodes}
    for flow in join.incoming:
        stack = [scope.flows[flow].source]
        while stack:
            name = stack.pop()
            if name != join.id and flow not in found[name]:
                found[name].add(flow)
                stack += before[name]
    return {key: frozenset(flows) for key, flows in found.items()}


def waits(source: Source, node: Node, seen: frozenset[str] = frozenset()) -> bool:
    """Does a token stop at this node until a person or an event lets it go on?"""
    if node.tag in ("task", "userTask", "manualTask", "receiveTask"):
        return True
    if node.tag == "intermediateCatchEvent":
        return node.event is not None and node.event.kind != "link"
    if node.tag == "eventBasedGateway":
        return True
    inner: Scope | None = node.scope
    if node.tag == "callActivity" and node.called not in seen:
        inner = source.processes.get(node.called or "")
        seen = seen | {node.called or ""}
    return inner is not None and any(waits(source, each, seen) for each in inner.nodes.values())


def automatic_cycles(source: Source, scope: Scope) -> list[list[Node]]:
    """Circles in which nothing ever waits (strongly connected parts after the waiting nodes are taken out)."""
    nodes = {node.id: node for node in scope.nodes.values() if not waits(source, node)}
    edges = {key: [t.id for _, t in next_nodes(scope, node) if t.id in nodes] for key, node in nodes.items()}
    circles = []
    for component in _components(edges):
        if len(component) > 1 or component[0] in edges[component[0]]:
            circles.append([nodes[key] for key in component])
    return circles


def _components(edges: Mapping[str, list[str]]) -> list[list[str]]:
    """Strongly connected components (Tarjan, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    held: list[str] = []
    result: list[list[str]] = []
    for root in edges:
        if root in index:
            continue
        work: list[tuple[str, int]] = [(root, 0)]
        while work:
            node, place = work.pop()
            if place == 0:
                index[node] = low[node] = len(index)
                held.append(node)
            advanced = False
            for number in range(place, len(edges[node])):
                target = edges[node][number]
                if target not in index:
                    work += [(node, number + 1), (target, 0)]
                    advanced = True
                    break
                if target in held:
                    low[node] = min(low[node], index[target])
            if advanced:
                continue
            if low[node] == index[node]:
                component = held[held.index(node) :]
                del held[held.index(node) :]
                result.append(component)
            if work:
                parent = work[-1][0]
                low[parent] = min(low[parent], low[node])
    return result


def nesting(source: Source, scope: Scope, memo: dict[str, int] | None = None) -> int:
    """How deep subprocesses and calls go."""
    memo = {} if memo is None else memo
    memo[scope.id] = 0  # a call in a circle counts no further
    deepest = 0
    for node in scope.nodes.values():
        inner: Scope | None = node.scope
        if node.tag == "callActivity":
            inner = source.processes.get(node.called or "")
        if inner is not None:
            deepest = max(deepest, 1 + (memo[inner.id] if inner.id in memo else nesting(source, inner, memo)))
    memo[scope.id] = deepest
    return deepest


def calls_itself(source: Source, process: Process) -> bool:
    """Does a process come back to itself through calls?"""
    seen: set[str] = set()
    queue = [process]
    while queue:
        current = queue.pop()
        for _, node in current.walk():
            if node.tag == "callActivity" and node.called:
                if node.called == process.id:
                    return True
                if node.called not in seen and node.called in source.processes:
                    seen.add(node.called)
                    queue.append(source.processes[node.called])
    return False
