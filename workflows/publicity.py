"""What the public does: comments on a notice. They stand in the record of the case they concern."""

from __future__ import annotations

import uuid

from registers.accounts import Actor
from workflows import notices
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


def take_comment(rt: Runtime, key: str, notice_id: uuid.UUID, **said: object) -> Answer:
    """The public's way in: carry the command out without an account."""
    return comment(rt, PUBLIC, key, notice_id=notice_id, **said)
