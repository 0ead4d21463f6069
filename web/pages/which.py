"""“Which procedure do I need?”: a few questions, one a page, that lead to a guide. Advice, not a decision."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from flask import render_template, request

from registers.errors import NotFound
from registers.laws import DATA, cite
from web import words
from web.context import reading, runtime
from web.pages import blueprint
from web.pages.work import limit_line
from workflows import definitions


@cache
def tree() -> dict[str, Any]:
    """The questions, their answers and where they lead."""
    found: dict[str, Any] = json.loads((DATA / "which.json").read_text(encoding="utf-8"))
    return found


@blueprint.get("/which")
def which() -> Any:
    """The next question for the answers given so far, or where they lead."""
    given = tree()
    path: list[Any] = []
    key, answer = given["first"], ""
    while key in given["questions"]:
        question = given["questions"][key]
        picked = next((one for one in question["options"] if one["value"] == request.args.get(key)), None)
        if picked is None:
            if request.args.get(key):
                raise NotFound()
            return render_template("which.html", path=path, key=key, question=question, answer=None)
        path.append((key, question, picked))
        key, answer = picked.get("next", ""), picked.get("answer")
    return render_template("which.html", path=path, key=None, question=None, answer=_lead(given["answers"][answer]))


def _lead(answer: dict[str, Any]) -> dict[str, Any]:
    """Where an answer leads: the procedure when it is published here, else the one named instead."""
    with reading() as conn:
        published = {row["procedure"]: row["title"] for row in definitions.listing(conn, status="published")}
        reference = runtime().reference.get(conn)
        limits = [limit_line(reference.rule(conn, code, runtime().time.today())) for code in answer.get("limits", ())]
    wanted = [answer.get("procedure"), answer.get("otherwise")]
    found = next((one for one in wanted if one in published), None)
    return {
        "text": answer["text"],
        "basis": [words.in_language(cite(code)) for code in answer["basis"]],
        "limits": limits,
        "procedure": found,
        "title": published.get(found) if found else None,
        "missing": answer.get("procedure") is not None and found is None,
    }
