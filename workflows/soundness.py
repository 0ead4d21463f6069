"""Can the process get stuck, lose a branch, or run for ever? A bounded search over where tokens can be, conditions left aside.

Every choice is taken in every way, every activity ends or is interrupted. Found are joins that wait for a branch that was never
started, joins at which one branch arrives twice, branches that run into a step twice because they were split in parallel and merged
without a join, steps no token ever comes to, and places from which no end can be reached. Conditions may exclude what is found here, so
all of it is a warning. A search that grows too large stops and says so; every step that several flows lead to is pointed at then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

from workflows import structure
from workflows.bpmn import Node, Process, Scope
from workflows.findings import Finding
from workflows.report import Report
from workflows.structure import Source

MAX_MARKINGS = 4000
MOST_TOLD = 8  # steps of an example
_MOST_SUBSETS = 4  # flows of an inclusive split of which every combination is tried

Token = tuple[str, str | None]  # (node, flow it came by)
Marking = frozenset[Token]


@dataclass
class Search:
    """What was seen in one scope."""

    scope: Scope
    complete: bool = True
    before: dict[Marking, tuple[Marking, str] | None] = field(
        default_factory=dict
    )  # how it was come to, and by which node
    after: dict[Marking, list[Marking]] = field(default_factory=dict)
    stuck: dict[str, Marking] = field(default_factory=dict)
    doubled: dict[str, Marking] = field(default_factory=dict)
    surplus: dict[str, Marking] = field(default_factory=dict)
    reach: dict[str, dict[str, frozenset[str]]] = field(default_factory=dict)  # of inclusive joins, see `structure`


def check(source: Source, main: Process) -> list[Finding]:
    """Warnings about the process and everything it calls."""
    findings: list[Finding] = []
    for process in structure.called_processes(source, main):
        report = Report(process.file)
        scopes: list[Scope] = [process]
        scopes += [node.scope for _, node in process.walk() if node.scope is not None]
        for scope in scopes:
            _tell(report, search(scope))
        findings += report.findings
    return findings


def search(scope: Scope, bound: int = MAX_MARKINGS) -> Search:
    """Go through all markings of a scope, up to a bound."""
    found = Search(scope)
    for node in scope.nodes.values():
        if node.tag == "inclusiveGateway" and len(node.incoming) > 1:
            found.reach[node.id] = structure.reachable_flows(scope, node)
    start: Marking = frozenset((node.id, None) for node in structure.starts(scope))
    found.before[start] = None
    queue: deque[Marking] = deque([start])
    while queue:
        marking = queue.popleft()
        following = list(_following(found, marking))
        found.after[marking] = [each for _, each in following]
        if not following:
            found.stuck |= {node: marking for node, _ in marking if node not in found.stuck}
        for by, each in following:
            if each not in found.before:
                if len(found.before) >= bound:
                    found.complete = False
                    return found
                found.before[each] = (marking, by)
                queue.append(each)
    return found


def _tell(report: Report, found: Search) -> None:
    """What the search over all ways of running found, with a way that leads there."""
    nodes = found.scope.nodes
    for node_id in sorted(found.stuck):
        zh, en = _example(found, found.stuck[node_id])
        report.warn(
            "deadlock", nodes[node_id], f"该并行汇合可能永远等不齐：有的分支可能不会到达。{zh}",
            f"This parallel join may wait for ever: a branch it waits for may never come.{en}",
            "请让并行拆分与并行汇合成对；二选一的分支请用排他网关汇合。",
            "Pair parallel splits with parallel joins; merge alternative branches by an exclusive gateway.",
        )  # fmt: skip
    for node_id in sorted(found.surplus.keys() - found.stuck.keys()):
        zh, en = _example(found, found.surplus[node_id])
        report.warn(
            "lost_token", nodes[node_id], f"同一分支可能两次到达该汇合，多出的一次会永远等在那里。{zh}",
            f"One branch may arrive here twice; what is too much waits for ever.{en}",
            "请检查汇合之前的循环或未成对的拆分。", "Look at loops and unpaired splits before the join.",
        )  # fmt: skip
    for node_id in sorted(found.doubled):
        zh, en = _example(found, found.doubled[node_id])
        report.warn(
            "doubled", nodes[node_id], f"并行分支未经汇合进入此处，可能执行多次。{zh}",
            f"Parallel branches come here without a join; it may be done more than once.{en}",
            "请在此前加并行网关汇合。", "Join them by a parallel gateway first.",
        )  # fmt: skip
    if not found.complete:
        _undecided(report, found.scope)
        return
    _never(report, found)
    _endless(report, found)


def _never(report: Report, found: Search) -> None:
    """Steps that the drawing leads to and no token comes to; where a join is stuck that is the reason and is told already."""
    visited = {node for marking in found.before for node, _ in marking}
    drawn = structure.reachable(found.scope, structure.starts(found.scope))
    for node in found.scope.nodes.values():
        if node.id in drawn - visited and not found.stuck and node.attached_to is None:
            report.warn(
                "never", node, "无论怎么走，都到不了这一步。", "No way of the case ever comes here.",
                "请检查它之前的网关。", "Look at the gateways before it.",
            )  # fmt: skip


def _endless(report: Report, found: Search) -> None:
    """Places from which the end cannot be reached whatever is chosen, though something can always be done."""
    ends = {marking for marking in found.before if not marking}
    before: dict[Marking, list[Marking]] = {}
    for marking, following in found.after.items():
        for each in following:
            before.setdefault(each, []).append(marking)
    good, queue = set(ends), list(ends)
    while queue:
        for each in before.get(queue.pop(), ()):
            if each not in good:
                good.add(each)
                queue.append(each)
    bad = [marking for marking in found.before if marking not in good and found.after.get(marking)]
    if not bad or found.stuck:
        return
    here, walked = bad[0], set[Marking]()
    while here not in walked:  # go on until it goes round: there is the loop
        walked.add(here)
        here = found.after[here][0]
    first = found.scope.nodes[min(node for node, _ in here)]
    zh, en = _example(found, here)
    report.warn(
        "no_end", first, f"从这里开始，无论怎么走都到不了结束。{zh}", f"From here on no end can be reached.{en}",
        "请为循环增加通往结束的出口。", "Give the loop a way out that leads to an end.",
    )  # fmt: skip


def _example(found: Search, marking: Marking) -> tuple[str, str]:
    """How it can come to this, as the names of the last steps."""
    names: list[str] = []
    here: Marking | None = marking
    while here is not None and (how := found.before.get(here)) is not None:
        node = found.scope.nodes[how[1]]
        names.append(node.name or node.id)
        here = how[0]
    if not names:
        return "", ""
    told = " → ".join(reversed(names[:MOST_TOLD]))
    return f"例如：{told}。", f" For example: {told}."


def _is_step(node: Node) -> bool:
    """Would two tokens here do something twice? Not at a join, which takes them up, nor at a plain end."""
    return node.tag not in ("parallelGateway", "inclusiveGateway", "endEvent")


def _undecided(report: Report, scope: Scope) -> None:
    """The search was too large: say so, and point at merges where something may be done twice."""
    report.warn(
        "bound", (scope.id, scope.line), f"并行的走法太多：检查了{MAX_MARKINGS}种状态后停止，其余未检查。",
        f"There are too many ways of running in parallel: the search stopped after {MAX_MARKINGS} states.",
        "请把并行部分拆成子流程，各自检查。", "Put parallel parts into subprocesses; each is searched by itself.",
    )  # fmt: skip
    for node in scope.nodes.values():
        if len(node.incoming) > 1 and _is_step(node) and node.tag != "exclusiveGateway":
            report.warn(
                "implicit_merge", node, f"有 {len(node.incoming)} 条顺序流直接进入：每到达一次就执行一次。",
                f"{len(node.incoming)} flows lead here directly: it is done each time one is taken.",
                "并行分支请先用并行网关汇合；二选一的分支无需处理。", "Join parallel branches by a gateway first.",
            )  # fmt: skip


def _following(found: Search, marking: Marking) -> Iterator[tuple[str, Marking]]:
    """(node that acts, marking after it)."""
    scope = found.scope
    for token in sorted(marking, key=lambda item: (item[0], item[1] or "")):
        node = scope.nodes[token[0]]
        if node.tag == "endEvent" and node.event is not None and node.event.kind in ("terminate", "error"):
            yield node.id, frozenset()
            continue
        taken = _taken(found, marking, token)
        if taken is None:
            continue
        rest = marking - taken
        for produced in _ways(scope, node):
            for item in produced:
                at = scope.nodes[item[0]]
                if _is_step(at) and item[0] in {other for other, _ in rest}:
                    found.doubled.setdefault(item[0], marking)
                elif item in rest and at.tag == "parallelGateway" and len(at.incoming) > 1:
                    found.surplus.setdefault(item[0], marking)
            yield node.id, rest | produced


def _taken(found: Search, marking: Marking, token: Token) -> Marking | None:
    """The tokens a node takes up when it acts for this one; None while it has to wait for others."""
    node = found.scope.nodes[token[0]]
    if len(node.incoming) < 2 or node.tag not in ("parallelGateway", "inclusiveGateway"):
        return frozenset({token})
    if node.tag == "parallelGateway":
        needed: Marking = frozenset((node.id, flow) for flow in node.incoming)
        return needed if needed <= marking else None
    here = frozenset(item for item in marking if item[0] == node.id)
    held = frozenset(flow for _, flow in here if flow is not None)
    # BPMN 2.0 13.4.3: it waits while a token elsewhere can still come by a flow that holds none, and by none that does.
    for other, _ in marking - here:
        reached = found.reach[node.id].get(other, frozenset())
        if reached - held and not reached & held:
            return None
    return here


def _ways(scope: Scope, node: Node) -> list[Marking]:
    """The sets of tokens that may come out of a node."""
    flows = [scope.flows[ref] for ref in node.outgoing]
    tokens: list[Token] = [(flow.target, flow.id) for flow in flows]
    if node.tag == "intermediateThrowEvent" and node.event is not None and node.event.kind == "link":
        return [frozenset({(structure.link_target(scope, node).id, None)})]
    if not tokens:
        ways: list[Marking] = [frozenset()]
    elif node.tag in ("exclusiveGateway", "eventBasedGateway"):
        ways = [frozenset({token}) for token in tokens]
    elif node.tag == "inclusiveGateway" or any(flow.condition for flow in flows):
        ways = _subsets(tokens)
    else:
        ways = [frozenset(tokens)]
    for boundary in scope.boundaries(node.id):
        after: Marking = frozenset((scope.flows[ref].target, ref) for ref in boundary.outgoing)
        if boundary.interrupting:
            ways.append(after)
        else:
            ways += [way | after for way in list(ways)]
    return ways


def _subsets(tokens: list[Token]) -> list[Marking]:
    """Every combination of a few flows; of many each alone and all together."""
    if len(tokens) > _MOST_SUBSETS:
        return [frozenset({token}) for token in tokens] + [frozenset(tokens)]
    return [frozenset(some) for size in range(1, len(tokens) + 1) for some in combinations(tokens, size)]
