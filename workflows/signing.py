"""What handing a task in would sign: the step is played in a rehearsal that is undone, up to the signature.

Only so are the letters known that the step itself makes: they are signed with the rest, and read before signing. Nothing is written, no
number is used; what stands against the step (a colleague has done it meanwhile) is told before anybody is asked for a password.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from registers.accounts import Actor
from workflows import cases, compiling, formdata, letters, rehearsal, seals, signatures, stepletters
from workflows.compiling import Compiled
from workflows.runtime import Runtime


@dataclass(frozen=True)
class Foretold:
    """What would be signed, and the letters that the step would make, as they are signed."""

    case_id: uuid.UUID
    order: seals.Order
    letters: list[dict[str, Any]]
    compiled: Compiled

    def read(self, letter: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A letter's paragraphs and tables, for showing it."""
        return letters.outline(letters.written(self.compiled, letter))


def foretell(real: Runtime, actor: Actor, task: dict[str, Any], raw: dict[str, Any]) -> Foretold | None:
    """What handing in these answers would sign; None when the step is not signed with them. Raises FormErrors, DomainError."""
    with real.db.transaction(actor.scope) as conn:
        compiled = compiling.compiled(real, conn, task["definition_id"])
        filled = formdata.checked(
            conn, compiled, task, raw, lambda: formdata.variables_of(conn, compiled, task["case_id"])
        )
    if not signatures.wanted(compiled, compiled.model.elements[task["element"]], filled.values):
        return None
    now = real.time.now()
    with rehearsal.stage(real, real.time.today()) as stage:
        stage.time.instant, stage.rt.writes_letters = now, False
        stage.rt.definitions.get(compiled.id, lambda: compiled)
        cases.complete(stage.rt, actor, task_id=task["id"], data=raw, seal=signatures.PLAYED)
        with stage.rt.db.transaction(actor.scope) as conn:
            made = signatures.Signature.__table__
            row = dict(conn.execute(select(made).where(made.c.task_id == task["id"])).mappings().one())
            let_out = signatures.let_out(conn, row)
    order = seals.Order(actor, f"{task['name']} {task['number']}", bytes(row["document"]), row["sha256"], {}, now)
    return Foretold(task["case_id"], order, stepletters.as_signed(compiled, let_out), compiled)
