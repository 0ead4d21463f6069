"""Repeated activities: multi-instance in parallel or one after another, and the standard loop.

Only here tokens have variables of their own: what an instance assigns is seen inside it, and is merged outwards when it completes.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from typing import Any

from workflows.bpmn import Node
from workflows.checks_nodes import MAX_INSTANCES
from workflows.engine.activities import HUMAN_TAGS
from workflows.engine.errors import EngineLimit
from workflows.engine.nodes import Exit, NodeSpec
from workflows.engine.outcome import Element
from workflows.engine.tree import READY, STARTED, ScopeSpec, Token, children
from workflows.expressions import ExpressionError, compile_expression
from workflows.values import normalise


class LoopSpec(NodeSpec):
    """An activity that is repeated: parallel, sequential or standard loop. `each` is the activity itself."""

    each: NodeSpec

    def __init__(self, wf_spec: ScopeSpec, name: str, node: Node, element: Element) -> None:
        super().__init__(wf_spec, name, node, element)
        assert node.loop is not None
        loop = self.loop = node.loop
        self.collection = compile_expression(loop.input) if loop.input else None
        self.cardinality = compile_expression(loop.cardinality) if loop.cardinality else None
        self.condition = compile_expression(loop.condition) if loop.condition else None
        self.maximum = int(loop.maximum) if loop.maximum else None
        self.result = node.result or node.properties.get("result") or (node.decision if node.decision else None)
        if self.result is None and node.tag in HUMAN_TAGS:
            self.result = element.id

    def begin(self, token: Token) -> bool:
        return self.progress(token) if "count" in token.internal_data else self.first(token)

    def first(self, token: Token) -> bool:
        """Make the first instances; True when there is none to make."""
        self.arm(token)
        items, count = self.items(token)
        token.internal_data.update({"count": count, "items": items, "next": 0, "made": {}, "ended": 0})
        if self.loop.kind == "standard":
            if self.loop.test_before and not self.again(token):
                return True
        else:
            if self.loop.output:
                token.assign(self.loop.output, [])
            elif self.result and count == 0:
                token.assign(self.result, [])
            if count == 0:
                return True
        for index in range(count if self.loop.kind == "parallel" else 1):
            self.make(token, index)
        token._set_state(STARTED)
        return False

    def items(self, token: Token) -> tuple[list[Any] | None, int]:
        """The collection or the number of instances."""
        if self.loop.kind == "standard":
            return None, self.maximum if self.maximum is not None else MAX_INSTANCES
        if self.collection is not None:
            found = self.collection.evaluate(token.variables())
            if not isinstance(found, list):
                raise ExpressionError(
                    f"“{self.element.id}”的多实例集合“{self.collection.text}”不是列表。",
                    f"The collection “{self.collection.text}” of {self.element.id} is not a list.",
                )
            items, count = normalise(found), len(found)
        else:
            assert self.cardinality is not None
            number = self.cardinality.evaluate(token.variables())
            if not isinstance(number, int) or isinstance(number, bool) or number < 0:
                raise ExpressionError(
                    f"“{self.element.id}”的实例数应为不小于 0 的整数。",
                    f"The number of instances of {self.element.id} must be a whole number of at least 0.",
                )
            items, count = None, number
        if count > MAX_INSTANCES:
            raise ExpressionError(
                f"“{self.element.id}”有 {count} 个实例，超过上限 {MAX_INSTANCES}，请分批办理。",
                f"{self.element.id} would have {count} instances; the limit is {MAX_INSTANCES}.",
            )
        return items, count

    def make(self, token: Token, index: int) -> None:
        """Create one instance with its own variables."""
        state = token.internal_data
        child = token.instance.spawn(token, self.each, None)
        child.scope = child
        child.internal_data["index"] = index
        child.data = {"loopCounter": index}
        if self.loop.input_item:
            child.data[self.loop.input_item] = state["items"][index] if state["items"] is not None else index
        state["next"] = index + 1

    def finished(self, child: Token) -> None:
        """An instance has completed: take its output, merge its variables, and look at the loop again."""
        token: Token = child.parent
        state, local = token.internal_data, child.data
        private = {"loopCounter", self.loop.input_item, self.loop.output_item if self.loop.output else None}
        if self.loop.kind != "standard" and self.result:
            private.add(self.result)
        for name, value in local.items():
            if name not in private:
                token.assign(name, value)
        if self.loop.kind != "standard":
            self.collect(token, child)
        state["ended"] += 1
        state["last"] = {**local}
        if token._state == STARTED:
            token._set_state(READY)
            token.instance.queue(token)

    def collect(self, token: Token, child: Token) -> None:
        """Put the instance's result among those that are there already, in the order of the instances."""
        result = child.data.get(self.result or "")
        item = child.data.get(self.loop.output_item or "", result) if self.loop.output else result
        made = token.internal_data["made"]
        made[str(child.internal_data["index"])] = item
        target = self.loop.output or self.result
        if target:
            token.assign(target, [made[key] for key in sorted(made, key=int)])

    def progress(self, token: Token) -> bool:
        """Decide whether the loop is over, or goes on with another instance."""
        state = token.internal_data
        running = [child for child in children(token) if child.open and child.task_spec is self.each]
        if self.loop.kind == "standard":
            if running:
                token._set_state(STARTED)
                return False
            if state["next"] >= state["count"]:
                if self.maximum is None:
                    raise EngineLimit(
                        f"循环“{self.element.id}”已执行 {MAX_INSTANCES} 次仍未结束。",
                        f"The loop {self.element.id} has run {MAX_INSTANCES} times without ending.",
                        self.element.id,
                    )
                return True
            if not self.again(token):
                return True
        else:
            if self.condition is not None and self.condition.decide(self.counters(token, len(running))):
                for child in running:
                    token.instance.withdraw(child)
                return True
            if running:
                token._set_state(STARTED)
                return False
            if state["next"] >= state["count"]:
                return True
        self.make(token, state["next"])
        token._set_state(STARTED)
        return False

    def note(self, token: Token) -> None:
        # Each instance has put the element on the route; a round of the loop counts once.
        token.instance.passed(self.element.id, on_route=token.internal_data["ended"] == 0)

    def again(self, token: Token) -> bool:
        """Does a standard loop go on?"""
        if self.condition is None:
            return True
        return self.condition.decide(ChainMap({"loopCounter": token.internal_data["next"]}, dict(token.variables())))

    def counters(self, token: Token, running: int) -> Mapping[str, Any]:
        """The variables a completion condition may use."""
        state = token.internal_data
        numbers = {
            "numberOfInstances": state["count"],
            "numberOfActiveInstances": running,
            "numberOfCompletedInstances": state["ended"],
            "numberOfTerminatedInstances": 0,
        }
        return ChainMap(numbers, state.get("last") or {}, dict(token.variables()))


def inside(base: type[NodeSpec]) -> type[NodeSpec]:
    """The activity inside a loop: it has no exits of its own and reports to the loop."""

    class Each(base):  # type: ignore[valid-type,misc]
        def leave(self, token: Token) -> None:
            token.instance.route.append(self.element.id)
            loop: LoopSpec = token.parent.task_spec
            loop.finished(token)

        def choose(self, token: Token) -> list[Exit]:
            return []

    Each.__name__ = f"Each{base.__name__}"
    return Each
