"""Work on files of strangers in a child process with limits on time and memory, so that none can hold up the program."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from registers.errors import DomainError

MEMORY = 1024 * 1024 * 1024
# A child may work for so many seconds; on a busy machine it may take this many times as long about it.
PATIENCE = 6


class TookTooLong(DomainError):
    """The child was stopped: it needed too much time."""

    def __init__(self) -> None:
        super().__init__("check_timeout", "检查用时过长，已中止。", "Checking took too long and was stopped.")


class TookTooMuch(DomainError):
    """The child ended without an answer: it needed too much time or memory."""

    def __init__(self) -> None:
        super().__init__(
            "check_resources", "检查占用的时间或内存过多，已中止。", "Checking needed too much time or memory."
        )


def ask(module: str, request: dict[str, Any], seconds: float) -> Any:
    """The answer of `python -m module` to a request, both JSON; the module limits itself with `limit`.

    The seconds are those of the processor: what others do on the machine does not make a good file a bad one.
    """
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "LC_ALL", "SYSTEMROOT")}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
    try:
        done = subprocess.run(
            [sys.executable, "-m", module],
            input=json.dumps({**request, "seconds": seconds}).encode(),
            capture_output=True,
            timeout=seconds * PATIENCE,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TookTooLong from None
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise TookTooMuch from None


def limit(seconds: float) -> None:
    """Bound the CPU time and memory of this process, where the system can."""
    try:
        import resource
    except ImportError:  # not on this system; the parent still bounds the time
        return
    cpu = math.ceil(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
