"""Schemes, evaluations and questionnaires for the people who work with them.

Designers edit schemes and publish them. The officers of a pilot invite enterprises to a questionnaire: the links are made
where the request comes from and only their hashes come here, so that nobody reads one out of the database. Whoever has a
link answers once, without an account.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import Connection

from registers import scoring
from registers.accounts import Actor
from registers.errors import DomainError, Forbidden, NotFound
from workflows import access, piloting
from workflows.commands import Answer, Step, command

MOST_INVITED = 500


@command("scheme.save")
def save_scheme(step: Step, *, code: str, title: dict[str, str], content: dict[str, Any], basis: str) -> Answer:
    """Keep a draft of a scoring scheme; it is checked, and published in a step of its own."""
    access.require(step.actor, "definition.edit")
    if not code.isidentifier() or len(code) > 60 or not title.get("zh", "").strip() or not basis.strip():
        raise DomainError(
            "scheme", "请填写方案编号（英文）、名称和依据。", "Code, name and ground are needed.", pointer="code"
        )
    words = {"zh": title["zh"].strip()[:200], "en": (title.get("en") or title["zh"]).strip()[:200]}
    made = scoring.save(step.conn, code, words, content, basis=basis.strip()[:300], by=step.actor.name, now=step.now)
    return {"scheme_id": made}


@command("scheme.publish")
def publish_scheme(step: Step, *, scheme_id: uuid.UUID) -> Answer:
    """Put a draft in force for evaluations opened from now on."""
    access.require(step.actor, "definition.publish")
    scoring.publish(step.conn, scheme_id, step.now)
    return {"scheme_id": scheme_id}


@command("survey.invite")
def invite(step: Step, *, pilot_id: uuid.UUID, survey_id: uuid.UUID, invited: list[dict[str, str]]) -> Answer:
    """Enter invitations: a name and the hash of a link (hex) each."""
    pilot = piloting.see(step.conn, step.actor, pilot_id)
    if not piloting.keeps(step.actor, pilot):
        raise Forbidden("问卷由试点的经办人员发出。", "The officers of the pilot invite to it.")
    asked = _survey(step.conn, pilot_id, survey_id)
    if asked["closed_at"] is not None or step.today > asked["closes_on"]:
        raise DomainError("survey_ended", "问卷已经截止。", "The questionnaire has ended.")
    if not 0 < len(invited) <= MOST_INVITED:
        raise DomainError(
            "invited", f"每次邀请1至{MOST_INVITED}家。", f"Invite 1 to {MOST_INVITED} at a time.", pointer="names"
        )
    scoring.invite(step.conn, survey_id, [(one["name"], bytes.fromhex(one["digest"])) for one in invited])
    return {"invited": len(invited)}


@command("survey.answer")
def answer(step: Step, *, token: str, answers: dict[str, Any]) -> Answer:
    """Take the one answer of an invitation in; whoever holds the link gives it."""
    scoring.answer(step.conn, token, answers, now=step.now, today=step.today)
    return {"answered": True}


def survey_document(conn: Connection, actor: Actor, pilot_id: uuid.UUID, survey_id: uuid.UUID) -> dict[str, Any]:
    """A questionnaire with who was invited and, as counts, what was answered."""
    pilot = piloting.see(conn, actor, pilot_id)
    asked = _survey(conn, pilot_id, survey_id)
    return {
        **asked,
        "pilot": pilot,
        "may_keep": piloting.keeps(actor, pilot),
        "invitations": scoring.invitations(conn, survey_id),
        "results": scoring.results(conn, survey_id),
    }


def evaluation_document(
    conn: Connection, actor: Actor, pilot_id: uuid.UUID, evaluation_id: uuid.UUID
) -> dict[str, Any]:
    """An evaluation with its scheme; sheets are shown once it is closed, so that nobody scores after another."""
    pilot = piloting.see(conn, actor, pilot_id)
    found = scoring.evaluation(conn, evaluation_id)
    if found["pilot_id"] != pilot_id:
        raise NotFound("没有这次评估。", "There is no such evaluation.")
    handed = [
        {"name": one["name"], "conflict": one["conflict"], "reason": one["conflict_reason"]} for one in found["sheets"]
    ]
    return {**found, "pilot": pilot, "sheets": found["sheets"] if found["closed_at"] else [], "handed_in": handed}


def public_survey(conn: Connection, token: str, today: date) -> dict[str, Any]:
    """What the holder of a link sees: the questions and whether they can be answered still."""
    found = scoring.by_link(conn, token, today)
    return {name: found[name] for name in ("title", "questions", "closes_on", "state")}


def _survey(conn: Connection, pilot_id: uuid.UUID, survey_id: uuid.UUID) -> dict[str, Any]:
    found = scoring.survey(conn, survey_id)
    if found["pilot_id"] != pilot_id:
        raise NotFound("没有这份问卷。", "There is no such questionnaire.")
    return found
