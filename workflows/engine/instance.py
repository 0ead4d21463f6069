"""One running case: its tokens, its variables, and what happens during a run.

A token that arrives becomes READY and queues; each step lets one token act; when the queue is empty, conditional events and inclusive
joins are looked at; the run ends when nothing moves any more, and finished tokens are forgotten.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from registers.timesource import TimeSource
from workflows.engine.activities import HumanSpec
from workflows.engine.errors import EngineLimit, NotWaiting, ProcessError
from workflows.engine.events import BoundarySpec, CatchSpec, TriggerSpec
from workflows.engine.gateways import EventGatewaySpec, InclusiveSpec, ParallelSpec
from workflows.engine.limits import MAX_STEPS, MAX_TOKENS, MAX_VISITS
from workflows.engine.loops import LoopSpec
from workflows.engine.model import Model
from workflows.engine.nodes import NodeSpec
from workflows.engine.outcome import DecisionMade, Outcome, Parked, Services, Thrown, Waiting
from workflows.engine.tree import (
    CANCELLED,
    COMPLETED,
    OPEN,
    READY,
    STARTED,
    WAITING,
    CaseWorkflow,
    ScopeSpec,
    Token,
    children,
)
from workflows.expressions import ExpressionError


class Instance:
    """One running case: the tree of tokens, the variables, and what happens during a run."""

    def __init__(self, model: Model, services: Services, now: Callable[[], datetime]) -> None:
        self.model = model
        self.services = services
        self.now = now
        self.variables: dict[str, Any] = {}
        self.visits: Counter[str] = Counter()
        self.ended_by: str | None = None
        self.workflow = CaseWorkflow(model.scopes[model.main], model.scopes)
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
            if token._state & OPEN and isinstance(token.task_spec, NodeSpec)
        ]

    def spawn(self, parent: Token, spec: NodeSpec, flow: str | None, state: int = READY) -> Token:
        """A new token, which queues to act unless it is armed to wait."""
        token = Token(parent.workflow, spec, parent, state)
        token.flow = flow
        if state == READY:
            if isinstance(parent.task_spec, EventGatewaySpec):
                token.internal_data["group"] = parent.id.hex
            self.ready.append(token)
        return token

    def queue(self, token: Token) -> None:
        """Let a token act (again) in this run."""
        token._set_state(READY)
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
            if token is not None and token._state == WAITING and waits_outside(token):
                return token  # type: ignore[no-any-return]
        raise NotWaiting(waiting_id)

    # Running

    def drain(self) -> None:
        """Let tokens act until nothing moves any more."""
        while True:
            while self.ready:
                token = self.ready.popleft()
                if token._state == READY and token.id not in self.parked:
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
            if token._state != WAITING or not isinstance(spec, CatchSpec) or spec.condition is None:
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
                if token._state == WAITING and isinstance(token.task_spec, InclusiveSpec)
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
        root = Token(workflow, spec.root, None, STARTED)
        root.scope = parent.scope if parent is not None else None
        workflow.task_tree = root
        for trigger in spec.triggers:
            armed = self.spawn(root, trigger, None, WAITING)
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
            if other._state & OPEN and other is not root and not isinstance(other.task_spec, TriggerSpec):
                return
        self.close_scope(workflow)

    def close_scope(self, workflow: Any) -> None:
        """All tokens are gone: the subprocess (or the case) is complete."""
        if workflow.completed:
            return
        for token in workflow.tasks.values():
            if token._state & OPEN:
                token._set_state(COMPLETED if token is workflow.task_tree else CANCELLED)
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
        if not token._state & OPEN:
            return
        token._set_state(CANCELLED)
        self.parked.pop(token.id, None)
        for child in children(token):
            if child is not keep and child._state & OPEN:
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
                found = _catching(children(holder), kind, code)
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
            kept = {key: token for key, token in tasks.items() if token._state & OPEN or token is root}
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
            if token._state == READY:
                error = self.parked.get(token.id) or RuntimeError("not run yet")
                parked.append(Parked(str(token.id), spec.element, error))
            elif token._state == WAITING:
                if waits_outside(token):
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


def waits_outside(token: Token) -> bool:
    """Does the world outside decide when this token goes on? (Joins, errors and escalations are ours.)"""
    spec = token.task_spec
    return isinstance(spec, (HumanSpec, CatchSpec)) and spec.kind not in ("error", "escalation")


def _catching(tokens: Iterable[Token], kind: str, code: str | None) -> Token | None:
    armed = [
        token
        for token in tokens
        if token._state == WAITING and isinstance(token.task_spec, BoundarySpec) and token.task_spec.kind == kind
    ]
    exact = [token for token in armed if token.task_spec.event.name == code and code is not None]
    catch_all = [token for token in armed if token.task_spec.event.ref is None]
    return next(iter(exact + catch_all), None)


def clock(source: Callable[[], datetime] | TimeSource | None) -> Callable[[], datetime]:
    """Where a run asks for the time: the source that was given, else the machine."""
    if source is None:
        return lambda: datetime.now(UTC)
    return source if callable(source) else source.now
