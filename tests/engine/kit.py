"""Running a model in a test: every step goes through dump and load, as it does in life."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.engine.drawing import draw, process
from workflows import engine

NOON = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)


class Run:
    """A case that is stored and restored between any two steps."""

    def __init__(
        self,
        model: engine.Model,
        variables: dict[str, Any] | None = None,
        services: Callable[..., Any] | None = None,
        now: datetime = NOON,
    ) -> None:
        self.model = model
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answer = services or (lambda operator, inputs, element: {})
        self.now = now
        self.instance = engine.start(model, variables or {}, self.services, now=lambda: self.now)
        self.route: list[str] = []
        self.outcome = self._keep(engine.run(self.instance))

    def services(self, operator: str, inputs: dict[str, Any], element: engine.Element) -> Any:
        self.calls.append((operator, inputs))
        return self.answer(operator, inputs, element)

    def _keep(self, outcome: engine.Outcome) -> engine.Outcome:
        self.route += outcome.route
        self.reload()
        return outcome

    def reload(self) -> None:
        blob = engine.dump(self.instance)
        self.instance = engine.load(self.model, blob, self.services, now=lambda: self.now)
        assert engine.dump(self.instance) == blob

    def waiting(self, element: str, place: int = 0) -> engine.Waiting:
        return [item for item in self.outcome.waiting if item.element.id == element][place]

    def do(self, element: str, result: Any = None, place: int = 0) -> Run:
        self.outcome = self._keep(engine.complete(self.instance, self.waiting(element, place).id, result))
        return self

    def fire(self, element: str, payload: Any = None, place: int = 0) -> Run:
        self.outcome = self._keep(engine.fire(self.instance, self.waiting(element, place).id, payload))
        return self

    def again(self) -> Run:
        self.outcome = self._keep(engine.run(self.instance))
        return self

    @property
    def open(self) -> list[str]:
        return sorted(item.element.id for item in self.outcome.waiting)

    @property
    def variables(self) -> dict[str, Any]:
        return engine.variables(self.instance)

    @property
    def elements(self) -> list[str]:
        """The route without flows."""
        return [item for item in self.route if not item.startswith("f_")]


def model(text: str, *, top: str = "", extra: str = "", **files: bytes) -> engine.Model:
    """Compile a drawing; `extra` is XML inside the process, `top` beside it."""
    return engine.compile({"model.bpmn": process(draw(text) + extra, top=top), **files}, "p")


def run(text: str, variables: dict[str, Any] | None = None, **options: Any) -> Run:
    """Compile a drawing and start it."""
    services = options.pop("services", None)
    return Run(model(text, **options), variables, services)
