"""Tasks: list, show with form and data, draft, claim, release, assign, complete; stand-ins."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint

from web import auth, sealing, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import worklist

blueprint = Blueprint("tasks", __name__, description="Tasks")


@blueprint.get("/tasks")
@blueprint.arguments(schemas.TasksIn(), location="query")
@blueprint.response(200)
@auth.signed_in
def listing(args: dict[str, Any]) -> Any:
    """My work list."""
    with reading() as conn:
        page = worklist.tasks(conn, actor(), **args)
    return {"total": page.total, "tasks": views.plain(page.rows)}


@blueprint.get("/tasks/<uuid:task_id>")
@blueprint.response(200)
@auth.signed_in
def show(task_id: uuid.UUID) -> Any:
    """A task with its form, the data so far (draft, earlier submission or pre-fill) and what it concerns."""
    with reading() as conn:
        return views.task_document(conn, runtime(), actor(), task_id)


@blueprint.put("/tasks/<uuid:task_id>/draft")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.DraftIn())
@blueprint.response(200)
@auth.signed_in
def save_draft(args: dict[str, Any], task_id: uuid.UUID) -> Any:
    """Keep what has been entered so far, unchecked."""
    return run(worklist.save_draft, task_id=task_id, **{"revision": None, **args})


@blueprint.post("/tasks/<uuid:task_id>/complete")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.CompleteIn())
@blueprint.response(200)
@auth.signed_in
def complete(args: dict[str, Any], task_id: uuid.UUID) -> Any:
    """Hand the task in; field errors come back with their paths.

    A step that its model says is signed needs `signature`: what the signer is asked for (`POST /tasks/{id}/signing`).
    """
    return sealing.complete(task_id, args["data"], args.get("signature"))


@blueprint.post("/tasks/<uuid:task_id>/claim")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def claim(task_id: uuid.UUID) -> Any:
    """Take the task."""
    return run(worklist.claim, task_id=task_id)


@blueprint.post("/tasks/<uuid:task_id>/release")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.ReasonIn())
@blueprint.response(200)
@auth.signed_in
def release(args: dict[str, Any], task_id: uuid.UUID) -> Any:
    """Give the task back to everybody it is offered to."""
    return run(worklist.release, task_id=task_id, reason=args["reason"])


@blueprint.post("/tasks/<uuid:task_id>/assign")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.AssignIn())
@blueprint.response(200)
@auth.signed_in
def assign(args: dict[str, Any], task_id: uuid.UUID) -> Any:
    """Give the task to a colleague."""
    return run(worklist.assign, task_id=task_id, user_id=args["user_id"], reason=args["reason"])


@blueprint.post("/delegations")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.DelegationIn())
@blueprint.response(201)
@auth.signed_in
def lend(args: dict[str, Any]) -> Any:
    """Let a colleague stand in for me for a period."""
    return run(worklist.lend, **args)


@blueprint.delete("/delegations/<uuid:delegation_id>")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def take_back(delegation_id: uuid.UUID) -> Any:
    """End a stand-in early."""
    return run(worklist.take_back, delegation_id=delegation_id)
