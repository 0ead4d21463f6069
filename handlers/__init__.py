"""Handlers: the rules of the law as small named functions, called by the service steps of models.

Importing this package registers all of them.
"""

from handlers import (
    announcements,
    changes,
    closure,
    consistency,
    evaluations,
    followup,
    licence,
    licence_changes,
    licence_papers,
    permits,
    pilot_decisions,
    pilots,
    quota,
    quota_information,
    reception,
    reduction,
    reduction_register,
    reforms,
    reserve,
    screening,
    totals,
    waste,
)

__all__ = [
    "announcements",
    "changes",
    "closure",
    "consistency",
    "evaluations",
    "followup",
    "licence",
    "licence_changes",
    "licence_papers",
    "permits",
    "pilot_decisions",
    "pilots",
    "quota",
    "quota_information",
    "reception",
    "reduction",
    "reduction_register",
    "reforms",
    "reserve",
    "screening",
    "totals",
    "waste",
]
