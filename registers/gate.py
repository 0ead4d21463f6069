"""How many of a process's threads work on the database at once, in the order in which they came.

A server of eight threads has fewer cores than that. When all of them are inside a transaction they take the processor
from each other, and every row they hold is held longer; three at a time get more done, and nobody is overtaken.
The gate orders work, it does not protect anything: who has waited long enough goes in all the same, so slow work
inside delays others by the gate's patience and never stops them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 3
PATIENCE = 0.25


class Gate:
    """Lets `width` threads in at once and the others in the order of their coming, after `patience` seconds at last."""

    def __init__(self, width: int = AT_ONCE, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._places = width
        self._lock = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Wait for one's turn; the place is given on when the block ends."""
        has_place = self._come()
        try:
            yield
        finally:
            if has_place:
                self._leave()

    def _come(self) -> bool:
        """Whether a place was got; without one the thread goes in beside those who have one."""
        with self._lock:
            if self._places:
                self._places -= 1
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=self._patience):
            return True
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return False
        return True  # the place came at the last moment

    def _leave(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._places += 1
