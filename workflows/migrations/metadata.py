"""All tables of the program in one place, for migrations and for the drift test."""

from __future__ import annotations

import registers.accounts
import registers.calendar_years
import registers.catalogues
import registers.factors
import registers.files
import registers.house
import registers.limits
import registers.milestones
import registers.numbering
import registers.obligations
import registers.parties
import registers.permits
import registers.pilot_tables
import registers.quota_accounts
import registers.quota_rules
import registers.reduction_tables
import registers.renewals
import registers.scoring_tables
import registers.total_tables
import registers.waste_tables
import workflows.board_tables
import workflows.cron
import workflows.desk_models
import workflows.drafting
import workflows.housebook
import workflows.lights
import workflows.limitwork
import workflows.migrating
import workflows.models
import workflows.notify
import workflows.objections
import workflows.recompute
import workflows.reference
import workflows.signatures
import workflows.trying_models
from registers.db import Base

METADATA = Base.metadata

__all__ = ["METADATA", "registers", "workflows"]
