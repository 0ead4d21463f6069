"""Conveniences of the work list: filters kept under a name, several tasks taken or handed on at once, rounds of site visits.

Several tasks at once are several steps, each under its own key: what one refuses does not undo the others, and the
answer says which. A round of visits groups open site checks by sector and area and orders them by the nearest next
stop (Shaoxing measure 4: checks of a sector or an area are done together).
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from registers.accounts import Actor
from registers.db import uuid7
from registers.errors import DomainError, Forbidden, NotFound
from registers.parties import Enterprise
from workflows import access, casefile, worklist
from workflows.commands import Answer, Step, command
from workflows.desk_models import SavedFilter, SiteRound, SiteStop
from workflows.models import Case, Task
from workflows.runtime import Runtime

SITE_FORM = "site_check"
MOST_AT_ONCE = 100
MOST_STOPS = 40
FILTER_KEYS = frozenset(["scope", "q", "sort", "procedure", "light", "step"])
_POSITION = re.compile(r"E\s*(\d{2,3}(?:\.\d+)?)\D+N\s*(\d{1,2}(?:\.\d+)?)", re.IGNORECASE)
_EARTH_KM = 6371.0


@dataclass(frozen=True)
class Visit:
    """A site check that can be part of a round: where it is, and from where that is known."""

    task: dict[str, Any]
    sector: str
    area: str
    address: str
    position: tuple[float, float] | None
    km: float | None = None


@command("filter.save")
def save_filter(step: Step, *, name: str, query: dict[str, str]) -> Answer:
    """Keep a filter of the work list under a name; the same name again replaces it."""
    if step.actor.id is None or not name.strip() or len(name) > 60:
        raise DomainError(
            "name", "请填写名称（60字以内）。", "A name of at most 60 characters is needed.", pointer="name"
        )
    kept = {key: str(value)[:100] for key, value in query.items() if key in FILTER_KEYS and value}
    made = step.conn.scalar(
        upsert(SavedFilter)
        .values(id=uuid7(), user_id=step.actor.id, name=name.strip(), query=kept, created_at=step.now)
        .on_conflict_do_update(index_elements=["user_id", "name"], set_={"query": kept, "created_at": step.now})
        .returning(SavedFilter.id)
    )
    return {"filter_id": made}


@command("filter.drop")
def drop_filter(step: Step, *, filter_id: uuid.UUID) -> Answer:
    """Forget a kept filter."""
    done = step.conn.execute(
        delete(SavedFilter).where(SavedFilter.id == filter_id, SavedFilter.user_id == step.actor.id)
    )
    if done.rowcount != 1:
        raise NotFound()
    return {"filter_id": filter_id}


def filters(conn: Connection, actor: Actor, limit: int = 50) -> list[dict[str, Any]]:
    """The filters a person keeps."""
    rows = conn.execute(
        select(SavedFilter.id, SavedFilter.name, SavedFilter.query)
        .where(SavedFilter.user_id == actor.id)
        .order_by(SavedFilter.name)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def claim_many(rt: Runtime, actor: Actor, key: str, task_ids: Sequence[uuid.UUID]) -> list[dict[str, Any]]:
    """Claim several tasks; for each the answer or the reason why not."""
    return _each(task_ids, lambda task_id: worklist.claim(rt, actor, f"{key}:{task_id}", task_id=task_id))


def assign_many(
    rt: Runtime, actor: Actor, key: str, task_ids: Sequence[uuid.UUID], user_id: uuid.UUID, reason: str = ""
) -> list[dict[str, Any]]:
    """Give several tasks to a colleague; for each the answer or the reason why not."""
    return _each(
        task_ids,
        lambda task_id: worklist.assign(rt, actor, f"{key}:{task_id}", task_id=task_id, user_id=user_id, reason=reason),
    )


def _each(task_ids: Iterable[uuid.UUID], act: Callable[[uuid.UUID], Any]) -> list[dict[str, Any]]:
    chosen = list(dict.fromkeys(task_ids))
    if not chosen or len(chosen) > MOST_AT_ONCE:
        raise DomainError(
            "task_ids",
            f"请选择1至{MOST_AT_ONCE}项待办。",
            f"Choose between 1 and {MOST_AT_ONCE} tasks.",
            pointer="task_ids",
        )
    answers = []
    for task_id in chosen:
        try:
            act(task_id)
            answers.append({"task_id": str(task_id), "done": True})
        except DomainError as refused:
            answers.append({"task_id": str(task_id), "done": False, "zh": refused.zh, "en": refused.en})
    return answers


# -- rounds of site visits ---------------------------------------------------------------------------------------------


def waiting_visits(conn: Connection, actor: Actor, limit: int = 200) -> list[Visit]:
    """The open site checks this person may do, with sector and area."""
    page = worklist.tasks(conn, actor, scope="mine", form=SITE_FORM, limit=limit)
    return [visit(conn, row) for row in page.rows]


def visit(conn: Connection, task: dict[str, Any]) -> Visit:
    """Where a site check is: the application says it, else the register of enterprises."""
    case = conn.execute(
        select(Case.enterprise_id, Enterprise.industry, Enterprise.zone_code, Enterprise.address)
        .outerjoin(Enterprise, Enterprise.id == Case.enterprise_id)
        .where(Case.id == task["case_id"])
    ).one()
    application: Mapping[str, Any] = casefile.latest(conn, task["case_id"], "application") or {}
    places = [str(row.get("position") or "") for row in application.get("outlets") or [] if isinstance(row, dict)]
    position = next((found for found in map(parsed_position, places) if found), None)
    address = str(application.get("site_address") or case.address or "")
    return Visit(dict(task), case.industry or "", case.zone_code or "", address, position)


def parsed_position(text: str) -> tuple[float, float] | None:
    """“E120.73 N31.28” as longitude and latitude; None when it says no such thing."""
    found = _POSITION.search(text)
    if not found:
        return None
    east, north = float(found.group(1)), float(found.group(2))
    return (east, north) if 70 <= east <= 140 and 3 <= north <= 55 else None


def ordered(visits: Sequence[Visit]) -> list[Visit]:
    """The route: from the first visit always on to the nearest one left; visits without a position come last, by address."""
    known = sorted((one for one in visits if one.position), key=lambda one: (one.area, one.address))
    route: list[Visit] = []
    while known:
        here = route[-1].position if route else None
        best = min(known, key=lambda one: distance(here, one.position)) if here else known[0]
        known.remove(best)
        km = distance(here, best.position) if here else None
        route.append(Visit(best.task, best.sector, best.area, best.address, best.position, km))
    unknown = sorted((one for one in visits if not one.position), key=lambda one: (one.area, one.address))
    return route + unknown


def distance(one: tuple[float, float] | None, other: tuple[float, float] | None) -> float:
    """Kilometres in a straight line on the globe."""
    if one is None or other is None:
        return math.inf
    (east, north), (east2, north2) = (tuple(map(math.radians, place)) for place in (one, other))
    half = math.sin((north2 - north) / 2) ** 2
    half += math.cos(north) * math.cos(north2) * math.sin((east2 - east) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))


@command("site.plan")
def plan(step: Step, *, title: str, on_date: date, inspectors: str, task_ids: list[uuid.UUID]) -> Answer:
    """Plan a round of site checks; the order of the route is worked out."""
    body = next((held for role, held in sorted(step.actor.roles, key=str) if role == "reviewer" and held), None)
    if body is None:
        raise Forbidden("您没有执行此操作的权限。", "You do not have the right to do this.")
    if not title.strip() or not inspectors.strip():
        raise DomainError("title", "请填写名称和核查人员。", "A title and the inspectors are needed.", pointer="title")
    if on_date < step.today:
        raise DomainError("on_date", "日期不能早于今天。", "The day has passed.", pointer="on_date")
    chosen = list(dict.fromkeys(task_ids))
    if not 1 <= len(chosen) <= MOST_STOPS:
        raise DomainError(
            "task_ids", f"请选择1至{MOST_STOPS}处。", f"Choose between 1 and {MOST_STOPS} places.", pointer="task_ids"
        )
    rows = {row.task["id"]: row for row in waiting_visits(step.conn, step.actor)}
    if missing := [task_id for task_id in chosen if task_id not in rows]:
        raise DomainError(
            "task_ids",
            f"有{len(missing)}项现场核查不由您办理或已办结。",
            f"{len(missing)} site checks are not yours to do, or are done.",
            pointer="task_ids",
        )
    round_id = uuid7()
    step.conn.execute(
        insert(SiteRound).values(
            id=round_id,
            body_id=body,
            title=title.strip(),
            on_date=on_date,
            inspectors=inspectors.strip(),
            created_by=step.actor.id,
            created_at=step.now,
        )
    )
    step.conn.execute(
        insert(SiteStop),
        [
            {
                "round_id": round_id,
                "place": place,
                "task_id": one.task["id"],
                "case_id": one.task["case_id"],
                "km": None if one.km is None else Decimal(f"{one.km:.2f}"),
            }
            for place, one in enumerate(ordered([rows[task_id] for task_id in chosen]), 1)
        ],
    )
    return {"round_id": round_id, "stops": len(chosen)}


@command("site.drop")
def drop(step: Step, *, round_id: uuid.UUID) -> Answer:
    """Give a planned round up; the site checks themselves stay."""
    done = step.conn.execute(
        delete(SiteRound).where(SiteRound.id == round_id, SiteRound.body_id.in_(sorted(step.actor.body_ids)))
    )
    if done.rowcount != 1:
        raise NotFound()
    return {"round_id": round_id}


def rounds(conn: Connection, actor: Actor, limit: int = 50) -> list[dict[str, Any]]:
    """The rounds of the person's bodies, the next first."""
    rows = conn.execute(
        select(SiteRound.__table__)
        .where(SiteRound.body_id.in_(sorted(actor.body_ids)))
        .order_by(SiteRound.on_date.desc(), SiteRound.id)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def round_of(conn: Connection, actor: Actor, round_id: uuid.UUID) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A round with its stops in order; raises NotFound."""
    found = (
        conn.execute(
            select(SiteRound.__table__).where(SiteRound.id == round_id, SiteRound.body_id.in_(sorted(actor.body_ids)))
        )
        .mappings()
        .first()
    )
    if found is None:
        raise NotFound()
    stops = conn.execute(
        select(SiteStop.place, SiteStop.km, Task.id, Task.case_id, Task.status, Task.due_on, Case.number, Case.title)
        .join(Task, Task.id == SiteStop.task_id)
        .join(Case, Case.id == SiteStop.case_id)
        .where(SiteStop.round_id == round_id, access.visible_cases(actor))
        .order_by(SiteStop.place)
    )
    return dict(found), [{**row, "visit": visit(conn, dict(row))} for row in stops.mappings()]
