"""What a token does at activities: people's work, service steps, decisions, subprocesses."""

from __future__ import annotations

from workflows.bpmn import Node
from workflows.dmn import Decision
from workflows.engine.events import throw
from workflows.engine.nodes import NodeSpec
from workflows.engine.outcome import DecisionMade, Element
from workflows.engine.tree import READY, STARTED, WAITING, ScopeSpec, Token
from workflows.expressions import compile_expression
from workflows.values import normalise

HUMAN_TAGS = frozenset({"task", "userTask", "manualTask"})


class HumanSpec(NodeSpec):
    """Work for a person: user, manual and plain tasks."""

    def begin(self, token: Token) -> bool:
        self.arm(token)
        token._set_state(WAITING)
        return False


class ServiceSpec(NodeSpec):
    """A step that a named handler carries out."""

    def __init__(self, wf_spec: ScopeSpec, name: str, node: Node, element: Element) -> None:
        super().__init__(wf_spec, name, node, element)
        self.parameters = {key: compile_expression(text) for key, text in node.parameters.items()}
        self.result = node.result or node.properties.get("result")

    def begin(self, token: Token) -> bool:
        self.arm(token)
        values = token.variables()
        inputs = {key: normalise(expression.evaluate(values), key) for key, expression in self.parameters.items()}
        assert self.node.operator is not None
        result = token.instance.services(self.node.operator, inputs, self.element)
        if self.result:
            token.assign(self.result, result)
        throw(self, token)
        return True


class DecisionSpec(NodeSpec):
    """A step that a decision table answers."""

    decision: Decision

    def begin(self, token: Token) -> bool:
        self.arm(token)
        answer = self.decision.evaluate(token.variables())
        token.assign(self.node.properties.get("result") or self.decision.id, answer.outputs)
        token.instance.decisions.append(DecisionMade(self.element, self.decision.id, answer.fired, answer.outputs))
        return True


class SubSpec(NodeSpec):
    """An embedded subprocess or a called process."""

    target: str

    def begin(self, token: Token) -> bool:
        self.arm(token)
        token._set_state(STARTED)
        try:
            token.instance.open_scope(token.workflow.top_workflow.create_subprocess(token, self.target), token)
        except Exception:
            token.instance.withdraw_scope(token)
            token._set_state(READY)
            raise
        return False
