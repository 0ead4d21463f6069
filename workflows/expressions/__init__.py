"""The expression language of models: conditions, parameters, decision cells.

A closed language with Python's look: literals, comparisons, and/or/not, in, + - * / % on numbers, lookup in
dictionaries and lists, `x if condition else y`, and a fixed list of functions. There is no attribute access, no call of anything but
the listed functions, and no float: numbers are int and Decimal. Anything else ends in an `ExpressionError` that names the place and
the way out.

`compiling` checks a text and makes it a closure, `operations` is what operators do with values, `functions` the list of functions.
"""

from workflows.expressions.compiling import Expression, compile_expression
from workflows.expressions.functions import FUNCTIONS, to_date
from workflows.expressions.operations import ExpressionError, compare, equal, is_number, kind_of

__all__ = [
    "FUNCTIONS", "Expression", "ExpressionError", "compare", "compile_expression", "equal", "is_number", "kind_of", "to_date",
]  # fmt: skip
