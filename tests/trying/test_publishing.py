"""Publishing takes two people; what is published is exactly what was proposed, and the record of the house holds both names."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from registers.accounts import SYSTEM
from registers.errors import Conflict, DomainError
from tests.conftest import World, key
from tests.runtime.models import node, publish
from tests.trying.kit import CHECK, FILL, draft, small
from tests.web.conftest import Api
from workflows import cases, definitions, designing, housebook, publishing, versionchecks, versionfiles
from workflows.models import Case, Definition

Person = Callable[[str], Api]


def propose(world: World, definition: uuid.UUID, login: str = "sheji", valid_from: date | None = None) -> None:
    given = {"definition_id": definition, "note": "缩短审查期限", "valid_from": valid_from}
    publishing.propose(world.rt, world.actor(login), key(), **given)


def in_force(world: World) -> uuid.UUID:
    with world.rt.db.transaction() as conn:
        return definitions.in_force(conn, "trial", world.time.today())


def test_one_proposes_another_publishes_and_both_stand_in_the_record(world: World, api: Person) -> None:
    definition = draft(world, small())
    api("sheji").post(f"/definitions/{definition}/propose", {"note": "首次发布", "valid_from": "2026-09-05"})
    assert api("sheji").last.status_code == 200
    answer = api("xitong").post(f"/definitions/{definition}/publish", {"note": "已核对"})
    assert answer["valid_from"] == "2026-09-05"
    (proposal,) = api("sheji").get(f"/definitions/{definition}/proposals")["proposals"]
    assert (proposal["proposer"], proposal["decider"], proposal["outcome"]) == ("褚设计", "卫系统", "published")
    with world.rt.db.transaction() as conn:
        line = next(one for one in housebook.lines(conn)[1] if one["kind"] == "definition_published")
        assert list(housebook.verify(conn)) == []
        row = definitions.row(conn, definition)
    assert line["actor_name"] == "卫系统"
    assert line["data"]["sha256"] == row["sha256"] == versionfiles.digest(small())
    assert line["data"]["proposed_by"] == str(world.actor("sheji").id)


@pytest.mark.parametrize("login", ["sheji", "xitong"])
def test_nobody_publishes_alone(world: World, login: str) -> None:
    definition = draft(world, small())
    with pytest.raises(Conflict, match="not_proposed"):
        designing.publish(world.rt, world.actor(login), key(), definition_id=definition)
    propose(world, definition, login)
    with pytest.raises(Conflict, match="same_person"):
        designing.publish(world.rt, world.actor(login), key(), definition_id=definition)
    with world.rt.db.transaction() as conn:
        assert definitions.row(conn, definition)["status"] == "draft"


def test_what_was_changed_after_the_proposal_is_not_published(world: World, api: Person) -> None:
    definition = draft(world, small())
    propose(world, definition)
    with world.rt.db.transaction() as conn:
        sha = definitions.row(conn, definition)["sha256"]
    body = {"name": "process.bpmn", "content": small(FILL)["process.bpmn"].decode(), "expected": sha}
    api("sheji").put(f"/definitions/{definition}/files", body)
    with pytest.raises(Conflict, match="draft_changed"):
        designing.publish(world.rt, world.actor("xitong"), key(), definition_id=definition)
    publishing.decline(world.rt, world.actor("xitong"), key(), definition_id=definition, remark="已改动")
    propose(world, definition)
    designing.publish(world.rt, world.actor("xitong"), key(), definition_id=definition)
    assert in_force(world) == definition


def test_a_draft_with_errors_is_not_even_proposed(world: World) -> None:
    definition = draft(world, small(FILL, node("scriptTask", "script")))
    with pytest.raises(versionchecks.LintFailed):
        propose(world, definition)


def test_it_comes_into_force_on_the_day_proposed_and_running_cases_stay(world: World) -> None:
    first = publish(world.rt, small()["process.bpmn"])
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    second = draft(world, small(FILL, CHECK, node("userTask", "sign", role="head")))
    propose(world, second, valid_from=date(2026, 9, 10))
    designing.publish(world.rt, world.actor("xitong"), key(), definition_id=second)
    assert in_force(world) == first
    world.time.move_to(date(2026, 9, 10))
    assert in_force(world) == second
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Case.definition_id).where(Case.id == case_id)) == first
        assert definitions.files_of(conn, first)  # readable for ever
        assert conn.scalar(select(Definition.status).where(Definition.id == first)) == "retired"


def test_no_day_in_the_past(world: World) -> None:
    with pytest.raises(DomainError, match="in_the_past"):
        propose(world, draft(world, small()), valid_from=date(2026, 8, 31))


def test_a_proposal_that_waited_too_long_is_in_force_from_the_day_it_is_published(world: World) -> None:
    definition = draft(world, small())
    propose(world, definition, valid_from=date(2026, 9, 2))
    world.time.move_to(date(2026, 9, 20))
    answer = designing.publish(world.rt, world.actor("xitong"), key(), definition_id=definition)
    assert answer["valid_from"] == "2026-09-20"


def test_the_installer_publishes_alone_and_stands_in_the_record(world: World) -> None:
    definition = draft(world, small())
    designing.publish(world.rt, SYSTEM, key(), definition_id=definition, note="随安装发布")
    with world.rt.db.transaction() as conn:
        assert housebook.lines(conn)[1][0]["data"]["sha256"] == versionfiles.digest(small())
