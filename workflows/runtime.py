"""What every command and query needs at hand: the database, the time, the file store, the caches.

One `Runtime` is made at start-up and passed along; there are no globals. It keeps compiled
definitions (immutable, so they are cached for ever) and the work calendar (rebuilt when a year is
imported).
"""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from registers.db import Database
from registers.timesource import SystemTime, TimeSource
from registers.vault import Vault
from workflows.reference import ReferenceCache

if TYPE_CHECKING:
    from workflows.definitions import Compiled
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

    def __post_init__(self) -> None:
        self.vault = Vault.beside(self.files_root)
