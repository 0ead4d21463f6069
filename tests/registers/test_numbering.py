"""Official numbers: no gap, no double, whoever asks at the same time and whatever is rolled back."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, create_engine, text

from registers import numbering
from registers.db import Base
from registers.errors import DomainError
from registers.postgres import throwaway


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with throwaway() as server:
        owner = create_engine(server.owner_url)
        tables = [numbering.NumberingRule.__table__, numbering.NumberingCounter.__table__]
        Base.metadata.create_all(owner, tables=tables)  # type: ignore[arg-type]
        owner.dispose()
        engine = create_engine(server.app_url, pool_size=12)
        yield engine
        engine.dispose()


@pytest.fixture(autouse=True)
def empty(engine: Engine) -> None:
    with engine.begin() as conn:
        conn.execute(text("DELETE FROM numbering_counter"))
        conn.execute(text("DELETE FROM numbering_rule"))


def give(engine: Engine, kind: str = "eia", year: int = 2026, body: str = "sip") -> str:
    with engine.begin() as conn:
        return numbering.next_number(conn, body, "苏园环", kind, year)


def test_numbers_follow_each_other_and_start_again_each_year(engine: Engine) -> None:
    given = [give(engine, year=year) for year in (2026, 2026, 2027, 2026)]
    assert given == ["苏园环审〔2026〕1号", "苏园环审〔2026〕2号", "苏园环审〔2027〕1号", "苏园环审〔2026〕3号"]


def test_bodies_and_kinds_count_apart(engine: Engine) -> None:
    given = [give(engine), give(engine, kind="acceptance"), give(engine, body="xc"), give(engine)]
    assert given == ["苏园环审〔2026〕1号", "苏园环受〔2026〕1号", "苏园环审〔2026〕1号", "苏园环审〔2026〕2号"]


def test_a_rolled_back_number_is_given_again(engine: Engine) -> None:
    assert give(engine).endswith("〕1号")
    with pytest.raises(ZeroDivisionError), engine.begin() as conn:
        numbering.next_number(conn, "sip", "苏园环", "eia", 2026)
        raise ZeroDivisionError
    assert give(engine).endswith("〕2号")


def test_many_at_once_with_failures_leave_no_gap_and_no_double(engine: Engine) -> None:
    chance = random.Random(20261122)
    fails = [chance.random() < 0.3 for _ in range(200)]

    def work(fail: bool) -> str | None:
        try:
            with engine.begin() as conn:
                number = numbering.next_number(conn, "sip", "", "eia", 2026)
                if fail:
                    raise ZeroDivisionError
            return number
        except ZeroDivisionError:
            return None

    with ThreadPoolExecutor(8) as pool:
        given = [number for number in pool.map(work, fails) if number]
    assert sorted(given) == sorted(f"审〔2026〕{seq}号" for seq in range(1, fails.count(False) + 1))


def test_the_second_waits_until_the_first_has_decided(engine: Engine) -> None:
    second: list[str] = []
    with engine.connect() as conn:
        transaction = conn.begin()
        assert numbering.next_number(conn, "sip", "", "eia", 2026) == "审〔2026〕1号"
        waiting = threading.Thread(target=lambda: second.append(give(engine)))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        transaction.rollback()
    waiting.join(10)
    assert second == ["苏园环审〔2026〕1号"]


def test_a_body_writes_its_numbers_its_own_way_from_a_year_on(engine: Engine) -> None:
    with engine.begin() as conn:
        numbering.set_rule(conn, "sip", "eia", "苏环建〔{year}〕07第{seq:04}号", 2027)
    assert [give(engine), give(engine, year=2027), give(engine, body="xc", year=2027)] == [
        "苏园环审〔2026〕1号",
        "苏环建〔2027〕07第0001号",
        "苏园环审〔2027〕1号",
    ]


@pytest.mark.parametrize("template", ["{prefix}1号", "〔{year}〕号", "{year}{seq}{seq}", "{year}{seq}{body}", "{seq!r}{year}",
                                      "{year.__class__}{seq}", "{year}{seq:>99999}"])  # fmt: skip
def test_a_pattern_that_would_repeat_numbers_or_reach_further_is_refused(engine: Engine, template: str) -> None:
    with engine.begin() as conn, pytest.raises(DomainError, match="number_template"):
        numbering.set_rule(conn, "sip", "eia", template, 2027)


def test_counting_goes_on_after_numbers_given_elsewhere_but_never_back(engine: Engine) -> None:
    with engine.begin() as conn:
        numbering.set_last(conn, "sip", "eia", 2026, 88)
    assert give(engine).endswith("〕89号")
    with engine.begin() as conn, pytest.raises(DomainError, match="number_back"):
        numbering.set_last(conn, "sip", "eia", 2026, 88)


def test_an_unknown_kind_gets_numbers_that_look_like_no_other(engine: Engine) -> None:
    assert give(engine, kind="inspection") == "苏园环inspection〔2026〕1号"


def test_no_two_usual_patterns_are_alike() -> None:
    assert len(set(numbering._usual().values())) == len(numbering._usual())
    for template in numbering._usual().values():
        numbering.check_template(template)
