"""What one can do with a case: start it, let it run, complete a task, let an event happen, skip, withdraw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from registers.errors import Conflict
from registers.timesource import TimeSource
from workflows.engine.activities import DecisionSpec, ServiceSpec
from workflows.engine.errors import NotWaiting
from workflows.engine.events import CatchSpec
from workflows.engine.instance import Instance, clock
from workflows.engine.model import Model
from workflows.engine.outcome import Outcome, Services
from workflows.engine.tree import READY
from workflows.values import normalise


def start(
    model: Model,
    variables: Mapping[str, Any],
    services: Services,
    *,
    now: Callable[[], datetime] | TimeSource | None = None,
) -> Instance:
    """A new instance with its first tokens placed; nothing has run yet."""
    instance = Instance(model, services, clock(now))
    instance.variables = normalise(variables)
    instance.open_scope(instance.workflow, None)
    return instance


def run(instance: Instance) -> Outcome:
    """Go on as far as possible; parked steps are tried again."""
    _begin(instance)
    instance.drain()
    return instance.outcome()


def complete(instance: Instance, waiting_id: str, result: Any = None) -> Outcome:
    """A person has done a task: keep the result under the element's result variable and go on."""
    token = instance.find(waiting_id)
    spec = token.spec
    if spec.kind != "task":
        raise NotWaiting(waiting_id)
    _begin(instance)
    token.assign(spec.node.properties.get("result") or spec.element.id, result)
    token.internal_data["done"] = True
    instance.queue(token)
    instance.drain()
    return instance.outcome()


def fire(instance: Instance, waiting_id: str, payload: Any = None) -> Outcome:
    """An event has happened (message, timer, signal, condition): let the token that waits for it go on."""
    token = instance.find(waiting_id)
    spec = token.spec
    if not isinstance(spec, CatchSpec):
        raise NotWaiting(waiting_id)
    _begin(instance)
    spec.fired(token, payload)
    instance.drain()
    return instance.outcome()


def skip(instance: Instance, parked_id: str, result: Any = None) -> Outcome:
    """Let a parked service step or decision count as done, with what later steps find as its result, and go on."""
    token = next((item for item in instance.tokens() if str(item.id) == parked_id and item._state == READY), None)
    if token is None:
        raise NotWaiting(parked_id)
    spec = token.spec
    if not isinstance(spec, (ServiceSpec, DecisionSpec)):
        raise Conflict(
            "not_skippable",
            f"“{spec.element.name or spec.element.id}”决定流程走向，不能跳过；请更正数据后重试。",
            f"“{spec.element.name or spec.element.id}” decides the way on and cannot be skipped; put the data right and retry.",
            pointer=spec.element.id,
        )
    _begin(instance)
    name = spec.node.result or spec.node.properties.get("result")
    if result is not None and name:
        token.assign(name, result)
    token.internal_data["done"] = True
    instance.drain()
    return instance.outcome()


def cancel(instance: Instance) -> Outcome:
    """Withdraw everything that is open: the case is over without an end event."""
    instance.begin_run()
    instance.ended_by = None
    instance.terminate(instance.workflow)
    instance.compact()
    return instance.outcome()


def variables(instance: Instance) -> dict[str, Any]:
    """A copy of the variables of the case."""
    copied: dict[str, Any] = normalise(instance.variables)
    return copied


def set_variables(instance: Instance, values: Mapping[str, Any]) -> None:
    """Change variables of the case from outside; conditional events see it in the next run."""
    instance.variables.update(normalise(values))


def _begin(instance: Instance) -> None:
    instance.begin_run()
    instance.ready.extend(token for token in instance.tokens() if token._state == READY)
