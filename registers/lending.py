"""Connections lent to one transaction after another, without going back to the pool in between.

The pool makes connections, replaces old ones and knows which are lost. Fetching one from it and bringing it back costs
a plain step as much as one of its statements; so those who work keep theirs open and hand it on. The one used last is
lent first: it is the one whose server process is warm.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import TimeoutError as NoneFree

from registers.hotpath import at_rest

PATIENCE = 3.0  # seconds to wait for a connection
RENEWED = 1800.0  # seconds after which a connection goes back to the pool, which replaces it


class Lender:
    """At most `most` connections of an engine, each lent to one transaction at a time."""

    def __init__(self, engine: Engine, most: int) -> None:
        self.engine = engine
        self._places = threading.Semaphore(most)
        self._idle: deque[tuple[Connection, float]] = deque()
        # When one connection is lost, the others are not trusted either; after a fork they are somebody else's.
        event.listen(engine.pool, "invalidate", self.give_up)
        event.listen(engine, "engine_disposed", self.give_up)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises SQLAlchemy's TimeoutError when no connection becomes free.
        """
        if not self._places.acquire(timeout=PATIENCE):
            raise NoneFree(f"no connection became free within {PATIENCE:g} seconds")
        try:
            conn, until = self._take()
            try:
                with conn.begin():
                    yield conn
            finally:
                if at_rest(conn) and time.monotonic() < until:
                    self._idle.append((conn, until))
                else:
                    conn.close()
        finally:
            self._places.release()

    def give_up(self, *_: object) -> None:
        """Give the connections that nobody uses back to the pool."""
        while True:
            try:
                conn, _until = self._idle.pop()
            except IndexError:
                return
            conn.close()

    def _take(self) -> tuple[Connection, float]:
        try:
            return self._idle.pop()
        except IndexError:
            return self.engine.connect(), time.monotonic() + RENEWED
