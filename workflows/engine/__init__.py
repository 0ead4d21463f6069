"""The engine: runs compiled BPMN models.

SpiffWorkflow gives the task tree with its states, the workflow and subworkflow objects and the place where expressions are evaluated
(`tree`, the only module that imports it). What a token does at a node is ours, because the standard asks for more than the library
does: specs here do not predict the future (so blocks in parallel never multiply), joins count tokens per incoming flow, inclusive joins
follow the standard's reachability rule, boundary and event-subprocess triggers are armed and withdrawn with their activity.

Order within a run: a token that arrives becomes READY and queues; each step lets one token act; when the queue is empty, conditional
events and inclusive joins are looked at; the run ends when nothing moves any more. A step that fails stays READY ("parked") while the
rest goes on, and the next run tries it again; what it had already done is not done twice.

Variables belong to the case, in one scope beside the tree, so a branch never brings back a stale copy. Only a multi-instance (or
loop) instance has variables of its own: what is assigned inside is seen inside, and is merged outwards when the instance completes.

Finished tokens are forgotten at the end of a run: the state holds what is open, never the history, so its size and the time of a step
do not grow with the age of a case. The history is the business of the record of events.

| module | what it holds |
|---|---|
| `outcome`, `errors`, `limits` | what callers see, what is refused, and the guards |
| `compiling`, `model` | from the drawing to a compiled, immutable model |
| `running` | start, run, complete, fire, skip, cancel |
| `state` | the stored form: dump, load, and the envelope a move to another model opens |
| `instance` | one running case: queue, scopes, withdrawal, who catches |
| `nodes`, `activities`, `events`, `gateways`, `loops` | what a token does at a node |
| `tree` | the library, made quiet |

Everybody else imports from here, and only what `__all__` names.
"""

from workflows.engine.compiling import compile
from workflows.engine.errors import EngineLimit, NotWaiting, ProcessError, StateRefused
from workflows.engine.instance import Instance
from workflows.engine.model import Model, Place, places
from workflows.engine.outcome import DecisionMade, Element, Outcome, Parked, Services, Thrown, Waiting
from workflows.engine.running import cancel, complete, fire, run, set_variables, skip, start, variables
from workflows.engine.state import SavedToken, dump, load, open_state, seal
from workflows.findings import ModelError

__all__ = [
    "DecisionMade", "Element", "EngineLimit", "Instance", "Model", "ModelError", "NotWaiting", "Outcome", "Parked", "Place",
    "ProcessError", "SavedToken", "Services", "StateRefused", "Thrown", "Waiting", "cancel", "compile", "complete", "dump", "fire", "load",
    "open_state", "places", "run", "seal", "set_variables", "skip", "start", "variables",
]  # fmt: skip
