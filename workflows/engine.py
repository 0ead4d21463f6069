"""The engine: runs compiled BPMN models. The only importer of SpiffWorkflow.

SpiffWorkflow gives the task tree with its states, the workflow and subworkflow objects and the place where
expressions are evaluated. What a token does at a node is ours, because the standard asks for more than the library does: specs here
do not predict the future (so blocks in parallel never multiply), joins count tokens per incoming flow, inclusive joins follow the
standard's reachability rule, boundary and event-subprocess triggers are armed and withdrawn with their activity.

Order within a run: a token that arrives becomes READY and queues; each step lets one token act; when the queue is empty, conditional
events and inclusive joins are looked at; the run ends when nothing moves any more. A step that fails stays READY ("parked") while the rest goes on, and
the next run tries it again; what it had already done is not done twice.

Variables belong to the case, in one scope beside the tree, so a branch never brings back a stale copy. Only a multi-instance (or
loop) instance has variables of its own: what is assigned inside is seen inside, and is merged outwards when the instance completes.

Finished tokens are forgotten at the end of a run: the state holds what is open, never the history, so its size and the time of a step do
not grow with the age of a case. The history is the business of the record of events.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import ChainMap, Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Protocol
from uuid import UUID

from SpiffWorkflow.bpmn.script_engine import BasePythonScriptEngineEnvironment, PythonScriptEngine
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.specs import WorkflowSpec
from SpiffWorkflow.task import Task, TaskState

from registers.errors import Conflict, DomainError
from registers.timesource import TimeSource
from workflows import structure
from workflows.bpmn import EventDefinition, Node, Process, Scope
from workflows.checks import check
from workflows.dmn import Decision, FiredRule
from workflows.expressions import Expression, ExpressionError, compile_expression
from workflows.findings import ERROR, ModelError
from workflows.timers import CYCLE, Timer, compile_timer
from workflows.values import normalise, pack, unpack

__all__ = [
    "DecisionMade", "Element", "EngineLimit", "Instance", "Model", "ModelError", "NotWaiting", "Outcome", "Parked",
    "ProcessError", "Services", "StateRefused", "Thrown", "Waiting", "cancel", "compile", "complete", "dump", "fire",
    "load", "run", "set_variables", "skip", "start", "variables",
]  # fmt: skip

FORMAT = 1
MAGIC = b"OW1\n"
MAX_STEPS = 1000  # tokens that act in one run
MAX_VISITS = 900  # times one element may be passed in one case
MAX_TOKENS = 2000  # open tokens of one case
MAX_INSTANCES = 500  # of one multi-instance activity
MAX_STATE = 8 * 1024 * 1024  # bytes before compression

_OPEN = TaskState.NOT_FINISHED_MASK
_WAITING, _READY, _STARTED = TaskState.WAITING, TaskState.READY, TaskState.STARTED
_COMPLETED, _CANCELLED = TaskState.COMPLETED, TaskState.CANCELLED

_HUMAN = frozenset({"task", "userTask", "manualTask"})


# -- what the rest of the program sees -------------------------------------------------------------------


@dataclass(frozen=True)
class Element:
    """A flow node of the model, as everybody else knows it."""

    id: str
    type: str
    name: str
    lane: str | None
    properties: Mapping[str, str]
    line: int
    process_id: str
    event: str | None = None  # message, timer, signal, ...
    event_name: str | None = None  # name of the message or signal, code of the error or escalation
    attached_to: str | None = None
    interrupting: bool = True


class Services(Protocol):
    """Carries out a service step; whatever it raises parks the step."""

    def __call__(self, operator: str, inputs: dict[str, Any], element: Element) -> Any: ...


@dataclass(frozen=True)
class Waiting:
    """Something the case waits for: a person's task, a message, an instant, a signal, a condition."""

    id: str
    element: Element
    kind: str
    due: datetime | None = None
    local: dict[str, Any] = field(default_factory=dict)
    index: int | None = None
    host: str | None = None  # of a boundary event: the id of the waiting task it is attached to


@dataclass(frozen=True)
class Parked:
    """A step that failed; it stays ready and is tried again by the next run."""

    id: str
    element: Element
    error: Exception


@dataclass(frozen=True)
class Thrown:
    """A message, signal or escalation the model has thrown; delivering it outside is up to the caller."""

    kind: str
    name: str | None
    element: Element


@dataclass(frozen=True)
class DecisionMade:
    """A decision table that was asked, and the rules that answered."""

    element: Element
    decision: str
    fired: list[FiredRule]
    outputs: Any


@dataclass(frozen=True)
class Outcome:
    """Where the case stands after a run, and what happened on the way."""

    waiting: list[Waiting]
    parked: list[Parked]
    finished: bool
    route: list[str]
    ended_by: str | None
    steps: int
    thrown: list[Thrown] = field(default_factory=list)
    decisions: list[DecisionMade] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)  # joins that can never fire any more


class EngineLimit(DomainError):
    """The case would outgrow what the engine allows; the step is refused as a whole."""

    def __init__(self, zh: str, en: str, pointer: str | None = None) -> None:
        super().__init__("engine.limit", zh, en, pointer=pointer)


class StateRefused(DomainError):
    """The stored state is damaged, of another format, or of another model."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__("engine.state", zh, en, status=500)


class NotWaiting(Conflict):
    """The case does not wait for this any more: somebody else was faster, or it was withdrawn."""

    def __init__(self, waiting_id: str) -> None:
        super().__init__(
            "not_waiting",
            "该事项已办理或已撤回，请刷新后查看。",
            "This has been done or withdrawn already; refresh to see where the case stands.",
            pointer=waiting_id,
        )


class ProcessError(DomainError):
    """Raised by a service to throw a BPMN error; without an error event that catches it, the step is parked."""

    def __init__(self, error_code: str, zh: str, en: str) -> None:
        super().__init__("process.error", zh, en, error_code=error_code)
        self.error_code = error_code


# -- expressions -----------------------------------------------------------------------------------------


class ClosedEnvironment(BasePythonScriptEngineEnvironment):  # type: ignore[misc]
    """The library's place for evaluating text: our closed language, and never a script."""

    def evaluate(
        self, expression: str, context: Mapping[str, Any], external_context: Mapping[str, Any] | None = None
    ) -> Any:
        return compile_expression(expression).evaluate({**(external_context or {}), **context})

    def execute(self, script: str, context: Any, external_context: Any = None) -> bool:
        raise ExpressionError("模型中不允许脚本，请改用服务步骤。", "Scripts are not allowed; use a service step.")

    def call_service(self, context: Any, **kwargs: Any) -> Any:
        raise ExpressionError("服务只能由服务步骤调用。", "Services are called by service steps only.")


_SCRIPT_ENGINE = PythonScriptEngine(ClosedEnvironment())


# -- tokens and workflows --------------------------------------------------------------------------------


class Token(Task):  # type: ignore[misc]
    """A task of the tree: one token at one node, with the flow it came by and the instance it belongs to."""

    def __init__(
        self, workflow: Any, spec: Any, parent: Token | None, state: int = _READY, id: UUID | None = None
    ) -> None:
        super().__init__(workflow, spec, parent, state, id)
        self.flow: str | None = None
        self.scope: Token | None = parent.scope if parent is not None else None
        self.exits: list[Exit] = []

    def _set_state(self, value: int) -> None:
        # Without the library's log records, which cost more than the step itself.
        self._state = value

    @property
    def open(self) -> bool:
        return bool(self._state & _OPEN)

    @property
    def spec(self) -> NodeSpec:
        spec: NodeSpec = self.task_spec
        return spec

    @property
    def instance(self) -> Instance:
        case: Instance = self.workflow.top_workflow.case
        return case

    def run(self) -> bool | None:
        """One step: act, choose the way on, leave."""
        if self.task_spec._run(self):
            self.complete()
            return True
        return None

    def variables(self) -> Mapping[str, Any]:
        """The variables as they are seen from here."""
        layers = [scope.data for scope in self.scopes()]
        return ChainMap(*layers, self.instance.variables) if layers else self.instance.variables

    def scopes(self) -> Iterator[Token]:
        """The instances this token is inside of, innermost first."""
        scope = self.scope
        while scope is not None:
            yield scope
            parent = scope.parent
            scope = parent.scope if parent is not None else None

    def assign(self, name: str, value: Any) -> None:
        """Set a variable of the instance this token is inside of, else of the case."""
        (self.scope.data if self.scope is not None else self.instance.variables)[name] = normalise(value, name)


class CaseWorkflow(BpmnWorkflow):  # type: ignore[misc]
    """The top workflow; it belongs to one `Instance` and does nothing by itself."""

    case: Instance

    def __init__(self, spec: Any, subprocess_specs: Mapping[str, Any]) -> None:
        super().__init__(spec, subprocess_specs, script_engine=_SCRIPT_ENGINE, deserializing=True)

    def create_subprocess(self, my_task: Token, spec_name: str) -> BpmnSubWorkflow:
        workflow = BpmnSubWorkflow(
            self.subprocess_specs[spec_name], parent_task_id=my_task.id, top_workflow=self, deserializing=True
        )
        self.subprocesses[my_task.id] = workflow
        return workflow


class ScopeSpec(BpmnProcessSpec):  # type: ignore[misc]
    """The specification of a process or subprocess: its node specs and where tokens start."""

    def __init__(self, name: str) -> None:
        # Not the library's constructor: it adds tasks called Start and End that clash with ids of the model.
        WorkflowSpec.__init__(self, name=name)
        self.io_specification = None
        self.data_objects: dict[str, Any] = {}
        self.data_stores: dict[str, Any] = {}
        self.correlation_keys: dict[str, Any] = {}
        self.bpmn_start_events: list[Any] = []
        self.svg = None
        self.start = self.root = RootSpec(self, "(root)")
        self.starts: list[NodeSpec] = []
        self.triggers: list[TriggerSpec] = []


@dataclass(frozen=True)
class Exit:
    """A way out of a node: a sequence flow, or the jump of a link event."""

    flow: str | None
    target: str
    condition: Expression | None = None
    default: bool = False


# -- what tokens do at nodes -----------------------------------------------------------------------------


class RootSpec(BpmnTaskSpec):  # type: ignore[misc]
    """The root of a (sub)workflow's tree: open as long as the scope runs."""

    def _predict(self, *args: Any, **kwargs: Any) -> None: ...

    def _on_complete(self, my_task: Token) -> None: ...


class NodeSpec(BpmnTaskSpec):  # type: ignore[misc]
    """What all nodes share: arrive, act, choose exits, leave. Passing through is what a plain node does."""

    kind = "task"

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

    def _predict(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is predicted: children come into being when a token leaves."""

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
        for child in _children(token):
            if child.open and isinstance(child.task_spec, BoundarySpec):
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
            armed = token.instance.spawn(token, spec, None, _WAITING)
            armed.internal_data.update(data)


class HumanSpec(NodeSpec):
    """Work for a person: user, manual and plain tasks."""

    def begin(self, token: Token) -> bool:
        self.arm(token)
        token._set_state(_WAITING)
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
        _throw(self, token)
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


class ThrowSpec(NodeSpec):
    """An intermediate throw event: records what is thrown and goes on."""

    def begin(self, token: Token) -> bool:
        _throw(self, token)
        # A throw may have been caught by an event that interrupts this very scope.
        return token.open


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
        token._set_state(_WAITING)
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
        again = token.instance.spawn(host, self, None, _WAITING)
        again.internal_data.update(data)


class TriggerSpec(BoundarySpec):
    """The start event of an event subprocess, armed for as long as its scope runs."""

    body: NodeSpec

    def fired(self, token: Token, payload: Any) -> None:
        case, root = token.instance, token.parent
        if payload is not None:
            token.assign(self.node.properties.get("result") or self.element.id, payload)
        token._set_state(_COMPLETED)
        if self.node.interrupting:
            for other in list(token.workflow.tasks.values()):
                if other is not root and other.open:
                    case.withdraw(other)
        else:
            self.rearm(token, root)
        case.spawn(root, self.body, None)


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
            token._set_state(_WAITING)
            return False
        for other in waiting.values():
            if other is not token:
                other._set_state(_COMPLETED)
        return True

    def waiting(self, workflow: Any) -> list[Token]:
        """The tokens that wait at this gateway, oldest first."""
        return [item for item in workflow.tasks.values() if item.task_spec is self and item._state == _WAITING]

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
        token._set_state(_WAITING)
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
            if isinstance(item.task_spec, BoundarySpec) and item._state == _WAITING:
                continue  # its way counts with the activity it is attached to
            reached = self.reach.get(item.task_spec.node.id, frozenset())
            if reached - held and not reached & held:
                return None
        *merged, last = tokens.values()
        for item in merged:
            item._set_state(_COMPLETED)
        return last

    def choose(self, token: Token) -> list[Exit]:
        return NodeSpec.choose(self, token)


class EventGatewaySpec(NodeSpec):
    """Offers several events; the first that happens takes the others away."""

    def choose(self, token: Token) -> list[Exit]:
        return self.exits


class SubSpec(NodeSpec):
    """An embedded subprocess or a called process."""

    target: str

    def begin(self, token: Token) -> bool:
        self.arm(token)
        token._set_state(_STARTED)
        try:
            token.instance.open_scope(token.workflow.top_workflow.create_subprocess(token, self.target), token)
        except Exception:
            token.instance.withdraw_scope(token)
            token._set_state(_READY)
            raise
        return False


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
            _throw(self, token)
            case.ended(token)


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
        if self.result is None and node.tag in _HUMAN:
            self.result = element.id

    def begin(self, token: Token) -> bool:
        state = token.internal_data
        if "count" not in state:
            self.arm(token)
            items, count = self.items(token)
            state.update({"count": count, "items": items, "next": 0, "made": {}, "ended": 0})
            if self.loop.kind == "standard":
                if self.loop.test_before and not self.again(token):
                    return True
                self.make(token, 0)
            else:
                if self.loop.output:
                    token.assign(self.loop.output, [])
                for index in range(count if self.loop.kind == "parallel" else min(count, 1)):
                    self.make(token, index)
                if count == 0:
                    if self.result and not self.loop.output:
                        token.assign(self.result, [])
                    return True
            token._set_state(_STARTED)
            return False
        return self.progress(token)

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
            index = str(child.internal_data["index"])
            item = local.get(self.loop.output_item or "", local.get(self.result or "")) if self.loop.output else None
            state["made"][index] = item if self.loop.output else local.get(self.result or "")
            collected = [state["made"][key] for key in sorted(state["made"], key=int)]
            target = self.loop.output or self.result
            if target:
                token.assign(target, collected)
        state["ended"] += 1
        state["last"] = {**local}
        if token._state == _STARTED:
            token._set_state(_READY)
            token.instance.queue(token)

    def progress(self, token: Token) -> bool:
        """Decide whether the loop is over, or goes on with another instance."""
        state = token.internal_data
        running = [child for child in _children(token) if child.open and child.task_spec is self.each]
        if self.loop.kind == "standard":
            if running:
                token._set_state(_STARTED)
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
                token._set_state(_STARTED)
                return False
            if state["next"] >= state["count"]:
                return True
        self.make(token, state["next"])
        token._set_state(_STARTED)
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


def _each(base: type[NodeSpec]) -> type[NodeSpec]:
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


def _children(token: Token) -> list[Token]:
    return [child for child in token.children if child is not None]


def _throw(spec: NodeSpec, token: Token) -> None:
    """Let a message, signal or escalation out."""
    event = spec.node.event
    if event is None:
        return
    case = token.instance
    if event.kind in ("message", "signal", "escalation"):
        case.thrown.append(Thrown(event.kind, event.name, spec.element))
    if event.kind == "signal":
        for other in case.tokens():
            if other._state == _WAITING and isinstance(other.task_spec, CatchSpec):
                waits = other.task_spec.event
                if waits.kind == "signal" and waits.name == event.name:
                    other.task_spec.fired(other, None)
    elif event.kind == "escalation":
        case.escalate(token.workflow, event.name)


# -- an instance -----------------------------------------------------------------------------------------


class Instance:
    """One running case: the tree of tokens, the variables, and what happens during a run."""

    def __init__(self, model: Model, services: Services, now: Callable[[], datetime]) -> None:
        self.model = model
        self.services = services
        self.now = now
        self.variables: dict[str, Any] = {}
        self.visits: Counter[str] = Counter()
        self.ended_by: str | None = None
        self.workflow = CaseWorkflow(model._specs[model._main], model._specs)
        self.workflow.case = self
        self.begin_run()

    def begin_run(self) -> None:
        """Forget what belongs to the previous run."""
        self.ready: deque[Token] = deque()
        self.parked: dict[UUID, Exception] = {}
        self.route: list[str] = []
        self.thrown: list[Thrown] = []
        self.decisions: list[DecisionMade] = []
        self.steps = 0

    # Tokens

    def workflows(self) -> list[Any]:
        """The top workflow and all open subworkflows."""
        return [self.workflow, *self.workflow.subprocesses.values()]

    def tokens(self) -> list[Token]:
        """All open tokens, the roots of scopes left out."""
        return [
            token
            for workflow in self.workflows()
            for token in workflow.tasks.values()
            if token._state & _OPEN and isinstance(token.task_spec, NodeSpec)
        ]

    def spawn(self, parent: Token, spec: NodeSpec, flow: str | None, state: int = _READY) -> Token:
        """A new token, which queues to act unless it is armed to wait."""
        token = Token(parent.workflow, spec, parent, state)
        token.flow = flow
        if state == _READY:
            if isinstance(parent.task_spec, EventGatewaySpec):
                token.internal_data["group"] = parent.id.hex
            self.ready.append(token)
        return token

    def queue(self, token: Token) -> None:
        """Let a token act (again) in this run."""
        token._set_state(_READY)
        self.ready.append(token)

    def passed(self, element: str, *, on_route: bool = True) -> None:
        """Note that an element is left, and refuse endless rounds."""
        if on_route:
            self.route.append(element)
        self.visits[element] += 1
        if self.visits[element] > MAX_VISITS:
            raise EngineLimit(
                f"“{element}”在本案中已经过 {MAX_VISITS} 次，请管理员检查流程是否存在无法结束的循环。",
                f"{element} has been passed {MAX_VISITS} times in this case; the model seems to loop without end.",
                element,
            )

    def find(self, waiting_id: str) -> Token:
        """The waiting token with this id."""
        try:
            key = UUID(waiting_id)
        except ValueError:
            raise NotWaiting(waiting_id) from None
        for workflow in self.workflows():
            token = workflow.tasks.get(key)
            if token is not None and token._state == _WAITING and _waits_outside(token):
                return token  # type: ignore[no-any-return]
        raise NotWaiting(waiting_id)

    # Running

    def drain(self) -> None:
        """Let tokens act until nothing moves any more."""
        while True:
            while self.ready:
                token = self.ready.popleft()
                if token._state == _READY and token.id not in self.parked:
                    self.step(token)
            if not self.fire_conditions() and not self.fire_inclusive():
                break
        self.compact()

    def step(self, token: Token) -> None:
        """One token acts; a failure parks it and nothing else."""
        if not isinstance(token.task_spec, LoopSpec):
            self.steps += 1
        if self.steps > MAX_STEPS:
            raise EngineLimit(
                f"一次办理触发的自动步骤超过 {MAX_STEPS} 个，已中止。请检查流程中是否有不含人工环节的循环。",
                f"More than {MAX_STEPS} automatic steps in one go; look for a loop without human work.",
                token.task_spec.element.id,
            )
        try:
            token.run()
        except EngineLimit:
            raise
        except ProcessError as error:
            if not self.raise_error(token.workflow, error.error_code, token):
                self.parked[token.id] = error
        except Exception as error:
            # Whatever a service raises is an incident of this step, not of the case.
            self.parked[token.id] = error

    def fire_conditions(self) -> bool:
        """Fire conditional events whose condition has become true."""
        moved = False
        for token in self.tokens():
            spec = token.task_spec
            if token._state != _WAITING or not isinstance(spec, CatchSpec) or spec.condition is None:
                continue
            try:
                holds = spec.condition.decide(token.variables())
            except ExpressionError:
                holds = False  # a variable that is not there yet
            if holds and not token.internal_data.get("was"):
                spec.fired(token, None)
                moved = True
            elif not holds:
                token.internal_data.pop("was", None)
        return moved

    def fire_inclusive(self) -> bool:
        """Let inclusive joins go on that no other token can reach any more."""
        moved = False
        for workflow in self.workflows():
            specs = {
                token.task_spec: None
                for token in workflow.tasks.values()
                if token._state == _WAITING and isinstance(token.task_spec, InclusiveSpec)
            }
            for spec in specs:
                token = spec.enabled(workflow)
                if token is not None:
                    token.internal_data["done"] = True
                    self.queue(token)
                    moved = True
        return moved

    # Scopes

    def open_scope(self, workflow: Any, parent: Token | None) -> None:
        """Put the first tokens into a process or subprocess."""
        spec: ScopeSpec = workflow.spec
        root = Token(workflow, spec.root, None, _STARTED)
        root.scope = parent.scope if parent is not None else None
        workflow.task_tree = root
        for trigger in spec.triggers:
            armed = self.spawn(root, trigger, None, _WAITING)
            armed.internal_data.update(trigger.prepare(armed))
        for start in spec.starts:
            self.spawn(root, start, None)
        if not spec.starts:
            self.close_scope(workflow)

    def ended(self, token: Token) -> None:
        """A token has come to an end; when it was the last of its scope, the scope is complete."""
        workflow = token.workflow
        root = workflow.task_tree
        for other in workflow.tasks.values():
            if other._state & _OPEN and other is not root and not isinstance(other.task_spec, TriggerSpec):
                return
        self.close_scope(workflow)

    def close_scope(self, workflow: Any) -> None:
        """All tokens are gone: the subprocess (or the case) is complete."""
        if workflow.completed:
            return
        for token in workflow.tasks.values():
            if token._state & _OPEN:
                token._set_state(_COMPLETED if token is workflow.task_tree else _CANCELLED)
        workflow.completed = True
        if workflow is self.workflow:
            return
        parent = self.workflow.get_task_from_id(workflow.parent_task_id)
        self.workflow.subprocesses.pop(parent.id, None)
        parent.internal_data["done"] = True
        self.queue(parent)

    def terminate(self, workflow: Any) -> None:
        """End a scope at once, with everything that is still open in it."""
        for token in list(workflow.tasks.values()):
            if token is not workflow.task_tree:
                self.withdraw(token)
        self.close_scope(workflow)

    def withdraw(self, token: Token, keep: Token | None = None) -> None:
        """Cancel a token with all that hangs on it: boundary events, instances, a subprocess."""
        if not token._state & _OPEN:
            return
        token._set_state(_CANCELLED)
        self.parked.pop(token.id, None)
        for child in _children(token):
            if child is not keep and child._state & _OPEN:
                self.withdraw(child)
        self.withdraw_scope(token)

    def withdraw_scope(self, token: Token) -> None:
        """Cancel the subprocess that runs under a token, if any."""
        workflow = self.workflow.subprocesses.pop(token.id, None)
        if workflow is None:
            return
        workflow.completed = True
        for inner in list(workflow.tasks.values()):
            self.withdraw(inner)

    # Errors and escalations look for the nearest event that catches them.

    def raise_error(self, workflow: Any, code: str | None, token: Token | None) -> bool:
        """Hand a BPMN error to the nearest catching event; False when there is none."""
        catcher = self.catcher(workflow, "error", code, token)
        if catcher is None:
            return False
        catcher.task_spec.fired(catcher, None)
        return True

    def escalate(self, workflow: Any, code: str | None) -> None:
        """Hand an escalation to the nearest catching event; without one it has no effect, by the standard."""
        catcher = self.catcher(workflow, "escalation", code, None)
        if catcher is not None:
            catcher.task_spec.fired(catcher, None)

    def catcher(self, workflow: Any, kind: str, code: str | None, token: Token | None) -> Token | None:
        """The armed event that catches: on the activity itself, in its scope, then outwards."""
        host = token
        while True:
            if host is not None:
                # Inside a loop the boundary events are those of the loop.
                holder = host.parent if isinstance(host.parent.task_spec, LoopSpec) else host
                found = _catching(_children(holder), kind, code)
                if found is not None:
                    return found
                workflow = host.workflow
            found = _catching(
                [item for item in workflow.tasks.values() if isinstance(item.task_spec, TriggerSpec)], kind, code
            )
            if found is not None:
                return found
            if workflow is self.workflow:
                return None
            host = self.workflow.get_task_from_id(workflow.parent_task_id)

    # The end of a run

    def compact(self) -> None:
        """Forget finished tokens; open ones move up to the nearest open ancestor or the root."""
        for workflow in self.workflows():
            tasks: dict[UUID, Token] = workflow.tasks
            root: Token = workflow.task_tree
            kept = {key: token for key, token in tasks.items() if token._state & _OPEN or token is root}
            if len(kept) == len(tasks):
                continue
            for token in kept.values():
                parent = token._parent
                while parent is not None and parent not in kept:
                    parent = tasks[parent]._parent
                token._parent = parent if token is root or parent is not None else root.id
                token._children = []
            for key, token in kept.items():
                if token._parent is not None:
                    kept[token._parent]._children.append(key)
            workflow.tasks = kept
        if sum(len(workflow.tasks) for workflow in self.workflows()) > MAX_TOKENS:
            raise EngineLimit(
                f"本案同时进行的环节超过 {MAX_TOKENS} 个。",
                f"More than {MAX_TOKENS} steps are open at once in this case.",
            )

    def outcome(self) -> Outcome:
        """What the caller is told."""
        waiting: list[Waiting] = []
        parked: list[Parked] = []
        joins: list[str] = []
        for token in self.tokens():
            spec = token.task_spec
            if token._state == _READY:
                error = self.parked.get(token.id) or RuntimeError("not run yet")
                parked.append(Parked(str(token.id), spec.element, error))
            elif token._state == _WAITING:
                if _waits_outside(token):
                    waiting.append(self._waiting(token, spec))
                elif isinstance(spec, ParallelSpec):
                    joins.append(spec.element.id)
        idle = not parked and not any(item.host is None for item in waiting) and not self.workflow.completed
        return Outcome(
            waiting,
            parked,
            bool(self.workflow.completed),
            self.route,
            self.ended_by if self.workflow.completed else None,
            self.steps,
            self.thrown,
            self.decisions,
            joins if idle else [],
        )

    def _waiting(self, token: Token, spec: NodeSpec) -> Waiting:
        local: dict[str, Any] = {}
        index: int | None = None
        for scope in token.scopes():
            local = {**scope.data, **local}
            index = scope.internal_data.get("index") if index is None else index
        host = None
        if isinstance(spec, BoundarySpec) and not isinstance(spec, TriggerSpec):
            host = str(token.parent.id)
        return Waiting(str(token.id), spec.element, spec.kind, token.internal_data.get("due"), local, index, host)


def _waits_outside(token: Token) -> bool:
    """Does the world outside decide when this token goes on? (Joins, errors and escalations are ours.)"""
    spec = token.task_spec
    return isinstance(spec, (HumanSpec, CatchSpec)) and spec.kind not in ("error", "escalation")


def _catching(tokens: Iterable[Token], kind: str, code: str | None) -> Token | None:
    armed = [
        token
        for token in tokens
        if token._state == _WAITING and isinstance(token.task_spec, BoundarySpec) and token.task_spec.kind == kind
    ]
    exact = [token for token in armed if token.task_spec.event.name == code and code is not None]
    catch_all = [token for token in armed if token.task_spec.event.ref is None]
    return next(iter(exact + catch_all), None)


# -- the public functions --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    """A compiled model: immutable, to be cached and shared by threads."""

    process_id: str
    elements: Mapping[str, Element]
    decisions: Mapping[str, Decision]
    sha256: str
    name: str
    _specs: Mapping[str, ScopeSpec] = field(repr=False, compare=False)
    _main: str = field(repr=False)


def start(
    model: Model,
    variables: Mapping[str, Any],
    services: Services,
    *,
    now: Callable[[], datetime] | TimeSource | None = None,
) -> Instance:
    """A new instance with its first tokens placed; nothing has run yet."""
    instance = Instance(model, services, _now(now))
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
    token = next((item for item in instance.tokens() if str(item.id) == parked_id and item._state == _READY), None)
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
    instance.ready.extend(token for token in instance.tokens() if token._state == _READY)


def _now(source: Callable[[], datetime] | TimeSource | None) -> Callable[[], datetime]:
    if source is None:
        return lambda: datetime.now(UTC)
    return source if callable(source) else source.now


# -- state -----------------------------------------------------------------------------------------------


def dump(instance: Instance) -> bytes:
    """The state as bytes: what is open and the variables, without the model."""
    state = {
        "format": FORMAT,
        "model": instance.model.sha256,
        "variables": pack(instance.variables),
        "visits": instance.visits,
        "ended_by": instance.ended_by,
        "scopes": [_dump_scope(workflow) for workflow in instance.workflows()],
    }
    return seal(state)


def _dump_scope(workflow: Any) -> dict[str, Any]:
    parent = workflow.parent_task_id
    tokens = []
    for token in workflow.tasks.values():
        if token._state & _OPEN or token is workflow.task_tree:
            scope = token.scope.id.hex if token.scope is not None else None
            tokens.append(
                [
                    token.id.hex,
                    token._parent.hex if token._parent is not None else None,
                    token.task_spec.name,
                    token._state,
                    token.flow,
                    scope,
                    pack(token.internal_data),
                    pack(token.data),
                ]
            )
    return {
        "spec": workflow.spec.name,
        "parent": parent.hex if parent is not None else None,
        "completed": workflow.completed,
        "tokens": tokens,
    }


def load(
    model: Model, blob: bytes, services: Services, *, now: Callable[[], datetime] | TimeSource | None = None
) -> Instance:
    """The instance that was dumped; refuses damaged states and states of another model."""
    state = _open_envelope(model, blob)
    instance = Instance(model, services, _now(now))
    try:
        instance.variables = unpack(state["variables"])
        instance.visits = Counter(state["visits"])
        instance.ended_by = state["ended_by"]
        everyone: dict[str, Token] = {}
        scopes: list[tuple[Token, str]] = []
        for saved in state["scopes"]:
            _load_scope(instance, saved, everyone, scopes)
        for token, scope in scopes:
            token.scope = everyone[scope]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateRefused("流程状态已损坏。", "The stored state is damaged.") from error
    return instance


def _open_envelope(model: Model, blob: bytes) -> dict[str, Any]:
    if not blob.startswith(MAGIC):
        raise StateRefused("流程状态格式不符。", "The stored state has another format.")
    try:
        inflater = zlib.decompressobj()
        raw = inflater.decompress(blob[len(MAGIC) :], MAX_STATE + 1)
        if len(raw) > MAX_STATE or not inflater.eof:
            raise ValueError("too large or cut off")
        state = json.loads(raw)
    except (zlib.error, ValueError, RecursionError) as error:
        raise StateRefused("流程状态已损坏。", "The stored state is damaged.") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise StateRefused("流程状态版本不符。", "The stored state has another version.")
    if state.get("model") != model.sha256:
        raise StateRefused("流程状态属于另一版本的模型。", "The stored state belongs to another model.")
    return state


def _load_scope(
    instance: Instance, saved: dict[str, Any], everyone: dict[str, Token], scopes: list[tuple[Token, str]]
) -> None:
    top = instance.workflow
    workflow = top
    if saved["parent"] is not None:
        workflow = top.create_subprocess(everyone[saved["parent"]], saved["spec"])
    elif saved["spec"] != top.spec.name:
        raise ValueError("wrong main process")
    workflow.completed = saved["completed"]
    specs = workflow.spec.task_specs
    for key, parent, spec, token_state, flow, scope, internal, data in saved["tokens"]:
        token = Token(
            workflow, specs[spec], everyone[parent] if parent is not None else None, token_state, UUID(hex=key)
        )
        token.flow = flow
        token.internal_data = unpack(internal)
        token.data = unpack(data)
        token.scope = None
        everyone[key] = token
        if scope is not None:
            scopes.append((token, scope))
        if parent is None:
            workflow.task_tree = token


# -- what a move to another model needs (workflows.rebinding) ----------------------------------------------


@dataclass(frozen=True)
class Place:
    """A node where tokens may be: its element, what happens there, and the flows that lead to it."""

    element: str
    kind: str
    incoming: frozenset[str]


def places(model: Model) -> dict[tuple[str, str], Place]:
    """All places of a model by scope and name."""
    return {
        (scope, name): Place(spec.element.id, type(spec).__name__, spec.incoming)
        for scope, known in model._specs.items()
        for name, spec in known.task_specs.items()
        if isinstance(spec, NodeSpec)
    }


def open_state(model: Model, blob: bytes) -> dict[str, Any]:
    """What `dump` wrote, as plain data."""
    return _open_envelope(model, blob)


def seal(state: dict[str, Any]) -> bytes:
    """Plain data as `load` takes them."""
    raw = json.dumps(state, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()
    if len(raw) > MAX_STATE:
        raise EngineLimit(
            f"本案的流程数据为 {len(raw) // 1024} KB，超过上限 {MAX_STATE // 1024} KB。大文件请作为附件上传。",
            f"The data of this case take {len(raw) // 1024} KB; the limit is {MAX_STATE // 1024} KB.",
        )
    return MAGIC + zlib.compress(raw, 1)


# -- from the drawing to specs ---------------------------------------------------------------------------


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
    if node.tag in _HUMAN:
        return HumanSpec
    if node.operator and node.tag != "endEvent":
        return ServiceSpec
    if node.event is not None and node.event.kind == "link":
        return NodeSpec
    return _SIMPLE[node.tag]


class _Builder:
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
        element = self.element(node)
        kind = _class_of(node)
        if node.loop is None:
            made = kind(spec, node.id, node, element)
            self.equip(made)
        else:
            made = LoopSpec(spec, node.id, node, element)
            made.each = _each(kind)(spec, f"{node.id}[each]", node, element)
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
