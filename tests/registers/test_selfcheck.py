"""`onewindow registers check`: a sound installation passes, each kind of damage is named."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from registers import files
from tests.conftest import World
from tests.forms.test_case_letters import play
from workflows import selfcheck


def faults(world: World) -> list[str]:
    with world.rt.db.transaction() as conn:
        return [fault.check for fault in selfcheck.check(conn, world.rt.files_root).faults]


@pytest.fixture
def decided(world: World) -> Iterator[World]:
    """An installation with a decided case and a changed project."""
    play(world, "同时办理：报告表＋重点管理")
    play(world, "一般变动：法定代表人变更", "change")
    yield world


def damage(world: World, statement: str) -> None:
    """What only somebody with the owner's password can do."""
    with psycopg.connect(world.owner_url.replace("postgresql+psycopg", "postgresql")) as conn:
        conn.execute(statement)


def test_what_the_program_wrote_agrees_with_itself(decided: World) -> None:
    with decided.rt.db.transaction() as conn:
        report = selfcheck.check(conn, decided.rt.files_root)
    assert report.faults == []
    assert report.counted["permits"] == 2
    assert report.counted["decisions"] == 3
    assert report.counted["numbers"] >= 8


def test_a_missing_number_is_a_fault(decided: World) -> None:
    damage(decided, "UPDATE numbering_counter SET last = last + 1 WHERE kind = 'eia'")
    assert faults(decided) == ["numbers"]


def test_a_file_that_is_gone_or_altered_is_a_fault(decided: World) -> None:
    with decided.rt.db.transaction() as conn:
        first, second = conn.exec_driver_sql("SELECT sha256 FROM letter ORDER BY made_at, id LIMIT 2").scalars()
    files.path_of(decided.rt.files_root, first).unlink()
    altered = files.path_of(decided.rt.files_root, second)
    altered.chmod(0o640)
    altered.write_bytes(b"other")
    assert faults(decided) == ["files", "files"]


def test_an_approval_without_its_letter_is_a_fault(decided: World) -> None:
    with decided.rt.db.transaction() as conn:
        conn.exec_driver_sql("UPDATE letter SET status = 'draft' WHERE kind = 'eia_approval'")
    assert faults(decided) == ["decisions"]


def test_a_permit_on_a_refused_matter_is_a_fault(decided: World) -> None:
    with decided.rt.db.transaction() as conn:
        conn.exec_driver_sql("UPDATE matter SET status = 'refused' WHERE kind = 'eia'")
    assert faults(decided) == ["permits"]
