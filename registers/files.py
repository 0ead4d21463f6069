"""Stored files: the bytes once, under their SHA-256, below one root; names and owners in `stored_file`.

`receive` takes a stream into the store and refuses what is too large, not of an allowed type, not what its
extension says, or dangerous to open. It needs no transaction; `enter` then names the file for its owner. A
file that was received but never entered is garbage that nothing refers to. Who may see a file is decided
elsewhere.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import tempfile
import unicodedata
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NoReturn

import puremagic
from sqlalchemy import BigInteger, Connection, ForeignKey, Index, Row, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from registers import archives
from registers.db import Base, uuid7
from registers.errors import DomainError, NotFound

MAX_SIZE = 50_000_000
OWNER_QUOTA = 5_000_000_000
_BLOCK = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


class StoredFileRow(Base):
    """A named file of an enterprise or an officer; several rows may share one content."""

    __tablename__ = "stored_file"
    __table_args__ = (
        Index("ix_stored_file_enterprise", "enterprise_id", "created_at"),
        Index("ix_stored_file_uploader", "uploaded_by", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    sha256: Mapped[str] = mapped_column(index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]
    name: Mapped[str]
    enterprise_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("enterprise.id"))
    uploaded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime]


@dataclass(frozen=True)
class Received:
    """A file that lies in the store and has passed the checks, not yet entered for anybody."""

    sha256: str
    size: int
    media_type: str
    name: str


@dataclass(frozen=True)
class StoredFile:
    """A file as everybody else sees it."""

    id: uuid.UUID
    sha256: str
    size: int
    media_type: str
    name: str
    enterprise_id: uuid.UUID | None
    uploaded_by: uuid.UUID | None
    created_at: datetime


def receive(
    root: Path,
    stream: IO[bytes],
    name: str,
    declared: str,
    *,
    accept: Collection[str] = (),
    max_size: int = MAX_SIZE,
) -> Received:
    """Take an upload into the store; raises DomainError when it is not acceptable.

    Name, declared type and content must agree. `accept` narrows the allowed extensions (those of a form's field).
    """
    clean = clean_name(name)
    extension = clean.rpartition(".")[2].lower()
    kind = types().get(extension)
    if kind is None or (accept and extension not in accept):
        allowed = "、".join(sorted(accept or types()))
        _refuse(
            "type",
            f"不接受此类文件；可上传：{allowed}。",
            f"This kind of file is not accepted; allowed: {allowed}.",
        )
    if declared.partition(";")[0].strip().lower() not in (
        "",
        "application/octet-stream",
        kind["media"],
        *kind["declared"],
    ):
        _refuse("type", "文件类型与扩展名不符。", "The declared type does not fit the file's extension.")
    incoming = root / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=incoming, delete=False) as target:
        unfinished = Path(target.name)
        try:
            sha256, size = _copy(stream, target, max_size)
            if size == 0:
                _refuse("empty", "文件是空的。", "The file is empty.")
            _check_content(unfinished, extension, kind)
            _keep(root, unfinished, sha256)
        finally:
            unfinished.unlink(missing_ok=True)
    return Received(sha256, size, kind["media"], clean)


def enter(
    conn: Connection,
    checked: Received,
    *,
    enterprise_id: uuid.UUID | None,
    user_id: uuid.UUID | None,
    now: datetime,
) -> StoredFile:
    """Name a received file for its owner; raises DomainError when the owner's share of the store is used up."""
    if enterprise_id is not None:
        used = conn.scalar(
            select(func.coalesce(func.sum(StoredFileRow.size), 0)).where(StoredFileRow.enterprise_id == enterprise_id)
        )
        if int(used or 0) + checked.size > OWNER_QUOTA:
            _refuse("quota", "贵单位的文件存储空间已用完。", "The storage of your enterprise is used up.")
    stored = StoredFile(
        uuid7(),
        checked.sha256,
        checked.size,
        checked.media_type,
        checked.name,
        enterprise_id,
        user_id,
        now,
    )
    conn.execute(insert(StoredFileRow).values(**vars(stored)))
    return stored


def find(conn: Connection, file_id: uuid.UUID) -> StoredFile | None:
    """A file by its identifier; the caller checks who asks."""
    return next(iter(find_many(conn, [file_id])), None)


def find_many(conn: Connection, ids: Collection[uuid.UUID]) -> list[StoredFile]:
    """Files by their identifiers, oldest first; unknown ones are left out."""
    if not ids:
        return []
    table = StoredFileRow.__table__
    rows = conn.execute(select(table).where(table.c.id.in_(list(ids))).order_by(table.c.created_at, table.c.id))
    return [_stored(row) for row in rows]


def owned(
    conn: Connection, enterprise_id: uuid.UUID | None, user_id: uuid.UUID | None, limit: int = 100
) -> list[StoredFile]:
    """The newest files of an enterprise (or of a person who has none)."""
    table = StoredFileRow.__table__
    mine = table.c.enterprise_id == enterprise_id if enterprise_id is not None else table.c.uploaded_by == user_id
    rows = conn.execute(select(table).where(mine).order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit))
    return [_stored(row) for row in rows]


def store_bytes(root: Path, content: bytes) -> str:
    """Keep a content that the program itself made (a letter, an export); returns its SHA-256."""
    sha256 = hashlib.sha256(content).hexdigest()
    if not path_of(root, sha256).exists():
        incoming = root / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=incoming, delete=False) as target:
            unfinished = Path(target.name)
            try:
                target.write(content)
                target.flush()
                os.fsync(target.fileno())
                _keep(root, unfinished, sha256)
            finally:
                unfinished.unlink(missing_ok=True)
    return sha256


def path_of(root: Path, sha256: str) -> Path:
    """Where a content lies. Nothing but a SHA-256 gets in, so no name can lead elsewhere."""
    if not _SHA256.fullmatch(sha256):
        raise NotFound()
    return root / sha256[:2] / sha256[2:4] / sha256


def open_file(root: Path, sha256: str) -> IO[bytes]:
    """A stored content for reading; raises NotFound."""
    try:
        return path_of(root, sha256).open("rb")
    except FileNotFoundError:
        raise NotFound("文件内容不在存储中。", "The content is not in the store.") from None


def damaged(root: Path) -> Iterator[str]:
    """The contents whose bytes no longer give their SHA-256 (for the check of the registers)."""
    for path in sorted(root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
        with path.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != path.name:
                yield path.name


def clean_name(name: str) -> str:
    """The last part of a name as a browser sent it, without anything invisible, 150 characters at most."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    visible = "".join(character for character in last if unicodedata.category(character)[0] != "C").strip(" .")
    stem, dot, extension = visible.rpartition(".")
    return f"{stem[: 149 - len(extension)]}{dot}{extension[:10]}" if dot else visible[:150]


@functools.cache
def types() -> Mapping[str, Mapping[str, Any]]:
    """The allowed kinds of files by extension (`data/file_types.json`)."""
    loaded: dict[str, dict[str, Any]] = json.loads(
        (Path(__file__).with_name("data") / "file_types.json").read_text("utf-8")
    )
    return loaded


def _copy(stream: IO[bytes], target: IO[bytes], max_size: int) -> tuple[str, int]:
    """Copy a stream to disk with its SHA-256 and size; raises DomainError (413) when it is larger than allowed."""
    digest, size = hashlib.sha256(), 0
    while block := stream.read(_BLOCK):
        size += len(block)
        if size > max_size:
            _refuse(
                "size",
                f"文件不得超过{max_size // 1_000_000} MB。",
                f"A file may have {max_size // 1_000_000} MB at most.",
                status=413,
            )
        digest.update(block)
        target.write(block)
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest(), size


def _check_content(path: Path, extension: str, kind: Mapping[str, Any]) -> None:
    """Refuse a content that is not what its extension says, by its first bytes and, for archives, by what is inside."""
    with path.open("rb") as content:
        head = content.read(65_536)
    try:
        found = {match.extension.lstrip(".") for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        found = set()
    if kind.get("text"):
        if b"\0" in head or re.search(rb"<\s*(script|html|svg|\?xml|!doctype)", head, re.I):
            found = {"?"}
        fits = not found & {"?", "exe", "pdf", "zip", "html", "svg"}
    else:
        fits = extension in found
    if not fits:
        _refuse("type", "文件内容与扩展名不符。", "The content does not fit the file's extension.")
    if "archive" in kind:
        archives.check(path, kind["archive"])


def _keep(root: Path, unfinished: Path, sha256: str) -> None:
    """Move a finished content to its place, whole or not at all; the folder is synchronised too, so that it outlives a crash."""
    place = path_of(root, sha256)
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished.chmod(0o440)
    unfinished.replace(place)
    handle = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stored(row: Row[Any]) -> StoredFile:
    return StoredFile(**row._mapping)


def _refuse(kind: str, zh: str, en: str, *, status: int = 422) -> NoReturn:
    raise DomainError(f"file_{kind}", zh, en, pointer="file", status=status)
