"""The schema: Alembic revisions, and `upgrade` which brings a database up to date.

The owner role runs migrations; the runtime role (`onewindow_app`, when it exists) gets rights on data
but none to change the schema.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from registers.db import normalise_url

APP_ROLE = "onewindow_app"


def config(url: str) -> Config:
    """Alembic's configuration for a database, without a file."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.set_main_option("sqlalchemy.url", normalise_url(url).replace("%", "%%"))
    return made


def upgrade(owner_url: str) -> None:
    """Bring the schema to the newest revision and give the runtime role its rights."""
    engine = create_engine(normalise_url(owner_url))
    try:
        with engine.begin() as conn:
            settings = config(owner_url)
            settings.attributes["connection"] = conn
            command.upgrade(settings, "head")
            if conn.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APP_ROLE}):
                conn.execute(text(_GRANTS))
    finally:
        engine.dispose()


_GRANTS = f"""
GRANT USAGE ON SCHEMA public TO {APP_ROLE};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE};
REVOKE UPDATE, DELETE, TRUNCATE ON event, submission, house_line, permit_change, permit_renewal, permit_version, case_visit FROM {APP_ROLE};
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON quota_account, quota_part, quota_posting, quota_entry, quota_share FROM {APP_ROLE};
REVOKE UPDATE, DELETE, TRUNCATE ON reduction_use, total_import FROM {APP_ROLE};
REVOKE UPDATE, DELETE, TRUNCATE ON waste_entry, waste_import, inspection_draw FROM {APP_ROLE};
REVOKE UPDATE, DELETE, TRUNCATE ON milestone_revision, house_setting FROM {APP_ROLE};
REVOKE UPDATE, DELETE, TRUNCATE ON pilot_slip, pilot_deliverable, pilot_value, pilot_decision, pilot_status FROM {APP_ROLE};
REVOKE UPDATE, DELETE, TRUNCATE ON evaluation_sheet, survey_answer, signature FROM {APP_ROLE};
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {APP_ROLE};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {APP_ROLE};
-- Rehearsals count in temporary tables. Where the database belongs to somebody else, its owner grants this (docs/operations.md).
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_database WHERE datname = current_database() AND pg_has_role(datdba, 'USAGE')) THEN
    EXECUTE 'GRANT TEMPORARY ON DATABASE ' || quote_ident(current_database()) || ' TO {APP_ROLE}';
  END IF;
END $$;
"""  # noqa: S608 - constants
