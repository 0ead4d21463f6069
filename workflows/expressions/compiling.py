"""From text to closures: everything an expression may be is checked here, once.

The text is parsed by `ast` after length and depth checks, every node is checked against a list, and what remains is turned into
closures that know only the values they are given.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import Any

from workflows.expressions.functions import FUNCTIONS
from workflows.expressions.operations import (
    ExpressionError,
    as_number,
    as_truth,
    calculate,
    compare,
    contains,
    equal,
    lookup,
)
from workflows.expressions.scanning import outside_quotes

MAX_LENGTH = 2000  # characters
MAX_BRACKETS = 20  # one inside another
MAX_NODES = 200  # parts of the parsed text
MAX_DIGITS = 40  # of a number that is written down

CONSTANTS: Mapping[str, Any] = {"null": None, "true": True, "false": False}
Scope = Mapping[str, Any]
_Eval = Callable[[Scope], Any]


@dataclass(frozen=True)
class Expression:
    """A checked expression: its text, the variables it reads, and a way to evaluate it."""

    text: str
    names: frozenset[str]
    _run: _Eval = field(repr=False, compare=False)

    def evaluate(self, variables: Scope) -> Any:
        """The value for these variables; an `ExpressionError` when they do not fit."""
        try:
            return self._run(variables)
        except DecimalException as error:
            raise ExpressionError(
                f"“{self.text}”：计算结果超出范围。", f"“{self.text}”: the result is out of range."
            ) from error

    def decide(self, variables: Scope) -> bool:
        """The value as a yes or no: null counts as no, anything but a truth value is an error."""
        return as_truth(self.evaluate(variables), 0)


def compile_expression(text: str, variables: Collection[str] | None = None) -> Expression:
    """Check a text once and for all; with `variables` given, an unknown name is an error."""
    return _compile(text, None if variables is None else frozenset(variables))


@lru_cache(maxsize=4096)
def _compile(text: str, variables: frozenset[str] | None) -> Expression:
    _check_text(text)
    stripped = text.strip()
    try:
        tree = ast.parse(stripped, mode="eval")
    except SyntaxError as error:
        raise _syntax_error(stripped, error.offset) from None
    except (ValueError, RecursionError, MemoryError, OverflowError):
        raise _syntax_error(stripped, None) from None
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise ExpressionError(
            f"表达式过于复杂（超过 {MAX_NODES} 个成分），请拆分为决策表或多个变量。",
            f"The expression is too complex (more than {MAX_NODES} parts); split it or use a decision table.",
        )
    builder = _Builder(stripped, variables)
    run = builder.build(tree.body)
    return Expression(stripped, frozenset(builder.names), run)


def _check_text(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"表达式超过 {MAX_LENGTH} 个字符，请拆分。",
            f"The expression is longer than {MAX_LENGTH} characters; split it.",
        )
    if not text.strip():
        raise ExpressionError("表达式为空，请填写。", "The expression is empty; write one.")
    for position, char, depth in outside_quotes(text):
        if char in "([{" and depth >= MAX_BRACKETS:
            raise ExpressionError(
                f"括号嵌套超过 {MAX_BRACKETS} 层，请拆分。",
                f"Brackets are nested more than {MAX_BRACKETS} deep; split the expression.",
                position,
            )


# What people type from other languages or with a Chinese keyboard, and what to write instead.
_HINTS = (
    ("${", "请去掉 ${ }，直接写表达式", "write the expression without ${ }"),
    ("#{", "请去掉 #{ }，直接写表达式", "write the expression without #{ }"),
    ("&&", "请用 and 代替 &&", "write and instead of &&"),
    ("||", "请用 or 代替 ||", "write or instead of ||"),
    ("＞", "请使用半角符号 >", "use the half-width >"),
    ("＜", "请使用半角符号 <", "use the half-width <"),
    ("＝", "请使用半角符号 ==", "use the half-width =="),
    ("“", '请使用半角引号 "', "use straight quotes"),
    ("”", '请使用半角引号 "', "use straight quotes"),
    ("（", "请使用半角括号", "use half-width brackets"),
    ("，", "请使用半角逗号", "use half-width commas"),
    ("\n", "表达式请写在一行或用括号括起", "write the expression on one line or in brackets"),
)


def _syntax_error(text: str, offset: int | None) -> ExpressionError:
    zh, en = "请检查括号、引号和运算符", "check brackets, quotes and operators"
    for sign, hint_zh, hint_en in _HINTS:
        if sign in text:
            zh, en = hint_zh, hint_en
            break
    else:
        bare = text.replace("==", "").replace("!=", "").replace("<=", "").replace(">=", "")
        if "=" in bare:
            zh, en = "判断相等请用 ==", "write == to compare"
        elif "!" in bare:
            zh, en = "请用 not 代替 !", "write not instead of !"
    return ExpressionError(f"无法理解表达式“{text}”：{zh}。", f"Cannot read “{text}”: {en}.", offset)


# -- from the parsed text to closures -------------------------------------------------------------------


_COMPARISONS: Mapping[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod)
_REFUSED: Mapping[type[ast.AST], tuple[str, str]] = {
    ast.Lambda: ("函数定义", "a function definition"),
    ast.ListComp: ("推导式；可用 pluck、count、any_of、all_of", "a comprehension; use pluck, count, any_of or all_of"),
    ast.SetComp: ("推导式", "a comprehension"),
    ast.DictComp: ("推导式", "a comprehension"),
    ast.GeneratorExp: ("推导式", "a comprehension"),
    ast.NamedExpr: ("赋值", "an assignment"),
    ast.JoinedStr: ("格式化文本", "a format string"),
    ast.Starred: ("星号展开", "unpacking"),
    ast.Await: ("await", "await"),
    ast.Yield: ("yield", "yield"),
    ast.YieldFrom: ("yield", "yield"),
    ast.Set: ("集合；请用列表 [ ]", "a set; use a list [ ]"),
    ast.Slice: ("切片", "a slice"),
}


class _Builder:
    def __init__(self, text: str, variables: frozenset[str] | None) -> None:
        self.text = text
        self.variables = variables
        self.names: set[str] = set()

    def build(self, node: ast.AST) -> _Eval:
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.BoolOp):
            return self._bool(node)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.IfExp):
            return self._choice(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, (ast.List, ast.Tuple)):
            parts = [self.build(item) for item in node.elts]
            return lambda scope: [part(scope) for part in parts]
        if isinstance(node, ast.Dict):
            return self._dict(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        zh, en = _REFUSED.get(type(node), (type(node).__name__, type(node).__name__))
        raise self._refuse(f"表达式中不能使用{zh}。", f"Not allowed in an expression: {en}.", node)

    def _refuse(self, zh: str, en: str, node: ast.AST) -> ExpressionError:
        return ExpressionError(f"“{self.text}”：{zh}", f"“{self.text}”: {en}", getattr(node, "col_offset", None))

    def _constant(self, node: ast.Constant) -> _Eval:
        value: Any = node.value
        if isinstance(value, float):
            literal = ast.get_source_segment(self.text, node) or ""
            try:
                value = Decimal(literal.replace("_", ""))
            except DecimalException:
                value = None
            if value is None or len(value.as_tuple().digits) > MAX_DIGITS or abs(value.adjusted()) > MAX_DIGITS:
                raise self._refuse("数字过长。", "The number is too long.", node)
        elif isinstance(value, int) and not isinstance(value, bool):
            if value.bit_length() > MAX_DIGITS * 3:
                raise self._refuse("数字过长。", "The number is too long.", node)
        elif not (value is None or isinstance(value, (bool, str))):
            raise self._refuse(
                "只能使用数字、文本、true、false 和 null。",
                "Only numbers, texts, true, false and null can be written.",
                node,
            )
        return lambda scope: value

    def _name(self, node: ast.Name) -> _Eval:
        name, position = node.id, node.col_offset
        if name in CONSTANTS:
            constant = CONSTANTS[name]
            return lambda scope: constant
        if name.startswith("_"):
            raise self._refuse("名称不能以下划线开头。", "A name may not start with an underscore.", node)
        if name in FUNCTIONS and (self.variables is None or name not in self.variables):
            raise self._refuse(f"{name} 是函数，请写成 {name}(…)。", f"{name} is a function: write {name}(…).", node)
        if self.variables is not None and name not in self.variables:
            near = difflib.get_close_matches(name, self.variables, 3)
            zh = f"您是否要用：{'、'.join(near)}？" if near else "请在流程变量中声明，或检查拼写。"
            en = f"Did you mean {', '.join(near)}?" if near else "Declare it as a variable or check the spelling."
            raise self._refuse(f"未知变量 {name}。{zh}", f"Unknown variable {name}. {en}", node)
        self.names.add(name)
        text = self.text

        def read(scope: Scope) -> Any:
            try:
                return scope[name]
            except KeyError:
                raise ExpressionError(
                    f"“{text}”：变量 {name} 尚无值。请确认前面的步骤会产生它。",
                    f"“{text}”: the variable {name} has no value yet. Make sure an earlier step produces it.",
                    position,
                ) from None

        return read

    def _bool(self, node: ast.BoolOp) -> _Eval:
        parts, position = [self.build(item) for item in node.values], node.col_offset
        if isinstance(node.op, ast.And):
            return lambda scope: all(as_truth(part(scope), position) for part in parts)
        return lambda scope: any(as_truth(part(scope), position) for part in parts)

    def _unary(self, node: ast.UnaryOp) -> _Eval:
        operand, position = self.build(node.operand), node.col_offset
        if isinstance(node.op, ast.Not):
            return lambda scope: not as_truth(operand(scope), position)
        if isinstance(node.op, ast.USub):
            return lambda scope: -as_number(operand(scope), position)
        if isinstance(node.op, ast.UAdd):
            return lambda scope: as_number(operand(scope), position)
        raise self._refuse("不支持按位取反 ~。", "The operator ~ is not supported.", node)

    def _binary(self, node: ast.BinOp) -> _Eval:
        operator, position = type(node.op), node.col_offset
        if operator not in _OPERATORS:
            raise self._refuse(
                "只支持 + - * / %（且只用于数字）。", "Only + - * / % are supported, and only on numbers.", node
            )
        left, right = self.build(node.left), self.build(node.right)
        return lambda scope: calculate(operator, left(scope), right(scope), position)

    def _compare(self, node: ast.Compare) -> _Eval:
        position = node.col_offset
        operands = [self.build(item) for item in [node.left, *node.comparators]]
        tests: list[Callable[[Any, Any], bool]] = []
        for op in node.ops:
            if type(op) in _COMPARISONS:
                sign = _COMPARISONS[type(op)]
                tests.append(lambda a, b, sign=sign: compare(sign, a, b, position))  # type: ignore[misc]
            elif isinstance(op, ast.Eq):
                tests.append(equal)
            elif isinstance(op, ast.NotEq):
                tests.append(lambda a, b: not equal(a, b))
            elif isinstance(op, ast.In):
                tests.append(lambda a, b: contains(b, a, position))
            elif isinstance(op, ast.NotIn):
                tests.append(lambda a, b: not contains(b, a, position))
            else:
                raise self._refuse("请用 == 或 != 代替 is。", "Write == or != instead of is.", node)

        def run(scope: Scope) -> bool:
            left = operands[0](scope)
            for test, operand in zip(tests, operands[1:], strict=True):
                right = operand(scope)
                if not test(left, right):
                    return False
                left = right
            return True

        return run

    def _choice(self, node: ast.IfExp) -> _Eval:
        test, yes, no = self.build(node.test), self.build(node.body), self.build(node.orelse)
        position = node.col_offset
        return lambda scope: yes(scope) if as_truth(test(scope), position) else no(scope)

    def _attribute(self, node: ast.Attribute) -> _Eval:
        key, position = node.attr, node.col_offset
        if key.startswith("_"):
            raise self._refuse("字段名不能以下划线开头。", "A field name may not start with an underscore.", node)
        container = self.build(node.value)
        return lambda scope: lookup(container(scope), key, position)

    def _subscript(self, node: ast.Subscript) -> _Eval:
        position = node.col_offset
        if (
            isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str)
            and node.slice.value.startswith("_")
        ):
            raise self._refuse("字段名不能以下划线开头。", "A field name may not start with an underscore.", node)
        container, key = self.build(node.value), self.build(node.slice)
        return lambda scope: lookup(container(scope), key(scope), position)

    def _dict(self, node: ast.Dict) -> _Eval:
        pairs: list[tuple[str, _Eval]] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str) or key.value.startswith("_"):
                raise self._refuse(
                    "对象的键应为带引号的文本，且不以下划线开头。",
                    "The keys of an object are texts in quotes that do not start with an underscore.",
                    node,
                )
            pairs.append((key.value, self.build(value)))
        return lambda scope: {key: value(scope) for key, value in pairs}

    def _call(self, node: ast.Call) -> _Eval:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            called = node.func.id if isinstance(node.func, ast.Name) else "…"
            raise self._refuse(
                f"没有函数 {called}。可用的函数：{'、'.join(sorted(FUNCTIONS))}。",
                f"There is no function {called}. Functions: {', '.join(sorted(FUNCTIONS))}.",
                node,
            )
        name, function = node.func.id, FUNCTIONS[node.func.id]
        if node.keywords:
            raise self._refuse(f"{name} 的参数不能带名称。", f"Arguments of {name} have no names.", node)
        if not function.least <= len(node.args) <= function.most:
            wanted = str(function.least) if function.least == function.most else f"{function.least}–{function.most}"
            raise self._refuse(
                f"{name} 需要 {wanted} 个参数。", f"{name} takes {wanted} argument(s), not {len(node.args)}.", node
            )
        arguments = [self.build(item) for item in node.args]
        call = function.call
        return lambda scope: call(*[argument(scope) for argument in arguments])
