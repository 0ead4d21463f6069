"""The hot path: every statement of a plain step, in the order in which a step runs them.

 1. CLAIM       announces whose eyes and schema the transaction uses (for a program's token it looks the
                person up as well) and takes the idempotency row; a duplicate waits here until we commit,
                then finds the answer. For a command that works on one task (`CLAIM_..._TASK`) it goes on, when
                the key is new, to the task and its case and locks the case row.
 2. `write`     everything the step leaves behind, in one statement: submission and task, new tasks,
                deadlines, lines of the record, the answer under the key, the case row. Then the one commit.

Between them the engine runs; service steps and handlers add statements of their own there.

Locks are taken in that order: idempotency row, case row, then whatever a handler locks (numbering
counter, quota accounts by key). Nobody locks a case while holding a later lock, so steps never wait
for each other in a circle. Rows travel as one JSON parameter, so a statement has one text however many
rows it writes and PostgreSQL keeps its plan. The parts of `write` touch different rows, which is what
PostgreSQL asks of data-modifying parts of one statement.

They go straight to the driver (`registers.db.send`): the layers above it cost more than the statements
themselves here.
"""

from __future__ import annotations

from functools import cache

from registers.accounts import OPEN_BY_TOKEN
from registers.db import ANNOUNCE

# What is open in a case (`open_work`) is kept in the case row itself: whoever waited for the lock gets the row
# as it is now, while a subselect on `task` or `deadline` would still see what was there before the wait.
# The small facts come as one JSON column: describing thirty columns costs more than reading them.
_CASE = """
       c.state, jsonb_build_object('id', c.id, 'number', c.number, 'definition_id', c.definition_id, 'title', c.title,
         'enterprise_id', c.enterprise_id, 'lead_body_id', c.lead_body_id, 'bodies', c.bodies, 'body_ids', c.body_ids,
         'status', c.status, 'outcome', c.outcome, 'event_seq', c.event_seq, 'event_hash', encode(c.event_hash, 'hex'),
         'opened_by', c.opened_by, 'open_work', c.open_work,
         'stamp', (SELECT coalesce(sum(version), 0) FROM register_stamp)) AS facts
"""
_TASK = f"""
SELECT {_CASE}, to_jsonb(t) || jsonb_build_object('body_name', (SELECT b.name_zh FROM body b WHERE b.id = t.body_id))
         AS task
  FROM task t JOIN cases c ON c.id = t.case_id WHERE t.id = %(task_id)s
"""  # noqa: S608 - constants
_TAKE = """INSERT INTO idempotency (actor, key, command, request_hash, created_at)
 SELECT {actor}, %(key)s, %(command)s, %(hash)s, %(now)s FROM opened ON CONFLICT (actor, key) DO NOTHING RETURNING key"""
_ANNOUNCED = f"""
WITH opened AS MATERIALIZED (SELECT {ANNOUNCE}), claimed AS ({_TAKE.format(actor="%(actor)s")})
"""
_KNOWN = f"""
{OPEN_BY_TOKEN}, claimed AS ({_TAKE.format(actor="opened.person->>'id'")})
"""
# The lateral part runs after the announcement and the claim, whose rows it is joined to: row-level security sees the
# right person, and a duplicate locks nothing.
_THEN_TASK = f"LEFT JOIN LATERAL ({_TASK} AND claimed.key IS NOT NULL FOR UPDATE OF c) locked ON true"
CLAIM = f"{_ANNOUNCED} SELECT claimed.key FROM opened LEFT JOIN claimed ON true"  # noqa: S608 - constants
CLAIM_BY_TOKEN = f"{_KNOWN} SELECT opened.person, claimed.key FROM opened LEFT JOIN claimed ON true"  # noqa: S608 - constants
CLAIM_TASK = f"{_ANNOUNCED} SELECT claimed.key, locked.* FROM opened LEFT JOIN claimed ON true {_THEN_TASK}"  # noqa: S608 - constants
CLAIM_TASK_BY_TOKEN = f"""
{_KNOWN} SELECT opened.person, claimed.key, locked.* FROM opened LEFT JOIN claimed ON true {_THEN_TASK}
"""  # noqa: S608 - constants
STORED_ANSWER = "SELECT command, request_hash, response FROM idempotency WHERE actor = %(actor)s AND key = %(key)s"
SETTLE = "UPDATE idempotency SET response = %(response)s::jsonb WHERE actor = %(actor)s AND key = %(key)s"

LOCK_CASE = f"SELECT {_CASE} FROM cases c WHERE c.id = %(case_id)s FOR UPDATE OF c"  # noqa: S608 - constants
LOCK_CASES = f"SELECT {_CASE} FROM cases c WHERE c.id = ANY(%(case_ids)s) ORDER BY c.id FOR UPDATE OF c"  # noqa: S608 - constants

CREATE_CASE = """
INSERT INTO cases (id, number, definition_id, procedure, title, enterprise_id, lead_body_id, bodies, body_ids,
                   status, state, event_seq, event_hash, opened_at, opened_by, open_work)
VALUES (%(id)s, %(number)s, %(definition_id)s, %(procedure)s, %(title)s, %(enterprise_id)s, %(lead_body_id)s,
        %(bodies)s::jsonb, %(body_ids)s::uuid[], 'running', ''::bytea, 0, %(genesis)s, %(opened_at)s, %(opened_by)s,
        '{}'::jsonb)
"""
# The parts of `write`. Each is a WITH item; the case row is always written and comes last.
_PARTS = {
    "submission": """
INSERT INTO submission (id, case_id, task_id, element, form, data, submitted_by, submitted_at)
VALUES (%(submission_id)s, %(id)s, %(task_id)s, %(element)s, %(form)s, %(data)s::jsonb, %(actor)s, %(now)s)""",
    "closed": """
UPDATE task SET status = 'done', closed_at = %(now)s, closed_by = %(actor)s
 WHERE id = %(task_id)s AND status = 'open'""",
    "met": """
UPDATE deadline SET done_at = %(now)s, result = 'met'
 WHERE case_id = %(id)s AND waiting_id = %(task_id)s AND done_at IS NULL""",
    "cancelled": """
UPDATE task SET status = 'cancelled', closed_at = %(now)s WHERE id = ANY(%(cancelled)s) AND status = 'open'""",
    "opened": """
INSERT INTO task (id, case_id, element, name, form, role, matter, body_id, enterprise_id, local, limit_rule, due_on,
                  status, assignee_id, opened_at)
SELECT r.id, r.case_id, r.element, r.name, r.form, r.role, r.matter, r.body_id, r.enterprise_id, r.local, r.limit_rule,
       r.due_on, 'open', r.assignee_id, r.opened_at
  FROM jsonb_to_recordset(%(opened)s::jsonb) AS r(id uuid, case_id uuid, element text, name text, form text, role text,
       matter text, body_id uuid, enterprise_id uuid, local jsonb, limit_rule text, due_on date, assignee_id uuid,
       opened_at timestamptz)""",
    "awaited": """
INSERT INTO deadline (id, case_id, waiting_id, element, effect, rule, basis, start_on, due_on, provisional, due_at)
SELECT r.id, r.case_id, r.waiting_id, r.element, r.effect, r.rule, r.basis, r.start_on, r.due_on, r.provisional, r.due_at
  FROM jsonb_to_recordset(%(awaited)s::jsonb) AS r(id uuid, case_id uuid, waiting_id uuid, element text, effect text,
       rule text, basis text, start_on date, due_on date, provisional boolean, due_at timestamptz)""",
    "ended": """
UPDATE deadline SET done_at = %(now)s, result = 'not needed'
 WHERE case_id = %(id)s AND waiting_id = ANY(%(ended)s) AND done_at IS NULL""",
    "solved": """
UPDATE incident SET resolved_at = %(now)s, resolved_by = %(actor)s
 WHERE case_id = %(id)s AND waiting_id = ANY(%(solved)s) AND resolved_at IS NULL""",
    "events": """
INSERT INTO event (case_id, seq, kind, at, actor_id, actor_name, body_name, element, data, prev_hash, hash)
SELECT r.case_id, r.seq, r.kind, r.at, r.actor_id, r.actor_name, r.body_name, r.element, r.data,
       decode(r.prev_hash, 'hex'), decode(r.hash, 'hex')
  FROM jsonb_to_recordset(%(events)s::jsonb) AS r(case_id uuid, seq integer, kind text, at timestamptz, actor_id uuid,
       actor_name text, body_name text, element text, data jsonb, prev_hash text, hash text)""",
    "settled": """
UPDATE idempotency SET response = %(response)s::jsonb WHERE actor = %(key_actor)s AND key = %(key)s""",
}
_SAVE_CASE = """
UPDATE cases SET state = %(state)s, status = %(status)s, outcome = %(outcome)s, title = %(title)s,
       bodies = %(bodies)s::jsonb, body_ids = %(body_ids)s::uuid[], lead_body_id = %(lead_body_id)s,
       event_seq = %(event_seq)s, event_hash = %(event_hash)s, open_work = %(open_work)s::jsonb,
       closed_at = coalesce(closed_at, %(closed_at)s)
 WHERE id = %(id)s
"""


@cache
def write(parts: frozenset[str]) -> str:
    """The statement that writes these parts and the case row."""
    chosen = [f"w_{name} AS ({sql}\n)" for name, sql in _PARTS.items() if name in parts]
    return f"WITH {', '.join(chosen)}{_SAVE_CASE}" if chosen else _SAVE_CASE
