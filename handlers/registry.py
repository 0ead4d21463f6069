"""The list of rule handlers: name, title, legal basis, and what each takes and gives.

A handler is a plain function from checked inputs and a `HandlerContext` to a dictionary. Inputs are
parsed by its marshmallow schema before it runs (unknown fields are errors), and outputs are checked
after, so a model can rely on what it gets. Handlers know registers and nothing else: no HTTP, no engine,
no forms.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Any

from marshmallow import RAISE, Schema, ValidationError
from sqlalchemy import Connection

from registers.errors import DomainError
from registers.timesource import TimeSource


@dataclass(frozen=True)
class HandlerContext:
    """What a handler may know of the case it works for."""

    conn: Connection
    time: TimeSource
    case_id: uuid.UUID | None
    enterprise_id: uuid.UUID | None
    act_date: date
    actor_id: uuid.UUID | None


@dataclass(frozen=True)
class HandlerInfo:
    """A handler as models, the linter and the designer see it."""

    name: str
    title: Mapping[str, str]
    basis: str
    inputs: frozenset[str]
    required: frozenset[str]
    outputs: frozenset[str]
    doc: str


@dataclass(frozen=True)
class Handler:
    """A registered rule."""

    name: str
    title: Mapping[str, str]
    basis: str
    inputs: Schema
    outputs: Schema
    function: Callable[[dict[str, Any], HandlerContext], dict[str, Any]]


class HandlerError(DomainError):
    """A rule was called wrongly, or could not give an answer."""


_HANDLERS: dict[str, Handler] = {}

Function = Callable[[dict[str, Any], HandlerContext], dict[str, Any]]


def handler(
    name: str, *, title: Mapping[str, str], basis: str, inputs: type[Schema], outputs: type[Schema]
) -> Callable[[Function], Function]:
    """Register a function as the handler `name`."""

    def register(function: Function) -> Function:
        known = _HANDLERS.get(name)
        if known is not None and known.function.__module__ != function.__module__:
            raise ValueError(f"two handlers are called {name!r}")
        _HANDLERS[name] = Handler(name, title, basis, inputs(unknown=RAISE), outputs(unknown=RAISE), function)
        return function

    return register


def get(name: str) -> Handler:
    """The handler of a name; an unknown one is the model's fault and says so."""
    found = _all().get(name)
    if found is None:
        raise HandlerError("unknown_handler", f"没有名为“{name}”的规则。", f'There is no rule "{name}".', pointer=name)
    return found


def names() -> list[str]:
    """All handler names in order."""
    return sorted(_all())


def info() -> dict[str, HandlerInfo]:
    """What the linter and the designer need to know of every handler."""
    return {
        item.name: HandlerInfo(
            item.name,
            item.title,
            item.basis,
            frozenset(item.inputs.fields),
            frozenset(key for key, field in item.inputs.fields.items() if field.required),
            frozenset(item.outputs.fields),
            (item.function.__doc__ or "").strip(),
        )
        for item in _all().values()
    }


def call(name: str, inputs: Mapping[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Check the inputs, apply the rule, check what it gives."""
    found = get(name)
    try:
        # A step that passes a variable nobody has filled yet means "not given".
        given = {key: value for key, value in inputs.items() if value is not None}
        checked = found.inputs.load(given)
    except ValidationError as error:
        raise _wrong("handler_inputs", name, "输入", "inputs", error) from None
    result = found.function(checked, ctx)
    problems = found.outputs.validate(result)
    if problems:
        raise _wrong("handler_outputs", name, "输出", "outputs", ValidationError(problems))
    return result


def _wrong(code: str, name: str, zh: str, en: str, error: ValidationError) -> HandlerError:
    return HandlerError(
        code,
        f"规则“{name}”的{zh}不符合要求：{error.messages}。",
        f'The {en} of rule "{name}" are not valid: {error.messages}.',
        pointer=name,
        errors=error.messages,
    )


def _all() -> dict[str, Handler]:
    # The rules register themselves when the package is imported; whoever asks first makes that happen.
    import_module("handlers")
    return _HANDLERS
