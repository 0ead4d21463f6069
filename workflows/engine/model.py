"""A compiled model, and the places in it where tokens may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows.dmn import Decision
from workflows.engine.nodes import NodeSpec
from workflows.engine.outcome import Element
from workflows.engine.tree import ScopeSpec


@dataclass(frozen=True)
class Model:
    """A compiled model: immutable, to be cached and shared by threads."""

    process_id: str
    elements: Mapping[str, Element]
    decisions: Mapping[str, Decision]
    sha256: str
    name: str
    scopes: Mapping[str, ScopeSpec] = field(
        repr=False, compare=False
    )  # for the engine: what tokens do, by name of the scope
    main: str = field(repr=False)  # the scope a case starts in


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
        for scope, known in model.scopes.items()
        for name, spec in known.task_specs.items()
        if isinstance(spec, NodeSpec)
    }
