"""Handlers: the rules of the law as small named functions, called by the service steps of models.

Importing this package registers all of them.
"""

from handlers import changes, consistency, followup, quota, reception, screening

__all__ = ["changes", "consistency", "followup", "quota", "reception", "screening"]
