"""Moves the open state of a case from one model to another, or says why that cannot be done.

A state holds where tokens are, nothing of the model; so it fits another model when each place where a token is has a
counterpart of the same kind in the same scope. Which counterpart is the same id, unless a mapping names another. What
was passed already is history and is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import starmap
from typing import Any

from registers.errors import Conflict
from workflows import engine

_JOINS = ("ParallelSpec", "InclusiveSpec")  # count the flows on which tokens came
_EACH = "[each]"  # the activity inside a loop stands beside it under this name


@dataclass(frozen=True)
class Step:
    """A place where the case is, and where it would be in the other model (None: nowhere)."""

    element: str
    name: str
    kind: str
    target: str | None
    choices: tuple[str, ...]  # elements of the same kind that could take its place


@dataclass(frozen=True)
class Obstacle:
    """Why a case cannot be moved: at which element, and what to do."""

    element: str
    zh: str
    en: str


@dataclass(frozen=True)
class Move:
    """Where a case is, where it would go, and what stands in the way."""

    steps: tuple[Step, ...]
    obstacles: tuple[Obstacle, ...]


class Unmovable(Conflict):
    """A case does not fit the other version."""

    def __init__(self, obstacles: tuple[Obstacle, ...]) -> None:
        self.obstacles = obstacles
        super().__init__(
            "unmovable",
            "本案不能迁移：" + "".join(item.zh for item in obstacles),
            "This case cannot be moved: " + " ".join(item.en for item in obstacles),
        )


def plan(old: engine.Model, new: engine.Model, state: bytes, mapping: Mapping[str, str]) -> Move:
    """Where the tokens of this state would go; `mapping` is from element id to element id."""
    here, there = engine.places(old), engine.places(new)
    opened = engine.open_state(old, state)
    steps: dict[str, Step] = {}
    obstacles: list[Obstacle] = []
    for scope, token in _tokens(opened):
        place = here[scope, token.spec]
        target = (_scope(scope, old, new), _target(token.spec, mapping))
        fits = target in there and there[target].kind == place.kind
        steps[place.element] = Step(
            place.element,
            old.elements[place.element].name or place.element,
            place.kind,
            there[target].element if fits else None,
            tuple(
                sorted(
                    item.element for (where, _), item in there.items() if (where, item.kind) == (target[0], place.kind)
                )
            ),
        )
        obstacles += _obstacles(old, place, there.get(target), token.flow)
    return Move(tuple(steps.values()), tuple(dict.fromkeys(obstacles)))


def move(old: engine.Model, new: engine.Model, state: bytes, mapping: Mapping[str, str]) -> bytes:
    """The state for the other model; raises Unmovable with everything that stands in the way."""
    found = plan(old, new, state, mapping)
    if found.obstacles:
        raise Unmovable(found.obstacles)
    opened = engine.open_state(old, state)
    for saved in opened["scopes"]:
        saved["tokens"] = [
            token if token.parent is None else token._replace(spec=_target(token.spec, mapping))
            for token in starmap(engine.SavedToken, saved["tokens"])
        ]
        saved["spec"] = _scope(saved["spec"], old, new)
    opened["model"] = new.sha256
    opened["visits"] = {mapping.get(element, element): times for element, times in opened["visits"].items()}
    return engine.seal(opened)


def _tokens(opened: dict[str, Any]) -> Iterator[tuple[str, engine.SavedToken]]:
    """The open tokens with their scopes, the roots of scopes left out."""
    for saved in opened["scopes"]:
        for token in starmap(engine.SavedToken, saved["tokens"]):
            if token.parent is not None:
                yield saved["spec"], token


def _scope(name: str, old: engine.Model, new: engine.Model) -> str:
    """The scope's name in the other model: the main process may be called otherwise there."""
    kind, process, *inside = name.split(":", 2)
    return ":".join([kind, new.process_id if process == old.process_id else process, *inside])


def _target(name: str, mapping: Mapping[str, str]) -> str:
    inside = name.removesuffix(_EACH)
    return mapping.get(inside, inside) + name[len(inside) :]


def _obstacles(
    old: engine.Model, place: engine.Place, target: engine.Place | None, flow: str | None
) -> Iterator[Obstacle]:
    name = old.elements[place.element].name or place.element
    if target is None:
        yield Obstacle(
            place.element,
            f"新版本中没有本案所在的“{name}”（{place.element}），请为它指定对应的步骤。",
            f"The other version has no “{name}” ({place.element}), where the case is; choose the step that takes its place.",
        )
    elif target.kind != place.kind:
        yield Obstacle(
            place.element,
            f"“{name}”（{place.element}）在新版本中是另一种元素。",
            f"“{name}” ({place.element}) is another kind of element in the other version.",
        )
    elif place.kind in _JOINS and flow is not None and flow not in target.incoming:
        yield Obstacle(
            place.element,
            f"汇合处“{name}”在新版本中没有本案已到达的连线{flow}。",
            f"The join “{name}” has no flow {flow} in the other version, on which the case has arrived already.",
        )
