"""The quota ledger: double entry, never below zero, never changed, reservations that come to an end."""

from __future__ import annotations

import re
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

sys.path.insert(0, str(Path(__file__).parent))
from ledgerkit import NOW, ON, account, open_reserve, tons

from registers import hotpath, parties, quota, quota_accounts, quota_balances, quota_check, quota_postings
from registers.errors import DomainError
from registers.quota import Need
from registers.quota_accounts import Kind
from registers.quota_postings import Posting
from tests.conftest import World


def _enterprise(conn: Connection) -> uuid.UUID:
    found = conn.scalar(select(parties.Enterprise.id).order_by(parties.Enterprise.credit_code).limit(1))
    assert found is not None
    return found


def _reserve(conn: Connection, case_id: uuid.UUID, added: str, ratio: str = "1.1") -> None:
    quota.reserve(
        conn,
        quota.Demand(
            case_id=case_id,
            enterprise_id=_enterprise(conn),
            zone="shangwu",
            period="15",
            needs=[Need("CD", tons(added), Decimal(ratio), "quota.ratio@1")],
            on=ON,
        ),
        NOW,
    )


def test_a_reservation_takes_the_amount_times_the_ratio_and_the_commitment_permits_the_amount(conn: Connection) -> None:
    open_reserve(conn, "10")
    case_id = uuid.uuid4()
    _reserve(conn, case_id, "3")
    assert quota_balances.balance(conn, account("reserve")) == tons("6.7")
    assert quota.reserved(conn, case_id) == {account("reserved"): tons("3.3")}
    quota.commit(conn, case_id, on=ON, now=NOW)
    assert quota_balances.balance(conn, account("total")) == tons("3")
    assert quota_balances.balance(conn, account("used")) == tons("0.3")
    assert quota_balances.share(conn, account("total"), _enterprise(conn)) == tons("3")
    assert quota.reserved(conn, case_id) == {}
    assert list(quota_check.differences(conn)) == []


def test_a_release_gives_everything_back_and_a_second_one_finds_nothing(conn: Connection) -> None:
    open_reserve(conn, "10")
    case_id = uuid.uuid4()
    _reserve(conn, case_id, "3")
    assert len(quota.release(conn, case_id, on=ON, now=NOW, reason="撤回")) == 1
    assert quota.release(conn, case_id, on=ON, now=NOW, reason="撤回") == []
    assert quota_balances.balance(conn, account("reserve")) == tons("10")
    assert quota_balances.balance(conn, account("reserved")) == 0


def test_a_shortage_names_zone_factor_and_amounts_and_leaves_nothing(conn: Connection) -> None:
    open_reserve(conn, "1")
    with pytest.raises(DomainError) as caught:
        _reserve(conn, uuid.uuid4(), "1")
    assert caught.value.code == "quota_short"
    assert caught.value.details["available"] == "1.000000"
    assert caught.value.details["asked"] == "1.100000"
    assert "金鸡湖商务区" in caught.value.zh
    assert "总镉" in caught.value.zh
    assert quota_balances.balance(conn, account("reserve")) == 1
    assert len(quota_balances.entries(conn, account("reserve"))) == 1


def test_several_postings_are_made_together_or_not_at_all(conn: Connection) -> None:
    open_reserve(conn, "5")
    good = Posting(Kind.UPPER_DEBIT, ON, quota_postings.transfer(account("reserve"), account("used"), tons("4")))
    with pytest.raises(DomainError, match="quota_short"):
        quota_postings.post_all(conn, [good, good], NOW)
    assert quota_balances.balance(conn, account("reserve")) == 5


def test_a_reversal_restores_every_balance_and_happens_once(conn: Connection) -> None:
    open_reserve(conn, "5")
    posting_id = quota_postings.post(
        conn,
        Posting(Kind.UPPER_DEBIT, ON, quota_postings.transfer(account("reserve"), account("used"), tons("4"))),
        NOW,
    )
    quota_postings.reverse(conn, posting_id, on=ON, now=NOW, reason="误记")
    assert quota_balances.balance(conn, account("reserve")) == 5
    assert quota_balances.balance(conn, account("used")) == 0
    with pytest.raises(DomainError, match="reversed"):
        quota_postings.reverse(conn, posting_id, on=ON, now=NOW, reason="误记")
    assert list(quota_check.differences(conn)) == []


def test_a_reversal_that_would_take_what_was_given_on_is_refused(conn: Connection) -> None:
    opening = open_reserve(conn, "5")
    _reserve(conn, uuid.uuid4(), "2")
    with pytest.raises(DomainError, match="quota_short"):
        quota_postings.reverse(conn, opening, on=ON, now=NOW, reason="误记")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([(account("source"), tons("-1")), (account("reserve"), tons("2"))], "quota_balance"),
        ([(account("source"), tons("-1")), (account("reserve", "SO2"), tons("1"))], "quota_balance"),
        ([], "quota_balance"),
        ([(account("source"), Decimal("-0.0000001")), (account("reserve"), Decimal("0.0000001"))], "quota_places"),
        ([(account("source", "CO2"), tons("-1")), (account("reserve", "CO2"), tons("1"))], "quota_factor"),
        ([(account("reserve"), tons("-1")), (account("reserved"), tons("1"))], "quota_case"),
        ([(account("source"), tons("-1")), (account("total"), tons("1"))], "quota_enterprise"),
    ],
)
def test_a_posting_that_is_wrong_in_itself_is_refused(
    conn: Connection, lines: list[quota_accounts.Line], code: str
) -> None:
    with pytest.raises(DomainError, match=code):
        quota_postings.post(conn, Posting(Kind.OPENING, ON, lines), NOW)


def test_a_case_cannot_release_what_another_reserved(conn: Connection) -> None:
    open_reserve(conn, "10")
    _reserve(conn, uuid.uuid4(), "5")
    stranger = Posting(
        Kind.RELEASE,
        ON,
        quota_postings.transfer(account("reserved"), account("reserve"), tons("1")),
        case_id=uuid.uuid4(),
    )
    with pytest.raises(DomainError, match="quota_short"):
        quota_postings.post(conn, stranger, NOW)


def test_balances_can_be_asked_for_any_day(conn: Connection) -> None:
    open_reserve(conn, "10")
    later = Posting(
        Kind.UPPER_DEBIT, date(2026, 10, 1), quota_postings.transfer(account("reserve"), account("used"), tons("4"))
    )
    quota_postings.post(conn, later, NOW)
    days = (date(2026, 8, 31), ON, date(2026, 9, 30), date(2026, 10, 1))
    assert [quota_balances.balance(conn, account("reserve"), day) for day in days] == [0, 10, 10, 6]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO quota_entry (posting_id, account_id, amount, on_date)"
        " SELECT posting_id, account_id, 1, on_date FROM quota_entry",
        "UPDATE quota_entry SET amount = 1",
        "DELETE FROM quota_posting",
        "TRUNCATE quota_entry",
        "UPDATE quota_part SET amount = amount + 1",
        "UPDATE quota_share SET amount = 0",
    ],
)
def test_the_running_program_cannot_write_the_ledger_but_through_its_function(world: World, statement: str) -> None:
    with world.rt.db.transaction() as conn:
        open_reserve(conn, "1")
    address = world.rt.db.url.replace("+psycopg", "")
    with psycopg.connect(address) as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute(statement)


def test_a_temporary_table_does_not_stand_in_for_an_account(conn: Connection) -> None:
    open_reserve(conn, "10")
    for table in ("quota_account", "quota_part", "quota_posting", "quota_entry"):
        conn.execute(text(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING ALL) ON COMMIT DROP"))
    _reserve(conn, uuid.uuid4(), "3")
    left = text(
        "SELECT sum(amount) FROM public.quota_part p JOIN public.quota_account a ON a.id = p.account_id"
        " WHERE zone_code='shangwu' AND factor='CD' AND register='reserve'"
    )
    assert conn.scalar(left) == tons("6.7")


def test_not_even_the_owner_changes_an_entry_or_takes_a_balance_below_zero(world: World) -> None:
    with world.rt.db.transaction() as conn:
        open_reserve(conn, "1")
    with psycopg.connect(world.owner_url.replace("+psycopg", "")) as owner:
        with pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute("UPDATE quota_entry SET amount = 2")
        owner.rollback()
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute("UPDATE quota_part SET amount = amount - 2")


def test_an_enterprise_sees_its_own_postings_and_a_body_those_of_its_zones(world: World) -> None:
    with world.rt.db.transaction() as conn:
        opening = open_reserve(conn, "10")
        case_id = uuid.uuid4()
        _reserve(conn, case_id, "1")
        owner = conn.scalar(select(parties.User.login).where(parties.User.enterprise_id == _enterprise(conn)))
        reservation = conn.scalar(text("SELECT id FROM quota_posting WHERE case_id = :id"), {"id": case_id})
    seen = {}
    for login in ("qiye", "qiye2", "shencha", "huiban"):
        with world.rt.db.transaction(world.actor(login).scope) as conn:
            seen[login] = set(
                conn.scalars(
                    text("SELECT id FROM quota_posting WHERE id IN (:a, :b)"), {"a": opening, "b": reservation}
                )
            )
    owners = {"qiye", "faren"} if owner in ("qiye", "faren") else {"qiye2"}
    assert seen == {
        "qiye": {reservation} if "qiye" in owners else set(),
        "qiye2": {reservation} if "qiye2" in owners else set(),
        "shencha": {opening, reservation},
        "huiban": set(),
    }


def test_the_database_knows_the_kinds_of_the_program_and_no_others(conn: Connection) -> None:
    kinds = conn.scalar(text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'quota_kind_check'"))
    assert set(re.findall(r"'(\w+)'", kinds)) == {str(kind) for kind in Kind}


@pytest.mark.parametrize(("login", "may"), [("qiye", True), ("qiye2", False), ("shencha", True), ("huiban", False)])
def test_only_who_would_see_a_posting_can_make_it(world: World, login: str, may: bool) -> None:
    with world.rt.db.transaction() as conn:
        open_reserve(conn, "10")
        of_qiye = world.actor("qiye").scope.enterprise_id
    demand = quota.Demand(uuid.uuid4(), of_qiye, "shangwu", "15", [Need("CD", tons("1"), Decimal(1), "r@1")], ON)
    refused = nullcontext() if may else pytest.raises(ProgrammingError, match="row-level security")
    with refused, world.rt.db.transaction(world.actor(login).scope) as conn:
        quota.reserve(conn, demand, NOW)
    with world.rt.db.transaction() as conn:
        assert quota_balances.balance(conn, account("reserved")) == tons("1" if may else "0")


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        ({"line_amount": [tons("-1"), tons("2")]}, "do not sum to zero"),
        ({"share_account": [], "share_owner": [], "share_amount": []}, "shares do not make up"),
        ({"share_amount": [tons("2")]}, "shares do not make up"),
        ({"share_account": [1]}, "an account without shares"),
        ({"kinds": "{reversal}"}, "names what it reverses"),
        ({"ratios": "0.9"}, "quota_at_least_one"),
        ({"line_amount": [tons("0"), tons("0")], "share_amount": [tons("0")]}, "quota_not_zero"),
    ],
)
def test_the_database_refuses_what_the_program_never_sends(world: World, instead: dict[str, Any], said: str) -> None:
    with world.rt.db.transaction() as conn:
        open_reserve(conn, "10")
        (posting,) = _demand(conn, uuid.uuid4(), "CD", "1").postings()
    asked = {"at": NOW, **quota_postings._said(uuid.uuid4(), posting), **quota_postings._lines([posting])}
    with pytest.raises(IntegrityError, match=said), world.rt.db.transaction() as conn:
        hotpath.send(conn, quota_postings._POST_ONE, {**asked, **instead})
    with world.rt.db.transaction() as conn:
        hotpath.send(conn, quota_postings._POST_ONE, asked)
        assert quota_balances.balance(conn, account("reserved")) == tons("1")
        assert list(quota_check.differences(conn)) == []


def _demand(conn: Connection, case_id: uuid.UUID, factor: str, added: str) -> quota.Demand:
    need = Need(factor, tons(added), Decimal(1), "quota.ratio@1")
    return quota.Demand(case_id, _enterprise(conn), "shangwu", "15", [need], ON)


def test_two_cases_reviewed_again_across_each_other_never_wait_in_a_circle(world: World) -> None:
    """One holds CD and now needs PB, the other the reverse; with two postings each would wait for the other."""
    first, second = uuid.uuid4(), uuid.uuid4()
    with world.rt.db.transaction() as conn:
        for factor in ("CD", "PB"):
            open_reserve(conn, "10", factor)
        quota.reserve(conn, _demand(conn, first, "CD", "1"), NOW)
        quota.reserve(conn, _demand(conn, second, "PB", "1"), NOW)
    together = threading.Barrier(2, timeout=30)

    def review(case_id: uuid.UUID, factors: tuple[str, str]) -> None:
        for turn in range(30):
            together.wait()
            with world.rt.db.transaction() as conn:
                quota.reserve_anew(conn, _demand(conn, case_id, factors[turn % 2], "1"), NOW)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(review, first, ("PB", "CD")), pool.submit(review, second, ("CD", "PB"))]:
            done.result(60)
    with world.rt.db.transaction() as conn:
        held = {case_id: quota.reserved(conn, case_id) for case_id in (first, second)}
        assert held == {first: {account("reserved", "CD"): tons("1")}, second: {account("reserved", "PB"): tons("1")}}
        assert list(quota_check.differences(conn)) == []


def test_a_new_review_that_cannot_be_met_leaves_what_was_held(conn: Connection) -> None:
    open_reserve(conn, "2")
    case_id = uuid.uuid4()
    quota.reserve(conn, _demand(conn, case_id, "CD", "1.5"), NOW)
    with pytest.raises(DomainError, match="quota_short"):
        quota.reserve_anew(conn, _demand(conn, case_id, "CD", "2.000001"), NOW)
    assert quota.reserved(conn, case_id) == {account("reserved"): tons("1.5")}
    quota.reserve_anew(conn, _demand(conn, case_id, "CD", "2"), NOW)
    assert quota_balances.balance(conn, account("reserve")) == 0


def test_several_draw_on_one_balance_at_once_and_together_on_all_of_it(world: World) -> None:
    with world.rt.db.transaction() as conn:
        open_reserve(conn, "10")
    with ThreadPoolExecutor(1) as pool:
        with world.rt.db.transaction() as first:
            quota.reserve(first, _demand(first, uuid.uuid4(), "CD", "1"), NOW)
            # The whole balance still lies together, so the second waits for the first, and then spreads it.
            waiting = pool.submit(_alone, world, "1")
            time.sleep(0.2)
            assert not waiting.done()
        waiting.result(30)
    with world.rt.db.transaction() as first, world.rt.db.transaction() as second:
        for conn in (first, second):  # neither waits: waiting would end in an error here, both are one thread
            quota.reserve(conn, _demand(conn, uuid.uuid4(), "CD", "0.5"), NOW)
    with pytest.raises(DomainError, match="quota_short"):
        _alone(world, "7.000001")
    _alone(world, "7")
    with world.rt.db.transaction() as conn:
        assert quota_balances.balance(conn, account("reserve")) == 0
        assert quota_balances.balance(conn, account("reserved")) == tons("10")
        assert list(quota_check.differences(conn)) == []


def _alone(world: World, amount: str) -> None:
    with world.rt.db.transaction() as conn:
        quota.reserve(conn, _demand(conn, uuid.uuid4(), "CD", amount), NOW)


def test_many_who_draw_on_the_rest_of_a_balance_get_it_or_an_answer_and_never_wait_in_a_circle(world: World) -> None:
    with world.rt.db.transaction() as conn:
        open_reserve(conn, "12")
    go = threading.Barrier(8)

    def spend(_: int) -> int:
        granted = 0
        go.wait()
        for turn in range(40):
            case_id = uuid.uuid4()
            try:
                with world.rt.db.transaction() as conn:
                    quota.reserve(conn, _demand(conn, case_id, "CD", "1.5" if turn % 2 else "1"), NOW)
                granted += 1
            except DomainError as error:
                assert error.code == "quota_short"
                continue
            with world.rt.db.transaction() as conn:
                quota.release(conn, case_id, on=ON, now=NOW, reason="试验")
        return granted

    with ThreadPoolExecutor(8) as pool:
        granted = sum(pool.map(spend, range(8)))
    assert granted > 0
    with world.rt.db.transaction() as conn:
        assert quota_balances.balance(conn, account("reserve")) == tons("12")
        assert list(quota_check.differences(conn)) == []
