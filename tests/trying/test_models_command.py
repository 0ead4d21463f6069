"""Models kept in git: exported the same bytes each time, read again with the same digest, told apart, published, moved, foreseen."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from registers.accounts import SYSTEM
from tests.conftest import World, key
from tests.runtime.models import node, publish
from tests.setup.test_command_line import onewindow
from tests.trying.kit import CHECK, FILL, draft, shipped, small
from workflows import cases, definitions, housebook, install, modelfolder, versionfiles
from workflows.models import Case

SHIPPED = [folder.name for folder in install.shipped()]


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_version_written_into_a_folder_is_the_same_version_when_read_again(tmp_path: Path, name: str) -> None:
    version = shipped(name)
    modelfolder.write(tmp_path / "a", version)
    assert versionfiles.digest(versionfiles.read_folder(tmp_path / "a")) == versionfiles.digest(version)
    modelfolder.write(tmp_path / "b", version)
    assert files_in(tmp_path / "a") == files_in(tmp_path / "b") == version


def test_a_file_that_the_version_has_no_more_is_removed_and_others_are_left(tmp_path: Path) -> None:
    modelfolder.write(tmp_path, small() | {"old.dmn": b"<x/>"})
    (tmp_path / "README.md").write_text("about")
    assert modelfolder.write(tmp_path, small()) == ["old.dmn"]
    assert set(files_in(tmp_path)) == {*small(), "README.md"}


def test_export_import_diff_and_publish_by_command(world: World, tmp_path: Path) -> None:
    draft(world, small())
    first = json.loads(onewindow(world, "models", "export", "trial@1", str(tmp_path / "m"), "--json").stdout)
    assert first["sha256"] == versionfiles.digest(small())
    changed = small(FILL, node("userTask", "check", role="head", limitRule="permit.deficiency"))
    (tmp_path / "m" / "process.bpmn").write_bytes(changed["process.bpmn"])
    told = onewindow(world, "models", "diff", "trial@1", str(tmp_path / "m"), "--exit-code")
    assert told.returncode == 1
    assert told.stdout.splitlines() == ["~ step check [p]", "    role: window → head"]
    made = json.loads(onewindow(world, "models", "import", str(tmp_path / "m"), "--json").stdout)
    assert made["version"] == 2
    done = onewindow(world, "models", "publish", made["id"], "--note", "改由签发人审核", "--json")
    assert done.returncode == 0
    with world.rt.db.transaction() as conn:
        assert definitions.row(conn, uuid.UUID(made["id"]))["status"] == "published"
        line = housebook.lines(conn)[1][0]
    assert (line["kind"], line["data"]["note"]) == ("definition_published", "改由签发人审核")
    assert onewindow(world, "models", "export", "trial@9", str(tmp_path / "n")).returncode == 1


def test_versions_are_listed_with_their_state_and_day(world: World) -> None:
    publish(world.rt, small()["process.bpmn"])
    draft(world, small())
    lines = [line.split() for line in onewindow(world, "models", "list", "trial").stdout.splitlines()]
    assert [line[:3] for line in lines] == [["trial@2", "draft", "-"], ["trial@1", "published", "2026-09-01"]]


def started(world: World) -> dict[str, Any]:
    return cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")


def test_running_cases_are_checked_and_moved_by_command(world: World) -> None:
    publish(world.rt, small()["process.bpmn"])
    here = started(world)
    target = publish(world.rt, small(FILL, CHECK, node("userTask", "sign", role="head"))["process.bpmn"])
    checked = json.loads(onewindow(world, "models", "move", "trial", "--json").stdout)
    assert [(line["number"], line["state"]) for line in checked["cases"]] == [(here["number"], "fits")]
    moved = onewindow(world, "models", "move", "trial", "--case", here["number"], "--reason", "新版施行", "--json")
    assert [line["state"] for line in json.loads(moved.stdout)["cases"]] == ["moved"]
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Case.definition_id).where(Case.id == uuid.UUID(here["case_id"]))) == target


def test_a_case_that_does_not_fit_stays_and_the_answer_is_no(world: World) -> None:
    publish(world.rt, small()["process.bpmn"])
    started(world)
    publish(world.rt, small(node("userTask", "apply", role="preparer"), CHECK)["process.bpmn"])
    answer = onewindow(world, "models", "move", "trial", "--all", "--reason", "新版施行")
    assert (answer.returncode, "stays" in answer.stdout, "fill" in answer.stdout) == (1, True, True)
    mapped = onewindow(world, "models", "move", "trial", "--all", "--map", "fill=apply", "--reason", "新版施行")
    assert (mapped.returncode, mapped.stdout.split()[0]) == (0, "moved")


def test_past_cases_are_replayed_by_a_folder(world: World, tmp_path: Path) -> None:
    publish(world.rt, small()["process.bpmn"])
    started(world)
    modelfolder.write(tmp_path, small(FILL, CHECK, node("userTask", "sign", role="head")))
    answer = json.loads(
        onewindow(
            world, "models", "replay", str(tmp_path), "--since", "2026-08-01", "--until", "2026-12-31", "--json"
        ).stdout
    )
    assert [(line["same"], line["faithful"]) for line in answer["cases"]] == [(True, True)]  # it has not come that far


def test_scenarios_of_a_version_in_the_installation_are_run_by_its_name(world: World) -> None:
    done = {"remark": "好"}
    scenario = {
        "name": {"zh": "一问一答", "en": "Asked and answered"}, "today": "2026-09-01", "start": done,
        "steps": [{"task": "check", "as": "window", "submit": done}],
        "expect": {"route": ["fill", "check"], "open": []},
    }  # fmt: skip
    files = {**small(), "scenarios.json": json.dumps({"scenarios": [scenario]}).encode()}
    wrong = {**scenario, "expect": {"route": ["check", "fill"]}}
    publish_id = draft(world, files)
    with world.rt.db.transaction() as conn:
        definitions.put_in_force(conn, publish_id, world.time.today(), world.time.now(), SYSTEM, "")
    newest = draft(world, {**files, "scenarios.json": json.dumps({"scenarios": [wrong]}).encode()})
    for pointed, status in (("trial", 0), ("trial@1", 0), (str(publish_id), 0), ("trial@draft", 1), (str(newest), 1)):
        ran = onewindow(world, "scenarios", "run", pointed, "--json")
        assert (pointed, ran.returncode) == (pointed, status), ran.stderr
        told = json.loads(ran.stdout)
        assert ([one["passed"] for one in told["scenarios"]], told["coverage"]) == ([status == 0], 1)
    assert onewindow(world, "scenarios", "run", "trial@9").returncode == 1
