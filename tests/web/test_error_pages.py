"""Pages that are not there, or fail: they say what happened, what to do, and under which number it is recorded."""

from __future__ import annotations

import re
import uuid

import psycopg
import pytest
from flask import Flask

from tests.conftest import World
from tests.web.test_signatures import page


@pytest.mark.parametrize(
    ("language", "said", "next_step"),
    [("zh", "没有这个页面。", "请核对网址"), ("en", "There is no such page.", "Check the address")],
)
def test_a_page_that_is_not_there_says_where_to_go(
    world: World, app: Flask, language: str, said: str, next_step: str
) -> None:
    answer = page(app, world, "qiye").get(f"/nothing-here?lang={language}")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 404 and said in text and next_step in text
    assert 'href="/"' in text and f'lang="{"zh-CN" if language == "zh" else "en"}"' in text


def test_a_case_that_is_not_ones_own_looks_like_one_that_is_not_there(world: World, app: Flask) -> None:
    answer = page(app, world, "qiye").get(f"/cases/{uuid.uuid4()}")
    assert answer.status_code == 404 and "请核对网址" in answer.get_data(as_text=True)


def _break(world: World) -> None:
    """Something real that nobody foresees: a table is gone."""
    with psycopg.connect(world.owner_url.replace("+psycopg", "")) as owner:
        owner.execute("ALTER TABLE message RENAME TO message_gone")


@pytest.mark.parametrize(
    ("language", "said", "number"),
    [("zh", "系统出现意外错误", "故障编号"), ("en", "Something unforeseen", "Incident number")],
)
def test_a_page_that_fails_gives_the_number_that_is_in_the_log(
    world: World, app: Flask, caplog: pytest.LogCaptureFixture, language: str, said: str, number: str
) -> None:
    client = page(app, world, "qiye")
    _break(world)
    answer = client.get(f"/inbox?lang={language}")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 500 and said in text and number in text
    found = re.search(r"<code>([0-9a-f]{8})</code>", text)
    assert found is not None and f"unforeseen error {found[1]}" in caplog.text
    assert "message_gone" not in text and "Traceback" not in text


def test_the_api_gives_the_number_as_well(world: World, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    client = page(app, world, "qiye")
    _break(world)
    answer = client.get("/api/v1/inbox")
    assert answer.status_code == 500 and answer.content_type == "application/problem+json"
    assert f"unforeseen error {answer.get_json()['reference']}" in caplog.text
