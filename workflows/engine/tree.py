"""The library's tree of tasks, made quiet: the only module that imports SpiffWorkflow.

It gives the tokens with their states, the workflow and subworkflow objects, and the place where expressions are evaluated. The
library's own predictions, start and end tasks, scripts and log records are switched off here; what a token does at a node stands
in `nodes` and its neighbours.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from SpiffWorkflow.bpmn.script_engine import BasePythonScriptEngineEnvironment, PythonScriptEngine
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.specs import WorkflowSpec
from SpiffWorkflow.task import Task, TaskState

from workflows.expressions import ExpressionError, compile_expression
from workflows.values import normalise

if TYPE_CHECKING:
    from workflows.engine.events import TriggerSpec
    from workflows.engine.instance import Instance
    from workflows.engine.nodes import Exit, NodeSpec

OPEN = TaskState.NOT_FINISHED_MASK
WAITING, READY, STARTED = TaskState.WAITING, TaskState.READY, TaskState.STARTED
COMPLETED, CANCELLED = TaskState.COMPLETED, TaskState.CANCELLED


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


class Token(Task):  # type: ignore[misc]
    """A task of the tree: one token at one node, with the flow it came by and the instance it belongs to."""

    def __init__(
        self, workflow: Any, spec: Any, parent: Token | None, state: int = READY, id: UUID | None = None
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
        """Whether it may still act or wait."""
        return bool(self._state & OPEN)

    @property
    def spec(self) -> NodeSpec:
        """What this token does: the node it is at."""
        spec: NodeSpec = self.task_spec
        return spec

    @property
    def instance(self) -> Instance:
        """The case it belongs to."""
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
        """The tree of a subprocess that runs under a token; it has no tokens yet."""
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


class QuietSpec(BpmnTaskSpec):  # type: ignore[misc]
    """A node that predicts nothing: children come into being when a token leaves, so parallel blocks never multiply."""

    def _predict(self, *args: Any, **kwargs: Any) -> None: ...


class RootSpec(QuietSpec):
    """The root of a (sub)workflow's tree: open as long as the scope runs."""

    def _on_complete(self, my_task: Token) -> None: ...


def children(token: Token) -> list[Token]:
    """The tokens that came from this one and are still in the tree."""
    return [child for child in token.children if child is not None]
