"""The hot path to PostgreSQL: one statement, prepared once a connection, handed to libpq as it is.

psycopg's cursor and SQLAlchemy's layers cost several times what the statements of a step cost themselves, so the few
statements that every step runs go this way. It speaks a small part of the protocol: parameters travel as text whose
type PostgreSQL infers (a statement casts where that is not enough), answers are binary and have at most one row of the
types in `_READERS`. Transactions stay SQLAlchemy's: it alone decides when to commit (`Straight` only says how the driver
then does it), and psycopg sees the state of the connection in libpq, not in Python. Whoever listens to the engine still hears of each statement, and errors are
SQLAlchemy's, like everywhere else.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

_PARAMETER = re.compile(r"%\((\w+)\)s")
_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
_BINARY = 1
# Prepared statements a connection keeps; beyond them a statement is parsed each time.
_MOST = 200

_READERS: dict[int, Callable[[bytes], Any]] = {
    16: lambda raw: raw != b"\0",  # boolean
    17: bytes,  # bytea
    20: lambda raw: int.from_bytes(raw, "big", signed=True),  # bigint
    23: lambda raw: int.from_bytes(raw, "big", signed=True),  # integer
    25: bytes.decode,  # text
    2950: lambda raw: uuid.UUID(bytes=raw),
    3802: lambda raw: json.loads(raw[1:]),  # jsonb: its first byte is the version of the format
}


def send(conn: Connection, statement: str, parameters: Mapping[str, Any]) -> Any:
    """Run one statement with parameters written `%(name)s`; the first row with named columns, None without a row.

    Raises what SQLAlchemy would raise.
    """
    driver: Any = conn.connection.driver_connection
    heard = conn.engine.dispatch
    for tell in heard.before_cursor_execute:
        tell(conn, None, statement, parameters, None, False)
    try:
        row = _run(driver.pgconn, _kept(conn.connection.info), statement, parameters)
    except psycopg.Error as error:
        raise _told(conn, statement, parameters, error) from error
    for tell in heard.after_cursor_execute:
        tell(conn, None, statement, parameters, None, False)
    return row


class Straight(psycopg.Connection[Any]):
    """psycopg's connection, with a commit that goes to libpq as it is."""

    def commit(self) -> None:
        """Commit what is open; when there is nothing, or it has failed, psycopg knows what to do."""
        if self.pgconn.transaction_status != TransactionStatus.INTRANS:
            return super().commit()
        answer = self.pgconn.exec_(b"COMMIT")
        if answer.status not in _GOOD:
            raise _named(self, psycopg.errors.error_from_result(answer))
        return None


def at_rest(conn: Connection) -> bool:
    """Whether the connection lives and nothing is open on it, so that another transaction can begin."""
    if conn.closed or conn.invalidated or conn.in_transaction():
        return False
    driver: Any = conn.connection.driver_connection
    return bool(driver.pgconn.transaction_status == TransactionStatus.IDLE)


@dataclass
class _Prepared:
    """A statement prepared on a connection, and how to read its answers once there was one."""

    name: bytes
    read: Callable[[Any], Any] | None = None


@dataclass
class _Kept:
    """What is prepared on a connection. After a rollback psycopg may have thrown all of it away (`doubted`)."""

    prepared: dict[str, _Prepared] = field(default_factory=dict)
    doubted: bool = False


def watch(engine: Engine) -> None:
    """Open this engine's connections as `send` needs them, and have them tell when what they prepared may be gone.

    Without this, `send` may not be used.
    """

    def connect(_: Any, __: Any, arguments: Any, options: Any) -> Any:
        return Straight.connect(*arguments, **options)

    def doubt(conn: Connection, *_: Any) -> None:
        if not conn.invalidated:  # a lost connection takes what it had prepared with it
            _kept(conn.connection.info).doubted = True

    def doubt_unless_idle(driver: Any, record: Any, _: Any) -> None:
        # On its way back to the pool a connection is rolled back; outside a transaction that does nothing.
        if driver.pgconn.transaction_status != TransactionStatus.IDLE:
            _kept(record.info).doubted = True

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "rollback", doubt)
    event.listen(engine, "rollback_savepoint", doubt)
    event.listen(engine.pool, "reset", doubt_unless_idle)


def _kept(info: dict[Any, Any]) -> _Kept:
    return info.setdefault("hotpath", _Kept())  # type: ignore[no-any-return]


def _run(libpq: Any, kept: _Kept, statement: str, parameters: Mapping[str, Any]) -> Any:
    """Run it, in a transaction that is opened when there is none; the first row of the answer."""
    if libpq.transaction_status == TransactionStatus.IDLE:
        if kept.doubted:
            _look_again(libpq, kept)
        _good(libpq.exec_(b"BEGIN"))
    sql, names = _numbered(statement)
    values = [_written(parameters[name]) for name in names]
    known = kept.prepared.get(statement)
    if kept.doubted or (known is None and len(kept.prepared) >= _MOST):
        answer = _good(libpq.exec_params(sql, values, result_format=_BINARY))
        return _reader(answer)(answer) if answer.ntuples else None
    if known is None:
        known = _Prepared(b"hot_%d" % len(kept.prepared))
        _good(libpq.prepare(known.name, sql))
        kept.prepared[statement] = known
    answer = _good(libpq.exec_prepared(known.name, values, result_format=_BINARY))
    if not answer.ntuples:
        return None
    if known.read is None:
        known.read = _reader(answer)
    return known.read(answer)


def _look_again(libpq: Any, kept: _Kept) -> None:
    """See outside a transaction whether what was prepared is still there: it goes all at once."""
    some = next(iter(kept.prepared.values()), None)
    if some is not None and libpq.describe_prepared(some.name).status not in _GOOD:
        kept.prepared.clear()
    kept.doubted = False


def _good(answer: Any) -> Any:
    if answer.status not in _GOOD:
        raise psycopg.errors.error_from_result(answer)
    return answer


@cache
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement with parameters as PostgreSQL counts them ($1, $2 ...), and their names in that order."""
    names: dict[str, int] = {}
    sql = _PARAMETER.sub(lambda found: f"${names.setdefault(found[1], len(names) + 1)}", statement)
    return sql.replace("%%", "%").encode(), tuple(names)


def _written(value: Any) -> bytes | None:
    """A parameter in PostgreSQL's text form."""
    if value is None:
        return None
    return _WRITERS.get(type(value), str)(value).encode()


def array(items: Iterable[Any]) -> str:
    """An array in PostgreSQL's text form; who sends the same one again and again may write it once."""
    return "{" + ",".join([_ELEMENTS.get(type(item), _quoted)(item) for item in items]) + "}"


def _quoted(item: Any) -> str:
    """An element of an array that could be mistaken for something else."""
    text = _WRITERS.get(type(item), str)(item)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_WRITERS: dict[type, Callable[[Any], str]] = {
    bytes: lambda value: "\\x" + value.hex(),
    date: date.isoformat,
    datetime: datetime.isoformat,
    list: array,
    tuple: array,
}
_ELEMENTS: dict[type, Callable[[Any], str]] = {
    type(None): lambda item: "NULL",
    int: str,
    Decimal: str,
    date: date.isoformat,
    uuid.UUID: lambda item: item.hex,
}


def _reader(answer: Any) -> Callable[[Any], Any]:
    """How to read the first row of answers of this shape."""
    places = range(answer.nfields)
    shape = _shape(tuple(answer.fname(place).decode() for place in places))
    columns = [(place, _READERS[answer.ftype(place)]) for place in places]

    def read(answer: Any) -> Any:
        value = answer.get_value
        return shape._make([None if (raw := value(0, place)) is None else reader(raw) for place, reader in columns])

    return read


@cache
def _shape(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", columns)


def _named(driver: Any, error: psycopg.Error) -> psycopg.Error:
    """The error by the name psycopg's own calls give it: for a lost connection libpq has no code."""
    return psycopg.OperationalError(str(error)) if driver.closed else error


def _told(conn: Connection, statement: str, parameters: Mapping[str, Any], error: psycopg.Error) -> Exception:
    """The driver's error as SQLAlchemy's; when the connection is gone, those in the pool are not trusted either."""
    driver: Any = conn.connection.driver_connection
    error, lost = _named(driver, error), driver.closed
    if lost:
        conn.invalidate(error)
        conn.engine.dispose()
    return DBAPIError.instance(
        statement, dict(parameters), error, psycopg.Error, connection_invalidated=lost, dialect=conn.dialect
    )
