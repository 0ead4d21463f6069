"""What a token does at gateways: exclusive, parallel, inclusive, event-based.

Joins count tokens per incoming flow; the inclusive join follows the standard's reachability rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.bpmn import Node
from workflows.engine.events import BoundarySpec
from workflows.engine.nodes import Exit, NodeSpec
from workflows.engine.outcome import Element
from workflows.engine.tree import COMPLETED, WAITING, ScopeSpec, Token


class ExclusiveSpec(NodeSpec):
    """Takes the first flow whose condition holds, else the default flow."""

    def choose(self, token: Token) -> list[Exit]:
        if len(self.exits) < 2:
            return super().choose(token)
        values = token.variables()
        for way in self.exits:
            if way.condition is not None and not way.default and way.condition.decide(values):
                return [way]
        for way in self.exits:
            if way.default or way.condition is None:
                return [way]
        raise self.no_way_on()


class ParallelSpec(NodeSpec):
    """Waits for a token on every incoming flow, then takes every outgoing one."""

    def begin(self, token: Token) -> bool:
        if len(self.incoming) < 2:
            return True
        waiting: dict[str | None, Token] = {token.flow: token}
        for other in self.waiting(token.workflow):
            waiting.setdefault(other.flow, other)
        if not self.incoming <= waiting.keys():
            token._set_state(WAITING)
            return False
        for other in waiting.values():
            if other is not token:
                other._set_state(COMPLETED)
        return True

    def waiting(self, workflow: Any) -> list[Token]:
        """The tokens that wait at this gateway, oldest first."""
        return [item for item in workflow.tasks.values() if item.task_spec is self and item._state == WAITING]

    def choose(self, token: Token) -> list[Exit]:
        return self.exits


class InclusiveSpec(ParallelSpec):
    """Waits as long as another token could still arrive, then takes every flow whose condition holds."""

    def __init__(self, wf_spec: ScopeSpec, name: str, node: Node, element: Element) -> None:
        super().__init__(wf_spec, name, node, element)
        self.reach: Mapping[str, frozenset[str]] = {}

    def begin(self, token: Token) -> bool:
        if len(self.incoming) < 2:
            return True
        token._set_state(WAITING)
        return False

    def enabled(self, workflow: Any) -> Token | None:
        """The token that may go on, by the rule of BPMN 2.0 §13.4.3; the others that wait are merged into it."""
        tokens: dict[str | None, Token] = {}
        for item in self.waiting(workflow):
            tokens.setdefault(item.flow, item)
        if not tokens:
            return None
        held = frozenset(flow for flow in tokens if flow is not None)
        for item in workflow.tasks.values():
            if not item.open or item.task_spec is self or not isinstance(item.task_spec, NodeSpec):
                continue
            if isinstance(item.task_spec, BoundarySpec) and item._state == WAITING:
                continue  # its way counts with the activity it is attached to
            reached = self.reach.get(item.task_spec.node.id, frozenset())
            if reached - held and not reached & held:
                return None
        *merged, last = tokens.values()
        for item in merged:
            item._set_state(COMPLETED)
        return last

    def choose(self, token: Token) -> list[Exit]:
        return NodeSpec.choose(self, token)


class EventGatewaySpec(NodeSpec):
    """Offers several events; the first that happens takes the others away."""

    def choose(self, token: Token) -> list[Exit]:
        return self.exits
