"""The pages: server-rendered, usable without script, each view parse, call, render."""

from __future__ import annotations

from flask import Blueprint, Flask

from web import drafts, words
from web.context import new_key
from web.i18n import model_name

blueprint = Blueprint("pages", __name__)


def install(app: Flask) -> None:
    """Register all pages and the words templates use."""
    from web.pages import (  # noqa: F401 - they register views
        account,
        boards,
        calendar,
        casepages,
        clockpage,
        designing,
        duties,
        firstrun,
        formdesk,
        handbook,
        home,
        houserules,
        houses,
        inbox,
        incidents,
        inspections,
        letterdesk,
        limits,
        migrating,
        milestones,
        modelruns,
        numbers,
        objections,
        openpages,
        outside,
        parks,
        permits,
        pilots,
        public,
        publishing,
        quota,
        quotarules,
        reductions,
        reviewdesk,
        scoring,
        sealing,
        signing,
        siterounds,
        system,
        tabledesk,
        taskparts,
        tasks,
        totals,
        trials,
        users,
        waste,
        which,
        work,
        workbench,
    )

    app.secret_key = None
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        new_key=new_key,
        role_name=words.role_name,
        matter_name=words.matter_name,
        klass_name=words.klass_name,
        notice_name=words.notice_name,
        matter_status=words.matter_status,
        case_status=words.case_status,
        light=words.light,
        light_of=words.light_of,
        limit_text=words.limit_text,
        size=words.size,
        outcome_name=words.outcome_name,
        mode_name=words.mode_name,
        notice_facts=words.notice_facts,
        task_title=words.task_title,
        model_name=model_name,
        parts_done=drafts.done,
    )
