"""What the house throws away once a day: answers to requests nobody repeats any more, and sessions that are over.

The record of cases and of the house is never touched.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, text

from registers import accounts, house
from workflows.commands import Answer, Step, command
from workflows.cron import DAILY, Daily, claim

BATCH = 20_000
_MOST_BATCHES = 100
# The oldest first, some at a time: no statement runs long, and what is left waits for tomorrow.
_FORGET = text(
    """
    DELETE FROM idempotency WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM idempotency WHERE created_at < :before AND response IS NOT NULL
       ORDER BY created_at LIMIT :batch FOR UPDATE SKIP LOCKED))
    """
)


@command("day.purge")
def purge(step: Step) -> Answer:
    """Forget the answers of old requests and the sessions that have ended; once a day."""
    if not claim(step):
        return {"ran": False}
    before = step.now - timedelta(days=house.values(step.conn)["keep.request_days"])
    forgotten = 0
    for _ in range(_MOST_BATCHES):
        count = step.conn.execute(_FORGET, {"before": before, "batch": BATCH}).rowcount
        forgotten += count
        if count < BATCH:
            break
    session, policy = accounts.UserSession, accounts.Policy.of(house.values(step.conn))
    ended = step.conn.execute(
        delete(session).where(
            (session.seen_at < step.now - policy.idle) | (session.created_at < step.now - policy.absolute)
        )
    )
    return {"ran": True, "requests": forgotten, "sessions": ended.rowcount}


DAILY.append(Daily(purge, 3))
