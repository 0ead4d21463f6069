"""Case services: what a service step of a model may do to its own case.

Unlike handlers they work on the running case (`CaseRun`); like handlers they are called by name from a model, with inputs
that the linter checks against `info`. Here is how they are registered and called; what they do stands in the modules of `_MODULES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from registers.errors import DomainError
from workflows import notices

if TYPE_CHECKING:
    from workflows.caserun import CaseRun
    from workflows.engine import Element

Inputs = dict[str, Any]
Service = Callable[["CaseRun", Inputs, "Element"], Any]
NOTICE_KINDS = tuple(notices.NOTICE_TITLES)

# Variables every case has from its first moment on, with their types for the linter.
CASE_VARIABLES: dict[str, str] = {"case": "object"}


@dataclass(frozen=True)
class ServiceInfo:
    """A case service as models and the designer see it."""

    name: str
    inputs: frozenset[str]
    required: frozenset[str]
    title: dict[str, str]


# Where the services are; they register themselves when first asked for.
_MODULES = (
    "workflows.caseservices",
    "workflows.matterservices",
    "workflows.pilotservices",
    "workflows.quotawork",
    "workflows.licencework",
    "workflows.renewalwork",
)
_SERVICES: dict[str, Service] = {}
_INFO: dict[str, ServiceInfo] = {}


def service(name: str, zh: str, en: str, *, required: str = "", optional: str = "") -> Callable[[Service], Service]:
    """Register a case service with the names of its inputs."""

    def register(function: Service) -> Service:
        needed, more = frozenset(required.split()), frozenset(optional.split())
        _SERVICES[name] = function
        _INFO[name] = ServiceInfo(name, needed | more, needed, {"zh": zh, "en": en})
        return function

    return register


def knows(name: str) -> bool:
    """Whether this is a case service (and not a handler)."""
    _load()
    return name in _SERVICES


def info() -> dict[str, ServiceInfo]:
    """All case services by name."""
    _load()
    return dict(_INFO)


@cache
def _load() -> None:
    for name in _MODULES:
        import_module(name)


def call(name: str, run: CaseRun, inputs: Inputs, element: Element) -> Any:
    """Carry out a case service; unknown or missing inputs are the model's fault and say so."""
    about = _INFO[name]
    wrong = (set(inputs) - about.inputs) | (about.required - set(inputs))
    if wrong:
        raise DomainError(
            "service_inputs",
            f"步骤“{element.name or element.id}”调用{name}的参数不符：{', '.join(sorted(wrong))}。",
            f"Step “{element.name or element.id}” calls {name} with unknown or missing inputs: {', '.join(sorted(wrong))}.",
            pointer=f"{element.id}:{element.line}",
        )
    return _SERVICES[name](run, inputs, element)
