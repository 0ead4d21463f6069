"""Backup into one file, and its restore, which is rehearsed as easily as it is done.

The file is a tar of three things: the database (pg_dump, taken from a snapshot in which the rows were counted), the
stored files, and a manifest with counts and hashes. A rehearsal restores into a throwaway server, compares every count
and hash, and runs the checks of registers and record on what came back; nothing of the installation is touched.
Files are only ever added, so the database is dumped first: it never names a file that is not in the backup.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from registers import postgres
from registers.db import Database
from registers.errors import DomainError
from registers.timesource import TimeSource
from workflows import events, housebook, selfcheck

DUMP, FILES, MANIFEST = "onewindow.dump", "files", "manifest.json"
LOG = "backup.log"
FORMAT = 1


@dataclass(frozen=True)
class Outcome:
    """What came back from a backup: when it was made, how much was compared, and every fault found."""

    made_at: str
    tables: int
    rows: int
    files: int
    faults: list[str]


def make(superuser: str, files_root: Path, target: Path, now: datetime) -> dict[str, Any]:
    """Write a backup; the file appears under its name only when it is whole."""
    tools = _tool("pg_dump")
    with tempfile.TemporaryDirectory(prefix="onewindow-backup-", dir=target.absolute().parent) as folder:
        dump = Path(folder) / DUMP
        with psycopg.connect(superuser) as conn:
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            snapshot = _scalar(conn, "SELECT pg_export_snapshot()")
            counts = _counts(conn)
            revision = _scalar(conn, "SELECT version_num FROM alembic_version")
            _run([tools, "--format=custom", f"--snapshot={snapshot}", f"--file={dump}", "--no-password"], superuser)
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "program": metadata.version("onewindow"),
            "revision": revision,
            "made_at": now.isoformat(),
            "dump_sha256": _hash(dump),
            "counts": counts,
            "files": sorted(path.relative_to(files_root).as_posix() for path in _stored(files_root)),
        }
        whole = Path(folder) / "whole.tar.gz"
        with tarfile.open(whole, "w:gz") as tar:
            _add(tar, MANIFEST, json.dumps(manifest, ensure_ascii=False).encode())
            tar.add(dump, DUMP)
            for name in manifest["files"]:
                tar.add(files_root / name, f"{FILES}/{name}")
        with whole.open("rb") as file:
            os.fsync(file.fileno())
        whole.replace(target)
    _log(files_root.parent, now, "backup", target, True)
    return {
        "file": str(target),
        "bytes": target.stat().st_size,
        "tables": len(counts),
        "rows": sum(counts.values()),
        "files": len(manifest["files"]),
    }


def restore(archive: Path, server: postgres.Server, superuser: str, files_root: Path) -> Outcome:
    """Bring a backup back into this server and folder, and check all of it; the caller has made sure they are empty."""
    tools = _tool("pg_restore")
    with tempfile.TemporaryDirectory(prefix="onewindow-restore-") as folder:
        manifest = _unpack(archive, Path(folder))
        faults = []
        if _hash(Path(folder) / DUMP) != manifest["dump_sha256"]:
            raise DomainError(
                "backup_damaged", "备份文件已损坏（数据库部分）。", "The backup is damaged (its database part)."
            )
        _run(
            [tools, "--clean", "--if-exists", "--exit-on-error", "--no-password", "-d", superuser, f"{folder}/{DUMP}"],
            None,
        )
        shutil.copytree(Path(folder) / FILES, files_root, dirs_exist_ok=True)
        with psycopg.connect(superuser) as conn:
            counts = _counts(conn)
        for table, wanted in manifest["counts"].items():
            if counts.get(table) != wanted:
                faults.append(f"{table}: {counts.get(table)} rows, the backup says {wanted}")
        missing = [name for name in manifest["files"] if not (files_root / name).is_file()]
        faults += [f"file missing: {name}" for name in missing]
    faults += list(_checked(server, files_root))
    return Outcome(manifest["made_at"], len(manifest["counts"]), sum(counts.values()), len(manifest["files"]), faults)


def rehearse(archive: Path, time: TimeSource, home: Path) -> Outcome:
    """Restore into a throwaway server and folder, check everything, throw it away, and note that it was done."""
    with postgres.throwaway() as server, tempfile.TemporaryDirectory(prefix="onewindow-files-") as folder:
        outcome = restore(archive, server, superuser_of(server), Path(folder))
    _log(home, time.now(), "rehearsal", archive, not outcome.faults)
    return outcome


def superuser_of(server: postgres.Server) -> str:
    """How the superuser of a server of our own is reached: row-level security binds everybody else."""
    return postgres.superuser(server.folder, postgres.DATABASE)


def last(home: Path) -> dict[str, dict[str, Any]]:
    """The last backup and the last rehearsal this folder knows of, by kind."""
    path = home / LOG
    lines = path.read_text("utf-8").splitlines()[-200:] if path.exists() else []
    return {line["kind"]: line for line in map(json.loads, lines)}


def _checked(server: postgres.Server, files_root: Path) -> Iterator[str]:
    """The registers agree with each other and with the files, and no line of the record was altered."""
    database = Database(server.app_url, pool_size=2)
    try:
        with database.transaction() as conn:
            for fault in selfcheck.check(conn, files_root).faults:
                yield f"{fault.check} {fault.about}: {fault.en}"
            for broken in (*events.verify(conn), *housebook.verify(conn)):
                yield f"record {broken.case_number} #{broken.seq}: {broken.what}"
    finally:
        database.close()


def _unpack(archive: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, tarfile.TarError, ValueError, EOFError) as problem:
        raise DomainError(
            "backup_damaged", f"备份文件无法读取：{problem}", f"The backup cannot be read: {problem}"
        ) from None
    if manifest.get("format") != FORMAT:
        raise DomainError("backup_format", "备份文件的格式不受支持。", "The format of the backup is not supported.")
    (folder / FILES).mkdir(exist_ok=True)
    return manifest


def _counts(conn: psycopg.Connection[Any]) -> dict[str, int]:
    tables = [row[0] for row in conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")]
    found = {}
    for table in tables:
        row = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
        found[table] = row[0] if row else 0
    return found


def _scalar(conn: psycopg.Connection[Any], statement: str) -> str:
    row = conn.execute(statement.encode()).fetchone()
    return str(row[0]) if row else ""


def _stored(files_root: Path) -> list[Path]:
    """Stored files by their content; pictures of letters made from them (PDF) are made anew."""
    return [path for path in files_root.rglob("*") if path.is_file() and not path.name.endswith(".part")]


def _tool(name: str) -> str:
    found = postgres.tool(name) or shutil.which(name)
    if found is None:
        raise DomainError(
            "no_tool",
            f"没有找到 {name}，请安装与数据库同版本的PostgreSQL客户端。",
            f"{name} was not found; install the PostgreSQL client of the server's version.",
        )
    return str(found)


def _run(order: list[str], superuser: str | None) -> None:
    done = subprocess.run([*order, *([superuser] if superuser else [])], capture_output=True, text=True)
    if done.returncode:
        raise DomainError(
            "backup_failed", f"命令未成功：{done.stderr.strip()}", f"The command failed: {done.stderr.strip()}"
        )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _log(home: Path, now: datetime, kind: str, archive: Path, well: bool) -> None:
    line = {"at": now.isoformat(), "kind": kind, "file": archive.name, "ok": well}
    with (home / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
