"""A throwaway installation with one case that has a running clock, and many copies of it.

The first case is made by the program's own commands; the copies are rows made from its rows by SQL, because a
benchmark of ten thousand waiting cases is not one of opening them. Each copy has a record of its own that
begins with its first event, so the chain can be verified afterwards.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select, text

from registers import accounts, parties, postgres
from registers.db import Database
from registers.timesource import SystemTime, TimeSource
from web.server import Installation
from workflows import cases, demo, designing, install
from workflows.runtime import Runtime

_NODE = (
    '<bpmn:serviceTask id="{id}" name="{id}"><bpmn:extensionElements><spiffworkflow:serviceTaskOperator id="{operator}">'
    "<spiffworkflow:parameters>{inputs}</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"
    "</bpmn:extensionElements></bpmn:serviceTask>"
)
_TASK = (
    '<bpmn:userTask id="{id}" name="{id}"><bpmn:extensionElements><spiffworkflow:properties>'
    '<spiffworkflow:property name="role" value="reviewer"/>{more}</spiffworkflow:properties></bpmn:extensionElements>'
    "</bpmn:userTask>"
)


@contextmanager
def installation(time: TimeSource | None = None) -> Iterator[tuple[Installation, Runtime]]:
    """An installation with registers and demo people, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="onewindow-bench-") as folder:
        place = Installation(Path(folder), "http://localhost:0", None, None, time or SystemTime())
        try:
            place.migrate()
            rt = place.runtime()
            install.seed_registers(rt)
            with rt.db.transaction() as conn:
                demo.load(conn, rt.time)
            yield place, rt
        finally:
            place.stop()
            shutil.rmtree(postgres.usable_folder(place.home / "postgres"), ignore_errors=True)


def person(rt: Runtime, login: str) -> accounts.Actor:
    """A demo person."""
    with rt.db.transaction() as conn:
        user_id = conn.scalar(select(parties.User.id).where(parties.User.login == login))
        assert user_id is not None
        return accounts.actor_by_id(conn, user_id, rt.time.today())


def one_case(rt: Runtime, limit: str = "eia.form.decide") -> uuid.UUID:
    """A case whose clock runs, with a review task under a limit beside a timer of thirty days."""
    designer = person(rt, "sheji")
    made = designing.draft(rt, designer, str(uuid.uuid4()), procedure="bench_clock", files=_files(limit))
    designing.publish(rt, accounts.SYSTEM, str(uuid.uuid4()), definition_id=uuid.UUID(made["id"]))
    return uuid.UUID(cases.start(rt, person(rt, "qiye"), str(uuid.uuid4()), procedure="bench_clock")["case_id"])


def copies(rt: Runtime, case_id: uuid.UUID, count: int, spread: int = 1) -> None:
    """Copy a case with its matter, facts and calls; their clocks start on so many different days."""
    for first in range(1, count, 20_000):
        last = min(first + 19_999, count - 1)
        with rt.db.transaction() as conn:
            conn.execute(text("SET LOCAL statement_timeout = 0"))
            for statement in _COPY:
                conn.execute(text(statement), {"case": case_id, "first": first, "last": last, "spread": spread})


def tidy(place: Installation) -> None:
    """What autovacuum has done in an installation whose rows did not all come in the last second."""
    owner = Database(place.urls()[0], pool_size=1)
    with owner.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("SET statement_timeout = 0")
        conn.exec_driver_sql("VACUUM ANALYZE")
    owner.close()


def _id(kind: str, number: str) -> str:
    return f"md5('{kind}' || ({number})::text)::uuid"


_GENESIS = r"'\x" + "00" * 32 + "'::bytea"
_COPY = (
    f"""INSERT INTO cases (id, number, definition_id, procedure, title, enterprise_id, lead_body_id, bodies, body_ids,
               status, state, event_seq, event_hash, open_work, opened_at, opened_by)
        SELECT {_id("case", "n")}, number || '-' || n, definition_id, procedure, title, enterprise_id, lead_body_id,
               bodies, body_ids, status, state, 0, {_GENESIS}, open_work, opened_at, opened_by
          FROM cases, generate_series(CAST(:first AS int), CAST(:last AS int)) n WHERE id = :case""",
    f"""INSERT INTO matter (id, case_id, kind, klass, body_id, limit_rule, promised, status, opened_on)
        SELECT {_id("matter", "n")}, {_id("case", "n")}, kind, klass, body_id, limit_rule, promised, status, opened_on
          FROM matter, generate_series(CAST(:first AS int), CAST(:last AS int)) n WHERE case_id = :case""",
    f"""INSERT INTO clock_fact (id, case_id, matter_id, kind, on_date, days, reason, recorded_at)
        SELECT gen_random_uuid(), {_id("case", "n")}, {_id("matter", "n")}, kind, on_date - n % CAST(:spread AS int), days, reason,
               recorded_at
          FROM clock_fact, generate_series(CAST(:first AS int), CAST(:last AS int)) n WHERE case_id = :case""",
    f"""INSERT INTO clock_alarm (id, case_id, matter_id, stage, due_on, provisional, due_at)
        SELECT gen_random_uuid(), {_id("case", "n")}, {_id("matter", "n")}, stage, due_on, provisional, due_at
          FROM clock_alarm, generate_series(CAST(:first AS int), CAST(:last AS int)) n WHERE case_id = :case""",
    f"""INSERT INTO deadline (id, case_id, waiting_id, element, effect, rule, basis, start_on, due_on, provisional, due_at)
        SELECT gen_random_uuid(), {_id("case", "n")}, waiting_id, element, effect, rule, basis, start_on, due_on,
               provisional, due_at
          FROM deadline, generate_series(CAST(:first AS int), CAST(:last AS int)) n WHERE case_id = :case""",
)


def _service(node_id: str, operator: str, **inputs: str) -> str:
    said = "".join(f'<spiffworkflow:parameter id="{k}" type="any" value="{v}"/>' for k, v in inputs.items())
    return _NODE.format(id=node_id, operator=operator, inputs=said)


def _files(code: str) -> dict[str, str]:
    limit = f'<spiffworkflow:property name="limitRule" value="{code}"/>'
    nodes = [
        '<bpmn:startEvent id="begin"/>',
        _service("open", "matter.open", kind="'eia'", klass="'form'", limit_rule=f"'{code}'"),
        _service("clock", "clock.start", matter="'eia'"),
        '<bpmn:parallelGateway id="split"/>',
        _TASK.format(id="review", more=limit),
        '<bpmn:intermediateCatchEvent id="wait"><bpmn:timerEventDefinition><bpmn:timeDuration>P30D</bpmn:timeDuration>'
        "</bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>",
        _TASK.format(id="look", more=""),
        '<bpmn:parallelGateway id="join"/>',
        '<bpmn:endEvent id="finish"/>',
    ]
    ways = (
        "begin open, open clock, clock split, split review, split wait, wait look, review join, look join, join finish"
    )
    flows = "".join(
        f'<bpmn:sequenceFlow id="f{n}" sourceRef="{way.split()[0]}" targetRef="{way.split()[1]}"/>'
        for n, way in enumerate(ways.split(","))
    )
    model = (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
        ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" targetNamespace="bench">'
        f'<bpmn:process id="bench" isExecutable="true">{"".join(nodes)}{flows}</bpmn:process></bpmn:definitions>'
    )
    settings = {"id": "bench_clock", "title": {"zh": "时限", "en": "Clocks"}, "lead_matter": "eia"}
    return {"process.bpmn": model, "procedure.json": json.dumps(settings)}
