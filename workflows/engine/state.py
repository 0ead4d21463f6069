"""The state of a case as bytes: what is open and the variables, in an envelope of our own.

The state holds nothing of the model but its digest, so an upgrade of the library or of this engine does not touch what is stored. It is
compressed JSON behind a magic number with a format version; whatever is damaged, too large, or of another model is refused.
"""

from __future__ import annotations

import itertools
import json
import zlib
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from registers.timesource import TimeSource
from workflows.engine.errors import EngineLimit, StateRefused
from workflows.engine.instance import Instance, clock
from workflows.engine.limits import MAX_STATE
from workflows.engine.model import Model
from workflows.engine.outcome import Services
from workflows.engine.tree import OPEN, Token
from workflows.values import pack, unpack

FORMAT = 1
MAGIC = b"OW1\n"


class SavedToken(NamedTuple):
    """A token as it is stored: the order of the fields is part of the format."""

    id: str
    parent: str | None  # of a root: None
    spec: str  # name of the place in its scope
    state: int
    flow: str | None  # the sequence flow it came by
    scope: str | None  # the instance of a repeated activity it is inside of
    internal: Any
    data: Any


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


def load(
    model: Model, blob: bytes, services: Services, *, now: Callable[[], datetime] | TimeSource | None = None
) -> Instance:
    """The instance that was dumped; raises `StateRefused` for damaged states and states of another model."""
    state = open_state(model, blob)
    instance = Instance(model, services, clock(now))
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


def open_state(model: Model, blob: bytes) -> dict[str, Any]:
    """What `dump` wrote, as plain data; raises `StateRefused` when it is damaged, too large, or of another model or format."""
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


def seal(state: dict[str, Any]) -> bytes:
    """Plain data as `load` takes them."""
    try:
        raw = orjson.dumps(state, default=_fields)
    except TypeError:  # whole numbers beyond 64 bits and broken characters are beyond it
        raw = json.dumps(state, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()
    if len(raw) > MAX_STATE:
        raise EngineLimit(
            f"本案的流程数据为 {len(raw) // 1024} KB，超过上限 {MAX_STATE // 1024} KB。大文件请作为附件上传。",
            f"The data of this case take {len(raw) // 1024} KB; the limit is {MAX_STATE // 1024} KB.",
        )
    return MAGIC + zlib.compress(raw, 1)


def _fields(value: Any) -> Any:
    if isinstance(value, SavedToken):
        return tuple(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _dump_scope(workflow: Any) -> dict[str, Any]:
    """The open tokens of one (sub)workflow; a token always stands behind the one it hangs on."""
    parent = workflow.parent_task_id
    tokens = []
    for token in workflow.tasks.values():
        if token._state & OPEN or token is workflow.task_tree:
            scope = token.scope.id.hex if token.scope is not None else None
            tokens.append(
                SavedToken(
                    token.id.hex,
                    token._parent.hex if token._parent is not None else None,
                    token.task_spec.name,
                    token._state,
                    token.flow,
                    scope,
                    pack(token.internal_data),
                    pack(token.data),
                )
            )
    return {
        "spec": workflow.spec.name,
        "parent": parent.hex if parent is not None else None,
        "completed": workflow.completed,
        "tokens": tokens,
    }


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
    for item in itertools.starmap(SavedToken, saved["tokens"]):
        parent = everyone[item.parent] if item.parent is not None else None
        token = Token(workflow, specs[item.spec], parent, item.state, UUID(hex=item.id))
        token.flow = item.flow
        token.internal_data = unpack(item.internal)
        token.data = unpack(item.data)
        token.scope = None
        everyone[item.id] = token
        if item.scope is not None:
            scopes.append((token, item.scope))
        if parent is None:
            workflow.task_tree = token
