"""Versions as folders and as names, so that a bureau keeps its models in git: write, clean, read, point at, tell apart.

A version is pointed at by a folder, by `procedure` (the version in force), by `procedure@version`, by `procedure@draft` (the newest
draft), or by its identifier. Writing is deterministic: the same version gives the same bytes, and reading the folder again gives the same SHA-256.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, select

from registers.errors import NotFound
from workflows import definitions, versionfiles
from workflows.comparing import ADDED, REMOVED, Difference
from workflows.models import Definition

_KINDS = ("*.bpmn", "*.dmn", "*.json", "forms/*.json", "letters/*.docx", "letters/*.json")
_SIGNS = {ADDED: "+", REMOVED: "-"}


def write(folder: Path, files: dict[str, bytes]) -> list[str]:
    """Write a version into a folder; model files that it does not have are removed. Returns what was removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(files):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != files[name]:
            target.write_bytes(files[name])
    stale = [path for kind in _KINDS for path in folder.glob(kind) if path.relative_to(folder).as_posix() not in files]
    for path in stale:
        path.unlink()
    return sorted(path.relative_to(folder).as_posix() for path in stale)


def is_folder(pointed: str) -> bool:
    """Whether a version is pointed at by a folder, so that no installation is needed to read it."""
    return (Path(pointed) / versionfiles.SETTINGS).is_file()


def find(conn: Connection, pointed: str, today: date) -> uuid.UUID:
    """The version that a name points at; raises NotFound."""
    try:
        return uuid.UUID(pointed)
    except ValueError:
        procedure, _, version = pointed.partition("@")
    if not version:
        return definitions.in_force(conn, procedure, today)
    query = select(Definition.id).where(Definition.procedure == procedure)
    found = None
    if version == "draft":
        found = conn.scalar(query.where(Definition.status == "draft").order_by(Definition.version.desc()).limit(1))
    elif version.isdecimal():
        found = conn.scalar(query.where(Definition.version == int(version)))
    if found is None:
        raise NotFound(f"没有版本“{pointed}”。", f"There is no version “{pointed}”.")
    return found


def told(differences: Iterable[Difference]) -> Iterator[str]:
    """Differences as lines: what was added, removed, changed, and for changes each fact before and after."""
    for item in differences:
        name = f" {item.name}" if item.name and item.name != item.id else ""
        yield f"{_SIGNS.get(item.change, '~')} {item.kind} {item.id}{name} [{item.where}]"
        for detail in item.details:
            yield f"    {detail.what}: {detail.before or '—'} → {detail.after or '—'}"
