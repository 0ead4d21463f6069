"""The schema: migrations and models agree, the running program cannot change it, the second wall stands."""

from __future__ import annotations

import psycopg
import psycopg.sql
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from registers import hotpath, postgres
from registers.db import normalise_url
from tests.conftest import World
from workflows.migrations.metadata import METADATA


def test_migrations_build_exactly_what_the_models_say(world: World) -> None:
    engine = create_engine(normalise_url(world.owner_url))
    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE extra (id int)",
        "ALTER TABLE cases ADD COLUMN extra int",
        "DROP TABLE event",
        "ALTER TABLE cases DISABLE ROW LEVEL SECURITY",
        "UPDATE event SET kind = 'x'",
        "DELETE FROM submission",
        "TRUNCATE event",
        "UPDATE alembic_version SET version_num = 'x'",
    ],
)
def test_the_running_program_has_no_right_to(world: World, statement: str) -> None:
    address = world.rt.db.url.replace("+psycopg", "")
    with psycopg.connect(address) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute(statement)


def test_every_table_that_hangs_on_a_case_is_behind_the_second_wall(world: World) -> None:
    # Notices and what is said on them are public; their pages show only what a notice makes public.
    # A message belongs to one person, whoever takes part in the case it speaks of.
    # Permits, pilots, projects and declared totals are registers: asked with the condition of who may see them.
    public = {
        "pilot",
        "pilot_decision",
        "reduction_project",
        "unit_total",
        "notice",
        "notice_comment",
        "permit",
        "permit_change",
        "permit_renewal",
        "permit_version",
        "obligation",
        "message",
    }
    with world.rt.db.transaction() as conn:
        hanging = set(
            conn.scalars(
                text(
                    "SELECT DISTINCT table_name FROM information_schema.columns"
                    " WHERE column_name = 'case_id' AND table_schema = 'public'"
                )
            )
        )
        guarded = set(conn.scalars(text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")))
    assert hanging - public <= guarded
    assert "cases" in guarded


def test_without_a_scope_nothing_is_visible(world: World) -> None:
    with psycopg.connect(world.rt.db.url.replace("+psycopg", "")) as conn:
        for table in ("cases", "task", "event", "letter", "submission"):
            found = conn.execute(
                psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(table))
            ).fetchone()
            assert found == (0,)


def test_in_a_real_installation_a_rehearsal_may_count_in_temporary_tables(
    server: postgres.Server, template: str
) -> None:
    """Copies of the template give this right to everybody; the database the program makes for itself does not."""
    with psycopg.connect(server.app_url.replace("+psycopg", "")) as raw:
        raw.execute("CREATE TEMPORARY TABLE numbering_counter (LIKE public.numbering_counter) ON COMMIT DROP")


def test_a_connection_lost_in_a_statement_is_told_as_such_and_the_next_one_is_new(world: World) -> None:
    with pytest.raises(OperationalError), world.rt.db.transaction() as conn:
        hotpath.send(conn, "SELECT pg_terminate_backend(pg_backend_pid())", {})
    with world.rt.db.transaction() as conn:
        assert hotpath.send(conn, "SELECT 1::integer AS one", {}).one == 1
