"""The quota ledger: postings a second when eight spenders draw on the same balances, and a hard check afterwards.

Spenders work as the threads of a server do: in one process, with the program's own `Database`, each reservation by
`quota.reserve` in a transaction like a command's, with a commit of its own and fsync on. The last row has a process
for each spender, who then know nothing of each other. A transaction makes one posting on one balance (the hardest
case: everybody draws on the same one with a commit for each), four postings on one balance, one posting on four
balances in turn, or, as a project asks for it, one on each of four. The reserve holds less than the spenders ask for,
so the run ends with refusals; what was granted must be exactly what was there. `random_operations` is the long form
of the property test. Waiting for one's turn is in the times, which are those of a transaction. What a virtual machine's
host took away of the processors meanwhile stands in the last column: figures of two runs compare where it is alike.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from bench import house
from registers import parties, quota, quota_balances, quota_check, quota_postings
from registers.db import ANNOUNCE, SYSTEM_SCOPE, Database, eyes
from registers.errors import DomainError
from registers.quota import Need
from registers.quota_accounts import Account, Kind, Register, period_on
from registers.quota_postings import Posting
from registers.timesource import SystemTime

SPENDERS = 8
SETTLED = 6  # PostgreSQL plans a statement anew five times before it keeps a plan
FACTORS = ("COD", "NH3N", "TP", "VOCS")
ZONES = ("gaomao", "kejiao")
# What is measured: the factors drawn on, and how many postings a transaction makes.
KINDS = {
    "one hot balance": (FACTORS[:1], 1),
    "one hot balance, four at once": (FACTORS[:1], 4),
    "four balances in turn": (FACTORS, 1),
    "projects of four": (FACTORS, 4),
}


def main(quick: bool) -> list[dict[str, Any]]:
    """Measure and check; returns the rows of the table."""
    each = 150 if quick else 1500
    with house.installation() as (_, rt):
        rows = [_told(_spend, rt.db, each, kind) for kind in KINDS]
        rows.append(_told(_spend, rt.db, each, "one hot balance", SPENDERS))
        rows.append(_told(random_operations, rt.db, 4_000 if quick else 100_000))
    return rows


def _told(work: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
    """A row, and the part of the processors' time that the host of a virtual machine took away meanwhile."""
    before = _processors()
    row = work(*given)
    spent = [now - then for now, then in zip(_processors(), before, strict=True)]
    return {**row, "stolen %": round(100 * spent[_STOLEN] / sum(spent), 1)}


_STOLEN = 7  # proc(5), /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal


def _processors() -> list[int]:
    """What the processors have done since the machine started, in the kernel's ticks."""
    return [int(ticks) for ticks in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1 : _STOLEN + 2]]


def _spend(db: Database, each: int, kind: str, processes: int = 1) -> dict[str, Any]:
    """Eight spenders; the reserve of each factor covers nine tenths of what they ask for."""
    factors, at_once = KINDS[kind]
    granted_at_most = SPENDERS * each * at_once * 9 // 10 // len(factors)
    with db.transaction() as conn:
        enterprise = conn.scalar(select(parties.Enterprise.id).limit(1))
        period, today = period_on(conn, SystemTime().today()), SystemTime().today()
        for factor in factors:
            reserve = Account(ZONES[0], factor, Register.RESERVE, period)
            gap = Decimal(granted_at_most) - quota_balances.balance(conn, reserve)
            source = reserve._replace(register=Register.SOURCE)
            quota_postings.post(
                conn, Posting(Kind.OPENING, today, quota_postings.transfer(source, reserve, gap)), SystemTime().now()
            )
    with _writers(processes) as pool:
        job = [(period, enterprise, factors, at_once, each, number) for number in range(SPENDERS)]
        crews = [(db.url, job[first::processes]) for first in range(processes)]
        answers = [answer for crew in pool.map(_crew, crews) for answer in crew]
    elapsed = max(ended for _, _, _, ended in answers) - min(begun for _, _, begun, _ in answers)
    took = sorted(one for times, _, _, _ in answers for one in times)
    refused = sum(count for _, count, _, _ in answers)
    with db.transaction() as conn:
        assert not faults(conn), faults(conn)
    assert len(took) * at_once == granted_at_most * len(factors), "overspent or underspent"
    return {
        "system": kind,
        "spenders": SPENDERS,
        "processes": processes,
        "postings": len(took) * at_once,
        "refused": refused * at_once,
        "postings/s": round((len(took) + refused) * at_once / elapsed),
        "p50 ms": round(statistics.median(took) * 1000, 2),
        "p99 ms": round(took[int(len(took) * 0.99)] * 1000, 2),
    }


@contextmanager
def _writers(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that begin together, when each of them has started and connected."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_meet, initargs=(barrier,)) as pool:
        yield pool


def _meet(barrier: Any) -> None:
    global _barrier
    _barrier = barrier


_barrier: Any = None

Job = tuple[str, uuid.UUID, tuple[str, ...], int, int, int]
Answer = tuple[list[float], int, float, float]


def _crew(order: tuple[str, list[Job]]) -> list[Answer]:
    """The spenders of one process: a thread each, over one pool of connections that have worked before."""
    url, jobs = order
    db = Database(url, pool_size=len(jobs))
    with ExitStack() as opened:
        for _ in jobs:
            opened.enter_context(db.transaction())
    for job in jobs:  # the pool hands out another one each time
        _try_out(db, job)
    _barrier.wait()
    with ThreadPoolExecutor(len(jobs)) as threads:
        answers = list(threads.map(lambda job: _spender(db, job), jobs))
    db.close()
    return answers


class _Undone(Exception):
    """Raised to leave nothing behind."""


def _try_out(db: Database, job: Job) -> None:
    """A reservation that is taken back, often enough for the server to settle on its plans."""
    period, enterprise, factors, _, _, _ = job
    needs = [Need(factors[0], Decimal(1), Decimal(1), "bench")]
    with suppress(_Undone), db.transaction() as conn:
        for _ in range(SETTLED):
            _reserve(conn, uuid.uuid4(), enterprise, ZONES[0], period, needs, SystemTime().today())
        raise _Undone


def _spender(db: Database, job: Job) -> Answer:
    period, enterprise, factors, at_once, each, number = job
    clock = SystemTime()
    took, refused, started = [], 0, time.time()
    for turn in range(each):
        asked = [factors[(number + turn + nth) % len(factors)] for nth in range(at_once)]
        needs = [Need(factor, Decimal(1), Decimal(1), "bench") for factor in asked]
        begun = time.perf_counter()
        try:
            with db.transaction_by(f"SELECT {ANNOUNCE}", eyes(SYSTEM_SCOPE)) as (conn, _):
                _reserve(conn, uuid.uuid4(), enterprise, ZONES[0], period, needs, clock.today())
            took.append(time.perf_counter() - begun)
        except DomainError:
            refused += 1
    return took, refused, started, time.time()


def _reserve(
    conn: Connection, case_id: uuid.UUID, enterprise: uuid.UUID, zone: str, period: str, needs: list[Need], on: date
) -> None:
    quota.reserve(
        conn,
        quota.Demand(case_id=case_id, enterprise_id=enterprise, zone=zone, period=period, needs=needs, on=on),
        SystemTime().now(),
    )


# -- random operations ---------------------------------------------------------------------------------------


def random_operations(db: Database, count: int) -> dict[str, Any]:
    """Random postings of all kinds by concurrent writers, then everything is counted again."""
    with db.transaction() as conn:
        enterprise = conn.scalar(select(parties.Enterprise.id).limit(1))
        period = period_on(conn, SystemTime().today())
    with _writers(SPENDERS) as pool:
        job = [(db.url, period, enterprise, count // SPENDERS, number) for number in range(SPENDERS)]
        answers = list(pool.map(_random_writer, job))
    elapsed = max(ended for _, _, _, ended in answers) - min(begun for _, _, begun, _ in answers)
    with db.transaction() as conn:
        found = faults(conn)
    assert not found, found
    done = sum(made for made, _, _, _ in answers)
    return {
        "system": "random operations",
        "spenders": SPENDERS,
        "processes": SPENDERS,
        "postings": done,
        "refused": sum(refused for _, refused, _, _ in answers),
        "postings/s": round(done / elapsed),
        "faults": len(found),
    }


def _random_writer(job: tuple[str, str, uuid.UUID, int, int]) -> tuple[int, int, float, float]:
    url, period, enterprise, count, seed = job
    db, chance, made, refused = Database(url, pool_size=1), random.Random(seed), 0, 0
    with db.transaction():
        _barrier.wait()
    started = time.time()
    open_cases: list[uuid.UUID] = []
    postings: list[uuid.UUID] = []
    for _ in range(count):
        try:
            with db.transaction() as conn:
                made += _one(conn, chance, period, enterprise, open_cases, postings)
        except DomainError:
            refused += 1
    db.close()
    return made, refused, started, time.time()


def _one(
    conn: Connection,
    chance: random.Random,
    period: str,
    enterprise: uuid.UUID,
    open_cases: list[uuid.UUID],
    postings: list[uuid.UUID],
) -> int:
    clock, zone, factor = SystemTime(), chance.choice(ZONES), chance.choice(FACTORS)
    today, now = clock.today(), clock.now()
    amount = Decimal(chance.randint(1, 5_000_000)).scaleb(-6)
    reserve = Account(zone, factor, Register.RESERVE, period)
    what = chance.choice(("credit", "reserve", "reserve", "commit", "release", "transfer", "recover", "reverse"))
    if what == "credit":
        lines = quota_postings.transfer(reserve._replace(register=Register.SOURCE), reserve, amount)
        postings.append(quota_postings.post(conn, Posting(Kind.UPPER_GRANT, today, lines), now))
    elif what == "reserve":
        case_id = uuid.uuid4()
        need = Need(factor, amount, Decimal(chance.choice(("1", "1.1", "1.2", "2"))), "bench")
        _reserve(conn, case_id, enterprise, zone, period, [need], today)
        open_cases.append(case_id)
    elif what in ("commit", "release") and open_cases:
        case_id = open_cases.pop(chance.randrange(len(open_cases)))
        if what == "commit":
            postings.extend(quota.commit(conn, case_id, on=today, now=now))
        else:
            quota.release(conn, case_id, on=today, now=now, reason="bench")
    elif what == "transfer":
        other = reserve._replace(zone=next(name for name in ZONES if name != zone))
        lines = quota_postings.transfer(reserve, other, amount)
        postings.append(quota_postings.post(conn, Posting(Kind.ZONE_TRANSFER, today, lines), now))
    elif what == "recover":
        lines = quota_postings.transfer(reserve._replace(register=Register.TOTAL), reserve, amount)
        quota_postings.post(conn, Posting(Kind.RECOVERY, today, lines, enterprise_id=enterprise), now)
    elif what == "reverse" and postings:
        posting_id = postings.pop(chance.randrange(len(postings)))
        quota_postings.reverse(conn, posting_id, on=today, now=now, reason="bench")
    else:
        return 0
    return 1


def faults(conn: Connection) -> list[str]:
    """What does not add up, counted from the entries alone."""
    return [f"{found.about}: {found.en}" for found in quota_check.differences(conn)]
