"""Scoring schemes, evaluations by several people, and questionnaires to enterprises.

A scheme is data: indicators with weights that sum to 100, gates, the evidence asked for, and one-vote vetoes. Designers
edit drafts; a published version never changes, and an evaluation keeps to the version it was opened with. Who has a
conflict of interest says so and is not counted. A questionnaire's answer uses up its invitation and does not say whose
it was.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.laws import DATA
from registers.scoring_tables import (
    Evaluation,
    EvaluationSheet,
    ScoringScheme,
    Survey,
    SurveyAnswer,
    SurveyInvitation,
)

TOP = 100  # an evaluator gives 0 to 100 for each indicator


@cache
def _shipped() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / "scoring_rules.json").read_text(encoding="utf-8"))
    return found


def questions() -> list[dict[str, Any]]:
    """The questions a questionnaire starts with."""
    return list(_shipped()["questions"])


# -- schemes ---------------------------------------------------------------------------------------------------


def seed(conn: Connection, now: datetime) -> None:
    """Publish the schemes that ship, where none of the code is there."""
    known = set(conn.scalars(select(ScoringScheme.code)))
    for one in _shipped()["schemes"]:
        if one["code"] not in known:
            check(one["content"])
            made = save(conn, one["code"], one["title"], one["content"], basis=one["basis"], by="", now=now)
            publish(conn, made, now)


def save(
    conn: Connection,
    code: str,
    title: Mapping[str, str],
    content: Mapping[str, Any],
    *,
    basis: str,
    by: str,
    now: datetime,
) -> uuid.UUID:
    """Keep a draft: the open draft of the code is replaced, else a new version begins."""
    check(content)
    draft = conn.scalar(select(ScoringScheme.id).where(ScoringScheme.code == code, ScoringScheme.status == "draft"))
    facts = {"title": dict(title), "content": dict(content), "basis": basis, "edited_by": by, "edited_at": now}
    if draft is not None:
        conn.execute(update(ScoringScheme).where(ScoringScheme.id == draft).values(**facts))
        return draft
    latest = select(func.coalesce(func.max(ScoringScheme.version), 0)).where(ScoringScheme.code == code)
    version = (conn.scalar(latest) or 0) + 1
    made = uuid7()
    conn.execute(insert(ScoringScheme).values(id=made, code=code, version=version, status="draft", **facts))
    return made


def publish(conn: Connection, scheme_id: uuid.UUID, now: datetime) -> None:
    """Put a draft in force; from then on it never changes."""
    mine = (ScoringScheme.id == scheme_id) & (ScoringScheme.status == "draft")
    if not conn.execute(update(ScoringScheme).where(mine).values(status="published", published_at=now)).rowcount:
        raise Conflict("scheme_published", "该方案已发布，或者不存在。", "The scheme is published, or there is none.")


def schemes(conn: Connection) -> list[dict[str, Any]]:
    """All versions, by code, the newest first."""
    query = select(ScoringScheme.__table__).order_by(ScoringScheme.code, ScoringScheme.version.desc()).limit(500)
    return [dict(row) for row in conn.execute(query).mappings()]


def scheme(conn: Connection, scheme_id: uuid.UUID) -> dict[str, Any]:
    """One version; raises NotFound."""
    row = conn.execute(select(ScoringScheme.__table__).where(ScoringScheme.id == scheme_id)).mappings().first()
    if row is None:
        raise NotFound("没有这个评分方案。", "There is no such scheme.")
    return dict(row)


def in_force(conn: Connection, code: str) -> dict[str, Any]:
    """The newest published version of a code; raises NotFound."""
    query = select(ScoringScheme.__table__).where(ScoringScheme.code == code, ScoringScheme.status == "published")
    row = conn.execute(query.order_by(ScoringScheme.version.desc()).limit(1)).mappings().first()
    if row is None:
        raise NotFound(f"没有发布的评分方案“{code}”。", f"No scheme {code} is published.")
    return dict(row)


def check(content: Mapping[str, Any]) -> None:
    """Refuse a scheme that cannot be computed, and say where."""
    indicators = content.get("indicators")
    if not isinstance(indicators, list) or not indicators:
        raise _wrong("indicators", "至少一项指标", "at least one indicator")
    keys = [one.get("key") for one in indicators]
    if len(set(keys)) != len(keys) or not all(isinstance(key, str) and key for key in keys):
        raise _wrong("indicators", "指标编号须填写且不重复", "every indicator needs a key of its own")
    total = Decimal(0)
    for place, one in enumerate(indicators):
        where = f"indicators.{place}"
        if not isinstance(one.get("title"), Mapping) or not one["title"].get("zh"):
            raise _wrong(f"{where}.title", "指标须有名称", "an indicator needs a name")
        if not str(one.get("evidence") or "").strip():
            raise _wrong(f"{where}.evidence", "须写明所需佐证", "say which evidence is asked for")
        total += _mark(one.get("weight"), f"{where}.weight")
        if one.get("gate") is not None:
            _mark(one["gate"], f"{where}.gate")
    if total != TOP:
        raise _wrong("indicators", f"权重之和应为100，现为{total:f}", f"the weights sum to {total:f}, not to 100")
    for name in ("pass_mark", "promote_mark", "spread"):
        _mark(content.get(name), name)
    least = content.get("least")
    if not isinstance(least, int) or not 1 <= least <= 50:
        raise _wrong("least", "评委人数应为1至50", "the number of evaluators lies between 1 and 50")
    for place, one in enumerate(content.get("vetoes", [])):
        if not one.get("key") or not isinstance(one.get("title"), Mapping) or not one.get("basis"):
            raise _wrong(f"vetoes.{place}", "否决项须有编号、名称和依据", "a veto needs a key, a name and a ground")


def _mark(given: Any, where: str) -> Decimal:
    try:
        number = Decimal(str(given))
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or not 0 <= number <= TOP:
        raise _wrong(where, "应为0至100的数", "a number from 0 to 100")
    return number


def _wrong(where: str, zh: str, en: str) -> DomainError:
    return DomainError("scheme", f"评分方案有误：{zh}。", f"The scheme is not usable: {en}.", pointer=where)


# -- evaluations -------------------------------------------------------------------------------------------------


def open_evaluation(conn: Connection, pilot_id: uuid.UUID, code: str, on: date) -> dict[str, Any]:
    """Open the evaluation of a pilot by the scheme in force; one that is open already goes on."""
    found = current(conn, pilot_id)
    if found is not None:
        return found
    chosen = in_force(conn, code)
    conn.execute(insert(Evaluation).values(id=uuid7(), pilot_id=pilot_id, scheme_id=chosen["id"], opened_on=on))
    opened = current(conn, pilot_id)
    assert opened is not None
    return opened


def current(conn: Connection, pilot_id: uuid.UUID) -> dict[str, Any] | None:
    """The open evaluation of a pilot with its scheme."""
    query = select(Evaluation.id).where(Evaluation.pilot_id == pilot_id, Evaluation.closed_at.is_(None))
    found = conn.scalar(query)
    return evaluation(conn, found) if found is not None else None


def evaluation(conn: Connection, evaluation_id: uuid.UUID) -> dict[str, Any]:
    """An evaluation with scheme and sheets; raises NotFound."""
    row = conn.execute(select(Evaluation.__table__).where(Evaluation.id == evaluation_id)).mappings().first()
    if row is None:
        raise NotFound("没有这次评估。", "There is no such evaluation.")
    sheets = select(EvaluationSheet.__table__).where(EvaluationSheet.evaluation_id == evaluation_id)
    rows = conn.execute(sheets.order_by(EvaluationSheet.at, EvaluationSheet.user_id)).mappings()
    return {**row, "scheme": scheme(conn, row["scheme_id"]), "sheets": [dict(sheet) for sheet in rows]}


def evaluations_of(conn: Connection, pilot_id: uuid.UUID) -> list[dict[str, Any]]:
    """The evaluations of a pilot, newest first."""
    query = (
        select(Evaluation.__table__, ScoringScheme.title)
        .join(ScoringScheme, ScoringScheme.id == Evaluation.scheme_id)
        .where(Evaluation.pilot_id == pilot_id)
    )
    return [dict(row) for row in conn.execute(query.order_by(Evaluation.opened_on.desc()).limit(50)).mappings()]


def hand_in(
    conn: Connection,
    evaluation_id: uuid.UUID,
    *,
    user_id: uuid.UUID,
    name: str,
    conflict_reason: str,
    scores: Sequence[Mapping[str, Any]],
    vetoes: Sequence[Mapping[str, Any]],
    comment: str,
    now: datetime,
) -> bool:
    """Take a sheet in; False when this person has handed one in already. With a conflict nothing is scored."""
    known = select(EvaluationSheet.user_id).where(
        EvaluationSheet.evaluation_id == evaluation_id, EvaluationSheet.user_id == user_id
    )
    if conn.scalar(known) is not None:
        return False
    conflict = bool(conflict_reason)
    conn.execute(
        insert(EvaluationSheet).values(
            evaluation_id=evaluation_id,
            user_id=user_id,
            name=name,
            conflict=conflict,
            conflict_reason=conflict_reason[:1000],
            scores=[] if conflict else [dict(row) for row in scores],
            vetoes=[] if conflict else [dict(row) for row in vetoes],
            comment=comment[:4000],
            at=now,
        )
    )
    return True


def close_evaluation(conn: Connection, evaluation_id: uuid.UUID, result: Mapping[str, Any], now: datetime) -> None:
    """Fix the result of an evaluation."""
    mine = (Evaluation.id == evaluation_id) & Evaluation.closed_at.is_(None)
    if not conn.execute(update(Evaluation).where(mine).values(result=dict(result), closed_at=now)).rowcount:
        raise Conflict("evaluation_closed", "该评估已经结束。", "This evaluation is closed.")


# -- questionnaires --------------------------------------------------------------------------------------------------


def open_survey(
    conn: Connection, pilot_id: uuid.UUID, title: Mapping[str, str], *, on: date, closes_on: date
) -> uuid.UUID:
    """Open a questionnaire about a pilot."""
    made = uuid7()
    facts = {"title": dict(title), "questions": questions(), "opened_on": on, "closes_on": closes_on}
    conn.execute(insert(Survey).values(id=made, pilot_id=pilot_id, **facts))
    return made


def survey(conn: Connection, survey_id: uuid.UUID) -> dict[str, Any]:
    """A questionnaire; raises NotFound."""
    row = conn.execute(select(Survey.__table__).where(Survey.id == survey_id)).mappings().first()
    if row is None:
        raise NotFound("没有这份问卷。", "There is no such questionnaire.")
    return dict(row)


def surveys_of(conn: Connection, pilot_id: uuid.UUID) -> list[dict[str, Any]]:
    """The questionnaires of a pilot with how many were invited and have answered, newest first."""
    counts = (
        select(func.count()).where(SurveyInvitation.survey_id == Survey.id).scalar_subquery().label("invited"),
        select(func.count()).where(SurveyAnswer.survey_id == Survey.id).scalar_subquery().label("answered"),
    )
    query = select(Survey.__table__, *counts).where(Survey.pilot_id == pilot_id)
    return [dict(row) for row in conn.execute(query.order_by(Survey.opened_on.desc()).limit(50)).mappings()]


def invite(conn: Connection, survey_id: uuid.UUID, invited: Sequence[tuple[str, bytes]]) -> None:
    """Enter invitations: whom, and the hash of the link that goes to them."""
    rows = [{"survey_id": survey_id, "name": name[:200], "token_hash": digest} for name, digest in invited]
    conn.execute(insert(SurveyInvitation), [{"id": uuid7(), **row} for row in rows])


def invitations(conn: Connection, survey_id: uuid.UUID) -> list[dict[str, Any]]:
    """Who was invited, and who has answered (not what)."""
    columns = (SurveyInvitation.name, SurveyInvitation.answered_at)
    query = select(*columns).where(SurveyInvitation.survey_id == survey_id).order_by(SurveyInvitation.name).limit(2000)
    return [{"name": row.name, "answered": row.answered_at is not None} for row in conn.execute(query)]


def digest_of(token: str) -> bytes:
    """What the link of an invitation is stored as."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def by_link(conn: Connection, token: str, today: date, *, lock: bool = False) -> dict[str, Any]:
    """The questionnaire behind a link and whether it can be answered still; raises NotFound."""
    query = select(SurveyInvitation.__table__).where(SurveyInvitation.token_hash == digest_of(token))
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound("链接不正确或者已失效。", "The link is not right, or not valid any more.")
    asked = survey(conn, row["survey_id"])
    ended = asked["closed_at"] is not None or today > asked["closes_on"]
    state = "answered" if row["answered_at"] is not None else "ended" if ended else "open"
    return {**asked, "invitation_id": row["id"], "state": state}


def answer(conn: Connection, token: str, given: Mapping[str, Any], *, now: datetime, today: date) -> None:
    """Take the one answer of an invitation in; it is kept without a trace of the invitation."""
    asked = by_link(conn, token, today, lock=True)
    if asked["state"] == "answered":
        raise Conflict(
            "answered", "这份邀请已经答复过，每份邀请只能答复一次。", "This invitation was answered already."
        )
    if asked["state"] == "ended":
        raise Conflict("survey_ended", "问卷已经截止。", "The questionnaire has ended.")
    clean = {one["key"]: _answer_to(one, given.get(one["key"])) for one in asked["questions"]}
    conn.execute(insert(SurveyAnswer).values(id=uuid.uuid4(), survey_id=asked["id"], answers=clean, on_date=today))
    mine = SurveyInvitation.id == asked["invitation_id"]
    conn.execute(update(SurveyInvitation).where(mine).values(answered_at=now))


def _answer_to(question: Mapping[str, Any], given: Any) -> Any:
    if question["kind"] == "text":
        return str(given or "").strip()[:4000]
    if str(given) not in ("1", "2", "3", "4", "5"):
        raise DomainError(
            "answer",
            f"请回答“{question['title']['zh']}”。",
            f"Please answer “{question['title']['en']}”.",
            pointer=question["key"],
        )
    return int(given)


def close_survey(conn: Connection, survey_id: uuid.UUID, now: datetime) -> None:
    """End a questionnaire; ending it again changes nothing."""
    conn.execute(update(Survey).where(Survey.id == survey_id, Survey.closed_at.is_(None)).values(closed_at=now))


def results(conn: Connection, survey_id: uuid.UUID) -> dict[str, Any]:
    """Counts and mean of each question, the remarks, and satisfaction from 0 to 100 over all scales."""
    asked = survey(conn, survey_id)
    rows = list(conn.scalars(select(SurveyAnswer.answers).where(SurveyAnswer.survey_id == survey_id).limit(20_000)))
    lines, sum_all, count_all = [], 0, 0
    for one in asked["questions"]:
        if one["kind"] != "scale":
            continue
        given = [row[one["key"]] for row in rows]
        counts = [given.count(level) for level in range(1, 6)]
        mean = Decimal(sum(given)) / len(given) if given else None
        lines.append({**one, "counts": counts, "mean": None if mean is None else mean.quantize(Decimal("0.01"))})
        sum_all, count_all = sum_all + sum(given), count_all + len(given)
    remarks = sorted({row[one["key"]] for one in asked["questions"] if one["kind"] == "text" for row in rows} - {""})
    satisfaction = None
    if count_all:
        # 1 of 5 is none at all, 5 of 5 is full: the scale starts at one.
        satisfaction = ((Decimal(sum_all) / count_all - 1) / 4 * TOP).quantize(Decimal("0.01"))
    return {"answers": len(rows), "lines": lines, "remarks": remarks, "satisfaction": satisfaction}
