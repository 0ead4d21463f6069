"""The page on which proposed recoveries are decided."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from registers.db import uuid7
from registers.quota_rules import QuotaRecovery
from tests.conftest import World


def test_a_round_amount_is_offered_as_people_write_it(world: World, at_page: Any) -> None:
    own = {"id": uuid7(), "enterprise_id": world.actor("qiye").enterprise_id, "zone_code": "gaomao", "factor": "COD"}
    amounts = {"permitted": Decimal(100), "actual": Decimal(80), "amount": Decimal(20), "year": 2025, "period": "15"}
    about = {"ground": "surplus", "facts": "试验", "status": "proposed", "proposed_at": world.time.now()}
    with world.rt.db.transaction() as conn:
        conn.execute(insert(QuotaRecovery).values(**own, **amounts, **about))
    client, _ = at_page("qianfa")
    assert 'inputmode="decimal" size="10" value="20"' in client.get("/quota/recoveries").get_data(as_text=True)
