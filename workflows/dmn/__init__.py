"""Decision tables: DMN XML read and answered by ourselves.

`decision` answers, `reading` makes decisions of a file, `coverage` finds overlaps and gaps. Two rules of a UNIQUE table that can both
hold are found when the table is read, as far as that can be decided, and at the latest when they do.
"""

from workflows.dmn.coverage import Gap, gap_warnings, gaps, gaps_decidable, missing_rules, overlaps
from workflows.dmn.decision import Decision, DecisionError, DecisionResult, FiredRule
from workflows.dmn.reading import DmnError, parse_dmn, read_dmn

__all__ = [
    "Decision", "DecisionError", "DecisionResult", "DmnError", "FiredRule", "Gap", "gap_warnings", "gaps", "gaps_decidable",
    "missing_rules", "overlaps", "parse_dmn", "read_dmn",
]  # fmt: skip
