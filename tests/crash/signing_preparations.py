"""A signed step, ready to be killed at every statement: submission, letter and signature are there together or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from registers.accounts import Actor
from tests.conftest import World
from tests.runtime.models import service
from tests.signing import AGREED, promised
from workflows import signatures, signing, worklist

Ready = tuple[Actor, dict[str, Any]]
LETTER = service("confirm", "letter.issue", letter="'withdrawal_notice'", values="{'reason': '企业承诺'}")


def _signed(world: World) -> Ready:
    _, task_id = promised(world, LETTER)
    signer = world.actor("faren")
    with world.rt.db.transaction(signer.scope) as conn:
        task = worklist.task(conn, signer, task_id)
    foretold = signing.foretell(world.rt, signer, task, AGREED)
    assert foretold is not None
    seal = signatures.Seal("reauthentication", foretold.order.sha256, {}, "127.0.0.1")
    return signer, {"task_id": task_id, "data": AGREED, "seal": seal}


PREPARED: dict[str, Callable[[World], Ready]] = {"task.complete, signed": _signed}
