"""A backup comes back whole, a rehearsal says so, and a damaged or altered one is told."""

from __future__ import annotations

import io
import tarfile
import uuid
from pathlib import Path

import psycopg
import pytest

from registers import postgres
from registers.db import Database
from registers.errors import DomainError
from registers.postgres import Server
from tests.conftest import World, key
from tests.runtime.models import chain, node, publish
from workflows import backup, cases, documents


@pytest.fixture
def source(world: World, server: Server) -> tuple[World, str]:
    """An installation with a case and a stored file, and how its superuser is reached."""
    publish(world.rt, chain(node("userTask", "fill", role="preparer"), node("userTask", "check", role="window")))
    cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")
    documents.store(world.rt, world.actor("qiye"), io.BytesIO(b"%PDF-1.4\n%%EOF\n"), "a.pdf", "application/pdf")
    database = world.owner_url.split("@/")[1].split("?")[0]
    return world, postgres.superuser(server.folder, database)


def test_a_rehearsed_restore_brings_everything_back(source: tuple[World, str], tmp_path: Path) -> None:
    world, superuser = source
    target = tmp_path / "house.tar.gz"
    made = backup.make(superuser, world.rt.files_root, target, world.time.now())
    outcome = backup.rehearse(target, world.time, tmp_path)
    assert outcome.faults == []
    assert (outcome.rows, outcome.files) == (made["rows"], made["files"])
    assert made["files"] == 1
    assert {kind: line["ok"] for kind, line in backup.last(tmp_path).items()} == {"rehearsal": True, "backup": True}


def test_what_was_restored_can_be_worked_with(source: tuple[World, str], tmp_path: Path) -> None:
    world, superuser = source
    target = tmp_path / "house.tar.gz"
    backup.make(superuser, world.rt.files_root, target, world.time.now())
    with postgres.throwaway() as fresh:
        backup.restore(target, fresh, backup.superuser_of(fresh), tmp_path / "back")
        database = Database(fresh.app_url, pool_size=2)
        with database.transaction(world.actor("qiye2").scope) as conn:
            assert conn.exec_driver_sql("SELECT count(*) FROM cases").scalar() == 0, "row-level security came back too"
        with database.transaction(world.actor("qiye").scope) as conn:
            assert conn.exec_driver_sql("SELECT count(*) FROM cases").scalar() == 1
        database.close()


def test_a_damaged_backup_is_refused_and_a_missing_file_is_told(source: tuple[World, str], tmp_path: Path) -> None:
    world, superuser = source
    target = tmp_path / "house.tar.gz"
    backup.make(superuser, world.rt.files_root, target, world.time.now())
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(target.read_bytes()[:-2000])
    with pytest.raises(DomainError, match="cannot be read"):
        backup.rehearse(cut, world.time, tmp_path)
    lost = tmp_path / "lost.tar.gz"
    with tarfile.open(target, "r:gz") as old, tarfile.open(lost, "w:gz") as new:
        for entry in old:
            if not entry.name.startswith("files/"):
                new.addfile(entry, old.extractfile(entry))
    outcome = backup.rehearse(lost, world.time, tmp_path)
    assert any(fault.startswith("file missing") for fault in outcome.faults)
    assert backup.last(tmp_path)["rehearsal"]["ok"] is False


def test_an_altered_line_of_the_record_does_not_pass_a_rehearsal(source: tuple[World, str], tmp_path: Path) -> None:
    world, superuser = source
    with psycopg.connect(superuser) as conn:
        conn.execute("ALTER TABLE event DISABLE TRIGGER ALL")
        conn.execute("UPDATE event SET actor_name = %s WHERE seq = 1", [str(uuid.uuid4())])
        conn.execute("ALTER TABLE event ENABLE TRIGGER ALL")
    target = tmp_path / "house.tar.gz"
    backup.make(superuser, world.rt.files_root, target, world.time.now())
    assert any(fault.startswith("record") for fault in backup.rehearse(target, world.time, tmp_path).faults)
