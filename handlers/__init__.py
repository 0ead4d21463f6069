"""Handlers: the rules of the law as small named functions, called by the service steps of models.

Importing this package registers all of them.
"""

from handlers import (
    announcements,
    changes,
    consistency,
    followup,
    permits,
    quota,
    reception,
    reduction,
    reduction_register,
    reserve,
    screening,
    totals,
)

__all__ = [
    "announcements",
    "changes",
    "consistency",
    "followup",
    "permits",
    "quota",
    "reception",
    "reduction",
    "reduction_register",
    "reserve",
    "screening",
    "totals",
]
