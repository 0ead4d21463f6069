"""The hot path to PostgreSQL: one statement, prepared once a connection, handed to libpq as it is.

psycopg's cursor and SQLAlchemy's layers cost several times what the statements of a step cost themselves, so the few
statements that every step runs go this way. It speaks a small part of the protocol: parameters travel as text whose
type PostgreSQL infers (a statement casts where that is not enough), answers are binary and have at most one row of the
types in `_READERS`. Transactions stay SQLAlchemy's and psycopg's: their begin, commit and rollback see the state of
the connection in libpq, not in Python. Whoever listens to the engine still hears of each statement, and errors are
SQLAlchemy's, like everywhere else.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
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
        answer = _run(driver.pgconn, _kept(conn.connection.info), statement, parameters)
    except psycopg.Error as error:
        raise _told(conn, statement, parameters, error) from error
    for tell in heard.after_cursor_execute:
        tell(conn, None, statement, parameters, None, False)
    return _first_row(statement, answer) if answer.ntuples else None


@dataclass
class _Kept:
    """What is prepared on a connection. After a rollback psycopg may have thrown all of it away (`doubted`)."""

    names: dict[str, bytes] = field(default_factory=dict)
    doubted: bool = False


def watch(engine: Engine) -> None:
    """Have this engine's connections tell when what they prepared may be gone; without this, `send` may not be used."""

    def doubt(conn: Connection, *_: Any) -> None:
        if not conn.invalidated:  # a lost connection takes what it had prepared with it
            _kept(conn.connection.info).doubted = True

    def doubt_unless_idle(driver: Any, record: Any, _: Any) -> None:
        # On its way back to the pool a connection is rolled back; outside a transaction that does nothing.
        if driver.pgconn.transaction_status != TransactionStatus.IDLE:
            _kept(record.info).doubted = True

    event.listen(engine, "rollback", doubt)
    event.listen(engine, "rollback_savepoint", doubt)
    event.listen(engine.pool, "reset", doubt_unless_idle)


def _kept(info: dict[Any, Any]) -> _Kept:
    return info.setdefault("hotpath", _Kept())  # type: ignore[no-any-return]


def _run(libpq: Any, kept: _Kept, statement: str, parameters: Mapping[str, Any]) -> Any:
    """Run it, in a transaction that is opened when there is none."""
    if libpq.transaction_status == TransactionStatus.IDLE:
        if kept.doubted:
            _look_again(libpq, kept)
        _good(libpq.exec_(b"BEGIN"))
    sql, names = _numbered(statement)
    values = [_written(parameters[name]) for name in names]
    name = kept.names.get(statement)
    if kept.doubted or (name is None and len(kept.names) >= _MOST):
        return _good(libpq.exec_params(sql, values, result_format=_BINARY))
    if name is None:
        name = b"hot_%d" % len(kept.names)
        _good(libpq.prepare(name, sql))
        kept.names[statement] = name
    return _good(libpq.exec_prepared(name, values, result_format=_BINARY))


def _look_again(libpq: Any, kept: _Kept) -> None:
    """See outside a transaction whether what was prepared is still there: it goes all at once."""
    some = next(iter(kept.names.values()), None)
    if some is not None and libpq.describe_prepared(some).status not in _GOOD:
        kept.names.clear()
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
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, date):  # an instant is one too
        return value.isoformat().encode()
    return str(value).encode()


def _array(items: Iterable[Any]) -> bytes:
    return b"{" + b",".join(map(_quoted, items)) + b"}"


def _quoted(item: Any) -> bytes:
    """An element of an array."""
    written = _written(item)
    if written is None:
        return b"NULL"
    return b'"' + written.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


_WRITERS: dict[type, Callable[[Any], bytes | None]] = {
    type(None): lambda value: None,
    str: str.encode,
    bytes: lambda value: b"\\x" + value.hex().encode(),
    list: _array,
    tuple: _array,
}


@cache
def _shape(
    statement: str, columns: tuple[str, ...], types: tuple[int, ...]
) -> tuple[Any, list[Callable[[bytes], Any]]]:
    return namedtuple("Row", columns), [_READERS[oid] for oid in types]


def _first_row(statement: str, answer: Any) -> Any:
    places = range(answer.nfields)
    columns = tuple(answer.fname(place).decode() for place in places)
    row, readers = _shape(statement, columns, tuple(answer.ftype(place) for place in places))
    raw = [answer.get_value(0, place) for place in places]
    return row._make(None if value is None else read(value) for read, value in zip(readers, raw, strict=True))


def _told(conn: Connection, statement: str, parameters: Mapping[str, Any], error: psycopg.Error) -> Exception:
    """The driver's error as SQLAlchemy's; when the connection is gone, those in the pool are not trusted either."""
    driver: Any = conn.connection.driver_connection
    lost = driver.closed
    if lost:
        error = psycopg.OperationalError(str(error))  # libpq has no code for it; psycopg's own calls raise this
        conn.invalidate(error)
        conn.engine.dispose()
    return DBAPIError.instance(
        statement, dict(parameters), error, psycopg.Error, connection_invalidated=lost, dialect=conn.dialect
    )
