"""The ledger under arbitrary operations and concurrent writers: what is promised stays true.

100,000 operations by eight processes run in `python -m bench.ledger`; here are shorter forms of the same.
"""

from __future__ import annotations

import sys
import threading
import uuid
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parent))
from ledgerkit import NOW, ON, account, open_reserve, tons

from registers import parties, quota, quota_accounts, quota_balances, quota_check, quota_postings
from registers.errors import DomainError
from registers.quota import Need
from registers.quota_accounts import Account, Kind
from registers.quota_postings import Posting
from tests.conftest import World

amounts = st.decimals("0.000001", "9", places=6)
ratios = st.sampled_from([Decimal("1"), Decimal("1.1"), Decimal("1.2"), Decimal("2")])
zones = st.sampled_from(["shangwu", "dujia"])
factors = st.sampled_from(["CD", "AS"])


class Ledger(RuleBasedStateMachine):
    """Every operation against a model that is three dictionaries; two writers work on one ledger, step by step."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.balance: dict[Account, Decimal] = {}
        self.held: dict[uuid.UUID, tuple[Account, Decimal, Decimal]] = {}
        self.postings: dict[uuid.UUID, list[quota_accounts.Line]] = {}
        with self.world.rt.db.transaction() as conn:
            self.enterprise = conn.scalar(select(parties.Enterprise.id).limit(1))
            for zone in ("shangwu", "dujia"):
                for factor in ("CD", "AS"):
                    for register in quota_accounts.Register:
                        key = account(register, factor, zone)
                        self.balance[key] = quota_balances.balance(conn, key)

    def _do(self, posting: Posting) -> None:
        fits = all(
            self.balance[key] + change >= 0 or key.register in ("source", "used") for key, change in posting.lines
        )
        with self.world.rt.db.transaction() as conn:
            if not fits:
                with pytest.raises(DomainError, match="quota_short"):
                    quota_postings.post(conn, posting, NOW)
                return
            posting_id = quota_postings.post(conn, posting, NOW)
        for key, change in posting.lines:
            self.balance[key] += change
        self.postings[posting_id] = list(posting.lines)

    @rule(zone=zones, factor=factors, amount=amounts)
    def credit(self, zone: str, factor: str, amount: Decimal) -> None:
        lines = quota_postings.transfer(account("source", factor, zone), account("reserve", factor, zone), amount)
        self._do(Posting(Kind.OPENING, ON, lines))

    @rule(factor=factors, amount=amounts)
    def move(self, factor: str, amount: Decimal) -> None:
        lines = quota_postings.transfer(
            account("reserve", factor, "shangwu"), account("reserve", factor, "dujia"), amount
        )
        self._do(Posting(Kind.ZONE_TRANSFER, ON, lines))

    @rule(zone=zones, factor=factors, amount=amounts, ratio=ratios)
    def reserve(self, zone: str, factor: str, amount: Decimal, ratio: Decimal) -> None:
        case_id, need = uuid.uuid4(), Need(factor, amount, ratio, "r")
        reserve, reserved = account("reserve", factor, zone), account("reserved", factor, zone)
        with self.world.rt.db.transaction() as conn:
            try:
                quota.reserve(
                    conn,
                    quota.Demand(
                        case_id=case_id, enterprise_id=self.enterprise, zone=zone, period="15", needs=[need], on=ON
                    ),
                    NOW,
                )
            except DomainError as error:
                assert error.code == "quota_short"
                assert need.debit > self.balance[reserve]
                return
        self.balance[reserve] -= need.debit
        self.balance[reserved] += need.debit
        self.held[case_id] = (reserved, need.debit, amount)

    @rule(data=st.data(), approve=st.booleans())
    def settle(self, data: st.DataObject, approve: bool) -> None:
        if not self.held:
            return
        case_id = data.draw(st.sampled_from(sorted(self.held)))
        reserved, debit, amount = self.held.pop(case_id)
        with self.world.rt.db.transaction() as conn:
            if approve:
                quota.commit(conn, case_id, on=ON, now=NOW)
            else:
                quota.release(conn, case_id, on=ON, now=NOW, reason="r")
        self.balance[reserved] -= debit
        if approve:
            self.balance[reserved._replace(register="total")] += amount
            self.balance[reserved._replace(register="used")] += debit - amount
        else:
            self.balance[reserved._replace(register="reserve")] += debit

    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        if not self.postings:
            return
        posting_id = data.draw(st.sampled_from(sorted(self.postings)))
        back = [(key, -change) for key, change in self.postings[posting_id]]
        fits = all(self.balance[key] + change >= 0 or key.register in ("source", "used") for key, change in back)
        with self.world.rt.db.transaction() as conn:
            if not fits:
                with pytest.raises(DomainError, match="quota_short"):
                    quota_postings.reverse(conn, posting_id, on=ON, now=NOW, reason="r")
                return
            quota_postings.reverse(conn, posting_id, on=ON, now=NOW, reason="r")
        del self.postings[posting_id]
        for key, change in back:
            self.balance[key] += change

    @invariant()
    def the_ledger_is_what_the_model_says(self) -> None:
        with self.world.rt.db.transaction() as conn:
            for key, expected in getattr(self, "balance", {}).items():
                assert quota_balances.balance(conn, key) == expected
                assert quota_balances.balance(conn, key, ON) == expected
            assert list(quota_check.differences(conn)) == []


def test_any_sequence_of_operations_keeps_the_promises(world: World) -> None:
    machine = type("Machine", (Ledger,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def _spend(world: World, enterprise: uuid.UUID, turns: int, granted: list[int], lock: threading.Lock) -> None:
    for _ in range(turns):
        try:
            with world.rt.db.transaction() as conn:
                quota.reserve(
                    conn,
                    quota.Demand(
                        case_id=uuid.uuid4(),
                        enterprise_id=enterprise,
                        zone="shangwu",
                        period="15",
                        needs=[Need("CD", Decimal(1), Decimal(1), "r"), Need("AS", Decimal(1), Decimal(2), "r")],
                        on=ON,
                    ),
                    NOW,
                )
        except DomainError as error:
            assert error.code == "quota_short"
        else:
            with lock:
                granted.append(1)


def test_eight_spenders_never_take_more_than_there_is(world: World) -> None:
    with world.rt.db.transaction() as conn:
        enterprise = conn.scalar(select(parties.Enterprise.id).limit(1))
        open_reserve(conn, "90.5")
        open_reserve(conn, "1000", "AS")
    assert enterprise is not None
    granted: list[int] = []
    lock = threading.Lock()
    threads = [threading.Thread(target=_spend, args=(world, enterprise, 20, granted, lock)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with world.rt.db.transaction() as conn:
        assert len(granted) == 90
        assert quota_balances.balance(conn, account("reserve")) == tons("0.5")
        assert quota_balances.balance(conn, account("reserve", "AS")) == tons("820")
        assert list(quota_check.differences(conn)) == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            "UPDATE quota_part SET amount = amount + 1 WHERE part = 1 AND account_id IN"
            " (SELECT id FROM quota_account WHERE register = 'reserve' AND factor = 'CD')",
            "11.000000",
        ),
        (
            "INSERT INTO quota_entry (posting_id, account_id, amount, on_date)"
            " SELECT p.id, a.id, 5, p.on_date FROM quota_posting p, quota_account a"
            " WHERE a.factor = 'CD' AND a.register = 'upper' LIMIT 1",
            "5.000000",
        ),
        (
            "INSERT INTO quota_share (account_id, owner, amount) SELECT id, gen_random_uuid(), 3 FROM quota_account"
            " WHERE factor = 'CD' AND register = 'reserved'",
            "3.000000",
        ),
    ],
)
def test_the_check_names_what_is_wrong(world: World, damage: str, said: str) -> None:
    with world.rt.db.transaction() as conn:
        open_reserve(conn, "10")
        assert list(quota_check.differences(conn)) == []
    with psycopg.connect(world.owner_url.replace("+psycopg", "")) as owner:
        owner.execute("SELECT set_config('app.everything', 'on', false)")
        owner.execute(damage.encode())
    with world.rt.db.transaction() as conn:
        found = list(quota_check.differences(conn))
        assert found
        assert any(said in one.zh for one in found)
