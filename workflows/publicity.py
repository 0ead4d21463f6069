"""What the public does: comments on a notice. They stand in the record of the case they concern."""

from __future__ import annotations

import uuid

from registers.accounts import Actor
from registers.errors import Forbidden
from workflows import access, casenotes, notices
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.runtime import Runtime

# The public has no account. The command below is all it can do, so it may run with the program's sight.
PUBLIC = Actor(None, "system", "公众", None, frozenset(), frozenset())


@command("notice.comment")
def comment(
    step: Step, *, notice_id: uuid.UUID, author: str, contact: str, comment: str, wants_hearing: bool = False
) -> Answer:
    """Take a comment (and a request for a hearing) on an open notice into the case."""
    made = notices.add_comment(
        step, notice_id, author=author, contact=contact, text=comment, wants_hearing=wants_hearing
    )
    run = CaseRun.lock(step, made["case_id"], closed_too=True)
    run.record("notice_comment", comment=made["comment_id"], hearing=wants_hearing)
    run.save()
    return {"comment_id": made["comment_id"]}


@command("notice.answer")
def answer(step: Step, *, case_id: uuid.UUID, comment_id: uuid.UUID, text: str) -> Answer:
    """Answer a comment; comment and answer then stand under the notice, the author's name shortened."""
    case = access.visible_case(step.conn, step.actor, case_id)
    if not casenotes.is_official(step.actor, case):
        raise Forbidden("只有办理机关可以答复。", "Only a body of the case can answer.")
    run = CaseRun.lock(step, case_id, closed_too=True)
    notices.add_answer(step, case_id, comment_id, text)
    run.record("comment_answered", comment=comment_id)
    run.save()
    return {"comment_id": comment_id}


def take_comment(rt: Runtime, key: str, notice_id: uuid.UUID, **said: object) -> Answer:
    """The public's way in: carry the command out without an account."""
    return comment(rt, PUBLIC, key, notice_id=notice_id, **said)
