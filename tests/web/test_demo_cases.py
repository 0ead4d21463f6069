"""The demonstration has cases at telling moments: no desk is empty, and all of it holds together."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from tests.conftest import World
from tests.web.conftest import Api
from tests.web.test_signatures import page
from workflows import demo_cases, events, selfcheck

Person = Callable[[str], Api]


def test_no_desk_of_the_demonstration_is_empty(world: World, app: Flask, api: Person) -> None:
    count = demo_cases.load(world.rt)
    waiting = {login: {one["element"] for one in api(login).get("/tasks")["tasks"]} for login in ("qiye", "shencha")}
    assert {"task_fix_application", "task_correct"} <= waiting["qiye"]
    assert {"task_site_check", "task_eia_opinion"} <= waiting["shencha"]
    for login in ("chuangkou", "huiban"):
        assert api(login).get("/tasks")["total"] > 0, login
    assert [one["title"] for one in api("chuangkou").get("/correction-requests")]
    (objection,) = api("jianguan").get("/objections", mine="true")
    assert objection["due_on"] > world.time.today().isoformat()
    assert {case["status"] for case in api("qiye").get("/cases")["cases"]} == {"running", "closed"}
    board = page(app, world, "shencha").get("/boards/cases").get_data(as_text=True)
    assert f"共{count}件案件" in board
    case = next(one for one in api("qiye").get("/cases")["cases"] if "检测中心" in one["title"])
    due = min(one["clock"]["statutory_due"] for one in api("qiye").get(f"/cases/{case['id']}")["matters"])
    year, month, day = due.split("-")
    # The last day, not the midnight after it at which the clock calls.
    assert f"{year}年{int(month)}月{int(day)}日" in board[board.index("检测中心") :][:700]
    visitor = app.test_client()
    assert {one["kind"] for one in visitor.get("/api/v1/notices").get_json()} >= {"acceptance", "decision"}
    with world.rt.db.transaction() as conn:
        assert selfcheck.check(conn, world.rt.files_root).faults == []
        assert list(events.verify(conn)) == []
