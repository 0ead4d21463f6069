"""What a token does at any node: arrive, act, choose the ways on, leave. Kinds of node override one of these four."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from workflows.bpmn import Node
from workflows.engine.outcome import Element
from workflows.engine.tree import WAITING, QuietSpec, ScopeSpec, Token, children
from workflows.expressions import Expression, ExpressionError

if TYPE_CHECKING:
    from workflows.engine.events import BoundarySpec


@dataclass(frozen=True)
class Exit:
    """A way out of a node: a sequence flow, or the jump of a link event."""

    flow: str | None
    target: str
    condition: Expression | None = None
    default: bool = False


class NodeSpec(QuietSpec):
    """What all nodes share: arrive, act, choose exits, leave. Passing through is what a plain node does."""

    kind = "task"
    attached: ClassVar[bool] = False  # does a token here live and die with the token it hangs on? (boundary events do)

    def __init__(self, wf_spec: ScopeSpec, name: str, node: Node, element: Element) -> None:
        super().__init__(wf_spec, name, lane=node.lane)
        self.bpmn_id, self.bpmn_name = node.id, node.name
        self.node = node
        self.element = element
        self.exits: list[Exit] = []
        self.boundaries: list[BoundarySpec] = []
        self.incoming: frozenset[str] = frozenset(node.incoming)
        self.owner: ScopeSpec = wf_spec

    # The library's protocol, reduced to what happens here.

    def _update(self, my_task: Token) -> None:
        my_task.instance.queue(my_task)

    def _run(self, my_task: Token) -> bool | None:
        if "done" not in my_task.internal_data:
            if not self.begin(my_task) or not my_task.open:
                return None
            my_task.internal_data["done"] = True
        my_task.exits = self.choose(my_task)
        return True

    def _on_complete(self, my_task: Token) -> None:
        self.leave(my_task)

    # What kinds of node override.

    def begin(self, token: Token) -> bool:
        """Act on arrival; False when the token has to wait (its state is set then)."""
        return True

    def choose(self, token: Token) -> list[Exit]:
        """The exits to take. For tasks and events: every unconditional one, every true one, else the default."""
        if len(self.exits) == 1 and self.exits[0].condition is None:
            return self.exits
        values = token.variables()
        taken = [
            way for way in self.exits if not way.default and (way.condition is None or way.condition.decide(values))
        ]
        conditional = [way for way in self.exits if way.condition is not None]
        if conditional and not any(way.condition is not None for way in taken):
            taken += [way for way in self.exits if way.default]
        if self.exits and not taken:
            raise self.no_way_on()
        return taken

    def no_way_on(self) -> ExpressionError:
        """The error when no condition holds and there is no default flow."""
        where = self.element.name or self.element.id
        return ExpressionError(
            f"“{where}”（{self.element.id}）：没有任何出口条件成立，且未设默认出口。请为其设置默认出口或补全条件。",
            f"“{where}” ({self.element.id}): no condition holds and there is no default flow. "
            "Add a default flow or complete the conditions.",
        )

    def leave(self, token: Token) -> None:
        """Withdraw what was armed with this token and put tokens on the exits."""
        case = token.instance
        for child in children(token):
            if child.open and child.spec.attached:
                case.withdraw(child)
        self.note(token)
        for way in token.exits:
            if way.flow is not None:
                case.route.append(way.flow)
            case.spawn(token, self.owner.task_specs[way.target], way.flow)
        if not token.exits:
            case.ended(token)

    def note(self, token: Token) -> None:
        """Record that the element has been passed."""
        token.instance.passed(self.element.id)

    # Boundary events are armed with every activity, in whatever way it waits.

    def arm(self, token: Token) -> None:
        """Create the boundary tokens of an activity, once."""
        if not self.boundaries or "armed" in token.internal_data:
            return
        prepared = [(spec, spec.prepare(token)) for spec in self.boundaries]
        token.internal_data["armed"] = True
        for spec, data in prepared:
            armed = token.instance.spawn(token, spec, None, WAITING)
            armed.internal_data.update(data)
