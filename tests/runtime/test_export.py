"""A case in one file proves itself, without a database, and shows what was done to it."""

from __future__ import annotations

import hashlib
import uuid
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.conftest import World, key
from tests.runtime.models import chain, node, publish
from tests.signing import AGREED, promised
from workflows import cases, export, worklist
from workflows.models import Case
from workflows.signatures import PLAYED


@pytest.fixture
def exported(world: World, tmp_path: Path) -> Path:
    publish(world.rt, chain(node("userTask", "fill", role="preparer")))
    person = world.actor("qiye")
    started = cases.start(world.rt, person, key(), procedure="trial")
    with world.rt.db.transaction(person.scope) as conn:
        task = worklist.tasks(conn, person).rows[0]
    cases.complete(world.rt, person, key(), task_id=task["id"], data={"remark": "好"})
    cases.remark(world.rt, world.actor("qianfa"), key(), case_id=uuid.UUID(started["case_id"]), text="备注")
    target = tmp_path / "case.zip"
    with world.rt.db.transaction() as conn:
        export.write_case(world.rt, conn, started["number"], target)
    return target


def _rewritten(source: Path, name: str, old: bytes, new: bytes, index_too: bool) -> Path:
    """The same archive with one entry changed, as somebody with a text editor would."""
    target = source.with_name("changed.zip")
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w") as after:
        contents = {item: before.read(item) for item in before.namelist()}
        was = hashlib.sha256(contents[name]).hexdigest().encode()
        assert old in contents[name]
        contents[name] = contents[name].replace(old, new)
        if index_too:
            now = hashlib.sha256(contents[name]).hexdigest().encode()
            contents["index.csv"] = contents["index.csv"].replace(was, now)
        for item, content in contents.items():
            after.writestr(item, content)
    return target


def test_an_untouched_export_is_in_order(exported: Path) -> None:
    assert export.verify_file(exported) == []


def test_a_changed_line_is_found_by_the_index(exported: Path) -> None:
    changed = _rewritten(exported, "events.jsonl", "备注".encode(), "其他".encode(), index_too=False)
    assert "events.jsonl: altered" in [fault.what for fault in export.verify_file(changed)]


def test_a_changed_line_is_found_by_the_chain_even_when_the_index_was_mended(exported: Path) -> None:
    changed = _rewritten(exported, "events.jsonl", "备注".encode(), "其他".encode(), index_too=True)
    assert [fault.what for fault in export.verify_file(changed)] == ["altered"]


def test_a_dropped_last_line_is_found(exported: Path) -> None:
    with zipfile.ZipFile(exported) as archive:
        last = archive.read("events.jsonl").splitlines(keepends=True)[-1]
    changed = _rewritten(exported, "events.jsonl", last, b"", index_too=True)
    assert [fault.what for fault in export.verify_file(changed)] == ["end of the chain missing"]


def test_what_was_signed_is_in_the_file_and_another_text_in_its_place_is_found(world: World, tmp_path: Path) -> None:
    case_id, task = promised(world)
    cases.complete(world.rt, world.actor("faren"), key(), task_id=task, data=AGREED, seal=PLAYED)
    target = tmp_path / "case.zip"
    with world.rt.db.transaction() as conn:
        number = conn.scalar(select(Case.number).where(Case.id == case_id))
        export.write_case(world.rt, conn, str(number), target)
    assert export.verify_file(target) == []
    with zipfile.ZipFile(target) as archive:
        (name,) = [one for one in archive.namelist() if one.startswith("signatures/")]
    changed = _rewritten(target, name, b'"agree"', b'"return"', index_too=True)
    assert [fault.what for fault in export.verify_file(changed)] == [f"{name}: not what was signed"]
