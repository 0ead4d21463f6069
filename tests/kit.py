"""What tests of several rooms set up alike: a permit that is held, the open task of a case."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import select

from registers import parties, permits
from tests.conftest import World
from workflows.models import Task


def hold_permit(
    world: World,
    *,
    valid_from: date,
    valid_to: date,
    number: str = "N1",
    kind: str = "permit",
    klass: str = "key",
    login: str = "qiye",
) -> uuid.UUID:
    """A permit of this person's enterprise, as an earlier decision of the park's bureau left it."""
    enterprise_id = world.actor(login).enterprise_id
    assert enterprise_id is not None
    with world.rt.db.transaction() as conn:
        return permits.enter(
            conn,
            kind=kind,
            number=number,
            klass=klass,
            enterprise_id=enterprise_id,
            case_id=None,
            body_id=parties.body_by_code(conn, "sip-eeb").id,
            decided_on=valid_from,
            valid_from=valid_from,
            valid_to=valid_to,
            content={},
            now=world.time.now(),
        )


def open_task(world: World, case_id: uuid.UUID, element: str | None = None) -> uuid.UUID:
    """The open task of a case: of this element, or the only one there is."""
    query = select(Task.id).where(Task.case_id == case_id, Task.status == "open")
    with world.rt.db.transaction() as conn:
        return conn.scalars(query if element is None else query.where(Task.element == element)).one()
