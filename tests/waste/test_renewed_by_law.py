"""Two papers whose renewal is not decided by their last day: the law renews them once, the officers not again."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from registers import renewals
from registers.permits import Permit
from tests.conftest import World
from tests.waste.kit import play, scenario
from workflows import expiry

NAME = "两证延续"


def test_papers_that_silence_has_renewed_get_no_second_term_by_the_decision(world: World) -> None:
    player = play(world, "two_licences_upkeep", NAME, 0)
    world.time.move_to(date(2028, 6, 12))
    assert expiry.deem_renewed(world.rt) == 2
    player.carry_out(scenario("two_licences_upkeep", NAME)["steps"])
    with world.rt.db.transaction() as conn:
        rows = {row.kind: row for row in conn.execute(select(Permit.id, Permit.kind, Permit.valid_to))}
        known = renewals.versions(conn, [row.id for row in rows.values()])
    assert {kind: row.valid_to for kind, row in rows.items()} == {
        "waste": date(2033, 3, 5),
        "permit": date(2033, 6, 11),
    }
    assert {len(known[row.id]) for row in rows.values()} == {2}
