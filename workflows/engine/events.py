"""What a token does at events: wait for what happens, throw, interrupt, end.

A boundary event hangs on a token of its activity, the trigger of an event subprocess on the root of its scope; both are armed and
withdrawn with it. Which event catches a thrown error or escalation is the business of the instance, which knows all tokens.
"""

from __future__ import annotations

from typing import Any

from workflows.bpmn import EventDefinition, Node
from workflows.engine.nodes import Exit, NodeSpec
from workflows.engine.outcome import Element, Thrown
from workflows.engine.tree import COMPLETED, WAITING, ScopeSpec, Token
from workflows.expressions import Expression, compile_expression
from workflows.timers import CYCLE, Timer, compile_timer


class CatchSpec(NodeSpec):
    """Waits for a message, an instant, a signal or a condition; also a receive task."""

    def __init__(self, wf_spec: ScopeSpec, name: str, node: Node, element: Element) -> None:
        super().__init__(wf_spec, name, node, element)
        event = node.event or EventDefinition("message", node.line)
        self.kind = event.kind
        self.event = event
        self.timer: Timer | None = None
        self.condition: Expression | None = None
        if event.kind == "timer":
            self.timer = compile_timer(event.timer or "", event.text or "")
        elif event.kind == "condition":
            self.condition = compile_expression(event.text or "")

    def prepare(self, token: Token) -> dict[str, Any]:
        """What the waiting token has to remember; raises when a timer cannot be computed."""
        if self.timer is None:
            return {}
        due, left = self.timer.first(token.variables(), token.instance.now())
        return {"due": due, "left": left}

    def begin(self, token: Token) -> bool:
        token.internal_data.update(self.prepare(token))
        self.arm(token)
        token._set_state(WAITING)
        return False

    def fired(self, token: Token, payload: Any) -> None:
        """The event has happened: forget the alternatives and go on."""
        case = token.instance
        if payload is not None:
            token.assign(self.node.properties.get("result") or self.element.id, payload)
        group = token.internal_data.get("group")
        if group is not None:
            for other in list(token.workflow.tasks.values()):
                if other is not token and other.open and other.internal_data.get("group") == group:
                    case.withdraw(other)
        token.internal_data["done"] = True
        case.queue(token)


class BoundarySpec(CatchSpec):
    """An event on the border of an activity; armed and withdrawn with it."""

    attached = True

    def fired(self, token: Token, payload: Any) -> None:
        case, host = token.instance, token.parent
        if payload is not None:
            token.assign(self.node.properties.get("result") or self.element.id, payload)
        if self.node.interrupting:
            case.withdraw(host, keep=token)
        else:
            self.rearm(token, host)
        token.internal_data["done"] = True
        case.queue(token)

    def rearm(self, token: Token, host: Token) -> None:
        """A non-interrupting event may happen again while the activity goes on."""
        data: dict[str, Any] = {}
        if self.timer is not None:
            left = token.internal_data.get("left")
            if self.timer.kind != CYCLE or left == 0:
                return
            due = self.timer.again(token.variables(), token.internal_data["due"])
            data = {"due": due, "left": None if left is None else left - 1}
        elif self.kind == "condition":
            data = {"was": True}  # fires again only after it has been false
        again = token.instance.spawn(host, self, None, WAITING)
        again.internal_data.update(data)


class TriggerSpec(BoundarySpec):
    """The start event of an event subprocess, armed for as long as its scope runs."""

    body: NodeSpec

    def fired(self, token: Token, payload: Any) -> None:
        case, root = token.instance, token.parent
        if payload is not None:
            token.assign(self.node.properties.get("result") or self.element.id, payload)
        token._set_state(COMPLETED)
        if self.node.interrupting:
            for other in list(token.workflow.tasks.values()):
                if other is not root and other.open:
                    case.withdraw(other)
        else:
            self.rearm(token, root)
        case.spawn(root, self.body, None)


class ThrowSpec(NodeSpec):
    """An intermediate throw event: records what is thrown and goes on."""

    def begin(self, token: Token) -> bool:
        throw(self, token)
        # A throw may have been caught by an event that interrupts this very scope.
        return token.open


class EndSpec(NodeSpec):
    """An end event: none, message, signal, terminate, error, escalation."""

    def begin(self, token: Token) -> bool:
        if self.node.operator:
            inputs = {k: compile_expression(v).evaluate(token.variables()) for k, v in self.node.parameters.items()}
            token.instance.services(self.node.operator, inputs, self.element)
        return True

    def choose(self, token: Token) -> list[Exit]:
        return []

    def leave(self, token: Token) -> None:
        case, workflow = token.instance, token.workflow
        case.passed(self.element.id)
        if workflow is case.workflow:
            case.ended_by = self.element.id
        kind = self.node.event.kind if self.node.event else ""
        if kind == "terminate":
            case.terminate(workflow)
        elif kind == "error":
            assert self.node.event is not None
            if not case.raise_error(workflow, self.node.event.name, None):
                case.ended_by = self.element.id
                case.terminate(case.workflow)
        else:
            throw(self, token)
            case.ended(token)


def throw(spec: NodeSpec, token: Token) -> None:
    """Let a message, signal or escalation out."""
    event = spec.node.event
    if event is None:
        return
    case = token.instance
    if event.kind in ("message", "signal", "escalation"):
        case.thrown.append(Thrown(event.kind, event.name, spec.element))
    if event.kind == "signal":
        for other in case.tokens():
            if other._state == WAITING and isinstance(other.task_spec, CatchSpec):
                waits = other.task_spec.event
                if waits.kind == "signal" and waits.name == event.name:
                    other.task_spec.fired(other, None)
    elif event.kind == "escalation":
        case.escalate(token.workflow, event.name)
