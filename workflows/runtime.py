"""What every command and query needs at hand: the database, the time, the file store, the caches.

One `Runtime` is made at start-up and passed along; there are no globals. It keeps compiled
definitions (immutable, so they are cached for ever) and the work calendar (rebuilt when a year is
imported).
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registers.db import Database
from registers.timesource import SystemTime, TimeSource
from registers.vault import Vault
from workflows.reference import ReferenceCache

if TYPE_CHECKING:
    from workflows.compiling import Compiled
    from workflows.engine import Outcome

CACHED_DEFINITIONS = 64


@dataclass
class DefinitionCache:
    """The most recently used compiled definitions, shared by the threads of a process."""

    _held: OrderedDict[uuid.UUID, Compiled] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, definition_id: uuid.UUID, load: Callable[[], Compiled]) -> Compiled:
        """The compiled definition, loaded on first use."""
        with self._lock:
            if definition_id in self._held:
                self._held.move_to_end(definition_id)
                return self._held[definition_id]
        made = load()
        with self._lock:
            self._held[definition_id] = made
            while len(self._held) > CACHED_DEFINITIONS:
                self._held.popitem(last=False)
        return made


@dataclass
class Kept:
    """What was worked out lately in this process, by key, for a few minutes: the most recent ones."""

    most: int = 48
    seconds: float = 300.0
    _held: OrderedDict[str, tuple[float, Any]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: str) -> Any:
        """What is kept under a key; None when there is nothing, or it is too old."""
        with self._lock:
            until, found = self._held.get(key, (0.0, None))
            return found if time.monotonic() < until else None

    def put(self, key: str, found: Any) -> None:
        """Keep something; the oldest go."""
        with self._lock:
            self._held[key] = (time.monotonic() + self.seconds, found)
            self._held.move_to_end(key)
            while len(self._held) > self.most:
                self._held.popitem(last=False)


@dataclass
class Runtime:
    """The installed program, ready to work."""

    db: Database
    files_root: Path
    time: TimeSource = field(default_factory=SystemTime)
    base_url: str = "http://localhost:8000"
    definitions: DefinitionCache = field(default_factory=DefinitionCache)
    reference: ReferenceCache = field(default_factory=ReferenceCache)
    vault: Vault = field(init=False)
    # Told of every run of the engine: scenarios collect the route here.
    observer: Callable[[uuid.UUID, Outcome], None] | None = None
    # False where nobody may ever read them: letters are checked and numbered, and written only when somebody looks.
    writes_letters: bool = True
    looks: Kept = field(default_factory=Kept)

    def __post_init__(self) -> None:
        self.vault = Vault.beside(self.files_root)
