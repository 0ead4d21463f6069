"""The command line: exit status 0 fine, 1 the answer is no, 2 bad usage; data on stdout, messages on stderr."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.conftest import World, key
from tests.runtime.models import chain, node, publish
from workflows import cases

ROOT = Path(__file__).parent.parent.parent


def onewindow(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "DATABASE_URL": world.rt.db.url,
        "DATABASE_OWNER_URL": world.owner_url,
        "ONEWINDOW_HOME": str(world.rt.files_root.parent),
    }
    command = [sys.executable, "-m", "app", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_last_day_of_a_period(world: World) -> None:
    arguments = [
        "calendar",
        "due",
        "--start",
        "2025-02-07",
        "--limit",
        "10",
        "--unit",
        "workday",
        "--count-start",
        "--json",
    ]
    answer = onewindow(world, *arguments)
    # Friday the 7th counts, Saturday the 8th is a make-up working day: ten of them end on Wednesday the 19th.
    assert (answer.returncode, json.loads(answer.stdout)) == (0, {"due": "2025-02-19", "provisional": False})


def test_a_period_into_an_unpublished_year_is_provisional(world: World) -> None:
    answer = onewindow(
        world, *["calendar", "due", "--start", "2027-01-04", "--limit", "1", "--unit", "workday", "--json"]
    )
    assert json.loads(answer.stdout)["provisional"] is True


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["lint", "bpmn/one_window/process.bpmn"], 0),
        (["lint", "no-such-file.bpmn"], 2),
        (["calendar", "due", "--start", "yesterday", "--limit", "1", "--unit", "day"], 2),
        (["clock", "show", "unknown"], 1),
        (["audit", "verify"], 0),
        (["scenarios", "run", "unknown"], 1),
        (["no-such-command"], 2),
    ],
)
def test_exit_status(world: World, arguments: list[str], status: int) -> None:
    assert onewindow(world, *arguments).returncode == status


def test_a_model_with_errors_is_answered_with_one_and_findings_as_json(world: World, tmp_path: Path) -> None:
    bad = tmp_path / "bad.bpmn"
    bad.write_text("<x/>")
    answer = onewindow(world, "lint", str(bad), "--json")
    assert answer.returncode == 1
    findings = json.loads(answer.stdout)["findings"]
    assert findings and {"severity", "element", "line", "zh", "en", "fix_zh"} <= set(findings[0])


def test_the_record_that_was_altered_is_answered_with_one(world: World) -> None:
    publish(world.rt, chain(node("userTask", "fill", role="preparer")))
    cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")
    with psycopg.connect(world.owner_url.replace("+psycopg", "")) as raw:
        raw.execute("SELECT set_config('app.everything', 'on', false)")
        raw.execute("ALTER TABLE event DISABLE TRIGGER USER")
        raw.execute("UPDATE event SET actor_name = 'somebody else' WHERE seq = 1")
    answer = onewindow(world, "audit", "verify", "--json")
    assert answer.returncode == 1
    assert json.loads(answer.stdout)["ok"] is False


def test_an_installation_with_people_gets_no_demo_accounts(world: World) -> None:
    answer = onewindow(world, "demo")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "There are accounts already" in answer.stderr
