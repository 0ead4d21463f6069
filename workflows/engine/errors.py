"""What the engine refuses, each with a code and a sentence for the person who asked."""

from __future__ import annotations

from registers.errors import Conflict, DomainError


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
