"""Can the process get stuck? A bounded search over where tokens can be, conditions left aside.

Every choice is taken both ways, every activity ends. Found are joins that wait for a branch that was never started, and branches that run
into a step twice because they were split in parallel and merged without a join. Conditions may exclude what is found here, so
all of it is a warning; where the search grows too large, every step that several flows lead to is pointed at instead.
"""

from __future__ import annotations

from collections import deque

from workflows import structure
from workflows.bpmn import Node, Process, Scope
from workflows.findings import Finding
from workflows.report import Report
from workflows.structure import Source

MAX_MARKINGS = 4000

Marking = frozenset[tuple[str, str | None]]  # (node, flow it came by)


def check(source: Source, main: Process) -> list[Finding]:
    """Warnings about the process and everything it calls."""
    findings: list[Finding] = []
    for process in structure.called_processes(source, main):
        report = Report(process.file)
        scopes: list[Scope] = [process]
        scopes += [node.scope for _, node in process.walk() if node.scope is not None]
        for scope in scopes:
            _search(report, scope)
        findings += report.findings
    return findings


def _search(report: Report, scope: Scope) -> None:
    if any(node.tag == "inclusiveGateway" and len(node.incoming) > 1 for node in scope.nodes.values()):
        # The inclusive join never deadlocks by itself, and its rule does not fit this search.
        _undecided(report, scope)
        return
    start: Marking = frozenset((node.id, None) for node in structure.starts(scope))
    seen: set[Marking] = {start}
    queue: deque[Marking] = deque([start])
    stuck: set[str] = set()
    doubled: set[str] = set()
    while queue:
        marking = queue.popleft()
        following = list(_following(scope, marking, doubled))
        if not following and marking:
            stuck |= {node for node, _ in marking if scope.nodes[node].tag == "parallelGateway"}
        for each in following:
            if each not in seen:
                if len(seen) >= MAX_MARKINGS:
                    _undecided(report, scope)
                    return
                seen.add(each)
                queue.append(each)
    for node_id in sorted(stuck):
        report.warn(
            "deadlock", scope.nodes[node_id], "该并行汇合可能永远等不齐：有的分支可能不会到达。",
            "This parallel join may wait for ever: a branch it waits for may never come.",
            "请让并行拆分与并行汇合成对；二选一的分支请用排他网关汇合。",
            "Pair parallel splits with parallel joins; merge alternative branches by an exclusive gateway.",
        )  # fmt: skip
    for node_id in sorted(doubled):
        report.warn(
            "doubled", scope.nodes[node_id], "并行分支未经汇合进入此处，可能执行多次。",
            "Parallel branches come here without a join; it may be done more than once.",
            "请在此前加并行网关汇合。", "Join them by a parallel gateway first.",
        )  # fmt: skip


def _is_step(node: Node) -> bool:
    """Would two tokens here do something twice? Not at a join, which takes them up, nor at a plain end."""
    return node.tag not in ("parallelGateway", "inclusiveGateway", "endEvent")


def _undecided(report: Report, scope: Scope) -> None:
    for node in scope.nodes.values():
        if len(node.incoming) > 1 and _is_step(node) and node.tag != "exclusiveGateway":
            report.warn(
                "implicit_merge", node, f"有 {len(node.incoming)} 条顺序流直接进入：每到达一次就执行一次。",
                f"{len(node.incoming)} flows lead here directly: it is done each time one is taken.",
                "并行分支请先用并行网关汇合；二选一的分支无需处理。", "Join parallel branches by a gateway first.",
            )  # fmt: skip


def _following(scope: Scope, marking: Marking, doubled: set[str]) -> list[Marking]:
    found: list[Marking] = []
    for token in marking:
        node = scope.nodes[token[0]]
        rest = marking - {token}
        if node.tag == "endEvent" and node.event is not None and node.event.kind in ("terminate", "error"):
            found.append(frozenset())
            continue
        if node.tag == "parallelGateway" and len(node.incoming) > 1:
            needed = {(node.id, flow) for flow in node.incoming}
            if not needed <= marking:
                continue
            rest = marking - needed
        for produced in _ways(scope, node):
            for item in produced:
                if item[0] in {other for other, _ in rest} and _is_step(scope.nodes[item[0]]):
                    doubled.add(item[0])
            found.append(rest | produced)
    return found


def _ways(scope: Scope, node: Node) -> list[Marking]:
    """The sets of tokens that may come out of a node."""
    flows = [scope.flows[ref] for ref in node.outgoing]
    tokens: list[tuple[str, str | None]] = [(flow.target, flow.id) for flow in flows]
    if node.tag == "intermediateThrowEvent" and node.event is not None and node.event.kind == "link":
        return [frozenset({(structure.link_target(scope, node).id, None)})]
    if not tokens:
        ways: list[Marking] = [frozenset()]
    elif node.tag in ("exclusiveGateway", "eventBasedGateway"):
        ways = [frozenset({token}) for token in tokens]
    elif node.tag == "inclusiveGateway" or any(flow.condition for flow in flows):
        ways = [frozenset({token}) for token in tokens] + [frozenset(tokens)]
    else:
        ways = [frozenset(tokens)]
    for boundary in scope.boundaries(node.id):
        after: Marking = frozenset((scope.flows[ref].target, ref) for ref in boundary.outgoing)
        if boundary.interrupting:
            ways.append(after)
        else:
            ways += [way | after for way in list(ways)]
    return ways
