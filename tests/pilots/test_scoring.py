"""Scores are explained line by line; conflicts, gates and vetoes count; a questionnaire takes one answer an invitation."""

from __future__ import annotations

import copy
import random
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from werkzeug.datastructures import MultiDict

from handlers.scoring import compute
from registers import pilots, scoring
from registers.errors import DomainError
from tests.conftest import TODAY, World, key
from tests.waste.kit import play, scenario
from web import schemeforms
from workflows import scoringwork

SCHEME: dict[str, Any] = {
    "pass_mark": 60,
    "promote_mark": 85,
    "spread": 20,
    "least": 3,
    "indicators": [
        {"key": "a", "title": {"zh": "甲", "en": "A"}, "weight": 60, "evidence": "台账", "gate": 50},
        {"key": "b", "title": {"zh": "乙", "en": "B"}, "weight": 40, "evidence": "报告"},
    ],
    "vetoes": [{"key": "worse", "title": {"zh": "恶化", "en": "worse"}, "basis": "JSPARK2019:三（二）"}],
}


def sheet(a: Any, b: Any, *, conflict: str = "", veto: str = "", user: uuid.UUID | None = None) -> dict[str, Any]:
    scores = [{"key": "a", "score": str(a), "evidence": "查台账"}, {"key": "b", "score": str(b), "evidence": "查报告"}]
    return {
        "user_id": user or uuid.uuid4(),
        "name": "评委",
        "conflict": bool(conflict),
        "conflict_reason": conflict,
        "scores": [] if conflict else scores,
        "vetoes": [{"key": "worse", "evidence": veto}] if veto else [],
    }


def test_points_are_mean_times_weight_and_each_line_says_so() -> None:
    found = compute(SCHEME, [sheet(80, 70), sheet(90, 60), sheet(100, 50)])
    # 甲: mean 90 x 60 % = 54; 乙: mean 60 x 40 % = 24.
    assert [line["points"] for line in found["lines"]] == [Decimal("54.00"), Decimal("24.00")]
    assert (found["total"], found["grade"]) == (Decimal("78.00"), "passed")
    first = found["lines"][0]
    assert (first["mean"], first["low"], first["high"], first["spread"]) == (90, 80, 100, 20)
    assert first["zh"] == "平均90.00×权重60%＝54.00分"
    assert first["evidence"] == ["查台账"] * 3


def test_scores_that_lie_far_apart_are_flagged() -> None:
    lines = compute(SCHEME, [sheet(100, 70), sheet(60, 70), sheet(80, 70)])["lines"]
    assert [line["wide"] for line in lines] == [True, False]


def test_who_declares_a_conflict_is_named_and_not_counted() -> None:
    found = compute(SCHEME, [sheet(80, 80), sheet(80, 80), sheet(0, 0, conflict="参与编制")])
    assert found["grade"] == "incomplete"
    assert found["excluded"] == [{"name": "评委", "reason": "参与编制"}]
    assert compute(SCHEME, [sheet(80, 80)] * 3 + [sheet(0, 0, conflict="参与编制")])["total"] == 80


def test_a_gate_that_is_not_met_fails_whatever_the_total() -> None:
    found = compute(SCHEME, [sheet(49, 100)] * 3)
    assert found["total"] == Decimal("69.40")
    assert (found["lines"][0]["gate_met"], found["grade"]) == (False, "failed")


def test_one_vote_is_a_veto_even_at_full_marks() -> None:
    found = compute(SCHEME, [sheet(100, 100), sheet(100, 100, veto="断面水质下降"), sheet(100, 100)])
    assert (found["total"], found["grade"]) == (100, "vetoed")
    assert found["vetoes"][0]["evidence"] == ["断面水质下降"]


def test_the_questionnaire_scores_what_the_scheme_takes_from_it() -> None:
    scheme = copy.deepcopy(SCHEME)
    scheme["indicators"][1]["from"] = "survey"
    sheets = [sheet(80, 0)] * 3
    assert compute(scheme, sheets, Decimal("90"))["total"] == Decimal("84.00")
    assert compute(scheme, sheets, None)["total"] == Decimal("48.00")


@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_the_order_of_sheets_changes_nothing_and_a_better_score_never_lowers_the_total(
    scores: list[tuple[int, int]], chance: random.Random
) -> None:
    sheets = [sheet(Decimal(a) / 100, Decimal(b) / 100) for a, b in scores]
    found = compute(SCHEME, sheets)
    shuffled = list(sheets)
    chance.shuffle(shuffled)
    assert compute(SCHEME, shuffled) == found
    assert 0 <= found["total"] <= 100
    better = copy.deepcopy(sheets)
    better[0]["scores"][0]["score"] = "100"
    assert compute(SCHEME, better)["total"] >= found["total"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"indicators": []}, "indicators"),
        ({"pass_mark": 101}, "pass_mark"),
        ({"least": 0}, "least"),
        ({"vetoes": [{"key": "x"}]}, "vetoes.0"),
    ],
)
def test_a_scheme_that_cannot_be_computed_is_refused_with_its_place(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(DomainError) as refused:
        scoring.check({**SCHEME, **change})
    assert refused.value.pointer == pointer


def test_weights_sum_to_a_hundred() -> None:
    wrong = copy.deepcopy(SCHEME)
    wrong["indicators"][0]["weight"] = 61
    with pytest.raises(DomainError, match="sum to 101"):
        scoring.check(wrong)


def test_designers_edit_a_draft_and_a_published_version_stays(world: World) -> None:
    designer = world.actor("sheji")
    told = {"code": "pilot", "title": {"zh": "新方案", "en": "New"}, "content": SCHEME, "basis": "JSPARK2019:三（三）"}
    made = uuid.UUID(scoringwork.save_scheme(world.rt, designer, key(), **told)["scheme_id"])
    again = uuid.UUID(scoringwork.save_scheme(world.rt, designer, key(), **told)["scheme_id"])
    assert again == made, "one draft at a time"
    scoringwork.publish_scheme(world.rt, designer, key(), scheme_id=made)
    with world.rt.db.transaction() as conn:
        assert scoring.in_force(conn, "pilot")["version"] == 2
    with pytest.raises(Exception, match="never changed"), world.rt.db.transaction() as conn:
        conn.execute(text("UPDATE scoring_scheme SET basis = 'x' WHERE status = 'published'"))
    with pytest.raises(DomainError) as refused:
        scoringwork.save_scheme(world.rt, world.actor("shencha"), key(), **told)
    assert refused.value.status == 403


@pytest.fixture
def asked(world: World) -> tuple[uuid.UUID, uuid.UUID]:
    """A pilot of the demonstration with an open questionnaire."""
    with world.rt.db.transaction() as conn:
        pilot_id = pilots.by_code(conn, "DEMO-01")["id"]
        title = {"zh": "企业问卷", "en": "Questionnaire"}
        survey_id = scoring.open_survey(conn, pilot_id, title, on=TODAY, closes_on=TODAY + timedelta(days=30))
    return pilot_id, survey_id


ANSWERS = {"time": 5, "materials": 4, "visits": 3, "service": 5, "remark": "系统再快一些"}


def test_an_invitation_takes_one_answer_through_its_public_link(
    world: World, api: Any, app: Any, asked: tuple[uuid.UUID, uuid.UUID]
) -> None:
    pilot_id, survey_id = asked
    officer = api("shencha")
    made = officer.post(f"/pilots/{pilot_id}/surveys/{survey_id}/invitations", {"names": ["甲公司", "乙公司"]})
    links = {one["name"]: one["link"].rsplit("/", 1)[1] for one in made["links"]}
    visitor = app.test_client()
    page = visitor.get(f"/survey/{links['甲公司']}").get_data(as_text=True)
    assert "办理时间比改革前缩短" in page
    body = {**ANSWERS, "idempotency_key": key()}
    assert "已收到您的答复" in visitor.post(f"/survey/{links['甲公司']}", data=body).get_data(as_text=True)
    second = visitor.post(f"/survey/{links['甲公司']}", data={**ANSWERS, "idempotency_key": key()})
    assert second.status_code == 409
    results = officer.get(f"/pilots/{pilot_id}/surveys/{survey_id}")
    assert results["results"]["answers"] == 1
    # (5 + 4 + 3 + 5) / 4 = 4.25 of 5; from 1 to 5 as 0 to 100: 81.25.
    assert results["results"]["satisfaction"] == "81.25"
    assert {one["name"]: one["answered"] for one in results["invitations"]} == {"甲公司": True, "乙公司": False}


def test_an_answer_does_not_say_whose_it_is_and_a_link_is_not_kept(
    world: World, api: Any, asked: tuple[uuid.UUID, uuid.UUID]
) -> None:
    pilot_id, survey_id = asked
    made = api("shencha").post(f"/pilots/{pilot_id}/surveys/{survey_id}/invitations", {"names": ["甲公司"]})
    token = made["links"][0]["link"].rsplit("/", 1)[1]
    api("qiye").post(f"/survey/{token}", {"answers": ANSWERS})
    with world.rt.db.transaction() as conn:
        kept = " ".join(str(row) for row in conn.execute(text("SELECT a::text FROM survey_answer a")))
        everything = " ".join(
            str(row)
            for table in ("survey_invitation", "idempotency", "survey_answer")
            for row in conn.execute(text(f"SELECT t::text FROM {table} t"))
        )
    assert "甲公司" not in kept
    assert token not in everything


def test_a_wrong_link_a_missing_answer_and_an_ended_questionnaire_are_refused(
    world: World, api: Any, app: Any, asked: tuple[uuid.UUID, uuid.UUID]
) -> None:
    pilot_id, survey_id = asked
    made = api("shencha").post(f"/pilots/{pilot_id}/surveys/{survey_id}/invitations", {"names": ["甲公司"]})
    token = made["links"][0]["link"].rsplit("/", 1)[1]
    client = app.test_client()
    assert client.get("/survey/nobodys-link").status_code == 404
    missing = client.post(f"/survey/{token}", data={"time": "5", "idempotency_key": key()})
    assert missing.status_code == 422
    world.time.move_to(date(2026, 11, 1))
    late = client.post(f"/survey/{token}", data={**ANSWERS, "idempotency_key": key()})
    assert late.status_code == 409
    refused = api("shencha").post(f"/pilots/{pilot_id}/surveys/{survey_id}/invitations", {"names": ["乙公司"]})
    assert refused["code"] == "survey_ended"


def test_sheets_are_not_shown_before_the_evaluation_is_closed(world: World, api: Any) -> None:
    with world.rt.db.transaction() as conn:
        pilot_id = pilots.by_code(conn, "DEMO-01")["id"]
        opened = scoring.open_evaluation(conn, pilot_id, "pilot", TODAY)
        person = world.actor("zhuanjia2")
        assert person.id is not None
        given = [
            {"key": one["key"], "score": "80", "evidence": "台账"} for one in opened["scheme"]["content"]["indicators"]
        ]
        told = {"user_id": person.id, "name": person.name, "comment": "", "now": world.time.now(), "vetoes": []}
        assert scoring.hand_in(conn, opened["id"], conflict_reason="", scores=given, **told)
        assert not scoring.hand_in(conn, opened["id"], conflict_reason="", scores=given, **told), "one sheet a person"
    found = api("shencha").get(f"/pilots/{pilot_id}/evaluations/{opened['id']}")
    assert found["sheets"] == []
    assert [one["name"] for one in found["handed_in"]] == [person.name]
    with world.rt.db.transaction() as conn:
        scoring.close_evaluation(conn, opened["id"], {"total": "80"}, world.time.now())
    assert len(api("shencha").get(f"/pilots/{pilot_id}/evaluations/{opened['id']}")["sheets"]) == 1


def filled(scheme: dict[str, Any]) -> dict[str, Any]:
    """The fields of the form of a scheme, as a browser sends them."""
    fields = schemeforms.shown(scheme)
    sent: dict[str, Any] = {name: fields[name] for name in schemeforms.MARKS}
    for prefix, rows, names in (("i", "indicators", schemeforms.INDICATOR), ("v", "vetoes", schemeforms.VETO)):
        sent |= {f"{prefix}_{name}": [row[name] for row in fields[rows]] for name in names}
    return {**sent, "code": "pilot", "title_zh": "新方案", "title_en": "New", "basis": "JSPARK2019:三（三）"}


def test_the_form_of_a_scheme_says_the_same_as_its_data(world: World) -> None:
    with world.rt.db.transaction() as conn:
        shipped = [row["content"] for row in scoring.schemes(conn)]
    assert shipped
    for content in shipped:
        typed = schemeforms.sent(MultiDict(list(_pairs(filled(content)))))
        assert schemeforms.content_of(typed) == content


def _pairs(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        yield from ((name, one) for one in (value if isinstance(value, list) else [value]))


def test_a_designer_edits_a_scheme_by_a_form_whose_weights_must_add_up(world: World, at_page: Any) -> None:
    with world.rt.db.transaction() as conn:
        found = scoring.in_force(conn, "pilot")
    client, hidden = at_page("sheji")
    fields = {**hidden, **filled(found["content"])}
    first = f"/schemes/{found['id']}"
    page = client.post(first, data={**fields, "do": "indicator"}).get_data(as_text=True)
    assert page.count('name="i_key"') == len(found["content"]["indicators"]) + 1
    wrong = {**fields, "i_weight": ["35", *fields["i_weight"][1:]], "do": "save"}
    answer = client.post(first, data=wrong)
    assert answer.status_code == 422
    assert "权重之和应为100，现为105" in answer.get_data(as_text=True)
    right = {**fields, "i_weight": ["35", "15", *fields["i_weight"][2:]], "do": "save"}
    answer = client.post(first, data={**right, "idempotency_key": key()})
    assert answer.status_code == 302
    draft = uuid.UUID(answer.headers["Location"].rsplit("/", 1)[1])
    with world.rt.db.transaction() as conn:
        kept = scoring.scheme(conn, draft)
    assert (kept["status"], [one["weight"] for one in kept["content"]["indicators"][:2]]) == ("draft", [35, 15])
    assert client.post(f"/schemes/{draft}/publish", data={**hidden, "idempotency_key": key()}).status_code == 302
    with world.rt.db.transaction() as conn:
        assert scoring.in_force(conn, "pilot")["id"] == draft


def test_sample_scores_show_the_result_before_anything_is_kept(world: World, at_page: Any, api: Any) -> None:
    with world.rt.db.transaction() as conn:
        found = scoring.in_force(conn, "pilot")
        before = len(scoring.schemes(conn))
    content = found["content"]
    samples = {one["key"]: ["80", "90", "100"] for one in content["indicators"]}
    client, hidden = at_page("sheji")
    fields = {**hidden, **filled(content), "i_sample": ["80 90 100"] * len(samples), "do": "preview"}
    page = client.post(f"/schemes/{found['id']}", data=fields).get_data(as_text=True)
    # The questionnaire's line takes its first figure, every other the mean of three: 85 x 90 + 15 x 80 per cent.
    assert "得分88.50" in page
    result = api("shencha").post("/schemes/preview", {"content": content, "samples": samples})
    assert result["total"] == "88.50"
    with world.rt.db.transaction() as conn:
        assert len(scoring.schemes(conn)) == before
    assert api("qiye").post("/schemes/preview", {"content": content})["status"] == 403


def test_all_seats_are_open_at_once_and_a_conflict_leaves_its_seat_open(world: World) -> None:
    name = "评委声明利益冲突"
    steps = scenario("pilot_evaluation", name)["steps"]
    first = next(number for number, step in enumerate(steps) if step.get("task") == "task_score")
    player = play(world, "pilot_evaluation", name, first)

    def seats() -> int:
        return [task["element"] for task in player.open_tasks()].count("task_score")

    assert seats() == 3
    left = []
    for step in steps[first : first + 4]:
        player.take(step)
        left.append(seats())
    # The second declares a conflict: the seat stays open until somebody without one takes it.
    assert left == [2, 2, 1, 0]
    with world.rt.db.transaction() as conn:
        (found,) = scoring.evaluations_of(conn, pilots.of_case(conn, player.case_id))
        result = scoring.evaluation(conn, found["id"])["result"]
    assert result["evaluators"] == 3
    assert [one["reason"] for one in result["excluded"]] == ["曾参与该试点方案编制"]
    assert {line["spread"] for line in result["lines"] if not line["from_survey"]} == {"4"}
