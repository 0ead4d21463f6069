"""The one door to PostgreSQL and the only place that commits.

`Database.transaction` opens a transaction, tells PostgreSQL in the same round trip which region's
schema to use and on whose behalf it runs (row-level security reads that), and commits when the block
ends without an error. All statements are Core statements on the `Connection` it hands out; the
declarative models exist to describe the tables. Locks are always taken in this order: idempotency
row, case row, numbering counter, quota accounts by key, everything else.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import Connection, Date, DateTime, MetaData, Numeric, Text, Uuid, create_engine
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase

from registers import hotpath
from registers.gate import Gate
from registers.hotpath import send
from registers.lending import PATIENCE, RENEWED, Lender

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Parent of every table description."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: DateTime(timezone=True),
        date: Date,
        Decimal: Numeric,
        uuid.UUID: Uuid(as_uuid=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


def uuid7() -> uuid.UUID:
    """A time-ordered identifier (RFC 9562, version 7): index-friendly and not guessable."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | (0x7 << 76) | (int.from_bytes(os.urandom(10), "big") & ((1 << 76) - 1))
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value)


@dataclass(frozen=True)
class Scope:
    """On whose behalf a transaction runs: what row-level security lets it see.

    `everything` is for the program's own work (deadlines, sign-in, administration of the record);
    otherwise an enterprise sees its own cases, a body the cases it takes part in or supervises, and a
    designer the trials without an applicant that the designer opened.
    """

    enterprise_id: uuid.UUID | None = None
    body_ids: frozenset[uuid.UUID] = frozenset()
    everything: bool = False
    user_id: uuid.UUID | None = None


SYSTEM_SCOPE = Scope(everything=True)

# What tells PostgreSQL for this transaction whose schema and whose eyes are used; one expression, so that
# the first statement of a command can carry it along. It is never null.
ANNOUNCE = (
    "concat(set_config('search_path', %(region)s, true), set_config('app.everything', %(everything)s, true),"
    " set_config('app.enterprise', %(enterprise)s, true), set_config('app.bodies', %(bodies)s, true),"
    " set_config('app.user', %(user)s, true))"
)

# Both ends must notice a dead peer: a lost client may not keep a case locked, and a lost server
# may not hang a request (milliseconds for the server settings, seconds for libpq's).
_SERVER_SETTINGS = "-c jit=off -c statement_timeout=15000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000 -c timezone=UTC"
_CONNECT_ARGS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
    "application_name": "onewindow",
}


def eyes(scope: Scope) -> dict[str, str]:
    """The parameters of `ANNOUNCE` that a scope gives; the region is the database's."""
    return {
        "everything": "on" if scope.everything else "off",
        "enterprise": str(scope.enterprise_id or ""),
        "bodies": ",".join(str(body) for body in sorted(scope.body_ids)),
        "user": str(scope.user_id or ""),
    }


class Database:
    """A pool of connections to one PostgreSQL, working in one region's schema."""

    def __init__(self, url: str, *, region: str = "public", pool_size: int = 8) -> None:
        self.url = normalise_url(url)
        self.region = region
        self.kept: list[Lender] = []  # what rehearsals have used and the next one takes over
        self.engine: Engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=PATIENCE,
            pool_pre_ping=False,
            pool_recycle=int(RENEWED),
            connect_args={**_CONNECT_ARGS, "options": f"{_SERVER_SETTINGS} -c search_path={region}"},
        )
        self.gate = Gate()
        hotpath.watch(self.engine)
        self.lender = Lender(self.engine, pool_size)

    @contextmanager
    def transaction(self, scope: Scope = SYSTEM_SCOPE) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        with self.lender.begin() as conn:
            self.announce(conn, scope)
            yield conn

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """A connection for one look at tables without row-level security (who is behind a token): no transaction."""
        with self.lender.begin() as conn:
            driver: Any = conn.connection.driver_connection
            driver.autocommit = True
            try:
                yield conn
            finally:
                if not conn.invalidated:
                    driver.autocommit = False

    @contextmanager
    def transaction_by(self, statement: str, parameters: Mapping[str, Any]) -> Iterator[tuple[Connection, Any]]:
        """One transaction of a command; its first statement announces by itself (it contains `ANNOUNCE` or its like).

        Yields the connection and the first row of that statement, or None. A few commands work at once, the others
        wait for their turn.
        """
        with self.gate.passing(), self.lender.begin() as conn:
            yield conn, send(conn, statement, {**parameters, "region": self.region})

    def announce(self, conn: Connection, scope: Scope) -> None:
        """Tell PostgreSQL for this transaction whose schema and whose eyes are used."""
        send(conn, f"SELECT {ANNOUNCE}", {**eyes(scope), "region": self.region})

    def close(self) -> None:
        """Give all connections back to the server."""
        for lender in (self.lender, *self.kept):
            lender.give_up()
            lender.engine.dispose()
        self.kept.clear()


def normalise_url(url: str) -> str:
    """Accept the usual spellings of a PostgreSQL address and name the driver this program uses."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url[len(prefix) :]
    return url
